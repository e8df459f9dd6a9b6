"""Python text laid out as the formatter does: on one line where it fits, else one element a line."""

from collections.abc import Iterable
from dataclasses import dataclass

WIDTH = 110
_STEP = "    "


@dataclass(frozen=True)
class Group:
    """Something in brackets: a call or a tuple."""

    before: str
    elements: tuple["str | Group", ...]
    after: str = ")"


def call(name: str, *elements: "str | Group") -> Group:
    """Return a call."""
    return Group(f"{name}(", elements)


def named(name: str, value: "str | Group") -> "str | Group":
    """Return a keyword argument."""
    if isinstance(value, str):
        return f"{name}={value}"
    return Group(f"{name}={value.before}", value.elements, value.after)


def tuple_of(elements: Iterable["str | Group"]) -> Group:
    """Return a tuple."""
    found = tuple(elements)
    return Group("(", found, ",)" if len(found) == 1 else ")")


def quoted(text: str) -> str:
    """Return a string's literal, in double quotes."""
    literal = repr(text)
    if literal.startswith('"') or '"' in text:
        return literal
    return f'"{literal[1:-1]}"'


def statement(name: str, value: Group) -> str:
    """Return an assignment."""
    return _laid_out(Group(f"{name} = {value.before}", value.elements, value.after), indent="", room=0)


def _flat(element: "str | Group") -> str:
    if isinstance(element, str):
        return element
    return element.before + ", ".join(_flat(each) for each in element.elements) + element.after


def _laid_out(element: "str | Group", *, indent: str, room: int) -> str:
    flat = indent + _flat(element)
    if isinstance(element, str) or len(flat) + room <= WIDTH:
        return flat
    lines = [_laid_out(each, indent=indent + _STEP, room=1) + "," for each in element.elements]
    return "\n".join([indent + element.before, *lines, indent + element.after.lstrip(",")])
