"""What differs on LocalStack: its address, and where its functions log."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from bikecast.errors import DeploymentError
from bikecast.names import Target
from console.cloud.session import Cloud

if TYPE_CHECKING:
    import httpx

INFO_PATH = "/_localstack/info"
VARIABLE = "BIKECAST_ENDPOINT_URL"
TIMEOUT_S = 10.0


def require_localstack(cloud: Cloud) -> None:
    """Make sure that LocalStack answers at the address that was named.

    Raises:
        DeploymentError: The address is malformed, nothing answers, or something else than LocalStack does.
    """
    import httpx

    named = f"{cloud.endpoint_url} ({VARIABLE})"
    try:
        answer = httpx.get(f"{cloud.endpoint_url}{INFO_PATH}", timeout=TIMEOUT_S)
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as err:
        raise DeploymentError(f"{named} is not a URL such as http://localhost:4566: {err}") from err
    except httpx.HTTPError as err:
        raise DeploymentError(
            f"LocalStack does not answer at {named}: {err}; "
            f"start it with `localstack start`, or set {VARIABLE} to its address"
        ) from err
    if not _is_localstack(answer):
        raise DeploymentError(
            f"{named} is not LocalStack: {INFO_PATH} answered {answer.status_code}; "
            f"if it is the embedded cloud, give LocalStack another port and set {VARIABLE} to its address"
        )


def _is_localstack(answer: "httpx.Response") -> bool:
    try:
        found = answer.json()
    except ValueError:
        return False
    return answer.is_success and isinstance(found, dict) and {"version", "edition"} <= found.keys()


def actual_log_groups(cloud: Cloud, groups: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return the log groups to look in, by role.

    A function names its log group. AWS and the embedded cloud log there, LocalStack logs to
    ``/aws/lambda/<function>``.
    """
    if cloud.target is not Target.LOCALSTACK:
        return {role: (group,) for role, group in groups.items()}
    of_functions = {group: f"/aws/lambda/{name}" for group, name in _functions(cloud)}
    return {
        role: (group, of_functions[group]) if group in of_functions else (group,)
        for role, group in groups.items()
    }


def _functions(cloud: Cloud) -> Iterator[tuple[str, str]]:
    """Yield each function's log group and name."""
    client = cloud.session.client("lambda", endpoint_url=cloud.endpoint_url)
    for page in client.get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            yield function.get("LoggingConfig", {}).get("LogGroup", ""), function["FunctionName"]
