"""Templates are written again only when something that they are made from has changed."""

from pathlib import Path

import pytest

from bikecast.errors import DeploymentError
from console.deployment.templates import KEPT, MOST_KEPT, kept_templates


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    (tmp_path / "infra_cdk").mkdir()
    (tmp_path / "infra_cdk/app.py").write_text("1")
    return tmp_path


def deploy(clone: Path, *choices: str, fails: bool = False) -> str:
    """Deploy as the CDK would, and return which option it got."""
    with kept_templates(clone, *choices) as (option, folder):
        if option == "--output":
            Path(folder).mkdir()
            (Path(folder) / "template").write_text("resources")
        if fails:
            raise DeploymentError("a stack failed")
        assert (Path(folder) / "template").read_text() == "resources"
    return option


def test_templates_of_unchanged_sources_are_taken_again(clone: Path) -> None:
    assert [deploy(clone), deploy(clone)] == ["--output", "--app"]


@pytest.mark.parametrize("changed", ["infra_cdk/app.py", "infra_cdk/new.json", ".build/embedded/api.sha256"])
def test_a_changed_or_a_new_source_has_them_written_again(clone: Path, changed: str) -> None:
    deploy(clone)
    (clone / changed).parent.mkdir(parents=True, exist_ok=True)
    (clone / changed).write_text("2")
    assert deploy(clone) == "--output"


def test_other_choices_have_templates_of_their_own(clone: Path) -> None:
    assert [deploy(clone, "citibike"), deploy(clone, "obesity"), deploy(clone, "citibike")] == [
        "--output", "--output", "--app",
    ]  # fmt: skip


def test_what_failed_is_not_kept(clone: Path) -> None:
    with pytest.raises(DeploymentError, match="a stack failed"):
        deploy(clone, fails=True)
    assert not list((clone / KEPT).iterdir())
    assert deploy(clone) == "--output"


def test_the_newest_few_are_kept(clone: Path) -> None:
    for number in range(MOST_KEPT + 2):
        deploy(clone, str(number))
    assert len(list((clone / KEPT).iterdir())) == MOST_KEPT
    assert deploy(clone, str(MOST_KEPT + 1)) == "--app"
