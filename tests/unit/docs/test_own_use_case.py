"""The page about a use case of one's own shows what ``bikecast init`` writes from the table of its test."""

from pathlib import Path

from console.scaffold.declaration import written
from console.scaffold.planning import Said, plan_of
from console.scaffold.rows import read_whole
from tests.deployment import PROJECT
from tests.e2e.test_your_own_use_case import NAME, deliveries


def test_the_page_shows_the_file_and_the_declaration_that_is_written_from_it(tmp_path: Path) -> None:
    file = tmp_path / "deliveries.csv"
    deliveries("2025-01-01", 45).to_csv(file, index=False, sep=";")
    page = (PROJECT / "docs/your-own-use-case.md").read_text()
    assert "\n".join(file.read_text().splitlines()[:2]) in page
    assert written(plan_of(read_whole(file, "minutes"), Said(NAME, "minutes"))) in page
