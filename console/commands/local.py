"""``up``, ``down``, ``status``: the embedded cloud of this clone."""

from console import ui
from console.cloud import local_settings
from console.options import Json


def up(as_json: Json = False) -> None:
    """Start the embedded cloud: emulator, container engine, and with them the database.

    Needs no Docker and no account. Ports can be set, for example: BIKECAST_LOCAL_PORT=4599 bikecast up
    """
    from local_cloud.supervisor import start

    with ui.activity("embedded cloud"):
        connection = start(local_settings())
    result = {"endpoint_url": connection.endpoint_url, "region": connection.region}
    ui.show(result, as_json=as_json, table=lambda: ui.pairs_table(result))


def down(as_json: Json = False) -> None:
    """Stop everything that this clone started; the state stays for the next `bikecast up`."""
    from local_cloud.supervisor import stop

    with ui.activity("stopping"):
        stop(local_settings())
    ui.show({"stopped": True}, as_json=as_json, table=lambda: "everything of this clone is stopped")
