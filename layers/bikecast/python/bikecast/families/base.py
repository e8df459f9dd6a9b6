"""What every model family offers: fit, predict, and an ONNX graph that serves without its library."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from bikecast.arrays import Array, Matrix

if TYPE_CHECKING:
    import onnx

Params = Mapping[str, Any]


class Fitted(Protocol):
    """A model that was fitted; pickles, so that the registry can keep it."""

    def predict(self, features: Matrix) -> Array:
        """Return trips per hour; shape (n,)."""
        ...

    def to_onnx(self) -> "onnx.ModelProto":
        """Return a graph from ``features`` (float32, n x n_features) to ``trips`` (float32, n x 1)."""
        ...

    def importance(self) -> dict[str, float]:
        """Return each feature's share of what the model explains, in [0, 1]; they sum to 1."""
        ...


class Family(Protocol):
    """A way to fit; stateless and importable without its library."""

    name: str

    def fit(self, features: Matrix, actual: Array, *, params: Params, seed: int) -> Fitted:
        """Fit with these hyperparameters; the same seed gives the same model.

        Args:
            features: Columns as ``FEATURE_NAMES``; NaN in optional weather; shape (n, n_features).
            actual: Trips per hour, not negative; shape (n,).
            params: Names and values as the search space spells them; absent ones take the family's default.
            seed: Of everything random.
        """
        ...
