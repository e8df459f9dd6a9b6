"""Evidently's own user interface over the reports that the monitor left in the reports bucket.

The interface serves a folder; each update brings it in line with the bucket and leaves the rest alone.
"""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from bikecast.names import WINDOWS_PREFIX, Output
from bikecast.registry.champion_store import ChampionStore
from bikecast.storage import ObjectStore, S3Store, StoredObject
from console.cloud.outputs import read_stack_outputs
from console.cloud.session import Cloud, local_settings
from use_cases.citibike.monitoring.hours import WEATHER

PROJECT = "bikecast"
DESCRIPTION = "The drift monitor's windows, as it judged them"
SNAPSHOT_NAME = "snapshot.json"
INDEX_NAME = "bikecast-index.json"
TAB = "Week by week"
# Title, Evidently's metric, and by legend which of its values.
PANELS: tuple[tuple[str, str, dict[str, dict[str, str]]], ...] = (
    ("RMSE, trips per hour", "RMSE", {"RMSE": {}}),
    ("Mean absolute error, trips per hour", "MAE", {"MAE": {"value_type": "mean"}}),
    ("Mean error, trips per hour", "MeanError", {"mean error": {"value_type": "mean"}}),
    ("Drift of features", "ValueDrift", {name: {"column": name} for name in WEATHER}),
    ("Prediction drift", "ValueDrift", {"prediction": {"column": "prediction"}}),
    ("Target drift", "ValueDrift", {"trips": {"column": "trips"}}),
)


def workspace_folder() -> Path:
    """Return the folder that the interface serves."""
    return local_settings().root / "evidently"


def update_workspace(cloud: Cloud) -> int:
    """Bring the folder in line with the bucket and return how many windows it shows."""
    os.environ["DO_NOT_TRACK"] = "1"  # read by Evidently when it is imported
    from evidently.ui.workspace import Workspace

    store = _bucket(cloud, Output.REPORTS_BUCKET)
    keys = _snapshots(store, ChampionStore(_bucket(cloud, Output.SERVING_BUCKET)).served_versions())
    folder = workspace_folder()
    workspace = Workspace.create(str(folder))
    project = _project(workspace)
    index = _Index(folder / INDEX_NAME)
    for key in index.keys() - set(keys):
        _delete_run(workspace, project, index.run_id(key))
        index.remove(key)
    for key in keys:
        found = store.read_if_changed(key, etag=index.etag(key))
        if found is not None:
            index.put(
                key, found, run_id=_replace_run(workspace, project, old_id=index.run_id(key), found=found)
            )
    return len(keys)


def _bucket(cloud: Cloud, output: Output) -> S3Store:
    """Return a bucket as hourly demand sees it, whose windows these are."""
    return S3Store(cloud.s3, read_stack_outputs(cloud.cloudformation).require(output))


def _snapshots(store: ObjectStore, versions: list[str]) -> list[str]:
    """Return the windows of what serves and served before it; a retired champion learnt from other data."""
    prefixes = tuple(f"{WINDOWS_PREFIX}{version}/" for version in versions)
    of_versions = (key for key in store.keys(WINDOWS_PREFIX) if key.startswith(prefixes))
    return [key for key in of_versions if key.endswith(f"/{SNAPSHOT_NAME}")]


def _replace_run(workspace: Any, project: Any, *, old_id: str | None, found: StoredObject) -> str:
    from evidently.core.report import Snapshot

    _delete_run(workspace, project, old_id)
    snapshot = Snapshot.loads(found.body.decode())
    return str(workspace.add_run(project.id, snapshot, include_data=False).id)


def _delete_run(workspace: Any, project: Any, run_id: str | None) -> None:
    """Delete a run, which an update that died may have done already."""
    if run_id is not None:
        with suppress(FileNotFoundError):
            workspace.delete_run(project.id, run_id)


def _project(workspace: Any) -> Any:
    found = workspace.search_project(PROJECT)
    if found:
        return found[0]
    project = workspace.create_project(PROJECT, description=DESCRIPTION)
    for panel in _panels():
        project.dashboard.add_panel(panel, tab=TAB)
    return project


def _panels() -> list[Any]:
    from evidently.sdk.models import PanelMetric
    from evidently.sdk.panels import line_plot_panel

    return [
        line_plot_panel(
            title=title,
            values=[
                PanelMetric(metric=metric, legend=legend, metric_labels=labels)
                for legend, labels in lines.items()
            ],
            size="half",
        )
        for title, metric, lines in PANELS
    ]


class _Index:
    """Which snapshot of the bucket stands in the folder under which id."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[str, dict[str, str]] = json.loads(path.read_text()) if path.exists() else {}

    def keys(self) -> set[str]:
        return set(self._entries)

    def etag(self, key: str) -> str | None:
        return self._entries.get(key, {}).get("etag")

    def run_id(self, key: str) -> str | None:
        return self._entries.get(key, {}).get("run_id")

    def put(self, key: str, found: StoredObject, *, run_id: str) -> None:
        self._entries[key] = {"etag": found.etag, "run_id": run_id}
        self._write()

    def remove(self, key: str) -> None:
        del self._entries[key]
        self._write()

    def _write(self) -> None:
        self._path.write_text(json.dumps(self._entries, indent=1))
