"""The monitor of a use case: its own, or that of declared rows."""

from functools import partial

from bikecast import discovery
from bikecast.monitoring.watch import Watch


def watch_of(use_case: str) -> Watch:
    """Return how a use case is watched.

    Raises:
        InputError: There is no such use case here.
    """
    own = discovery.own(use_case, "watch")
    if own is not None:
        watch: Watch = own.WATCH
        return watch
    from bikecast.monitoring.rows.champion import load_rows_champion
    from bikecast.monitoring.rows.watch import RowsWatch

    declaration = discovery.load(use_case)
    return RowsWatch(declaration, partial(load_rows_champion, declaration))
