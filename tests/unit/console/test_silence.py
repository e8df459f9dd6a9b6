"""Windows that are not ok and open no incident are not passed over in silence."""

import datetime as dt

import pytest

from console.drift import why_silent


def verdicts(*words: str) -> list[dict[str, str]]:
    """Return a verdict a week."""
    end = dt.datetime(2025, 3, 31)
    ends = [end - dt.timedelta(weeks=weeks) for weeks in reversed(range(len(words)))]
    return [{"window_end": end.isoformat(), "verdict": word} for end, word in zip(ends, words, strict=True)]


@pytest.mark.parametrize(
    ("words", "act", "said"),
    [
        (("degraded", "ok", "ok"), True, "14 days or more before the newest data open no incidents"),
        (("ok", "degraded", "degraded"), True, None),
        (("ok", "degraded"), False, "--no-act"),
        (("ok", "ok", "ok"), False, None),
    ],
)
def test_old_windows_and_those_without_consequences_say_so(
    words: tuple[str, ...], act: bool, said: str | None
) -> None:
    found = why_silent(verdicts(*words), act=act)
    assert found is None if said is None else said in str(found)
