"""Name and cause of a failure, as the state machine and people read them."""

from bikecast.errors import BikecastError

# Raised deep inside SQLAlchemy, MLflow or Optuna when the database is away; the state machine tries again.
TRANSIENT = ("OperationalError", "InterfaceError", "AdminShutdown")
DATABASE_AWAY = "OperationalError"


def describe(err: BaseException) -> tuple[str, str]:
    """Return error name and cause: ours as they are, a lost database by one name, others by class."""
    chain = list(_chain(err))
    if any(type(link).__name__ in TRANSIENT for link in chain):
        return (
            DATABASE_AWAY,
            f"the database did not answer or dropped the connection: {_first_line(chain[-1])}",
        )
    name = type(err).__name__
    if isinstance(err, BikecastError):
        return name, str(err)
    return name.removesuffix("Error") if name == "StoppedError" else name, _sentence(err)


def _chain(err: BaseException | None) -> list[BaseException]:
    links: list[BaseException] = []
    while err is not None and err not in links:
        links.append(err)
        err = err.__cause__ or err.__context__
    return links


def _sentence(err: BaseException) -> str:
    if isinstance(err, KeyError):
        return f"the input of the step lacks {err}: start it from its state machine"
    return f"{_first_line(err) or 'no message'} (the step's log has the whole trace)"


def _first_line(err: BaseException) -> str:
    return str(err).strip().split("\n", maxsplit=1)[0]
