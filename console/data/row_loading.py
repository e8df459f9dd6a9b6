"""Loading files of a declared use case into its checked table."""

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bikecast.errors import DataError, InputError
from bikecast.names import SIMULATED_MARKER, Step
from console import ui
from console.cloud.session import Cloud
from console.data.buckets import Bucket, data_bucket, upload_all
from console.data.replacing import is_marker, require_agreement, retire_replaced, set_aside
from console.executions.operations import operate

if TYPE_CHECKING:
    from bikecast.use_case import UseCase


def simulate_rows(use_case: "UseCase", folder: Path) -> list[str]:
    """Write simulated files of a use case and return their names.

    Raises:
        InputError: The use case declares no simulation.
    """
    if use_case.simulate is None:
        raise InputError(f"{use_case.name} declares no simulation: load files of your own")
    with ui.activity(f"simulating {use_case.row[1]}"):
        use_case.simulate(folder)
    return sorted(path.name for path in folder.iterdir())


def load_simulated_rows(cloud: Cloud, use_case: "UseCase", *, force: bool = False) -> dict[str, Any]:
    """Simulate files and load them, as ``load_rows`` does."""
    with tempfile.TemporaryDirectory() as folder:
        simulate_rows(use_case, Path(folder))
        return load_rows(cloud, use_case, Path(folder), force=force)


def load_rows(
    cloud: Cloud, use_case: "UseCase", path: Path, *, force: bool = False, replace_simulated: bool = False
) -> dict[str, Any]:
    """Upload a file, or all files of a folder that may hold tables, load them and return the report.

    Simulated and real files never mix: real ones replace simulated ones, and the champion that those taught
    is retired.

    Raises:
        InputError: Nothing is there or can be read, or simulated files would be removed and nobody agreed.
        DataError: Simulated files would join real ones.
        ExecutionError: The load failed.
    """
    from bikecast.examples.keys import raw_prefix

    files, is_simulated = _files(path)
    prefix, bucket = raw_prefix(use_case.name), data_bucket(cloud)
    if not is_simulated:
        _require_readable(use_case, files)  # before anything makes room for them
    names = [name for name in files if not is_marker(name)]
    payload = {"files": names, "force": force, "forget_simulated": not is_simulated}
    needed = _makes_room(bucket, prefix, is_simulated=is_simulated, agreed=replace_simulated)
    with set_aside(bucket, lambda: bucket.keys(prefix), needed=needed):
        upload_all(bucket, {file: prefix + name for name, file in files.items()})
        report: dict[str, Any] = operate(cloud, Step.LOAD_FILES, payload=payload)
    if not is_simulated:
        retire_replaced(cloud)
    return report


def _files(path: Path) -> tuple[dict[str, Path], bool]:
    """Return files with the simulator's marks by their path below the folder, and whether it wrote them."""
    from bikecast.examples import folder_files

    if not path.exists():
        raise InputError(f"{path} does not exist")
    root = path if path.is_dir() else path.parent
    tables = [file for file in folder_files(root) if path in (root, file.path)]
    if not tables:
        raise InputError(f"nothing to load in {path}: it should hold CSV or parquet files, plain or zipped")
    simulated = {file.simulated for file in tables}
    if len(simulated) > 1:
        raise InputError(f"{path} holds simulated files beside others: load folders that hold one kind")
    marks = sorted(root.rglob(SIMULATED_MARKER)) if simulated == {True} else []
    found = {file.name: file.path for file in tables}
    return found | {mark.relative_to(root).as_posix(): mark for mark in marks}, simulated == {True}


def _require_readable(use_case: "UseCase", files: Mapping[str, Path]) -> None:
    from bikecast.examples import why_unreadable

    problems = {name: why_unreadable(path, name, use_case) for name, path in files.items()}
    if all(problems.values()):
        told = "; ".join(f"{name}: {problem}" for name, problem in problems.items())
        raise InputError(f"nothing can be read, and nothing was changed: {told}"[:2000])


def _makes_room(bucket: Bucket, prefix: str, *, is_simulated: bool, agreed: bool) -> bool:
    """Tell whether simulated files make room for others; the table forgets them when those are loaded."""
    names = [key.removeprefix(prefix) for key in bucket.keys(prefix)]
    holds_simulated = any(is_marker(name) for name in names)
    if is_simulated and names and not holds_simulated:
        raise DataError(
            f"the cloud holds real files under {prefix}, and simulated ones are never mixed with them: "
            "simulate in a clone of its own, or run `make clean` first"
        )
    if holds_simulated and not is_simulated:
        require_agreement(agreed=agreed)
    return holds_simulated and not is_simulated


def row_report(report: dict[str, Any]) -> dict[str, Any]:
    """Return what a person wants to know of a load report."""
    refused = ", ".join(f"{count} {reason}" for reason, count in report["refused"].items())
    problems = "; ".join(f"{name}: {problem}" for name, problem in report["problems"].items())
    return {
        "status": report["status"],
        "data": "SIMULATED" if report["simulated"] else "real",
        "files": len(report["files"]),
        "unchanged": len(report["unchanged"]),
        "rows": report["rows"],
        "kept": report["kept"],
        "refused": refused or "none",
        "unknown levels, kept as missing": _unknown_levels(report["files"]) or "none",
        "in the table already": sum(part["repeated"] for part in report["partitions"].values()),
        "newer than the row of the same key": sum(part["replaced"] for part in report["partitions"].values()),
        "rows of the partitions that it touched": sum(part["rows"] for part in report["partitions"].values()),
        "problems": problems or "none",
    }


def _unknown_levels(files: Sequence[Mapping[str, Any]]) -> str:
    """Name each input with its undeclared levels and how often they came."""
    counts: dict[str, Counter[str]] = {}
    for file in files:
        for name, levels in file["unknown_levels"].items():
            counts.setdefault(name, Counter()).update(levels)
    return "; ".join(
        f"{name}: " + ", ".join(f"{level!r} {n}x" for level, n in levels.most_common())
        for name, levels in counts.items()
    )
