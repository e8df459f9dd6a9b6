"""Laws of the verdict: distances, k of n windows, and what counts as severe."""

import datetime as dt
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.spatial import distance

from bikecast.drift import (
    LOG_RATIO,
    DriftLimits,
    Kind,
    Limit,
    Score,
    WindowVerdict,
    jensen_shannon,
    judge,
    wasserstein,
)

LIMITS = {
    "TMAX": Limit(value=1.0, kind=Kind.DRIFT, method="wasserstein"),
    "error": Limit(value=1.5, kind=Kind.PERFORMANCE, method="ratio of WAPE"),
    "missing:PRCP": Limit(value=0.02, kind=Kind.QUALITY, method="share"),
}
THRESHOLDS = DriftLimits(
    alarm_factors={},
    target_false_alarms_a_quarter=1.0,
    measured_false_alarms_a_quarter=0.5,
    history_start=dt.datetime(2024, 1, 1),
    history_end=dt.datetime(2025, 1, 1),
    n_windows=360,
    limits=LIMITS,
)
values = arrays(np.float64, st.integers(2, 60), elements=st.floats(-1e3, 1e3, width=32))
weights = arrays(np.float64, 5, elements=st.floats(0, 100)).filter(lambda found: found.sum() > 0)


def _scores(**found: float) -> list[Score]:
    return [
        Score(name, LIMITS[name].kind, LIMITS[name].method, value, serious=name == "error")
        for name, value in found.items()
    ]


@given(values, values)
def test_wasserstein_is_scipys_in_units_of_the_reference(current: np.ndarray, reference: np.ndarray) -> None:
    wanted = stats.wasserstein_distance(current, reference) / max(reference.std(), 0.001)
    assert wasserstein(current, reference) == pytest.approx(wanted, rel=1e-6, abs=1e-9)


@given(weights, weights)
def test_jensen_shannon_is_scipys(current: np.ndarray, reference: np.ndarray) -> None:
    wanted = np.nan_to_num(distance.jensenshannon(current, reference))  # rounding below zero gives it NaN
    assert jensen_shannon(current, reference) == pytest.approx(wanted, rel=1e-6, abs=1e-7)


@given(values)
def test_a_sample_is_at_no_distance_from_itself_however_often_it_is_repeated(sample: np.ndarray) -> None:
    assert wasserstein(np.tile(sample, 50), sample) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("distance_of", [wasserstein, jensen_shannon])
def test_there_is_no_distance_where_a_side_has_nothing(distance_of: Callable[..., float]) -> None:
    something = np.asarray([1.0, 2.0])
    nothing = np.asarray([np.nan, np.nan]) if distance_of is wasserstein else np.zeros(2)
    assert not np.isnan(distance_of(something, something))
    for current, reference in ((nothing, something), (something, nothing), (nothing, nothing)):
        assert np.isnan(distance_of(current, reference))


def test_values_that_are_missing_say_nothing() -> None:
    assert judge(_scores(TMAX=float("nan")), THRESHOLDS, previous=[]).verdict is WindowVerdict.OK


def test_one_unusual_window_is_watched_and_two_of_three_make_an_alarm() -> None:
    now = _scores(error=2.0)
    assert judge(now, THRESHOLDS, previous=[]).verdict is WindowVerdict.WATCH
    second = judge(now, THRESHOLDS, previous=[{"error": 1.0}, {"error": 1.6}])
    assert (second.verdict, set(second.alarms)) == (WindowVerdict.DEGRADED, {Kind.PERFORMANCE})
    assert second.severity == 1.333  # shown as it is stored


def test_a_window_just_over_a_limit_is_in_order_until_it_happens_again() -> None:
    now = _scores(error=1.6)
    assert judge(now, THRESHOLDS, previous=[]).verdict is WindowVerdict.OK
    assert judge(now, THRESHOLDS, previous=[{"error": 1.6}]).verdict is WindowVerdict.DEGRADED


def test_nothing_that_is_measured_is_nothing_unusual() -> None:
    found = judge([], THRESHOLDS, previous=[])
    assert (found.verdict, found.severity, found.unusual) == (WindowVerdict.OK, 0.0, {})


def test_a_score_that_nobody_limited_says_nothing() -> None:
    found = judge([Score("SNOW", Kind.DRIFT, "wasserstein", 99.0)], THRESHOLDS, previous=[])
    assert (found.verdict, found.unusual) == (WindowVerdict.OK, {})


def test_a_limit_is_not_exceeded_by_what_reaches_it() -> None:
    assert judge(_scores(error=1.5), THRESHOLDS, previous=[]).unusual == {}
    assert set(judge(_scores(error=np.nextafter(1.5, 2)), THRESHOLDS, previous=[]).unusual) == {"error"}


def test_a_window_is_watched_from_the_watch_factor_on() -> None:
    limit = THRESHOLDS.watch_factor * LIMITS["error"].value
    assert judge(_scores(error=limit), THRESHOLDS, previous=[]).verdict is WindowVerdict.WATCH
    below = judge(_scores(error=np.nextafter(limit, 0)), THRESHOLDS, previous=[])
    assert (below.verdict, set(below.unusual)) == (WindowVerdict.OK, {"error"})


@pytest.mark.parametrize("before", [{"error": 1.0}, {"TMAX": 9.0}, {}])
def test_a_window_in_which_a_score_was_usual_or_absent_does_not_count_towards_its_alarm(
    before: dict[str, float],
) -> None:
    assert judge(_scores(error=2.0), THRESHOLDS, previous=[before]).alarms == {}


