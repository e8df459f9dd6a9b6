"""The same files for another environment: several live side by side in one Grafana."""

from typing import Any

from bikecast.names import DEFAULT_ENVIRONMENT, METRIC_NAMESPACE, metric_namespace

NAME = "bikecast"
UIDS = ("uid", "datasourceUid")


def of_environment(content: Any, environment: str) -> Any:
    """Return a dashboard or alert rules whose uids, sources, metrics and names are the environment's own."""
    if environment == DEFAULT_ENVIRONMENT:
        return content
    if isinstance(content, list):
        return [of_environment(each, environment) for each in content]
    if isinstance(content, dict):
        return {key: _of_key(key, value, environment) for key, value in content.items()}
    return content


def sources_of_environment(text: str, environment: str) -> str:
    """Return the data sources' file with the environment's own uids, names and variables."""
    if environment == DEFAULT_ENVIRONMENT:
        return text
    return (
        text.replace(f"uid: {NAME}-", f"uid: {NAME}-{environment}-")
        .replace(f"name: {NAME} ", f"name: {NAME} {environment} ")
        .replace("${BIKECAST_", f"${{BIKECAST_{environment.upper()}_")
    )


def provider_of_environment(text: str, environment: str) -> str:
    """Return the dashboards' provider with the environment's own name and folders."""
    if environment == DEFAULT_ENVIRONMENT:
        return text
    return (
        text.replace(f"name: {NAME}", f"name: {NAME}-{environment}")
        .replace(f"folder: {NAME}", f"folder: {NAME} {environment}")
        .replace(f"/{NAME}\n", f"/{NAME}-{environment}\n")
    )


def _of_key(key: str, value: Any, environment: str) -> Any:
    if key in UIDS and isinstance(value, str):
        return value.replace(f"{NAME}-", f"{NAME}-{environment}-", 1)
    if key == "namespace" and value == METRIC_NAMESPACE:
        return metric_namespace(environment)
    if key in ("title", "name", "folder", "service") and isinstance(value, str):
        return _renamed(value, environment)
    return of_environment(value, environment)


def _renamed(value: str, environment: str) -> str:
    """Put the environment behind our name where a value is it or begins with it."""
    return f"{NAME} {environment}{value.removeprefix(NAME)}" if value.split(":")[0] == NAME else value
