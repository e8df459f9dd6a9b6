"""The reference of the ``bikecast`` command, made from what its ``--help`` says."""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import typer

from console.__main__ import COMMANDS, app
from docs_site.markdown import block, code, page, table

INTRODUCTION = """Made from the command's own `--help`. Two options belong to every command and stand anywhere
in it: `--use-case NAME` and `--env NAME`."""
EXAMPLES = re.compile(r"^Examples?: (.+)$", re.MULTILINE | re.DOTALL)


def console_reference() -> str:
    """Return the page."""
    group: Any = typer.main.get_command(app)
    return page("Console", [INTRODUCTION, group.help.replace("\b", ""), *_panels(group)])


def _panels(group: Any) -> Iterator[str]:
    panels = {panel: None for panel, _ in COMMANDS}
    commands = sorted(group.commands.values(), key=lambda each: list(panels).index(each.rich_help_panel))
    for panel, members in groupby(commands, key=lambda each: each.rich_help_panel):
        yield f"## {panel}"
        for command in members:
            yield from _command(command, f"bikecast {command.name}")


def _command(command: Any, name: str) -> Iterator[str]:
    context = typer.Context(command, info_name=name)
    yield f"### {name}"
    yield from _help(command.help)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    yield block(usage, "text")
    records = [record for item in command.get_params(context) if (record := item.get_help_record(context))]
    rows = [(code(names), meaning) for names, meaning in records if names != "--help"]
    yield table(("argument or option", "meaning"), rows) if rows else ""
    for inner in getattr(command, "commands", {}).values():
        yield from _command(inner, f"{name} {inner.name}")


def _help(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        lines = " ".join(paragraph.split())
        found = EXAMPLES.match(lines)
        yield block("\n".join(re.split(r", (?=bikecast )", found[1])), "bash") if found else lines
