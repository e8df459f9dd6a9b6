"""What each feature added to each prediction: SHAP values, by the libraries that compute them natively.

Source: Lundberg et al., "From local explanations to global understanding with explainable AI for trees",
Nature Machine Intelligence 2020.
"""

from typing import Protocol, runtime_checkable

from bikecast.arrays import Array, Matrix
from bikecast.families.base import Fitted
from bikecast.families.blend import Blend
from bikecast.families.fallback import WithFallback


@runtime_checkable
class Explained(Protocol):
    """A fitted model whose library computes the contributions."""

    def contributions(self, features: Matrix) -> Array:
        """Return what each feature added, on the scale on which the trees add up.

        That scale is the target's for squared error, its logarithm for Poisson (0.1 stands for a tenth more)
        and log odds for classes. The shape is that of ``features``; with more than two classes there is a
        third axis, the class.
        """
        ...


def contributions(fitted: Fitted, features: Matrix, *, name: str = "model") -> dict[str, Array]:
    """Return the contributions by member of a blend; members that cannot compute them are left out."""
    if isinstance(fitted, WithFallback):
        return contributions(fitted.full, features, name=name)
    if isinstance(fitted, Blend):
        parts = [contributions(member, features, name=key) for key, member in fitted.members.items()]
        return {key: values for part in parts for key, values in part.items()}
    return {name: fitted.contributions(features)} if isinstance(fitted, Explained) else {}
