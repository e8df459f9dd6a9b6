"""A mark that the emulator's state could not be saved, such as on a full disk; it outlives a crash.

The file is there before it is needed: writing over it takes no space. Standard library only: the emulator
writes it, the supervisor reads it.
"""

from pathlib import Path

_FILE = "unsaved"
_BYTES = 200


def prepare(folder: Path) -> None:
    """Make the empty mark in the emulator's state folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _FILE).write_bytes(b" " * _BYTES)


def write(folder: Path, text: str) -> None:
    """Replace what the mark says; an empty text takes it back."""
    with (folder / _FILE).open("r+b") as file:
        file.write(text.encode()[:_BYTES].ljust(_BYTES))


def read(folder: Path) -> str:
    """Return what could not be saved and why, or an empty text."""
    path = folder / _FILE
    return path.read_bytes().decode(errors="replace").strip() if path.exists() else ""
