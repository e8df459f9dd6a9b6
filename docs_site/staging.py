"""Gathers the site's pages in one folder, laid out as the repository is, so that links between them hold."""

import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from bikecast import discovery
from docs_site.api_reference import api_reference
from docs_site.console_reference import console_reference
from docs_site.data_dictionary import declared_dictionary
from docs_site.hourly_demand import hourly_demand_dictionary
from docs_site.markdown import block, page
from docs_site.openapi import operations_document, predictor_document

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("*.md", "docs/**/*.md", "dashboards/README.md")
NOTEBOOKS = "notebooks"
README, START = "README.md", "index.md"
NAVIGATION = Path(__file__).with_name("navigation.md")
CHILDREN = block(":hidden:\n:glob:\n\n*", "{toctree}")
LINK = re.compile(r"\]\(([^)#\s]+)")
NOT_EXECUTED = """The notebooks were not executed for this build. `make notebooks` runs them against the
embedded cloud of this clone, and the next `make docs` shows them with what they printed and drew. Their
sources:"""
API_INTRODUCTION = """One predictor for each use case, and one set of operations (trainings, reports) beside
each. Made from the OpenAPI documents that the functions answer at `/openapi.json` and
`/monitoring/openapi.json`. Every request but those for documents carries the header `x-api-key`."""
DATA_INTRODUCTION = """Tables, columns, types, units and ranges, made from the contracts that every load and
every reader checks. A row that breaks its contract is kept in quarantine with its file, line and reason."""


def stage(folder: Path, *, executed: Path) -> None:
    """Write every page of the site, and the files that pages link to.

    Args:
        folder: Emptied first.
        executed: Pages of executed notebooks; absent where none were executed.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for path in sorted({path for pattern in PAGES for path in ROOT.glob(pattern)}):
        _copy(path, folder)
    (folder / README).rename(folder / START)
    _append(folder / START, NAVIGATION.read_text())
    _append(folder / "docs/decisions/README.md", CHILDREN)
    _write_references(folder / "reference")
    _write_notebooks(folder / NOTEBOOKS, executed)


def _copy(path: Path, folder: Path) -> None:
    """Copy a page, and what it links to that is not a page."""
    text = path.read_text().replace(f"../{README}", f"../{START}")
    _write(folder / path.relative_to(ROOT), text)
    for target in LINK.findall(text):
        linked = (path.parent / target).resolve()
        if linked.is_file() and linked.suffix != ".md":
            _write(folder / linked.relative_to(ROOT), linked.read_text())


def _append(path: Path, text: str) -> None:
    path.write_text(f"{path.read_text()}\n{text}")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _write_references(folder: Path) -> None:
    _write(folder / "console.md", console_reference())
    names = discovery.names()
    documents = {name: predictor_document(name) for name in names} | {"operations": operations_document()}
    for name, document in documents.items():
        _write(folder / f"api/{name}.json", json.dumps(document, indent=2))
        _write(folder / f"api/{name}.md", api_reference(f"API of {name}", document))
    _write(folder / "api/index.md", _index("API", API_INTRODUCTION, documents))
    for name in names:
        own = not discovery.is_declared(name)
        text = hourly_demand_dictionary() if own else declared_dictionary(discovery.load(name))
        _write(folder / f"data/{name}.md", text)
    _write(folder / "data/index.md", _index("Data dictionary", DATA_INTRODUCTION, names))


def _index(title: str, introduction: str, names: Iterable[str]) -> str:
    return page(title, [introduction, block("\n".join(names), "{toctree}")])


def _write_notebooks(folder: Path, executed: Path) -> None:
    if executed.is_dir():
        shutil.copytree(executed, folder)
        return
    sources = sorted((ROOT / NOTEBOOKS).glob("[a-z]*.py"))
    links = "\n".join(f"- [{path.stem}]({path.name})" for path in sources)
    _write(folder / START, page("Notebooks", [NOT_EXECUTED, links]))
    for path in sources:
        _write(folder / path.name, path.read_text())
