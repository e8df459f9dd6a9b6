"""Pages of the project, and what they name: links, files, commands, targets, modules."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "dashboards/README.md")
)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
# A command ends where the shell's line does, or the next program begins.
COMMAND = re.compile(r"(?:^|[\s(])bikecast ((?:[^\n#|)&;`\"]|\"[^\"\n]*\")+)")


@dataclass(frozen=True)
class Page:
    """One page by its path below the project."""

    name: str

    @cached_property
    def text(self) -> str:
        """The page as it is written."""
        return (ROOT / self.name).read_text()

    @cached_property
    def prose(self) -> str:
        """The page without its blocks of code."""
        return FENCE.sub("", self.text)

    @cached_property
    def code(self) -> tuple[str, ...]:
        """Lines of shell blocks, and spans inside the prose."""
        blocks = [body for kind, body in FENCE.findall(self.text) if kind in ("bash", "sh")]
        return (*(line for body in blocks for line in body.splitlines()), *SPAN.findall(self.prose))

    def links(self) -> Iterator[tuple[str, str]]:
        """Yield each link into the project as file and anchor."""
        for target in LINK.findall(self.prose):
            if "://" not in target:
                path, _, anchor = target.partition("#")
                yield str((ROOT / self.name).parent / path if path else ROOT / self.name), anchor

    def spans(self) -> list[str]:
        """Return the spans of code in the prose."""
        return SPAN.findall(self.prose)

    def commands(self) -> Iterator[list[str]]:
        """Yield the words after ``bikecast`` of each command."""
        for line in self.code:
            for words in COMMAND.findall(line):
                yield words.split()


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
