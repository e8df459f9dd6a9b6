"""``destroy``: take an environment down again."""

from dataclasses import asdict
from typing import Annotated

import typer

from bikecast.errors import InputError
from console import ui
from console.cloud.session import find_cloud
from console.deployment.deploy_commands import ask
from console.options import Json, TargetOption


def destroy(
    everything: Annotated[
        bool, typer.Option("--everything", help="Also remove the data that the policies keep. No way back.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    target: TargetOption = None,
    as_json: Json = False,
) -> None:
    """Delete the stacks of an environment, after showing what goes and what stays with its monthly cost.

    On AWS buckets, keys and a last snapshot of the database stay unless --everything is given.
    Emulators keep nothing.

    Example: bikecast --env staging destroy --target aws
    """
    from console.deployment.teardown import data_resources, stacks_to_destroy, what_stays
    from console.deployment.teardown import destroy as destroy_stacks

    cloud = find_cloud(target)
    stacks = stacks_to_destroy(cloud)
    resources = data_resources(cloud, stacks)
    kept = [asdict(each) for each in what_stays(cloud, resources)]
    ui.note(f"stacks to delete: {', '.join(stack.name for stack in stacks) or 'none'}")
    for each in kept:
        fate = "is removed, too" if everything else f"stays, about {each['usd_a_month']:.2f} USD a month"
        ui.note(f"{each['kind']} {each['name']}: {fate}")
    if stacks and not yes and not ask("Delete them?"):
        raise InputError("not agreed to: nothing was deleted")
    destroy_stacks(cloud, stacks, resources, everything=everything)
    result = {"deleted": [stack.name for stack in stacks], "kept": [] if everything else kept}
    ui.show(result, as_json=as_json, table=lambda: ui.pairs_table(result))
