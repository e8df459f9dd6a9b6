"""A PostgreSQL that no stack of ours makes: where it is, and which secret holds its password."""

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

SSLMODES = ("disable", "verify-full")
SCHEMES = ("postgresql", "postgres")
SECRET = "bikecast/database"  # noqa: S105 - the name of a secret
EXAMPLE = "postgresql://user@host:5432/name"


@dataclass(frozen=True, kw_only=True)
class OutsideDatabase:
    """Address and user of the database; the password is only ever in its secret.

    Attributes:
        host: Name or address, as functions and workers see it.
        port: Port.
        name: Database.
        user: Its owner.
        sslmode: How strictly TLS is asked for, as PostgreSQL's own clients call it.
        secret_name: Secret in Secrets Manager, a JSON object with `password`.
    """

    host: str
    port: int
    name: str
    user: str
    sslmode: str
    secret_name: str


def parse_database(url: object, *, secret: object = None, sslmode: str) -> OutsideDatabase | None:
    """Read an address without a password; ``None`` if none is named.

    Args:
        url: ``postgresql://user@host:5432/name``, with ``?sslmode=...`` if the target's is not right for it.
        secret: Name of the secret with the password.
        sslmode: The target's.

    Raises:
        ValueError: It is not such an address, or holds a password.
    """
    if not url:
        return None
    parts = urlsplit(str(url))
    if parts.password is not None:
        raise ValueError(f"leave the password out and put it into the secret {secret or SECRET}")
    name = parts.path.removeprefix("/")
    if parts.scheme not in SCHEMES or not (parts.hostname and parts.username and name):
        raise ValueError(f"must look like {EXAMPLE}, but got {url!r}")
    chosen = parse_qs(parts.query).get("sslmode", [sslmode])[0]
    if chosen not in SSLMODES:
        raise ValueError(f"sslmode must be one of {', '.join(SSLMODES)}, but got {chosen!r}")
    return OutsideDatabase(
        host=parts.hostname,
        port=parts.port or 5432,
        name=unquote(name),
        user=unquote(parts.username),
        sslmode=chosen,
        secret_name=str(secret or SECRET),
    )
