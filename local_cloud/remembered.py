"""The settings of the last start, so that a terminal without the variables finds the same cloud."""

import json
from typing import Any

from bikecast.errors import DeploymentError
from local_cloud.files import private_dir, write_private
from local_cloud.settings import LocalCloudSettings

_FILE = "settings.json"
# These name the state folder and the code; both are known before anything is read.
_NOT_REMEMBERED = {"state_dir", "project_dir"}


def recall(settings: LocalCloudSettings) -> LocalCloudSettings:
    """Return ``settings`` with what nobody set taken from the last start in the same state folder.

    Raises:
        DeploymentError: The file with the last settings is damaged.
    """
    path = settings.root / _FILE
    if not path.exists():
        return settings
    try:
        known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        checked = LocalCloudSettings(**(known | settings.model_dump(include=settings.model_fields_set)))
    except ValueError as error:
        raise DeploymentError(f"{path} is damaged: delete it, then set the ports again: {error}") from error
    return checked.model_copy(update={name: getattr(settings, name) for name in _NOT_REMEMBERED})


def remember(settings: LocalCloudSettings) -> None:
    """Keep the settings for the next command."""
    absolute = settings.model_copy(
        update={"packages_dir": settings.packages_dir.resolve()} if settings.packages_dir else {}
    )
    text = absolute.model_dump_json(exclude=_NOT_REMEMBERED, indent=1)
    write_private(private_dir(settings.root) / _FILE, text)
