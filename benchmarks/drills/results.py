"""What came of drills; several runs over one folder add up."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Self

from benchmarks.drills.clients import Client

SEEN = ("before", "after", "between")
KEPT = "results.jsonl"


@dataclass
class Result:
    """What came of one kind of drill; ``problems`` are what must not be.

    ``at_once`` counts the states when ``up`` returned, ``seen`` those when what goes on had ended.
    """

    name: str
    at_once: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    accepted: int = 0
    lost: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    HEAD: ClassVar[str] = (
        "| operation | kills | before, after, between when `up` returned | and when all had ended "
        "| predictions sent | accepted | lost | s |\n|" + "---|" * 8
    )

    def line(self) -> str:
        """Return a line of the table."""
        counts = [", ".join(str(each[name]) for name in SEEN) for each in (self.at_once, self.seen)]
        numbers = [self.sent, self.accepted, self.lost, round(self.seconds)]
        cells = [self.name, self.seen.total(), *counts, *(f"{number:,}" for number in numbers)]
        return f"| {' | '.join(map(str, cells))} |"

    def count(self, client: Client) -> None:
        """Count what a client sent, and what of it is lost."""
        self.sent, self.accepted = client.sent, len(client.accepted)
        self.lost = client.lost()

    def add(self, other: Self) -> None:
        """Add what another run of the same drill found."""
        self.at_once += other.at_once
        self.seen += other.seen
        self.sent += other.sent
        self.accepted += other.accepted
        self.lost += other.lost
        self.seconds += other.seconds
        self.problems += other.problems


def keep(folder: Path, result: Result) -> None:
    """Add a result to those of earlier runs."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / KEPT).open("a") as kept:
        kept.write(json.dumps(vars(result)) + "\n")


def totals(folder: Path) -> list[Result]:
    """Return what all runs over a folder found, by kind of drill."""
    sums: dict[str, Result] = {}
    for line in (folder / KEPT).read_text().splitlines():
        result = _read(line)
        sums.setdefault(result.name, Result(result.name)).add(result)
    return list(sums.values())


def _read(line: str) -> Result:
    fields = json.loads(line)
    counters = {name: Counter(fields[name]) for name in ("at_once", "seen")}
    return Result(**fields | counters)
