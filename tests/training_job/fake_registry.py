"""A registry in memory, with what people do to one in MLflow's pages."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from bikecast.errors import NotFoundError
from training_job.registry.protocol import RegisteredVersion, ServedModel


class FakeRegistry:
    """Fulfils ``Registry``; ``delete_*`` stand for a person in MLflow's pages."""

    def __init__(self) -> None:
        self._versions: dict[str, dict[str, RegisteredVersion]] = {}
        self._aliases: dict[str, dict[str, str]] = {}
        self.finished: set[str] = set()

    def versions(self, name: str) -> list[RegisteredVersion]:
        return sorted(self._versions.get(name, {}).values(), key=lambda each: -int(each.version))

    def aliases(self, name: str) -> dict[str, str]:
        return dict(self._aliases.get(name, {}))

    def register(self, name: str, *, run_id: str, model: ServedModel, tags: Mapping[str, Any]) -> str:
        known = self._versions.setdefault(name, {})
        self._aliases.setdefault(name, {})
        version = str(max(map(int, known), default=0) + 1)
        texts = {key: str(value) for key, value in tags.items()}
        known[version] = RegisteredVersion(version, run_id, dt.datetime.now(dt.UTC), texts)
        return version

    def tag(self, name: str, version: str, tags: Mapping[str, Any]) -> None:
        found = self._existing(name, version)
        texts = {key: str(value) for key, value in tags.items()}
        self._versions[name][version] = RegisteredVersion(
            version, found.run_id, found.created_at, {**found.tags, **texts}
        )

    def set_alias(self, name: str, alias: str, version: str) -> None:
        self._existing(name, version)
        self._aliases[name][alias] = version

    def delete_alias(self, name: str, alias: str) -> None:
        self._aliases.get(name, {}).pop(alias, None)

    def log_scores(self, name: str, version: str, *, run_id: str, scores: Mapping[str, float]) -> None:
        pass

    def log_file(self, run_id: str, *, name: str, body: bytes) -> None:
        pass

    def finish_run(self, run_id: str) -> None:
        self.finished.add(run_id)

    def delete_version(self, name: str, version: str) -> None:
        """Delete a version; its aliases go with it."""
        del self._versions[name][version]
        self._aliases[name] = {a: v for a, v in self._aliases[name].items() if v != version}

    def delete_model(self, name: str) -> None:
        """Delete a model with all its versions."""
        self._versions.pop(name, None)
        self._aliases.pop(name, None)

    def _existing(self, name: str, version: str) -> RegisteredVersion:
        found = self._versions.get(name, {}).get(version)
        if found is None:
            raise NotFoundError(f"there is no version {version} of {name}")
        return found
