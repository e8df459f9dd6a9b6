"""JSON schemas as text: types with links, limits, and a section for each named schema."""

from collections.abc import Iterator
from typing import Any

from docs_site.markdown import code, table

LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "over {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "under {}",
    "minItems": "{} or more items",
    "maxItems": "at most {} items",
    "minLength": "{} or more characters",
    "maxLength": "at most {} characters",
    "default": "default {}",
}
# A pattern beyond this length explains nothing; the field's description does.
LONGEST_PATTERN = 60


def schema_sections(document: dict[str, Any]) -> Iterator[str]:
    """Yield the heading and the fields of each named schema."""
    named = document.get("components", {}).get("schemas", {})
    yield "## Schemas"
    for name, schema in named.items():
        yield f"### {name}"
        yield schema.get("description", "")
        yield _fields(schema) if "properties" in schema else kind_of(schema)


def _fields(schema: dict[str, Any]) -> str:
    required = schema.get("required", ())
    rows = [
        (code(name), kind_of(field), limits_of(field), "yes" if name in required else "", _meaning(field))
        for name, field in schema["properties"].items()
    ]
    return table(("field", "type", "limits", "required", "meaning"), rows)


def _meaning(field: dict[str, Any]) -> str:
    inner = (each.get("description", "") for each in field.get("anyOf", ()))
    return field.get("description") or next((text for text in inner if text), "")


def kind_of(schema: dict[str, Any]) -> str:
    """Return the type of a schema; a named one as a link to its section."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema or "oneOf" in schema:
        return " or ".join(kind_of(each) for each in schema.get("anyOf", schema.get("oneOf", ())))
    if "enum" in schema or "const" in schema:
        return ", ".join(code(each) for each in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {kind_of(schema.get('items', {})) or 'anything'}"
    return " ".join(part for part in (schema.get("type", ""), _format(schema)) if part)


def _format(schema: dict[str, Any]) -> str:
    return f"({schema['format']})" if "format" in schema else ""


def limits_of(schema: dict[str, Any]) -> str:
    """Return the limits of a schema, or of the one that holds where it is not null."""
    found = [text.format(code(schema[key])) for key, text in LIMITS.items() if schema.get(key) is not None]
    pattern = schema.get("pattern", "")
    if pattern and len(pattern) <= LONGEST_PATTERN:
        found.append(f"like {code(pattern)}")
    found += [limits for each in schema.get("anyOf", ()) if (limits := limits_of(each))]
    return ", ".join(found)
