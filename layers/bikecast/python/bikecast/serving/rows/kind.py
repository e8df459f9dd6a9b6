"""How a declared use case is served."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from bikecast.serving.kind import ServingKind, ServingPorts
from bikecast.serving.rows.engines import RowsInput, loaders
from bikecast.serving.rows.service import RowService
from bikecast.use_case import UseCase
from bikecast.use_case.rows import columns_of_rows, row_model

if TYPE_CHECKING:
    from fastapi import FastAPI


def rows_serving(use_case: UseCase) -> ServingKind:
    """Return the serving of a use case whose rows stand alone."""

    def build(ports: ServingPorts, code_version: str, origins: Collection[str]) -> "FastAPI":
        from bikecast.serving.rows.api import build_app  # steps load models without the API

        service = RowService(use_case, ports.follower, ports.log, ports.observer)
        return build_app(service, ports.follower, code_version=code_version, allowed_origins=origins)

    example = row_model(use_case).model_validate(use_case.example_rows[0])
    inputs = RowsInput(columns_of_rows(use_case, [example]).columns, 1)
    return ServingKind(loaders(use_case), build, inputs)
