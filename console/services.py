"""The user interfaces that run beside the embedded cloud: MLflow and Evidently."""

from console.cloud import Cloud, local_settings


def service_urls() -> dict[str, str]:
    """Return the address of each interface that runs now, by name."""
    from local_cloud.processes import find

    settings = local_settings()
    if not settings.root.exists():
        return {}
    found = ((name, find(settings, name)) for name in ("mlflow", "evidently"))
    return {name: record.url for name, record in found if record and record.url and record.process()}


def start_pages(cloud: Cloud) -> None:
    """Start the user interfaces beside the cloud; those that run are left alone."""
