"""The predictor of a use case: its own, or that of declared rows."""

from bikecast.serving.kind import ServingKind
from bikecast.use_case import registry


def serving_of(use_case: str) -> ServingKind:
    """Return how a use case is served.

    Raises:
        InputError: There is no such use case here.
    """
    own = registry.own(use_case, "serving")
    if own is not None:
        serving: ServingKind = own.SERVING
        return serving
    from bikecast.serving.rows.kind import rows_serving

    return rows_serving(registry.load(use_case))
