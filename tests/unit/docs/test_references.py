"""The site's references are made from the code as it is."""

from docs_site.api_reference import api_reference
from docs_site.openapi import operations_document, predictor_document


def test_the_reference_of_operations_names_its_paths() -> None:
    text = api_reference("Operations", operations_document())
    assert "### POST /training" in text
    assert "start_train_date" in text


def test_the_reference_of_a_declared_predictor_names_its_inputs() -> None:
    assert "### POST /predict" in api_reference("Obesity", predictor_document("obesity"))
