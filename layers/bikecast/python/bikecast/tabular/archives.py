"""Table files inside whatever arrives, plain or zipped: bounded, and never written by their own name."""

import gzip
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bikecast.errors import InputError
from bikecast.tabular.heads import GZIP_MAGIC, HEAD_BYTES, ZIP_MAGIC

_CHUNK_BYTES = 1 << 20
# Damaged, cut short, encrypted, or packed by a method that nobody knows.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)
_WORKBOOK = "xl/workbook.xml"
_ENCRYPTED = 1
_MAX_DEPTH = 2  # a yearly zip of monthly zips


class UnreadableFileError(InputError):
    """A whole file cannot be read; the message says what it is instead of a table."""


@dataclass(frozen=True)
class Limits:
    """What an archive may unpack to; a published year is about 10 GB of text at a ratio near 6.

    Args:
        total_bytes: Sum over all members.
        ratio: Unpacked to packed bytes of one member; small members are exempt.
        members: Number of members.
    """

    total_bytes: int = 64 * 2**30
    ratio: int = 100
    exempt_bytes: int = 8 * 2**20
    members: int = 2_000


@dataclass(frozen=True)
class Members:
    """Which members of a zip are read.

    Args:
        suffixes: How their names end.
        is_table: Tells by its first bytes whether a member with another suffix is read, too.
    """

    suffixes: tuple[str, ...] = (".csv",)
    is_table: Callable[[bytes], bool] | None = None


@dataclass(frozen=True)
class CsvFile:
    """One readable CSV file; ``member`` is its path in the archive, or the source's own name."""

    member: str
    path: Path


def csv_files(
    path: Path,
    name: str,
    work: Path,
    *,
    limits: Limits | None = None,
    members: Members | None = None,
) -> Iterator[CsvFile]:
    """Yield the table files of a source one at a time; each is gone when the next one comes.

    Args:
        path: A table file, a gzip of one or a zip, told by its first bytes.
        name: What the source is called.
        work: Folder for one unpacked member at a time.
        limits: What an archive may unpack to.
        members: Which members of a zip are read; CSV files if absent.
    Raises:
        UnreadableFileError: The archive is damaged, encrypted, empty of table files, beyond a limit, or
            has a member whose path leaves the archive.
    """
    with path.open("rb") as file:
        magic = file.read(4)
    if magic in ZIP_MAGIC:
        yield from _unpacked(path, work, limits or Limits(), depth=0, wanted=members or Members())
    elif magic.startswith(GZIP_MAGIC):
        yield CsvFile(member=name, path=_gunzipped(path, work / "unpacked", limits or Limits()))
    else:
        yield CsvFile(member=name, path=path)


def _unpacked(path: Path, work: Path, limits: Limits, *, depth: int, wanted: Members) -> Iterator[CsvFile]:
    if depth >= _MAX_DEPTH:
        raise UnreadableFileError(f"zips are nested more than {_MAX_DEPTH} deep")
    with _opened(path) as archive:
        members = _checked_members(archive, limits, wanted)
        for number, info in enumerate(members):
            target = work / f"member-{depth}-{number}"
            _extract(archive, info, target)
            if _is_zip(info):
                yield from _unpacked(target, work, limits, depth=depth + 1, wanted=wanted)
            else:
                yield CsvFile(member=info.filename, path=_plain(target, limits))
            target.unlink()
    if not members:
        raise UnreadableFileError("the zip holds no CSV file")


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as err:
        raise UnreadableFileError(f"the zip is damaged or cut short ({err}); download it again") from err
    with archive:
        yield archive


def _checked_members(archive: zipfile.ZipFile, limits: Limits, wanted: Members) -> list[zipfile.ZipInfo]:
    members = [info for info in archive.infolist() if not info.is_dir()]
    if len(members) > limits.members:
        raise UnreadableFileError(f"the zip has {len(members)} members; at most {limits.members} are read")
    for info in members:
        _refuse_leaving_path(info)
    if any(info.filename == _WORKBOOK for info in members):
        raise UnreadableFileError("the file is an Excel workbook: save its sheet as CSV and load that")
    read = [info for info in members if _is_zip(info) or _is_wanted(archive, info, wanted)]
    total = sum(info.file_size for info in read)
    if total > limits.total_bytes:
        raise UnreadableFileError(
            f"the zip unpacks to {total:,} bytes; at most {limits.total_bytes:,} are read"
        )
    for info in read:
        _refuse_bomb(info, limits)
    return read


def _refuse_leaving_path(info: zipfile.ZipInfo) -> None:
    path = PurePosixPath(info.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise UnreadableFileError(
            f"member {info.filename!r} has a path that leaves the zip; it is not trusted"
        )


def _refuse_bomb(info: zipfile.ZipInfo, limits: Limits) -> None:
    bound = max(limits.ratio * info.compress_size, limits.exempt_bytes)
    if info.file_size > bound:
        ratio = info.file_size // max(info.compress_size, 1)
        raise UnreadableFileError(
            f"member {info.filename!r} unpacks {ratio} times its size to {info.file_size:,} bytes; "
            f"at most {limits.ratio} times is read"
        )


def _is_wanted(archive: zipfile.ZipFile, info: zipfile.ZipInfo, wanted: Members) -> bool:
    if not _is_published(info):
        return False
    return info.filename.lower().endswith(wanted.suffixes) or _holds_table(archive, info, wanted)


def _is_zip(info: zipfile.ZipInfo) -> bool:
    return _is_published(info) and info.filename.lower().endswith(".zip")


def _holds_table(archive: zipfile.ZipFile, info: zipfile.ZipInfo, wanted: Members) -> bool:
    """Tell by its content whether a member with another suffix is a table, too."""
    if wanted.is_table is None or info.flag_bits & _ENCRYPTED:
        return False
    try:
        with archive.open(info) as member:
            return wanted.is_table(member.read(HEAD_BYTES))
    except (*_DAMAGE, NotImplementedError):
        return False


def _is_published(info: zipfile.ZipInfo) -> bool:
    """Tell real members from the ones that macOS adds."""
    parts = PurePosixPath(info.filename).parts
    return "__MACOSX" not in parts and not parts[-1].startswith("._")


def _extract(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> None:
    try:
        # The reader stops at the declared size, which the limits have passed, and checks the sum.
        with archive.open(info) as member, target.open("wb") as file:
            shutil.copyfileobj(member, file, _CHUNK_BYTES)
    except _DAMAGE as err:
        raise UnreadableFileError(f"member {info.filename!r} cannot be unpacked ({err})") from err


def _plain(path: Path, limits: Limits) -> Path:
    with path.open("rb") as file:
        is_packed = file.read(2) == GZIP_MAGIC
    if not is_packed:
        return path
    unpacked = _gunzipped(path, path.with_suffix(".unpacked"), limits)
    return unpacked.replace(path)


def _gunzipped(path: Path, target: Path, limits: Limits) -> Path:
    bound = min(limits.total_bytes, max(limits.ratio * path.stat().st_size, limits.exempt_bytes))
    written = 0
    try:
        with gzip.open(path) as packed, target.open("wb") as file:
            while chunk := packed.read(_CHUNK_BYTES):
                written += file.write(chunk)
                if written > bound:
                    raise UnreadableFileError(f"the gzip unpacks to more than {bound:,} bytes")
    except (*_DAMAGE, gzip.BadGzipFile) as err:
        raise UnreadableFileError(f"the gzip is damaged or cut short ({err}); download it again") from err
    return target
