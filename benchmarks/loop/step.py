"""One container's steps in a process of its own; prints their result and their phases as JSON."""

import sys
import time

from benchmarks.loop.phases import Phases


def main() -> None:
    """Run the steps that the input names."""
    phases = Phases()
    started = time.process_time()  # of the interpreter and of nothing else
    phases.count_imports()
    import json
    from dataclasses import replace
    from pathlib import Path

    from bikecast.database import DatabaseSettings
    from bikecast.families import family
    from bikecast.storage import FolderStore
    from training_job.__main__ import find_step, run_in_turn, steps_of
    from training_job.runtime.context import Context

    told = json.load(sys.stdin)
    steps = steps_of(told["steps"])
    runs = {step: find_step(step) for step in steps}
    data, artifacts, serving, reports = (
        FolderStore(Path(told["folder"]) / name) for name in ("data", "artifacts", "serving", "reports")
    )
    context = Context(
        data=data,
        artifacts=artifacts,
        serving=serving,
        reports=reports,
        database=DatabaseSettings(**told["database"]),
        code_version="benchmark",
    )
    for name in ("xgboost", "glm", "linear", "random_forest"):
        family(name)  # imports the module that fits, not its library
    phases.count_calls()
    opened = context.open_registry

    def open_registry(context: Context) -> object:
        registry = opened(context)
        phases.count_calls()
        return registry

    own = replace(context, open_registry=open_registry)  # type: ignore[arg-type]  # counted as it is opened
    result = run_in_turn(steps, told["input"], run=lambda step, payload: runs[step](own, payload))
    total = time.process_time()
    found = {"start": started, **phases.seconds}
    print(
        json.dumps({"result": result, "phases": {**found, "rest": total - sum(found.values())}}, default=str)
    )


if __name__ == "__main__":
    main()
