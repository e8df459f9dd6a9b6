"""The gate's reasons as sentences."""

from collections.abc import Sequence

from bikecast.evaluation.bootstrap import Change, Share
from bikecast.evaluation.metrics import Metric


def comparison(metric: Metric, change: Change, *, ours: float, theirs: float) -> str:
    """Say how the metric moved against the champion, with its bounds."""
    bounds = f"{percent(change.confidence)} interval: {moved(change.low)} to {moved(change.high)}"
    if metric.greater_is_better:
        scores = f"{metric.title} is {ours:.3f} instead of {theirs:.3f}"
        return f"{scores}; its error, 1 - {metric.title}, is {moved(change.change)} ({bounds})"
    return f"{metric.title} is {moved(change.change)} ({bounds})"


def short_comparison(metric: Metric, change: Change, *, ours: float, theirs: float) -> str:
    """Say how the metric moved, without its bounds."""
    if metric.greater_is_better:
        return f"{metric.title} is {ours:.3f} instead of {theirs:.3f}"
    return f"{metric.title} is {moved(change.change)}"


def too_small(gain: str, improvement: float) -> str:
    """Say what a promotion needs."""
    needed = percent(improvement) if improvement > 0 else "a lower error"
    return f"{gain}; a promotion needs {needed}"


def too_unsure(gain: str, confident_gain: float) -> str:
    """Say what the interval must show."""
    needed = f"at least {percent(confident_gain)} lower" if confident_gain > 0 else "lower"
    return f"{gain}; a promotion needs the whole interval to be {needed}"


def unbeaten(names: Sequence[str]) -> str:
    """Say which baselines are as good."""
    return f"does not significantly beat the baseline {', '.join(names)}"


def first_model(metric: str, *, has_baselines: bool) -> str:
    """Say why a model without a champion before it is promoted; other metrics may say otherwise."""
    beaten = f"every baseline is beaten on {metric}" if has_baselines else "no baseline is declared"
    return f"the first model: there is no champion and {beaten}"


def too_narrow(measured: Share, *, claimed: float, least: float, is_set: bool) -> str:
    """Say what interval or prediction set holds, and what it must hold."""
    holder = "prediction set" if is_set else "interval"
    bounds = f"{percent(measured.confidence)} interval: {percent(measured.low)} to {percent(measured.high)}"
    return (
        f"the {percent(claimed)} {holder} holds only {percent(measured.share)} of the holdout ({bounds}); "
        f"a promotion needs at least {percent(least)}"
    )


def moved(change: float) -> str:
    """Return a relative change with its direction: ``0.3 % lower``."""
    size = percent(abs(change))
    if size == percent(0):
        return "unchanged"
    return f"{size} {'higher' if change > 0 else 'lower'}"


def percent(share: float) -> str:
    """Return a share with as many digits as mean something: ``0.3 %``, ``10 %``."""
    return f"{100 * share:.1f}".removesuffix(".0") + " %"
