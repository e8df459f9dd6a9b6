"""``redrive``: predictions that could not be stored, sent again."""

from console import ui
from console.cloud import find_cloud
from console.options import Json, TargetOption


def redrive(target: TargetOption = None, as_json: Json = False) -> None:
    """Send the prediction log's dead letters again, once what kept them from the database is repaired.

    Example: bikecast redrive && bikecast logs capture_predictions --since 5m
    """
    from console.queues import redrive as move

    moved = move(find_cloud(target))
    ui.show({"moved": moved}, as_json=as_json, table=lambda: f"{moved} messages sent again")
