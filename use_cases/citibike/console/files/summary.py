"""Load reports as tables: what each count counts, and where refused rows are kept."""

from collections.abc import Mapping, Sequence
from typing import Any

PLACES_SHOWN = 3
# What each field of the report is called; a field that is not here is shown under its own name.
MEANINGS = {
    "rows": "rows in these files",
    "kept": "rows kept of them",
    "under_60_s": "of those, rides under a minute",
    "in_several_files": "of those, rides that another file holds too",
    "trips": "trips in the months just counted, with those of earlier loads",
    "quarantine": "refused rows, with line and reason",
}


def load_summary(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return names and values of a report; empty parts are left out."""
    summary: dict[str, Any] = {}
    for name, value in report.items():
        if name == "quarantine":
            summary |= _places(value)
        elif isinstance(value, Mapping):
            summary |= {f"{name}: {part}": _text(said) for part, said in value.items()}
        elif value or isinstance(value, bool | int):
            summary[MEANINGS.get(name, name)] = _text(value)
    return summary


def _places(uris: Sequence[str]) -> dict[str, str]:
    shown = list(uris[:PLACES_SHOWN])
    if len(uris) > PLACES_SHOWN:
        shown.append(f"and {len(uris) - PLACES_SHOWN} more files beside them")
    return {MEANINGS["quarantine"]: "\n".join(shown)} if shown else {}


def _text(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
