"""The weight class of a person: the declaration."""

from pathlib import Path

from bikecast.evaluation.after_model import ClassDecision
from bikecast.evaluation.baselines import ClassShares, MostFrequentClass
from bikecast.evaluation.metrics import ACCURACY, LOG_LOSS, f1_macro, f1_weighted
from bikecast.evaluation.splits import Stratified
from bikecast.use_case import Api, Classification, Examples, Monitoring, Segment, UseCase, later
from use_cases.obesity.features import FEATURES, bmi_band
from use_cases.obesity.files import read, recognises
from use_cases.obesity.inputs import CLASSES, INPUTS, TARGET
from use_cases.obesity.shifts import SHIFTS

PERSON = {
    "Gender": "Male", "Age": 24.4, "Height": 1.7, "Weight": 81.7, "family_history_with_overweight": "yes",
    "FAVC": "yes", "FCVC": 2.0, "NCP": 3.0, "CAEC": "Sometimes", "SMOKE": "no", "CH2O": 2.8, "SCC": "no",
    "FAF": 0.0, "TUE": 1.0, "CALC": "Sometimes", "MTRANS": "Public_Transportation",
}  # fmt: skip

PUBLISHED_ROWS = 20_758  # of the first file, on which others state their scores

USE_CASE = UseCase(
    name="obesity",
    title="Weight class of a person",
    row=("person", "persons"),
    model_name="obesity-class-model",
    task=Classification(TARGET, CLASSES, meaning="Weight class"),
    inputs=INPUTS,
    examples=Examples(key=("id",), time=None, partition="all", recognises=recognises, read=read),
    features=FEATURES,
    split=Stratified(holdout=0.15, seed=42, classes=CLASSES, published=PUBLISHED_ROWS),
    metrics=(f1_weighted(len(CLASSES)), ACCURACY, LOG_LOSS, f1_macro(len(CLASSES))),
    baselines=(MostFrequentClass(), ClassShares((bmi_band,), name="class_of_bmi")),
    after_model=ClassDecision(coverage=0.9),
    search=Path(__file__).with_name("search.toml"),
    monitoring=Monitoring(window_rows=300, important=("Weight", "Height"), shifts=SHIFTS),
    api=Api(examples=(PERSON,), add_routes=later("use_cases.obesity.api:add_routes")),
    simulate=later("use_cases.obesity.simulation:simulate"),
    segments=(
        Segment("women", lambda columns: columns["Gender"] == "Female"),
        Segment("men", lambda columns: columns["Gender"] == "Male"),
        Segment("under 21", lambda columns: columns["Age"] < 21),
        Segment("over 26", lambda columns: columns["Age"] > 26),
    ),
)
