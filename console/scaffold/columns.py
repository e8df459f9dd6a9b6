"""What a column of a file holds, told by all of its values: an input, or the reason why it is left out."""

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bikecast.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

MAX_LEVELS = 250
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "nat", "<na>"})
_MARKS = frozenset({"?", "-", "--", ".", "*", "\\N", "unknown", "missing"})
_IDENTITY = re.compile(r"(^|[_ ])(id|uuid|key|no|number)$|^id[_ ]|Id$|ID$")
_UNNAMED = re.compile(r"column\d+|Unnamed: \d+")  # as the reader and pandas call a column without a name
# Of ``1,234`` nobody knows which of the two it is.
_DECIMAL_COMMA = r"[-+]?\d+(,\d+)?"
_THOUSANDS = r"[-+]?\d{1,3}(,\d{3})*(\.\d+)?"
# As Germany and France write ``2.310,60`` and ``2 310,60``; Excel takes blanks that do not break a line.
_SEPARATORS = (".", " ", "\u00a0", "\u202f")
# A customer's number or the like: one word with a digit.
_CODE = r"\S*\d\S*"
_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([T ].*)?")
_FORMATS = ("%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m-%d-%Y", "%d-%m-%Y", "%Y/%m/%d")
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_ISO_DAY = r"\d{4}-\d{2}-\d{2}"
_ISO = _ISO_DAY + r"[ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?"
_OFFSET = _ISO + r"(Z|[+-]\d{2}:?\d{2})"


@dataclass(frozen=True)
class Found:
    """One column.

    Attributes:
        name: As the file spells it.
        kind: ``number``, ``category``, ``moment``, ``text``, or empty where it is left out.
        why: Why it is left out.
        optional: Some rows have no value.
        low: Least number, taken wide.
        high: Largest number, taken wide.
        integer: Every number is whole.
        clock: A moment has a time of day.
        levels: Of a category, sorted.
        formats: How its moments may be written: ``ISO8601``, ``offset`` or patterns of ``strptime``.
        marks: Texts that stand for a missing number.
        distinct: Different values.
        swaps: What stands in its numbers, and by what it is replaced, in turn: decimal commas and signs
            between thousands.
        names_rows: Its numbers count the rows, from 0 or 1, or each row has a code of its own.
    """

    name: str
    kind: str = ""
    why: str = ""
    optional: bool = False
    low: float = 0.0
    high: float = 0.0
    integer: bool = False
    clock: bool = False
    levels: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    distinct: int = 0
    swaps: tuple[tuple[str, str], ...] = ()
    names_rows: bool = False


def describe(column: "pd.Series[Any]", time_format: str | None = None) -> Found:
    """Tell what a column holds; a person may say how its dates are written, as ``strptime`` does.

    Raises:
        InputError: A comma in its numbers may be read in two ways.
    """
    texts = column.map(lambda value: "" if value is None or value != value else str(value).strip())
    there = texts[~texts.str.lower().isin(_MISSING)]
    facts: dict[str, Any] = {
        "name": str(column.name),
        "optional": len(there) < len(texts),
        "distinct": int(there.nunique()),
    }
    if facts["distinct"] == 0:
        return Found(**facts, why="it is empty")
    number = _number(there, facts) or _number_with_commas(there, facts)
    return number or _moment(there, facts, time_format) or _words(there, facts, rows=len(texts))


def is_identity(found: Found, *, rows: int) -> bool:
    """Tell a column that names rows: a different value in each, and a name or no name that says so."""
    if found.distinct != rows or found.kind == "moment":
        return False
    is_called_so = _IDENTITY.search(found.name) or (_UNNAMED.fullmatch(found.name) and found.kind == "number")
    return is_called_so is not None or found.names_rows


