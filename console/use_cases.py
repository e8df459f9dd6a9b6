"""The use cases of this clone, and which one a command is about."""

from typing import TYPE_CHECKING, Any

from bikecast import discovery
from bikecast.errors import InputError
from console.settings import use_case

if TYPE_CHECKING:
    from bikecast.use_case import UseCase


def use_case_names() -> tuple[str, ...]:
    """Return the names of all use cases, sorted."""
    return discovery.names()


def declaration() -> "UseCase | None":
    """Return the declaration of the chosen use case, None where it brings its own code.

    Raises:
        InputError: There is no such use case.
    """
    chosen = use_case()
    return discovery.load(chosen) if discovery.is_declared(chosen) else None


def require_hourly(what: str) -> None:
    """Refuse what is about hourly demand where the chosen use case is another.

    Args:
        what: The command or the options, as a person wrote them.
    Raises:
        InputError: It is.
    """
    if declaration() is not None:
        raise InputError(f"{what}: this is about hourly demand only, not about {use_case()}")


def refuse_hourly_options(given: dict[str, Any]) -> None:
    """Refuse options that only hourly demand has.

    Args:
        given: Value by option; absent ones are None or False.
    Raises:
        InputError: One is given; all that are given are named.
    """
    named = [option for option, value in given.items() if value not in (None, False)]
    if named:
        require_hourly(", ".join(named))


def use_case_rows() -> list[dict[str, Any]]:
    """Return one line for each use case, by name."""
    return [_row(name) for name in use_case_names()]


def _row(name: str) -> dict[str, Any]:
    from bikecast.use_case.requests import model_name_of

    declared = discovery.is_declared(name)
    try:
        title = discovery.load(name).title if declared else discovery.docstring(name)
        kind, model = "declared" if declared else "own code", model_name_of(name)
    except InputError as err:  # the others are shown all the same
        title, kind, model = str(err), "broken", ""
    return {"name": name, "title": title, "kind": kind, "model": model}
