"""The ONNX graph of an explainable boosting machine: each curve or table becomes one balanced tree."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from bikecast.arrays import Array, Ints
from bikecast.families.base import NEVER
from bikecast.families.trees.graph import ensemble
from bikecast.families.trees.tables import LESS, Trees, rounded_up

if TYPE_CHECKING:
    from bikecast.families.additive.explainable import ExplainableModel


@dataclass(frozen=True)
class _Axis:
    """One feature of a term: where it steps, and the place in the scores of each step; place 0 is missing."""

    feature: int
    cuts: Array
    places: Ints


def explainable_graph(fitted: "ExplainableModel") -> onnx.ModelProto:
    """Return the graph of intercept and terms."""
    machine, task = fitted.machine, fitted.task
    rows = _Rows()
    for number, term in enumerate(machine.term_features_):
        scores = np.asarray(machine.term_scores_[number], dtype=np.float64)
        axes = [_axis(machine, feature, n_dims=len(term)) for feature in term]
        rows.add_term(axes, scores.reshape(*scores.shape[: len(term)], -1))
    base = np.atleast_1d(np.asarray(machine.intercept_, dtype=np.float64))
    value = np.asarray(rows.value, dtype=np.float64).reshape(len(rows.value), -1)
    if base.size != task.n_margins or (task.n_classes and len(fitted.present) < task.n_classes):
        base, value = _every_class(base, value, fitted)
    return ensemble(
        rows.table(value),
        base=base,
        task=task,
        link="class" if task.n_classes else "identity",
        name="explainable_boosting",
    )


def _every_class(base: Array, value: Array, fitted: "ExplainableModel") -> tuple[Array, Array]:
    """Return base and values with a column for each class, if training rows lacked some."""
    n_margins, present = fitted.task.n_margins, fitted.present
    if base.size == 1:  # two of many classes: log odds of the second
        present = present[1:]
    wide_base, wide = np.full(n_margins, NEVER), np.zeros((len(value), n_margins))
    wide_base[fitted.present] = 0
    wide_base[present], wide[:, present] = base, value
    return wide_base, wide


def _axis(machine: Any, feature: int, *, n_dims: int) -> _Axis:
    """Return the steps of a feature; pairs have coarser ones than curves.

    Levels of a category are steps of one, and an unknown level has the last place.
    """
    kinds = machine.bins_[feature]
    bins = kinds[min(n_dims, len(kinds)) - 1]
    if not isinstance(bins, dict):
        cuts = np.asarray(bins, dtype=np.float64)
        return _Axis(feature, cuts, np.arange(1, cuts.size + 2))
    known = {int(float(level)): place for level, place in bins.items()}
    unknown, top = max(bins.values(), default=0) + 1, max(known, default=-1)
    places = [known.get(level, unknown) for level in range(top + 1)]
    return _Axis(feature, np.arange(top + 2, dtype=np.float64), np.asarray([unknown, *places, unknown]))


@dataclass
class _Rows:
    """The rows of the table as they are built, a tree for each term."""

    tree: list[int] = field(default_factory=list)
    node: list[int] = field(default_factory=list)
    feature: list[int] = field(default_factory=list)
    threshold: list[float] = field(default_factory=list)
    if_true: list[int] = field(default_factory=list)
    if_false: list[int] = field(default_factory=list)
    missing_true: list[bool] = field(default_factory=list)
    value: list[Array] = field(default_factory=list)
    _n_nodes: int = 0

    def add_term(self, axes: Sequence[_Axis], scores: Array) -> None:
        """Append the tree of one term; the last axis of ``scores`` are the margins."""
        self._n_nodes = 0
        self._split_by(axes, scores, tree=max(self.tree, default=-1) + 1)

    def _split_by(self, axes: Sequence[_Axis], scores: Array, *, tree: int) -> int:
        """Append the nodes that find the place on the first axis, then on the others; return the root."""
        if not axes:
            return self._append(tree, value=scores)
        axis, rest = axes[0], axes[1:]
        cuts = rounded_up(axis.cuts)

        def place(index: int) -> int:
            return self._split_by(rest, scores[index], tree=tree)

        root = self._append(tree, value=np.zeros(scores.shape[-1]), feature=axis.feature, cut=-np.inf)
        self.missing_true[self._row(root)] = True  # nothing is below that cut but what is missing
        self.if_true[self._row(root)] = place(0)
        self.if_false[self._row(root)] = self._halve(axis, cuts, 0, cuts.size, tree=tree, place=place)
        return root

    def _halve(
        self, axis: _Axis, cuts: Any, low: int, high: int, *, tree: int, place: Callable[[int], int]
    ) -> int:
        """Append a balanced tree over the steps from ``low`` to ``high``; return its root."""
        if low == high:
            return place(int(axis.places[low]))
        middle = (low + high) // 2
        own = self._append(tree, value=np.zeros_like(self.value[0]), feature=axis.feature, cut=cuts[middle])
        self.if_true[self._row(own)] = self._halve(axis, cuts, low, middle, tree=tree, place=place)
        self.if_false[self._row(own)] = self._halve(axis, cuts, middle + 1, high, tree=tree, place=place)
        return own

    def _append(self, tree: int, *, value: Array, feature: int = -1, cut: float = 0.0) -> int:
        self.tree.append(tree)
        self.node.append(self._n_nodes)
        self.feature.append(feature)
        self.threshold.append(cut)
        self.if_true.append(0)
        self.if_false.append(0)
        self.missing_true.append(False)
        self.value.append(value)
        self._n_nodes += 1
        return self._n_nodes - 1

    def _row(self, node: int) -> int:
        """Return the row of a node of the last tree."""
        return len(self.tree) - self._n_nodes + node

    def table(self, value: Array) -> Trees:
        """Return the table with these values."""
        return Trees(
            tree=np.asarray(self.tree),
            node=np.asarray(self.node),
            feature=np.asarray(self.feature),
            threshold=np.asarray(self.threshold, dtype=np.float32),
            if_true=np.asarray(self.if_true),
            if_false=np.asarray(self.if_false),
            missing_true=np.asarray(self.missing_true),
            value=value.astype(np.float32),
            mode=np.full(len(self.tree), LESS),
            output=np.zeros(len(self.tree), dtype=np.int64),
        )
