"""The gate's decision on a challenger, and the score tables behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bikecast.evaluation.gate import Decision, GateDecision
from bikecast.evaluation.scores import Scores


@dataclass(frozen=True)
class Judgement:
    """One judgement; without tables where the challenger could not be judged."""

    verdict: GateDecision
    challenger: Scores | None = None
    champion: Scores | None = None
    baselines: Mapping[str, Scores] = field(default_factory=dict)
    challenger_segments: Mapping[str, Scores] = field(default_factory=dict)
    champion_segments: Mapping[str, Scores] = field(default_factory=dict)


def refused(reason: str) -> Judgement:
    """Return the judgement of what could not be judged: the champion stays, and the reason is kept."""
    return Judgement(GateDecision(decision=Decision.REJECT, reason=reason, beats_baselines=False))
