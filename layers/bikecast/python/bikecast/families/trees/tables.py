"""Ensembles of trees as flat tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bikecast.arrays import Array, Ints

LESS, LESS_OR_EQUAL, EQUAL, OTHER = "BRANCH_LT", "BRANCH_LEQ", "BRANCH_EQ", "BRANCH_NEQ"


@dataclass(frozen=True)
class Trees:
    """All nodes of all trees, one row each, the root of a tree first; a leaf has ``feature`` -1.

    Attributes:
        mode: When a row goes to ``if_true``: below the threshold, up to it, or equal to it.
        missing_true: A missing value goes to ``if_true``, else to ``if_false``.
        value: What a leaf adds to the outputs from ``output`` on; shape (n_rows, n_values).
        output: The first output that the row's tree adds to.
        members: Rows that ask for one of several values instead of a threshold, with those values; in trees
            that add to one output each.
    """

    tree: Ints
    node: Ints
    feature: Ints
    threshold: NDArray[np.float32]
    if_true: Ints
    if_false: Ints
    missing_true: NDArray[np.bool_]
    value: NDArray[np.float32]
    mode: NDArray[np.str_]
    output: Ints
    members: Mapping[int, Sequence[float]] = field(default_factory=dict)


def chained(trees: Trees) -> Trees:
    """Write each row that asks for one of several values as a chain of rows that ask for one.

    The first of a chain only asks whether the value is missing: nothing is less than its threshold. All lead
    to the same child; the runtime accepts such a tree, and joins neighbours that ask for equality where their
    leaves agree, but looks neither at where missing values go nor at more than one output.
    """
    if not trees.members:
        return trees
    asked = [value for values in trees.members.values() for value in (-np.inf, *values)]
    rows = np.repeat(list(trees.members), [1 + len(values) for values in trees.members.values()])
    first = np.isneginf(asked)
    node = np.where(first, trees.node[rows], _new_nodes(trees, rows, first))
    added = _take(trees, rows)
    chain = replace(
        added,
        node=node,
        threshold=np.asarray(asked, dtype=np.float32),
        if_false=np.where(np.append(first[1:], True), added.if_false, np.roll(node, -1)),
        missing_true=added.missing_true & first,
        mode=np.where(first, LESS, EQUAL),
    )
    rest = _take(trees, np.setdiff1d(np.arange(trees.tree.size), rows))
    joined = _concatenated(rest, chain)
    return _take(joined, np.lexsort((joined.node, joined.tree)))


def _new_nodes(trees: Trees, rows: Ints, first: NDArray[np.bool_]) -> Ints:
    """Return numbers that no node has yet, counted up within each tree."""
    tree = trees.tree[rows]
    taken = np.zeros(int(trees.tree.max()) + 1, dtype=np.int64)
    np.maximum.at(taken, trees.tree, trees.node)
    result = np.zeros(rows.size, dtype=np.int64)
    for number in np.flatnonzero(~first):
        taken[tree[number]] += 1
        result[number] = taken[tree[number]]
    return result


_COLUMNS = (
    "tree", "node", "feature", "threshold", "if_true", "if_false", "missing_true", "value", "mode", "output",
)  # fmt: skip


def _take(trees: Trees, rows: Ints) -> Trees:
    columns: dict[str, Any] = {name: getattr(trees, name)[rows] for name in _COLUMNS}
    return Trees(**columns)


def _concatenated(first: Trees, second: Trees) -> Trees:
    parts = (first, second)
    columns: dict[str, Any] = {n: np.concatenate([getattr(part, n) for part in parts]) for n in _COLUMNS}
    return Trees(**columns)


def rounded_down(thresholds: Array) -> NDArray[np.float32]:
    """Return the largest float32 not above each, so that ``x <= t`` means the same for float32 rows."""
    with np.errstate(over="ignore"):  # above the largest float32 is infinity, and then the largest
        narrow = thresholds.astype(np.float32)
    return np.where(narrow > thresholds, np.nextafter(narrow, np.float32(-np.inf)), narrow).astype(np.float32)


def rounded_up(thresholds: Array) -> NDArray[np.float32]:
    """Return the smallest float32 not below each, so that ``x < t`` means the same for float32 rows."""
    with np.errstate(over="ignore"):  # above the largest float32 is infinity, and then the largest
        narrow = thresholds.astype(np.float32)
    return np.where(narrow < thresholds, np.nextafter(narrow, np.float32(np.inf)), narrow).astype(np.float32)
