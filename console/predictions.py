"""One prediction by the deployed API."""

import datetime as dt
from typing import Any

from bikecast.errors import DeploymentError
from console.api import Api
from console.cloud import Cloud
from console.outputs import api_key, api_url, read_stack_outputs


def deployed_api(cloud: Cloud) -> Api:
    """Return the API of the deployed serving stack.

    Raises:
        DeploymentError: There is none.
    """
    outputs = read_stack_outputs(cloud.cloudformation)
    url, key = api_url(outputs, endpoint_url=cloud.endpoint_url), api_key(cloud, outputs)
    if url is None or key is None:
        raise DeploymentError("no API is deployed: run `bikecast deploy` first")
    return Api(url, key)


def trip_body(date: dt.datetime, **weather: float | None) -> dict[str, Any]:
    """Return the body of ``POST /predict_trip`` for one hour; weather in °F, inch and mph."""
    known = {name.upper(): value for name, value in weather.items() if value is not None}
    return {"input_data": [{"date": date.isoformat(sep=" "), **known}]}


def prediction_rows(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the answer's predictions as rows of a table."""
    return [
        {
            "hour": row.get("date"),
            "trips": row.get("prediction"),
            "low": row.get("low"),
            "high": row.get("high"),
            **({"weather": row["weather"]} if "weather" in row else {}),
            "source": row.get("source"),
            "version": row.get("model_version"),
        }
        for row in answer["predictions"]
    ]
