"""A clone of the project to add something to: its working tree, with the packages that are installed here."""

import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from tests.deployment import PROJECT

SHARED = ("node_modules", ".build")


def clone_into(folder: Path) -> Path:
    """Copy what belongs to the project, and give the copy an environment whose code comes from it.

    The environment sees this one's packages behind its own code; npm's tools and the bundles are linked.
    """
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=PROJECT, capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, names):
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, folder / name)
    for name in SHARED:
        (folder / name).symlink_to(PROJECT / name)
    _add_environment(folder)
    return folder


def _add_environment(clone: Path) -> None:
    venv.create(clone / ".venv", with_pip=False, symlinks=True)
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    paths = [clone, clone / "layers/bikecast/python", sysconfig.get_path("purelib")]
    (clone / f".venv/lib/{python}/site-packages/clone.pth").write_text("".join(f"{path}\n" for path in paths))
    for tool in Path(sysconfig.get_path("scripts")).iterdir():
        if not (clone / ".venv/bin" / tool.name).exists():
            (clone / ".venv/bin" / tool.name).symlink_to(tool)
    command = clone / ".venv/bin/bikecast"
    command.unlink()
    command.write_text(f"#!{clone}/.venv/bin/python\nfrom console.__main__ import main\n\nmain()\n")
    command.chmod(0o755)
