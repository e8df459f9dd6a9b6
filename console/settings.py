"""Where the console runs, and which cloud and use case are chosen."""

import os
from functools import lru_cache
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from bikecast import discovery
from bikecast.errors import InputError
from bikecast.names import DEFAULT_ENVIRONMENT, DEFAULT_USE_CASE, Target, is_environment

# Options of every command, taken wherever they stand: where each is kept, and what one may say.
CHOICES = {
    "--use-case": ("BIKECAST_USE_CASE", "name a use case; `bikecast use-cases` lists them"),
    "--env": ("BIKECAST_ENV", "name an environment, such as dev, staging or prod"),
}
CLONE = Path(__file__).resolve().parents[1]


class ConsoleSettings(BaseSettings):
    """Read from ``BIKECAST_TARGET``, ``..._ENV``, ``..._USE_CASE``, ``..._REGION``, ``..._ENDPOINT_URL``.

    ``endpoint_url`` is LocalStack's; the embedded cloud tells its own and AWS has none.
    """

    model_config = SettingsConfigDict(env_prefix="BIKECAST_", frozen=True, extra="ignore")

    target: Target | None = None
    env: str | None = None
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
    chosen = console_settings().use_case
    if chosen not in discovery.names():
        raise InputError(f"there is no use case {chosen!r}: `bikecast use-cases` lists them")
    return chosen


def environment() -> str:
    """Return the name of the chosen environment.

    Raises:
        InputError: No environment may have this name.
    """
    chosen = console_settings().env or DEFAULT_ENVIRONMENT
    if not is_environment(chosen):
        raise InputError(f"--env: one word of at most 16 lower-case letters and digits, but got {chosen!r}")
    return chosen


def take_choices(arguments: list[str]) -> list[str]:
    """Take ``--use-case NAME`` and ``--env NAME`` out of a command line, wherever they are.

    Raises:
        InputError: One names nothing.
    """
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        name, given, value = word.partition("=")
        if name not in CHOICES:
            rest.append(word)
            continue
        variable, advice = CHOICES[name]
        chosen = value if given else next(words, "")
        if not chosen or chosen.startswith("-"):
            raise InputError(f"{name}: {advice}")
        os.environ[variable] = chosen
        console_settings.cache_clear()
    return rest
