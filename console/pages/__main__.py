"""Serves one page on loopback: ``python -m console.pages mlflow|evidently``."""

import sys
from collections.abc import Callable

import uvicorn

from bikecast.serving.web.gateway import App
from console.pages.guard import Rules, guarded
from console.pages.settings import PageSettings

# What the interfaces send by POST to read.
MLFLOW_SEARCHES = ("search", "search-datasets", "graphql", "batchGet", "batch-get", "get-history-bulk")
EVIDENTLY_SEARCHES = ("data_series_batch",)


def mlflow_app(settings: PageSettings) -> App:
    """Return MLflow's server over the registry; it hands out no artifacts but those of runs, to read."""
    from mlflow.server import constants

    registry = settings.registry_url.get_secret_value()
    settings.export(
        {
            constants.BACKEND_STORE_URI_ENV_VAR: registry,
            constants.REGISTRY_STORE_URI_ENV_VAR: registry,
            constants.ARTIFACT_ROOT_ENV_VAR: settings.artifact_root,
        }
    )
    from mlflow.server.fastapi_app import app
    from mlflow.server.handlers import initialize_backend_stores

    # The registry must be there: a page that cannot read it ends now, with the reason in its log.
    initialize_backend_stores(registry, registry, settings.artifact_root)
    page: App = app
    rules = Rules(
        port=settings.port, user=settings.user, password=settings.password, searches=MLFLOW_SEARCHES
    )
    return guarded(page, rules=rules)


def evidently_app(settings: PageSettings) -> App:
    """Return Evidently's interface over its workspace folder."""
    from evidently.ui.service.app import create_app, get_config

    page: App = create_app(
        get_config(workspace=settings.workspace, secret=settings.secret.get_secret_value())
    )
    return guarded(page, rules=Rules(port=settings.port, searches=EVIDENTLY_SEARCHES))


PAGES: dict[str, Callable[[PageSettings], App]] = {"mlflow": mlflow_app, "evidently": evidently_app}


def main() -> None:
    """Serve the page that the command line names."""
    settings = PageSettings()
    page = PAGES[sys.argv[1]](settings)
    uvicorn.run(page, host="127.0.0.1", port=settings.port, log_level="warning", server_header=False)


if __name__ == "__main__":
    main()
