"""How hourly demand is served: hours and features, forecasts, the seasonal profile as the fallback."""

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from bikecast.serving.kind import ServingKind, ServingPorts
from use_cases.citibike.api.hourly import LOADERS, HoursInput

if TYPE_CHECKING:
    from fastapi import FastAPI


def build(ports: ServingPorts, code_version: str, origins: Collection[str]) -> "FastAPI":
    """Make the application; steps load models without it."""
    from use_cases.citibike.api.outlook import OutlookReader
    from use_cases.citibike.api.routes import build_app
    from use_cases.citibike.api.service import PredictionService, ServicePorts

    service = PredictionService(
        ServicePorts(ports.follower, OutlookReader(ports.store), ports.log, ports.observer)
    )
    return build_app(service, ports.follower, code_version=code_version, allowed_origins=origins)


SERVING = ServingKind(
    loaders=LOADERS,
    build=build,
    first_input=HoursInput(
        np.asarray(["2025-01-02T08:00:00"], dtype="datetime64[s]"),
        {"TMAX": np.asarray([41.0]), "TMIN": np.asarray([33.0]), "SNOW": np.asarray([0.0])},
    ),
)
