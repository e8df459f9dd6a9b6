"""``python -m benchmarks.serving [--rivals] [--api]``: latency and cold start, ours and theirs, one model.

``--rivals`` installs BentoML and MLflow, each into an environment of its own, and starts them; ``--api``
deploys an embedded cloud of its own and asks through its API Gateway. Both together take some six minutes.
"""

import argparse
import json
import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.serving import api, children, rivals
from benchmarks.serving.champion import Model, make_model

Row = dict[str, Any]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="time for each latency (default: 3)")
    parser.add_argument("--rivals", action="store_true", help="measure BentoML and mlflow models serve too")
    parser.add_argument("--api", action="store_true", help="measure the embedded cloud's API too")
    parser.add_argument("--parts", action="store_true", help="what each part of a request costs, instead")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bikecast-benchmark-") as folder:
        if options.parts:
            print(_parts(Path(folder)))
            return
        rows = list(measure(Path(folder), options))
    print(json.dumps(rows, indent=2) if options.json else table(rows))


def measure(folder: Path, options: argparse.Namespace) -> Iterator[Row]:
    """Yield a row for each way to ask."""
    model = make_model(folder)
    yield from _ours(model, folder, seconds=options.seconds)
    if options.api:
        yield from api.measure(model, seconds=options.seconds)
    for make in (rivals.bentoml, rivals.mlflow) if options.rivals else ():
        yield _rival(make, model, folder / make.__name__, seconds=options.seconds)


def _parts(folder: Path) -> str:
    model = make_model(folder)
    with children.stand_in(model) as endpoint:
        found = children.handler(model, folder, endpoint, seconds=0, parts=True)["parts"]
    return "\n".join(
        ["| part | CPU ms |", "| --- | --- |", *(f"| {k} | {v:.3f} |" for k, v in found.items())]
    )


def _rival(make: rivals.Make, model: Model, folder: Path, *, seconds: float) -> Row:
    try:
        rival = make(model.booster, folder)
        found = rivals.measure(rival, model.rows, seconds=seconds)
    except (TimeoutError, subprocess.CalledProcessError) as err:  # one that cannot run costs its row only
        return {"what": f"{make.__name__}: {err}"}
    return {"what": f"{rival.name}, over HTTP", **found}


def _ours(model: Model, folder: Path, *, seconds: float) -> Iterator[Row]:
    with children.stand_in(model) as endpoint:
        run = partial(children.handler, model, folder, endpoint)
        warm = run(seconds=seconds)
        colds = [run(seconds=0)["cold_start_s"] for _ in range(rivals.STARTS)]
    yield {"what": "floor: the runtime's predict call", "one": warm["floor"], "hundred": warm["floor_100"]}
    yield {
        "what": "our handler, /predict",
        "cold_start_s": rivals.median(colds),
        "one": warm["features"],
        "hundred": warm["features_100"],
    }
    yield {"what": "our handler, /predict_trip", "one": warm["trip"], "hundred": warm["trip_100"]}


def table(rows: list[Row]) -> str:
    """Return the rows as text; ``log ms`` is what sending the prediction log takes after each answer."""
    latency = f"{'p50 ms':>9}{'p99 ms':>9}{'req/s':>8}{'log ms':>8}"
    head = f"{'':42}{'one row':>34}{'100 rows':>34}\n{'':42}{latency}{latency}{'cold s':>8}"
    return "\n".join([head, *map(_line, rows), "", *_targets(rows)])


def _line(row: Row) -> str:
    if "one" not in row:
        return str(row["what"])
    cells = "".join(map(_cells, (row["one"], row["hundred"])))
    cold = row.get("cold_start_s")
    return f"{row['what']:42}{cells}" + ("" if cold is None else f"{cold:8.2f}")


def _cells(timing: dict[str, float]) -> str:
    after = f"{timing['after_ms']:8.2f}" if timing["after_ms"] > 0.01 else f"{'':8}"
    return f"{timing['p50_ms']:9.3f}{timing['p99_ms']:9.2f}{timing['per_s']:8.0f}{after}"


def _targets(rows: list[Row]) -> Iterator[str]:
    floor, ours = rows[0]["one"]["p50_ms"], rows[1]["one"]["p50_ms"]
    yield f"over the floor: {ours - floor:.2f} ms (target: 0.50)"
    others = [row for row in rows if row["what"].endswith("over HTTP")]
    if others:
        fastest = min(row["one"]["p50_ms"] for row in others)
        soonest = min(row["cold_start_s"] for row in others)
        yield f"p50, of the best rival's: {ours / fastest:.2f} (target: 0.50)"
        yield f"cold start, of the best rival's: {rows[1]['cold_start_s'] / soonest:.2f} (target: 0.25)"


if __name__ == "__main__":
    main()
