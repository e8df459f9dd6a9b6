"""The predictor of a use case: its own, or that of declared rows."""

from bikecast import discovery
from bikecast.serving.kind import ServingKind


def serving_of(use_case: str) -> ServingKind:
    """Return how a use case is served.

    Raises:
        InputError: There is no such use case here.
    """
    own = discovery.own(use_case, "serving")
    if own is not None:
        serving: ServingKind = own.SERVING
        return serving
    from bikecast.serving.rows.kind import rows_serving

    return rows_serving(discovery.load(use_case))
