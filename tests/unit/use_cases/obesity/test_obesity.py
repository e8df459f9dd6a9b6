"""Weight classes: features, files as they are published, and the bodies of earlier clients."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bikecast.errors import FeatureError
from bikecast.examples import folder_files, load_files, read_table, to_sample
from bikecast.storage import FolderStore
from bikecast.use_case.rows import columns_of_rows, row_model
from tests.real_data import real_data
from tests.unit.use_cases.conftest import Simulated
from tests.unit.use_cases.service import ConstantService, client
from use_cases.obesity.features import bmi, bmi_band, build
from use_cases.obesity.inputs import CLASSES
from use_cases.obesity.use_case import PERSON, USE_CASE

__all__ = ["real_data"]
ROW = row_model(USE_CASE)
ANSWER = {"prediction": CLASSES[1], "probabilities": dict.fromkeys(CLASSES, 1 / 7)}


def features(**changes: Any) -> dict[str, float]:
    """Return one person's features by name."""
    columns = columns_of_rows(USE_CASE, [ROW.model_validate(PERSON | changes)]).columns
    return dict(zip(USE_CASE.features.names, build(columns)[0].tolist(), strict=True))


def test_what_was_asked_are_features_and_levels_their_index() -> None:
    found = features(Gender="Female", CAEC="Always", MTRANS="Walking", Age=30)
    assert (found["Gender"], found["CAEC"], found["MTRANS"], found["Age"]) == (0, 3, 4, 30)
    assert found["bmi"] == pytest.approx(81.7 / 1.7**2)


def test_level_that_training_never_saw_is_missing() -> None:
    assert np.isnan(features(CALC="Always")["CALC"])


@pytest.mark.parametrize("field", ["Gender", "family_history_with_overweight", "FAVC", "SMOKE", "SCC"])
def test_an_answer_that_a_question_does_not_have_is_refused_by_its_field(field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ROW.model_validate(PERSON | {field: "perhaps"})
    assert [problem["loc"] for problem in refused.value.errors()] == [(field,)]


@given(st.floats(1.2, 2.3), st.floats(30, 250), st.floats(0.1, 10))
def test_body_mass_index_grows_with_weight_and_falls_with_height(
    height: float, weight: float, more: float
) -> None:
    columns = {
        "Height": np.array([height, height, height + more]),
        "Weight": np.array([weight, weight + more, weight]),
    }
    index = bmi(columns)
    assert index[1] > index[0] > index[2]
    assert (np.diff(bmi_band({name: values[[2, 0, 1]] for name, values in columns.items()})) >= 0).all()


def test_missing_column_is_named() -> None:
    with pytest.raises(FeatureError, match="`Gender`"):
        build({"Age": np.array([20.0])})


def test_later_file_has_no_id_repeats_and_a_new_level(simulated: Simulated) -> None:
    report, table, _ = simulated("obesity")
    later = report.files[1]
    assert report.partitions["all"].repeated == 24
    assert later.unknown_levels == {"CALC": {"Always": 6}}  # three persons, each of them twice
    assert table["id"].isna().sum() == 300
    assert table["id"].tail(300).isna().all()


def test_rows_that_come_later_leave_the_holdout_as_it_was(tmp_path: Path) -> None:
    assert USE_CASE.simulate is not None
    USE_CASE.simulate(tmp_path / "files")
    store, files = FolderStore(tmp_path / "bucket"), folder_files(tmp_path / "files")
    load_files(store, USE_CASE, files[:1])
    first = to_sample(USE_CASE, read_table(store, USE_CASE))
    load_files(store, USE_CASE, files)
    both = to_sample(USE_CASE, read_table(store, USE_CASE))
    before, after = (USE_CASE.split.parts(None, sample.target, {}) for sample in (first, both))
    np.testing.assert_array_equal(both.features[: len(first)], first.features)
    assert not (before.train & after.holdout[: len(first)]).any()


def test_one_person_as_an_object_is_answered_with_class_and_probabilities() -> None:
    service = ConstantService(ANSWER)
    response = client(USE_CASE, service).post("/predict", json=PERSON)
    assert response.status_code == 200
    assert response.json()["prediction"] == CLASSES[1]
    assert response.json()["probabilities"].keys() == set(CLASSES)
    assert len(service.rows) == 1


def test_several_persons_are_answered_in_a_list() -> None:
    service = ConstantService(ANSWER)
    response = client(USE_CASE, service).post("/predict", json={"input_data": [PERSON, PERSON]})
    assert [row["prediction"] for row in response.json()["predictions"]] == [CLASSES[1]] * 2


@pytest.mark.parametrize(
    ("changes", "field"), [({"Height": 170}, "Height"), ({"Age": "24"}, "Age"), ({"Shoe": 1}, "Shoe")]
)
def test_illegal_person_is_refused_by_field(changes: dict[str, Any], field: str) -> None:
    asked = client(USE_CASE, ConstantService(ANSWER))
    for body in (PERSON | changes, {"input_data": [PERSON | changes]}):
        response = asked.post("/predict", json=body)
        assert response.status_code == 422
        assert [item["loc"][-1] for item in response.json()["detail"]] == [field]


def test_document_has_both_bodies_and_an_example_of_each() -> None:
    found = client(USE_CASE, ConstantService(ANSWER)).get("/openapi.json").json()
    body = found["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    assert [item["$ref"].rsplit("/", 1)[-1] for item in body["schema"]["oneOf"]] == ["Person", "People"]
    assert len(body["examples"]) == 2


def test_published_file_is_taken_whole(real_data: Path, tmp_path: Path) -> None:
    report = load_files(FolderStore(tmp_path), USE_CASE, folder_files(real_data / "obesity"))
    assert report.status == "complete"
    assert report.partitions["all"].model_dump() == {"rows": 20_758, "repeated": 0, "replaced": 0}
