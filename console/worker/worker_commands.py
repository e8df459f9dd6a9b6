"""``worker``: the job's steps, run on this machine."""

import datetime as dt
import json
from typing import Annotated

import typer

from console import ui
from console.cloud.session import find_cloud
from console.options import Json, TargetOption


def worker(
    slots: Annotated[int, typer.Option(min=1, help="Steps at a time; others wait for a free slot.")] = 2,
    target: TargetOption = None,
    as_json: Json = False,
) -> None:
    """Run the steps of trainings and loads on this machine until Ctrl-C; for stacks of `--containers worker`.

    Example: bikecast worker --target localstack --slots 3

    Its steps end with it. A training whose step was ended fails and says so, or goes on with another worker
    where the step can resume.
    """
    from console.worker.messages import StepRequest
    from console.worker.service import run_worker

    def say(request: StepRequest, what: str) -> None:
        at = dt.datetime.now(dt.UTC)
        if as_json:
            event = {"at": at.isoformat(), "step": request.name, "event": what}
            print(json.dumps(event), flush=True)
        else:
            ui.result_console.print(f"{at:%H:%M:%S} {request.name:<18} {what}", markup=False)

    run_worker(find_cloud(target), slots=slots, say=say)