@pytest.mark.parametrize(("value", "severity"), [(3.0, 2.0), (15.0, 10.0), (150.0, 10.0)])
def test_severity_is_how_often_the_limit_is_exceeded_and_ends_at_ten(value: float, severity: float) -> None:
    assert judge(_scores(error=value), THRESHOLDS, previous=[]).severity == severity


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1234.4, "1,234"), (100.0, "100"), (99.994, "99.99"), (0.5, "0.50"), (0.1, "0.10"), (0.0944, "0.094")],
)
def test_a_score_is_shown_with_the_digits_that_matter(value: float, shown: str) -> None:
    limits = {"x": Limit(value=0.05, kind=Kind.QUALITY, method="share")}
    found = judge(
        [Score("x", Kind.QUALITY, "share", value)],
        THRESHOLDS.model_copy(update={"limits": limits}),
        previous=[],
    )
    assert found.reasons == (f"x is unusual: {shown}, limit 0.05",)


def test_each_alarm_has_its_own_reasons_and_a_window_in_order_has_none() -> None:
    before = [{"error": 2.0, "TMAX": 1.1}]
    found = judge(_scores(error=2.0, TMAX=1.1), THRESHOLDS, previous=before)
    assert {kind: [why.split(" ")[0] for why in whys] for kind, whys in found.alarms.items()} == {
        Kind.DRIFT: ["TMAX"],
        Kind.PERFORMANCE: ["error"],
    }
    assert found.reasons == (*found.alarms[Kind.PERFORMANCE], *found.alarms[Kind.DRIFT])  # worst first
    assert judge(_scores(TMAX=1.1), THRESHOLDS, previous=[]).reasons == ()


def test_an_alarm_needs_the_window_itself_to_be_unusual() -> None:
    calm = judge(_scores(error=1.0), THRESHOLDS, previous=[{"error": 9.0}, {"error": 9.0}])
    assert (calm.verdict, set(calm.alarms)) == (WindowVerdict.OK, set())


def test_severe_is_an_error_far_over_its_limit_in_two_windows() -> None:
    once = judge(_scores(error=4.0), THRESHOLDS, previous=[{"error": 1.6}])
    twice = judge(_scores(error=4.0), THRESHOLDS, previous=[{"error": 3.1}])
    assert (once.verdict, twice.verdict) == (WindowVerdict.DEGRADED, WindowVerdict.SEVERE)


def test_an_important_input_far_over_its_limit_in_two_windows_is_severe_and_names_itself() -> None:
    far = THRESHOLDS.severe_factor * LIMITS["TMAX"].value
    important = [Score("TMAX", Kind.DRIFT, "wasserstein", far, important=True)]
    once = judge(important, THRESHOLDS, previous=[{"TMAX": 0.5}])
    assert (once.verdict, once.distrusted) == (WindowVerdict.WATCH, ())
    nearly = judge(important, THRESHOLDS, previous=[{"TMAX": 0.99 * far}])
    assert (nearly.verdict, nearly.distrusted) == (WindowVerdict.WATCH, ())
    twice = judge(important, THRESHOLDS, previous=[{"TMAX": far}])
    assert (twice.verdict, twice.distrusted) == (WindowVerdict.SEVERE, ("TMAX",))
    another = judge(_scores(TMAX=far, error=9.0), THRESHOLDS, previous=[{"TMAX": far, "error": 9.0}])
    assert (another.verdict, another.distrusted) == (WindowVerdict.SEVERE, ())


def test_strange_weather_alone_opens_an_incident_but_is_only_watched() -> None:
    found = judge(_scores(TMAX=9.0), THRESHOLDS, previous=[{"TMAX": 9.0}])
    assert (found.verdict, set(found.alarms)) == (WindowVerdict.WATCH, {Kind.DRIFT})


def test_bad_data_are_a_fact_of_one_window() -> None:
    found = judge(_scores(**{"missing:PRCP": 1.0}), THRESHOLDS, previous=[])
    assert (found.verdict, set(found.alarms)) == (WindowVerdict.DEGRADED, {Kind.QUALITY})


def test_reasons_are_sentences_with_value_and_limit_worst_first() -> None:
    found = judge(_scores(TMAX=1.5, error=9.0), THRESHOLDS, previous=[])
    assert found.reasons[0] == "error is unusual: 9.00, limit 1.50"
    assert found.reasons[1].startswith("TMAX")


@pytest.mark.parametrize(
    ("value", "is_fall", "shown"),
    [
        (0.2, False, "22 %, limit 16 %"),
        (0.2, True, "18 %, limit 14 %"),
        (1.2, False, "232 %, limit 16 %"),
        (3.0, True, "95 %, limit 14 %"),
    ],
)
def test_a_log_ratio_is_told_in_percent_of_its_direction(value: float, is_fall: bool, shown: str) -> None:
    limits = {"growth": Limit(value=0.15, kind=Kind.PERFORMANCE, method=LOG_RATIO)}
    grown = Score("growth", Kind.PERFORMANCE, LOG_RATIO, value, "demand has moved", is_fall=is_fall)
    found = judge([grown], THRESHOLDS.model_copy(update={"limits": limits}), previous=[{"growth": 2.0}])
    assert found.reasons == (f"demand has moved: {shown}",)


def test_a_window_that_says_nothing_is_ok_however_little_is_to_be_watched() -> None:
    everything = THRESHOLDS.model_copy(update={"watch_factor": 1.0})
    assert judge([], everything, previous=[]).verdict is WindowVerdict.OK
