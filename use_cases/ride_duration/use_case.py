"""How many minutes a bike ride will take: the declaration."""

from pathlib import Path

from bikecast.evaluation.after_model import PREDICTION, ConformalInterval
from bikecast.evaluation.baselines import GroupMedian, hour_of
from bikecast.evaluation.metrics import MAE, MEAN_ERROR, R2, RMSE
from bikecast.evaluation.splits import LastDays
from bikecast.use_case import Api, Examples, Monitoring, Regression, Segment, UseCase, later
from use_cases.ride_duration.features import FEATURES, distance_band, distance_km, weekday
from use_cases.ride_duration.files import RULES, read, recognises
from use_cases.ride_duration.inputs import INPUTS, LONGEST_MINUTES, SHORTEST_MINUTES, TARGET
from use_cases.ride_duration.shifts import SHIFTS

RIDE = {
    "rideable_type": "classic_bike", "started_at": "2021-01-08 17:58:48", "start_lat": 38.947156,
    "start_lng": -77.065115, "end_lat": 38.949662, "end_lng": -77.027333, "member_casual": "casual",
}  # fmt: skip

USE_CASE = UseCase(
    name="ride_duration",
    title="Minutes that a bike ride will take",
    row=("ride", "rides"),
    model_name="ride-duration-model",
    task=Regression(TARGET, "min", SHORTEST_MINUTES, LONGEST_MINUTES, "Minutes that the ride took"),
    inputs=INPUTS,
    examples=Examples(
        key=("ride_id",), time="started_at", partition="month", recognises=recognises, read=read, rules=RULES
    ),
    features=FEATURES,
    split=LastDays(validation_days=5, holdout_days=8),
    metrics=(MAE, RMSE, R2, MEAN_ERROR),
    baselines=(
        GroupMedian((hour_of("started_at"), "member_casual"), name="median_of_hour"),
        GroupMedian((distance_band, "rideable_type", "member_casual"), name="median_of_distance"),
    ),
    after_model=ConformalInterval(coverage=0.9, relative=True, by=PREDICTION),
    search=Path(__file__).with_name("search.toml"),
    monitoring=Monitoring(window_days=1, important=("end_lat", "end_lng"), shifts=SHIFTS),
    api=Api(examples=(RIDE,), add_routes=later("use_cases.ride_duration.api:add_routes")),
    simulate=later("use_cases.ride_duration.simulation:simulate"),
    segments=(
        Segment("members", lambda columns: columns["member_casual"] == "member"),
        Segment("casual riders", lambda columns: columns["member_casual"] == "casual"),
        Segment("electric bikes", lambda columns: columns["rideable_type"] == "electric_bike"),
        Segment("back where they began", lambda columns: distance_km(columns) < 0.05),
        Segment("weekend", lambda columns: weekday(columns) >= 5),
    ),
)
