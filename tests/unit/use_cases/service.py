"""A prediction service of constant answers, and a client of a use case's own routes."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel

from bikecast.use_case import UseCase


class ConstantService:
    """Answers every row alike and remembers the rows."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer | {"model": "m", "model_version": "1", "source": "champion"}
        self.rows: list[BaseModel] = []

    def predict(self, rows: Sequence[BaseModel], *, request: str) -> list[dict[str, Any]]:
        """Answer rows."""
        self.rows = list(rows)
        return [self.answer for _ in rows]


def client(use_case: UseCase, service: ConstantService) -> TestClient:
    """Return a client of the routes that the use case adds."""
    app = FastAPI()
    assert use_case.api.add_routes is not None
    use_case.api.add_routes(app, service, use_case)
    return TestClient(app)
