"""``champion`` and ``rollback``: the model that serves."""

from typing import Annotated

import typer
from rich.console import Group

from bikecast.errors import InputError
from console import ui
from console.cloud.champions import champion_json, holdout_facts, read_champion, score_rows
from console.cloud.session import find_cloud
from console.executions.operations import operate
from console.options import Json, TargetOption
from console.training.checks import require_rollback


def champion(target: TargetOption = None, as_json: Json = False) -> None:
    """Show the model that serves: version, holdout errors with the baselines', interval, training data.

    Example: bikecast champion --json | jq .holdout.rmse
    """
    manifest = read_champion(find_cloud(target))
    facts = {
        "model": manifest.model_name,
        "version": manifest.version,
        "published": manifest.published_at.isoformat(timespec="seconds"),
        "holdout": holdout_facts(manifest),
        "data hash": manifest.data_hash,
        "code": manifest.code_version,
        "previous": manifest.previous.version if manifest.previous else None,
        "decision record": manifest.decision_key,
    }
    ui.show(
        champion_json(manifest),
        as_json=as_json,
        table=lambda: Group(ui.pairs_table(facts), "", ui.rows_table(score_rows(manifest))),
    )


def rollback(
    reason: Annotated[
        str | None, typer.Option(help="Why; it is kept in the audit row.", show_default=False)
    ] = None,
    version: Annotated[
        str | None,
        typer.Option(
            "--to", help="Version to put back; the previous champion if absent.", show_default=False
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Allow a version that was never promoted; needs --to and --reason."),
    ] = False,
    target: TargetOption = None,
    as_json: Json = False,
) -> None:
    """Put an earlier champion back once it is proven to load; registry and audit row follow.

    Only a version that was promoted once can be put back. It also works while the champion's manifest cannot
    be read: then name the version.

    Examples: bikecast rollback --reason "predictions doubled since the release", bikecast rollback --to 3
    """
    from bikecast.names import Step

    given: dict[str, object] = {"reason": reason, "version": version}
    payload = {key: value for key, value in given.items() if value} | ({"force": True} if force else {})
    if force and len(payload) < 3:
        raise InputError("--force needs --to and --reason: say which version, and why")
    cloud = find_cloud(target)
    require_rollback(cloud, version, force=force)
    result = operate(cloud, Step.ROLLBACK, payload=payload)
    ui.show(result, as_json=as_json, table=lambda: ui.pairs_table(dict(result or {})))
