"""Text files in other encodings or with other line ends, copied into what every reader takes."""

from pathlib import Path

from bikecast.tabular.heads import HEAD_BYTES, utf16_of

_CHUNK_CHARACTERS = 1 << 20


def plain_file(path: Path, target: Path) -> Path:
    """Return the file itself if it is UTF-8 with line feeds, else a copy that is.

    Args:
        path: UTF-16 with its byte order mark, or lines that end with a carriage return alone, are copied.
        target: Where a copy goes.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    encoding = utf16_of(head)
    if encoding is None and not (b"\r" in head and b"\n" not in head):
        return path
    # Universal newlines turn every kind of line end into a line feed; other bytes pass as they are.
    with (
        path.open(encoding=encoding or "latin-1", newline=None) as text,
        target.open("w", encoding="utf-8" if encoding else "latin-1", newline="\n") as copy,
    ):
        while chunk := text.read(_CHUNK_CHARACTERS):
            copy.write(chunk.removeprefix("\ufeff"))
    return target
