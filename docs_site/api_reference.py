"""The reference of an HTTP API, made from its OpenAPI document."""

import json
import re
from collections.abc import Iterator
from typing import Any

from docs_site.markdown import block, code, page, table
from docs_site.schemas import kind_of, limits_of, schema_sections

METHODS = ("get", "post")


def api_reference(title: str, document: dict[str, Any]) -> str:
    """Return the page of a document."""
    parts = [document["info"]["description"], *_operations(document), *schema_sections(document)]
    return page(title, parts)


def _operations(document: dict[str, Any]) -> Iterator[str]:
    yield "## Paths"
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                yield from _operation(f"{method.upper()} {path}", methods[method])


def _operation(name: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"### {name}"
    yield operation.get("description", "")
    yield _parameters(operation.get("parameters", []))
    yield from _body(operation.get("requestBody", {}).get("content", {}).get("application/json", {}))
    rows = [(status, each["description"], _answer(each)) for status, each in operation["responses"].items()]
    yield table(("status", "meaning", "body"), rows)


def _parameters(parameters: list[dict[str, Any]]) -> str:
    rows = [
        (code(each["name"]), each["in"], kind_of(each["schema"]), limits_of(each["schema"]),
         "yes" if each["required"] else "", each.get("description", ""))
        for each in parameters
    ]  # fmt: skip
    return table(("parameter", "in", "type", "limits", "required", "meaning"), rows) if rows else ""


def _body(content: dict[str, Any]) -> Iterator[str]:
    if not content:
        return
    yield f"Body: {kind_of(content['schema'])}"
    for name, example in content.get("examples", {}).items():
        yield f"Example, {name}:"
        yield block(_json(example["value"]), "json")


def _json(value: Any) -> str:
    """Return indented JSON in which a list of numbers or texts takes one line, however many they are."""
    text = json.dumps(value, indent=2)
    return re.sub(r"\[([^][{}]*)\]", lambda found: f"[{' '.join(found[1].split())}]", text)


def _answer(response: dict[str, Any]) -> str:
    contents = response.get("content", {})
    return ", ".join(kind_of(each.get("schema", {})) or code(kind) for kind, each in contents.items())