def numbers_of(found: Found, column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return the numbers of a column that ``describe`` told to be one; NaN where there is none."""
    import pandas as pd

    plain = _swapped(column.astype(str).str.strip(), found.swaps)
    return pd.to_numeric(plain, errors="coerce").astype(float)


def _swapped(texts: "pd.Series[Any]", swaps: tuple[tuple[str, str], ...]) -> "pd.Series[Any]":
    for old, new in swaps:
        texts = texts.str.replace(old, new, regex=False)
    return texts


def moments_of(found: Found, column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return the moments of a column that ``describe`` told to be one; NaT where there is none."""
    import pandas as pd

    has_offset = found.formats[0] == "offset"
    pattern = "ISO8601" if has_offset else found.formats[0]
    return pd.to_datetime(column.astype(str).str.strip(), format=pattern, errors="coerce", utc=has_offset)


def _number_with_commas(there: "pd.Series[Any]", facts: dict[str, Any]) -> Found | None:
    plain = there[~there.str.lower().isin(_MARKS)]
    if plain.empty:
        return None
    decimal = plain.str.fullmatch(_DECIMAL_COMMA).all()
    thousands = plain.str.fullmatch(_THOUSANDS).all()
    if decimal and thousands:
        raise InputError(
            f"{facts['name']!r}: the comma of numbers such as {plain.iloc[0]} may stand between thousands or "
            "before decimals: write the file without it"
        )
    swaps = ((",", "."),) if decimal else ((",", ""),) if thousands else _european(plain)
    found = _number(_swapped(there, swaps), facts) if swaps else None
    return None if found is None else replace(found, swaps=swaps)


def _european(texts: "pd.Series[Any]") -> tuple[tuple[str, str], ...]:
    """Return how numbers with a decimal comma lose what stands between their thousands, if all are such."""
    for sign in _SEPARATORS:
        number = rf"[-+]?(\d{{1,3}}({re.escape(sign)}\d{{3}})+|\d+)(,\d+)?"
        if texts.str.fullmatch(number).all():
            return ((sign, ""), (",", "."))
    return ()


def _number(there: "pd.Series[Any]", facts: dict[str, Any]) -> Found | None:
    import pandas as pd

    values = pd.to_numeric(there, errors="coerce")
    others = set(there[values.isna()])
    if values.notna().sum() < 0.5 * len(there) or not {text.lower() for text in others} <= _MARKS:
        return None
    known = values.dropna()
    optional, integer = facts["optional"] or bool(others), bool((known == known.round()).all())
    low, high = (0.0, 1.0) if integer and set(known) <= {0, 1} else _wide(known.min(), known.max())
    facts |= {"kind": "number", "optional": optional, "marks": tuple(sorted(others)), "integer": integer}
    counts = known.iloc[0] in (0, 1) and len(known) > 2 and bool((known.diff().iloc[1:] == 1).all())
    return Found(**facts, low=low, high=high, names_rows=counts)


def _wide(least: float, largest: float) -> tuple[float, float]:
    """Return a range with room for values that are yet to come, in round numbers."""
    room = max((largest - least) / 2, abs(largest) / 10) or 1.0  # years go on, however few the file has
    step = 10.0 ** math.floor(math.log10(room))
    low = 0.0 if least >= 0 else math.floor((least - room) / step) * step
    high = math.ceil((largest + room) / step) * step
    return float(f"{low:.6g}"), float(f"{high:.6g}")


def _moment(there: "pd.Series[Any]", facts: dict[str, Any], time_format: str | None) -> Found | None:
    different = there.drop_duplicates()
    if time_format is not None and _fits(different, time_format):
        return Found(**facts, kind="moment", clock="%M" in time_format, formats=(time_format,))
    if not different.str.fullmatch(_DATE).all():
        return None
    if different.str.fullmatch(_ISO_DAY).all():
        return Found(**facts, kind="moment", formats=("ISO8601",))
    if different.str.fullmatch(_ISO).all():
        return Found(**facts, kind="moment", clock=True, formats=("ISO8601",))
    if different.str.fullmatch(_OFFSET).all():
        return Found(**facts, kind="moment", clock=True, formats=("offset",))
    formats = _formats(different)
    clock = bool(formats) and "%M" in formats[0]
    return Found(**facts, kind="moment", clock=clock, formats=formats) if formats else None


def _formats(texts: "pd.Series[Any]") -> tuple[str, ...]:
    tried = [day + clock for clock in _CLOCKS for day in _FORMATS]
    return tuple(each for each in tried if _fits(texts, each))


def _fits(texts: "pd.Series[Any]", time_format: str) -> bool:
    import pandas as pd

    return bool(pd.to_datetime(texts, format=time_format, errors="coerce").notna().all())


def _words(there: "pd.Series[Any]", facts: dict[str, Any], *, rows: int) -> Found:
    n_levels = facts["distinct"]
    if n_levels == rows:
        return Found(**facts, kind="text", names_rows=bool(there.str.fullmatch(_CODE).all()))
    if n_levels > MAX_LEVELS:
        many = f"{n_levels} different texts, more than {MAX_LEVELS}"
        return Found(**facts, why=f"{many}: group them or make numbers of them in a reader")
    return Found(**facts, kind="category", levels=tuple(sorted(there.unique())))
