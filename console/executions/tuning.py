"""Progress of a training's tuning, as its workers write it to the reports bucket."""

from bikecast.names import progress_key
from bikecast.storage import MissingObjectError, ObjectStore
from bikecast.study_progress import StudyProgress
from console.cloud.session import Cloud
from console.cloud.stores import reports_store

TUNE_STATE = "Tune"


class TuningProgress:
    """The progress of one execution, fetched again only when it changed."""

    def __init__(self, cloud: Cloud, execution: str) -> None:
        self._cloud, self._key = cloud, progress_key(execution)
        self._store: ObjectStore | None = None
        self._etag: str | None = None
        self._known: StudyProgress | None = None

    def read(self) -> StudyProgress | None:
        """Return what the workers last wrote; None before they began."""
        if self._store is None:
            self._store = reports_store(self._cloud)
        try:
            found = self._store.read_if_changed(self._key, etag=self._etag)
        except MissingObjectError:
            return None
        if found is not None:
            self._etag, self._known = found.etag, StudyProgress.model_validate_json(found.body)
        return self._known
