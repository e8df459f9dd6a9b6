"""``backup`` and ``restore``: an environment's data as a folder, and back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bikecast.names import Step
from console import ui
from console.cloud.session import find_cloud
from console.options import Json, TargetOption

if TYPE_CHECKING:
    from console.deployment.backups import Backup

Folder = Annotated[Path, typer.Argument(help="Folder of the backup.", show_default=False)]


def backup(folder: Folder, target: TargetOption = None, as_json: Json = False) -> None:
    """Save the buckets and the database of an environment, all use cases, into a new folder.

    On AWS use RDS's snapshots and the buckets' versions: docs/runbook.md.

    Example: bikecast backup ~/backups/2025-04-01
    """
    from console.deployment.backing_up import back_up

    result = _described(back_up(find_cloud(target), folder), folder)
    ui.show(result, as_json=as_json, table=lambda: ui.pairs_table(result))


def restore(
    folder: Folder,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of the data that is there. No way back.")
    ] = False,
    target: TargetOption = None,
    as_json: Json = False,
) -> None:
    """Put a backup into a deployed environment: the same tables, registry and champion as when it was made.

    Every file is checked before anything changes, and what is there afterwards is compared with the backup.

    Example: bikecast up && bikecast deploy && bikecast restore ~/backups/2025-04-01
    """
    from console.deployment.backing_up import restore as put_back
    from console.executions.operations import operate

    cloud = find_cloud(target)
    restored = put_back(cloud, folder, replace=replace)
    operate(cloud, Step.MIGRATE, payload={})  # an older backup has older tables
    result = _described(restored, folder)
    ui.show(result, as_json=as_json, table=lambda: ui.pairs_table(result))


def _described(saved: "Backup", folder: Path) -> dict[str, Any]:
    return {
        "folder": str(folder),
        "created_at": saved.created_at.isoformat(timespec="seconds"),
        "environment": saved.environment,
        "champions": saved.champions,
        **saved.totals(),
    }
