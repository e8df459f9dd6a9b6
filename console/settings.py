"""Where the console runs, and which cloud and use case are chosen."""

import os
from functools import lru_cache
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from bikecast.errors import InputError
from bikecast.names import DEFAULT_USE_CASE, Target

OPTION, VARIABLE = "--use-case", "BIKECAST_USE_CASE"
CLONE = Path(__file__).resolve().parents[1]


class ConsoleSettings(BaseSettings):
    """Read from ``BIKECAST_TARGET``, ``BIKECAST_USE_CASE``, ``BIKECAST_REGION``, ``BIKECAST_ENDPOINT_URL``.

    ``endpoint_url`` is LocalStack's; the embedded cloud tells its own and AWS has none.
    """

    model_config = SettingsConfigDict(env_prefix="BIKECAST_", frozen=True, extra="ignore")

    target: Target | None = None
    use_case: str = DEFAULT_USE_CASE
    region: str = "us-east-1"
    endpoint_url: str = "http://localhost:4566"


@lru_cache(maxsize=1)
def console_settings() -> ConsoleSettings:
    """Return the settings, read once."""
    return ConsoleSettings()


def use_case() -> str:
    """Return the name of the chosen use case.

    Raises:
        InputError: There is no such use case.
    """
    from bikecast.use_case import registry  # brings numpy along

    chosen = console_settings().use_case
    if chosen not in registry.names():
        raise InputError(f"there is no use case {chosen!r}: `bikecast use-cases` lists them")
    return chosen


def take_use_case(arguments: list[str]) -> list[str]:
    """Take ``--use-case NAME`` out of a command line, wherever it stands, and choose it.

    Raises:
        InputError: It names nothing.
    """
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        name, given, value = word.partition("=")
        if name != OPTION:
            rest.append(word)
            continue
        chosen = value if given else next(words, "")
        if not chosen or chosen.startswith("-"):
            raise InputError(f"{OPTION}: name a use case; `bikecast use-cases` lists them")
        os.environ[VARIABLE] = chosen
        console_settings.cache_clear()
    return rest
