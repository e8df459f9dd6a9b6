"""Exceptions have their reasons: suppressed rules beside them, the platform's lines on one use case here."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bikecast import discovery

ROOT = Path(__file__).parents[2]
PLATFORM = ("app.py", "console", "infra_cdk", "lambdas", "layers", "local_cloud", "training_job")
OTHERS = ("benchmarks", "dashboards", "docs_site", "notebooks", "tests", "use_cases")
SUPPRESSED = re.compile(r"#\s*(noqa|type:\s*ignore|pragma:\s*no)")
EXPLAINED = re.compile(r"# noqa: [A-Z]+[0-9]+(, [A-Z]+[0-9]+)* - \w|# type: ignore\[[a-z-]+\] +# \w")
SKIPPED = re.compile(r"mark\.(skip|skipif|xfail)(?!if|.*reason=|\($)|pytest\.skip\(\)")

OPTIONS = "options of commands that hourly demand has beside the others'"
EXAMPLE = "an example of a command line"
STORED = "what was stored before there were other use cases"
# The lines of the platform that name a use case: how many a file may have, and why.
NAMED = {
    "console/__main__.py": (2, f"{OPTIONS}; the default"),
    "console/data/load_commands.py": (3, OPTIONS),
    "console/demo/demo_commands.py": (1, EXAMPLE),
    "console/demo/story.py": (1, "the demo of the default use case, which brings its own code"),
    "console/monitoring/drift.py": (1, "windows of hours are checked against the days that were loaded"),
    "console/monitoring/incident_commands.py": (1, EXAMPLE),
    "console/monitoring/selftest.py": (1, "hourly demand is tried on simulated cities"),
    "console/pages/services.py": (4, "Evidently's pages are about hourly demand"),
    "console/serving/predict_commands.py": (2, OPTIONS),
    "console/training/train_commands.py": (3, f"{OPTIONS}; {EXAMPLE}"),
    "console/training/lineage.py": (1, "the files of hourly demand lie at keys of its own"),
    "console/use_case_commands.py": (1, EXAMPLE),
    "layers/bikecast/python/bikecast/names.py": (5, "the default, and keys that deployments have"),
    "layers/bikecast/python/bikecast/registry/decisions.py": (1, STORED),
    "layers/bikecast/python/bikecast/serving/log/capture.py": (1, STORED),
    "layers/bikecast/python/bikecast/use_case/later.py": (1, "an example of an argument"),
    "layers/images.py": (2, "the image is tried with every step of the default use case"),
    "training_job/migrations/versions/m0001_monitoring.py": (5, STORED),
    "training_job/migrations/versions/m0003_use_cases.py": (5, STORED),
}


def _lines(*places: str) -> Iterator[tuple[str, int, str]]:
    for place in places:
        files = [ROOT / place] if place.endswith(".py") else sorted((ROOT / place).rglob("*.py"))
        for file in files:
            for number, line in enumerate(file.read_text().splitlines(), start=1):
                yield file.relative_to(ROOT).as_posix(), number, line


def test_every_suppression_names_its_rule_and_its_reason() -> None:
    bare = [
        f"{name}:{number}"
        for name, number, line in _lines(*PLATFORM, *OTHERS)
        if SUPPRESSED.search(line) and not EXPLAINED.search(line) and name != _own_name()
    ]
    assert bare == []


def test_every_skipped_test_says_why() -> None:
    silent = [f"{name}:{number}" for name, number, line in _lines("tests") if SKIPPED.search(line)]
    assert [place for place in silent if not place.startswith(_own_name())] == []


@pytest.mark.parametrize("line", ["x = 1  # noqa", "x = 1  # noqa: S105", "x = 1  # type: ignore[misc]"])
def test_a_suppression_without_a_reason_would_be_found(line: str) -> None:
    assert SUPPRESSED.search(line)
    assert not EXPLAINED.search(line)


def test_the_platform_names_a_use_case_only_where_there_is_a_reason() -> None:
    words = re.compile("|".join((*discovery.names(), "citi bike")), re.IGNORECASE)
    found = Counter(name for name, _, line in _lines(*PLATFORM) if words.search(line))
    assert found == {name: count for name, (count, _) in NAMED.items()}


def _own_name() -> str:
    return Path(__file__).relative_to(ROOT).as_posix()
