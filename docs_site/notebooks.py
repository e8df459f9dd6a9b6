"""``python -m docs_site.notebooks`` executes the notebooks and writes their pages."""

import shutil
from pathlib import Path

import jupytext
import nbformat
from nbconvert.exporters import MarkdownExporter
from nbconvert.preprocessors import ExecutePreprocessor

from docs_site.__main__ import EXECUTED, ROOT
from docs_site.markdown import block, page

LONGEST_CELL_S = 120
INTRODUCTION = (
    """Executed against the embedded cloud by `make notebooks`, with what they printed and drew then."""
)


def main() -> None:
    """Execute every notebook; one cell that fails fails the command, and no page is written."""
    shutil.rmtree(EXECUTED, ignore_errors=True)
    sources = sorted((ROOT / "notebooks").glob("[a-z]*.py"))
    pages = {path.stem: _executed(path) for path in sources}
    for name, (text, drawn) in pages.items():
        _write(EXECUTED / f"{name}.md", text.encode())
        for file, body in drawn.items():
            _write(EXECUTED / file, body)
    index = page("Notebooks", [INTRODUCTION, block("\n".join(pages), "{toctree}")])
    _write(EXECUTED / "index.md", index.encode())


def _executed(path: Path) -> tuple[str, dict[str, bytes]]:
    notebook = jupytext.read(path)
    run = ExecutePreprocessor(timeout=LONGEST_CELL_S, kernel_name="python3")
    run.preprocess(notebook, {"metadata": {"path": str(ROOT)}})
    _keep_text(notebook)
    text, resources = MarkdownExporter().from_notebook_node(notebook, {"unique_key": path.stem})
    return text, resources["outputs"]


def _keep_text(notebook: nbformat.NotebookNode) -> None:
    """Show tables as text, which every theme and width can; pictures stay pictures."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            data.pop("text/html", None)
            if "image/png" in data:
                data.pop("text/plain", None)


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)


if __name__ == "__main__":
    main()
