"""Whether a green-taxi ride is paid in cash: the declaration."""

from pathlib import Path

from bikecast.evaluation.after_model import ClassDecision
from bikecast.evaluation.baselines import AlwaysClass, ClassShares, MostFrequentClass
from bikecast.evaluation.metrics import ACCURACY, LOG_LOSS, f1, f1_macro
from bikecast.evaluation.splits import NamedPeriods
from bikecast.use_case import Api, Classification, Examples, Monitoring, Segment, UseCase, later
from use_cases.green_taxi.features import FEATURES, hour, weekday
from use_cases.green_taxi.files import RULES, read, recognises
from use_cases.green_taxi.inputs import CASH, CLASSES, DROPOFF, INPUTS, KEY, PICKUP, TARGET
from use_cases.green_taxi.shifts import SHIFTS

RIDE = {
    "VendorID": 2, PICKUP: "2021-03-02 08:15:00", DROPOFF: "2021-03-02 08:31:30", "PULocationID": 74,
    "DOLocationID": 42, "RatecodeID": 1, "trip_type": 1, "passenger_count": 1, "trip_distance": 2.4,
    "fare_amount": 12.5, "congestion_surcharge": 0.0, "extra": 0.0, "tolls_amount": 0.0, "mta_tax": 0.5,
    "improvement_surcharge": 0.3,
}  # fmt: skip

USE_CASE = UseCase(
    name="green_taxi",
    title="Whether a green-taxi ride is paid in cash",
    row=("ride", "rides"),
    improvement=0.02,  # a third of the rides cannot be told apart by anything that is known of them
    model_name="green-taxi-cash-model",
    task=Classification(TARGET, CLASSES, positive=CASH, meaning="How the ride was paid"),
    inputs=INPUTS,
    examples=Examples(key=KEY, time=PICKUP, partition="month", recognises=recognises, read=read, rules=RULES),
    features=FEATURES,
    split=NamedPeriods(),
    metrics=(f1(CLASSES.index(CASH), label=CASH), ACCURACY, LOG_LOSS, f1_macro(len(CLASSES))),
    baselines=(
        AlwaysClass(CASH),
        MostFrequentClass(),
        ClassShares(("PULocationID",), name="shares_of_zone"),
    ),
    after_model=ClassDecision(coverage=0.9),
    search=Path(__file__).with_name("search.toml"),
    monitoring=Monitoring(
        window_days=7, important=("fare_amount", "trip_distance", "PULocationID"), shifts=SHIFTS
    ),
    api=Api(examples=(RIDE,)),
    simulate=later("use_cases.green_taxi.simulation:simulate"),
    segments=(
        Segment("street hails", lambda columns: columns["trip_type"] != "2"),
        Segment("dispatches", lambda columns: columns["trip_type"] == "2"),
        Segment("night", lambda columns: (hour(columns) < 6) | (hour(columns) >= 22)),
        Segment("weekend", lambda columns: weekday(columns) >= 5),
        Segment("under a mile", lambda columns: columns["trip_distance"] < 1),
    ),
)
