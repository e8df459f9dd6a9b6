"""What a page names exists: files, links, commands with their options, targets of make, modules."""

import re
from functools import cache
from importlib.util import find_spec
from typing import Any

import pytest
import typer

from console.__main__ import app
from tests.unit.docs.markdown import PAGES, ROOT, Page, anchors

PACKAGE = "layers/bikecast/python"
# Folders that a path in a page may begin with; what is made while running is none of them.
TOP = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")} - {
    "cdk.out", "node_modules",
}  # fmt: skip
SHORT = {path.parent.name for path in (ROOT / PACKAGE / "bikecast").glob("*/__init__.py")}
PATH = re.compile(r"[\w.*/-]+(?:/|\.\w+)")
EXAMPLE = "delivery_minutes"  # the use case that its page builds
LONGEST_README = 150

pages = pytest.mark.parametrize("page", [Page(name) for name in PAGES], ids=PAGES)


@cache
def command() -> Any:
    return typer.main.get_command(app)


@pages
def test_every_link_leads_to_a_page_and_its_heading(page: Page) -> None:
    for target, anchor in page.links():
        path = ROOT / target
        assert path.exists(), f"{page.name} links to {target}"
        assert not anchor or anchor in anchors(path), f"{page.name} links to {target}#{anchor}"


@pages
def test_every_file_and_folder_that_is_named_exists(page: Page) -> None:
    for span in page.spans():
        if PATH.fullmatch(span) and "/" in span.rstrip("/") and EXAMPLE not in span:
            assert _exists(span), f"{page.name} names {span}"


def _exists(span: str) -> bool:
    first = span.split("/")[0]
    base = {"bikecast": PACKAGE}.get(first, f"{PACKAGE}/bikecast" if first in SHORT - TOP else "")
    return first not in TOP | SHORT | {"bikecast"} or any((ROOT / base).glob(span.rstrip("/")))


@pages
def test_every_command_and_option_that_is_named_exists(page: Page) -> None:
    for words in page.commands():
        _check(words, where=page.name)


def _check(words: list[str], *, where: str) -> None:
    while words[:1] in (["--use-case"], ["--env"]):
        words = words[2:]
    if not words or not re.fullmatch(r"[a-z][a-z-]*", words[0]):
        return  # the command itself, with options of its own
    found = command().commands.get(words[0])
    assert found is not None, f"{where} names bikecast {words[0]}"
    if hasattr(found, "commands") and len(words) > 1:
        inner = found.commands.get(words[1])
        assert inner is not None, f"{where} names bikecast {words[0]} {words[1]}"
        found = inner
    known = {option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts)}
    used = {word.partition("=")[0] for word in words if re.fullmatch(r"--[a-z][a-z-]*(=.*)?", word)}
    unknown = used - known - {"--help", "--use-case", "--env"}
    assert not unknown, f"{where} names bikecast {words[0]} {' '.join(sorted(unknown))}"


@pages
def test_every_target_of_make_exists(page: Page) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line in page.code:
        for target in re.findall(r"(?:^|[=\w]+ )make ([a-z][a-z0-9-]*)", line):
            assert target in targets, f"{page.name} names make {target}"


@pages
def test_every_module_that_is_run_exists(page: Page) -> None:
    for line in page.code:
        for module in re.findall(r"python3? -m ([\w.]+)", line):
            assert find_spec(module) is not None, f"{page.name} runs {module}"


def test_every_page_of_the_documents_has_its_place_in_the_site() -> None:
    placed = (ROOT / "docs_site/navigation.md").read_text().splitlines()
    for name in PAGES:
        if name != "README.md" and not name.startswith("docs/decisions/"):
            assert name.removesuffix(".md") in placed, f"{name} is not in docs_site/navigation.md"


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) < LONGEST_README


def test_a_page_that_names_what_is_not_there_is_found() -> None:
    assert not _exists("console/no_such_module.py")
    assert _exists("console/*/*_commands.py")
    with pytest.raises(AssertionError, match="bikecast fly"):
        _check(["fly"], where="here")
    with pytest.raises(AssertionError, match="--no-such-option"):
        _check(["load", "--no-such-option"], where="here")
