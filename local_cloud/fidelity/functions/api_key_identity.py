"""A function behind a REST API learns which API key its caller used.

AWS: where a method requires a key, ``requestContext.identity`` of the event has ``apiKeyId`` and ``apiKey``.
MiniStack: it checks the key and keeps it to itself.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

import functools
from typing import Any

from ministack.services import apigateway_v1

from local_cloud.fidelity.anchors import require


def apply() -> None:
    """Name the key in the event."""
    require(apigateway_v1._invoke_lambda_proxy_v1, "event = _build_lambda_event_v1(")
    require(apigateway_v1._build_lambda_event_v1, '"identity": {')
    apigateway_v1._build_lambda_event_v1 = _naming_key(apigateway_v1._build_lambda_event_v1)


def _naming_key(build: Any) -> Any:
    @functools.wraps(build)
    def build_with_key(*arguments: Any, **options: Any) -> Any:
        event = build(*arguments, **options)
        key = apigateway_v1._resolve_api_key(apigateway_v1._api_key_from_request(event["headers"]))
        if key is not None:
            event["requestContext"]["identity"] |= {"apiKeyId": key["id"], "apiKey": key["value"]}
        return event

    return build_with_key
