"""What the API refuses is told in its own words, not as raw JSON."""

import json

import httpx
import pytest

from bikecast.errors import InputError
from console.errors import ApiError
from console.serving.api import Api, refusal_text


def test_each_bad_field_has_its_line() -> None:
    fields = [
        {"path": "input_data[0].TMAX", "msg": "must be at most 140", "loc": ["body"], "type": "x"},
        {"path": "input_data[0].SNOW", "msg": "must not be negative", "loc": ["body"], "type": "x"},
    ]
    assert refusal_text(json.dumps({"detail": fields, "request_id": "1"})).splitlines() == [
        ":",
        "  input_data[0].TMAX: must be at most 140",
        "  input_data[0].SNOW: must not be negative",
    ]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('{"detail": "no model serves yet", "request_id": "1"}', ": no model serves yet"),
        ('{"message": "Forbidden"}', ": Forbidden"),
        ("<html>bad gateway", ": <html>bad gateway"),
        ("[]", ": []"),
    ],
)
def test_any_other_answer_is_one_sentence(body: str, text: str) -> None:
    assert refusal_text(body) == text


@pytest.mark.parametrize(
    ("status", "kind"), [(400, InputError), (422, InputError), (403, ApiError), (503, ApiError)]
)
def test_what_the_api_finds_wrong_with_a_request_is_wrong_use(
    status: int, kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = httpx.Response(status, json={"detail": "no"})
    monkeypatch.setattr(httpx, "request", lambda *_, **__: answer)
    with pytest.raises(kind, match=f"answered {status}: no"):
        Api("http://127.0.0.1:1", "key").get("/predict")
