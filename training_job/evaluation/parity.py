"""Parity: how far the served graph differs from the fitted model."""

from collections.abc import Mapping

from bikecast.errors import ArtifactError
from bikecast.model.golden import TOLERANCE

_BESIDE_DIFFERENCES = ("tolerance", "n_rows")


def check_parity(parity: Mapping[str, float | None]) -> None:
    """Raise ``ArtifactError`` if graph and fitted model differ by more than the tolerance."""
    worst = {name: value for name, value in parity.items() if name not in _BESIDE_DIFFERENCES}
    if any(value is None for value in worst.values()):
        raise ArtifactError("a prediction of the fitted model or of its graph is not a number")
    if any(value is not None and value > TOLERANCE for value in worst.values()):
        raise ArtifactError(f"the graph differs from the fitted model by {worst}; {TOLERANCE} is allowed")
