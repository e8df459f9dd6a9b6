"""All rows of a file as they are written, by the platform's own reader."""

from difflib import get_close_matches
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bikecast.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

MAX_ROWS = 500_000


def read_whole(path: Path, target: str) -> "pd.DataFrame":
    """Return the rows of a file, plain, gzipped or zipped; of several tables in an archive, all.

    Raises:
        InputError: It does not exist, is not a table, has no column ``target`` or too many rows.
    """
    import pandas as pd

    from bikecast.examples.reading.files import UnknownTableError, chunks, encoding, members

    if not path.is_file():
        raise InputError(f"{path} is not a file")
    frames: list[pd.DataFrame] = []
    try:
        with TemporaryDirectory() as work:
            for member in members(path, path.name, Path(work)):
                found = chunks(member.path, encoding(member.path), recognises=lambda names: target in names)
                frames += [chunk.raw for chunk in found]
                if sum(map(len, frames)) > MAX_ROWS:
                    raise InputError(f"{path} has more than {MAX_ROWS:,} rows: give a part of it, as a month")
    except UnknownTableError as err:
        near = get_close_matches(target.lower(), [name.lower() for name in err.columns], n=1)
        meant = [name for name in err.columns if name.lower() in near]
        hint = f"did you mean {meant[0]!r}?" if meant else f"its columns are {', '.join(err.columns[:20])}"
        raise InputError(f"{path} has no column {target!r}; {hint}") from err
    if not frames or not sum(map(len, frames)):
        raise InputError(f"{path} has no rows")
    return pd.concat(frames, ignore_index=True)
