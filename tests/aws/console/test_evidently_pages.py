"""Evidently's pages follow the reports bucket and the champion."""

from pathlib import Path

import pandas as pd
import pytest

from bikecast.names import WINDOWS_PREFIX, Output
from bikecast.storage import S3Store
from console.cloud.session import Cloud
from tests.aws.console.test_outputs import deploy_stack
from tests.unit.serving.world import promote, published, retire
from use_cases.citibike.console import evidently_pages

WEEKS = ("2025-03-10_2025-03-17", "2025-03-17_2025-03-24")


@pytest.fixture(scope="module")
def snapshot() -> bytes:
    from evidently import Report
    from evidently.metrics import RowCount

    body: str = Report([RowCount()]).run(pd.DataFrame({"trips": [1.0, 2.0]}), None).dumps()
    return body.encode()


@pytest.fixture
def reports(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> S3Store:
    monkeypatch.setattr(evidently_pages, "workspace_folder", lambda: tmp_path / "evidently")
    for bucket in ("serving", "reports"):
        cloud.s3.create_bucket(Bucket=bucket)
    outputs = {Output.SERVING_BUCKET: "serving", Output.REPORTS_BUCKET: "reports"}
    deploy_stack(cloud, "bikecast-storage", outputs)
    return S3Store(cloud.s3, "reports")


def _report(reports: S3Store, version: str, week: str, snapshot: bytes) -> None:
    reports.write(f"{WINDOWS_PREFIX}{version}/{week}/{evidently_pages.SNAPSHOT_NAME}", snapshot)


def _shown() -> int:
    from evidently.ui.workspace import Workspace

    workspace = Workspace(str(evidently_pages.workspace_folder()))
    [project] = workspace.search_project(evidently_pages.PROJECT)
    return len(workspace.list_runs(project.id))


def test_windows_of_a_retired_champion_leave_the_pages(
    cloud: Cloud, reports: S3Store, snapshot: bytes
) -> None:
    serving = S3Store(cloud.s3, "serving")
    promote(serving, published(serving, "1", scale=1.0, simulated=True))
    for week in WEEKS:
        _report(reports, "1", week, snapshot)
    assert (evidently_pages.update_workspace(cloud), _shown()) == (2, 2)
    retire(serving)
    assert (evidently_pages.update_workspace(cloud), _shown()) == (0, 0)
    promote(serving, published(serving, "2", scale=1.0))
    _report(reports, "2", WEEKS[0], snapshot)
    assert (evidently_pages.update_workspace(cloud), _shown()) == (1, 1)


def test_windows_of_a_replaced_champion_stay_and_an_update_that_died_is_finished(
    cloud: Cloud, reports: S3Store, snapshot: bytes
) -> None:
    serving = S3Store(cloud.s3, "serving")
    for version, week in zip(("1", "2"), WEEKS, strict=True):
        promote(serving, published(serving, version, scale=1.0))
        _report(reports, version, week, snapshot)
    assert (evidently_pages.update_workspace(cloud), _shown()) == (2, 2)
    _delete_runs()
    _report(reports, "1", WEEKS[0], snapshot + b" ")
    assert (evidently_pages.update_workspace(cloud), _shown()) == (2, 1)


def _delete_runs() -> None:
    from evidently.ui.workspace import Workspace

    workspace = Workspace(str(evidently_pages.workspace_folder()))
    [project] = workspace.search_project(evidently_pages.PROJECT)
    for run in workspace.list_runs(project.id):
        workspace.delete_run(project.id, run)
