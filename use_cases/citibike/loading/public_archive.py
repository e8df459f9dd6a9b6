"""The publisher's public archive: what it lists, and months of it downloaded and checked.

Source: the bucket's own listing. Months since 2024 are files of their own; older New York years are one
zip of monthly zips; Jersey City (``JC-``) has monthly files throughout. Some names are misspelt.
"""

import hashlib
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from bikecast.errors import InputError
from use_cases.citibike.web import Patience, WebError, download, read_url

ARCHIVE_URL = "https://s3.amazonaws.com/tripdata/"
_NAME = re.compile(
    r"^(?P<area>JC-)?(?P<year>20\d\d)(?P<month>0[1-9]|1[0-2])?[-_ ]?citi?bike.*\.(zip|csv)$", re.IGNORECASE
)
_MONTH = re.compile(r"^20\d\d-(0[1-9]|1[0-2])$")
# The tag of an object that was uploaded in one piece is its MD5; others have a dash and are checked by size.
_PLAIN_TAG = re.compile(r"^[0-9a-f]{32}$")

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class ArchiveFile:
    """One file of the archive."""

    name: str
    size_bytes: int
    etag: str


def months_between(first: str, last: str) -> list[str]:
    """Return the months of a range such as 2024-01..2025-03.

    Raises:
        InputError: A month is misspelt or the range is empty.
    """
    for month in (first, last):
        if not _MONTH.match(month):
            raise InputError(f"months are written like 2024-01, but got {month!r}")
    if last < first:
        raise InputError(f"`first <= last` must hold, but got (first={first}, last={last})")
    begin, end = (int(month[:4]) * 12 + int(month[5:]) - 1 for month in (first, last))
    return [f"{n // 12}-{n % 12 + 1:02d}" for n in range(begin, end + 1)]


def list_archive(*, url: str = ARCHIVE_URL, patience: Patience | None = None) -> list[ArchiveFile]:
    """Return the archive's trip files.

    Raises:
        WebError: The archive cannot be reached or does not answer with a listing.
    """
    files: list[ArchiveFile] = []
    token: str | None = None
    while True:
        query = {"list-type": "2"} | ({"continuation-token": token} if token else {})
        page = _parsed(read_url(url, query=query, patience=patience), url)
        files += [_archive_file(entry) for entry in page.findall("{*}Contents")]
        token = page.findtext("{*}NextContinuationToken")
        if not token:
            return [file for file in files if _NAME.match(file.name)]


def choose(
    files: Collection[ArchiveFile], months: Collection[str], *, jersey_city: bool = False
) -> list[ArchiveFile]:
    """Return the files that hold the months, a month's own file before its year's.

    Args:
        files: The archive's listing.
        months: Such as 2024-01.
        jersey_city: Jersey City's files instead of New York's.
    Raises:
        InputError: A month is in no file; the months are named.
    """
    by_period = {_period(file): file for file in files if _is_jersey_city(file) == jersey_city}
    chosen = {month: by_period.get(month) or by_period.get(month[:4]) for month in months}
    missing = sorted(month for month, file in chosen.items() if file is None)
    if missing:
        latest = max((period for period in by_period if len(period) > len("2024")), default="none")
        raise InputError(f"the archive has no file for {', '.join(missing)}; its latest month is {latest}")
    return sorted({file for file in chosen.values() if file is not None}, key=lambda file: file.name)


def download_file(
    file: ArchiveFile,
    folder: Path,
    *,
    url: str = ARCHIVE_URL,
    progress: Progress | None = None,
    patience: Patience | None = None,
) -> Path:
    """Download a file, or return it if it is there already, and check it.

    Args:
        file: From the archive's listing.
        folder: Existing folder.
        url: The archive.
        progress: Called with name, bytes so far and bytes in all.
        patience: How long to try.
    Raises:
        WebError: It cannot be downloaded or does not have the listed size and checksum.
    """
    path = folder / file.name
    if not _is_whole(path, file):
        report = None if progress is None else lambda done, total: progress(file.name, done, total)
        download(url + quote(file.name), path, size_bytes=file.size_bytes, progress=report, patience=patience)
    if not _is_whole(path, file):
        path.unlink()
        raise WebError(f"{file.name} was damaged on its way: its checksum is not {file.etag}; try again")
    return path


def _is_whole(path: Path, file: ArchiveFile) -> bool:
    if not path.is_file() or path.stat().st_size != file.size_bytes:
        return False
    if not _PLAIN_TAG.match(file.etag):
        return True
    with path.open("rb") as body:
        return hashlib.file_digest(body, "md5").hexdigest() == file.etag


def _parsed(body: bytes, url: str) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(body)  # noqa: S314 - only text of known tags is read
    except ElementTree.ParseError as err:
        raise WebError(f"{url} does not answer with a listing ({err})") from err


def _archive_file(entry: ElementTree.Element) -> ArchiveFile:
    return ArchiveFile(
        name=entry.findtext("{*}Key", ""),
        size_bytes=int(entry.findtext("{*}Size", "0")),
        etag=entry.findtext("{*}ETag", "").strip('"'),
    )


def _period(file: ArchiveFile) -> str:
    name = _NAME.match(file.name)
    if name is None:
        return ""
    return f"{name['year']}-{name['month']}" if name["month"] else name["year"]


def _is_jersey_city(file: ArchiveFile) -> bool:
    return file.name.upper().startswith("JC-")
