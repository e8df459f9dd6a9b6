"""How commands end: the one list that help, documents and code share."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command ends with; each has its meaning below."""

    DONE = 0
    FAILED = 1
    WRONG_USE = 2  # click's own code for a wrong command line
    NO_CLOUD = 3
    NOT_PAUSED = 4
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.DONE: "done",
    ExitCode.FAILED: "failed",
    ExitCode.WRONG_USE: "wrong use (nothing was started)",
    ExitCode.NO_CLOUD: "no cloud runs here",
    ExitCode.NOT_PAUSED: "nothing was paused",
    ExitCode.INTERRUPTED: "interrupted",
}


def exit_codes_text() -> str:
    """Return all codes with their meanings as one phrase."""
    return ", ".join(f"{code.value} {MEANINGS[code]}" for code in ExitCode)
