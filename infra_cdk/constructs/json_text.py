"""JSON in templates, of values that are only known once they are deployed."""

import json
from collections.abc import Mapping


def json_object(values: Mapping[str, str]) -> str:
    """Return a JSON object of texts; names and ARNs need no escapes."""
    return "{" + ", ".join(f'{json.dumps(str(name))}: "{value}"' for name, value in values.items()) + "}"
