"""``use-cases``: the list of use cases in this clone."""

from console import ui
from console.options import Json
from console.use_cases import use_case_rows


def use_cases(as_json: Json = False) -> None:
    """List the use cases: name, title, whether the platform derives them from a declaration, model name.

    Example: bikecast use-cases, then bikecast --use-case obesity load --simulate
    """
    rows = use_case_rows()
    ui.show(rows, as_json=as_json, table=lambda: ui.rows_table(rows))
