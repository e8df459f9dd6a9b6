"""Saving an environment's buckets and database, and putting them into another deployment.

The database is saved before the objects that it refers to, and restored first: it takes all of a backup or
nothing. Champions are restored last, so that what serves never names a file that is not there yet.
"""

import datetime as dt
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from bikecast.database import DatabaseSettings
from bikecast.errors import DeploymentError, InputError
from bikecast.names import CHAMPION_KEY, DEFAULT_USE_CASE, Bucket, Target
from console import ui
from console.cloud.database import owner_login
from console.cloud.outputs import BUCKET_OUTPUTS, read_stack_outputs
from console.cloud.session import Cloud
from console.deployment.backups import Backup, BackupFolder, SavedDatabase, SavedObject, sha256_of
from console.deployment.dumps import count_rows, dump, holds_data, load, rights_of
from console.settings import environment

ON_AWS = "on AWS a backup is a snapshot of RDS and the versions of the buckets: docs/runbook.md says how"


def back_up(cloud: Cloud, root: Path) -> Backup:
    """Save buckets and database of the chosen environment into a new folder.

    Raises:
        InputError: The folder is not empty, or it is AWS.
        DeploymentError: What serves is incomplete, or was changed meanwhile.
    """
    names, database = _places(cloud)
    folder = BackupFolder(root)
    folder.create()
    with ui.activity("backup") as current:
        rows = dump(database, folder.database)
        current.step(f"database: {sum(rows.values())} rows")
        objects = {role: tuple(_save(cloud, name, folder)) for role, name in names.items()}
        current.step(f"buckets: {sum(map(len, objects.values()))} objects")
    saved = Backup(
        created_at=dt.datetime.now(dt.UTC),
        target=cloud.target,
        environment=environment(),
        bucket_names=names,
        objects=objects,
        database=SavedDatabase(sha256=sha256_of(folder.database), owner=database.user, rows=rows),
        champions=_champions(folder, objects[Bucket.SERVING]),
    )
    folder.finish(saved)
    return saved


def restore(cloud: Cloud, root: Path, *, replace: bool) -> Backup:
    """Put a backup into the chosen environment and check that it is all there.

    Raises:
        InputError: It is not a whole backup, or the target holds data and ``replace`` was not said.
        DeploymentError: The database refused it, or what is there afterwards differs.
    """
    folder = BackupFolder(root)
    names, database = _places(cloud)
    saved = folder.read()
    if not replace and (found := _data_in(cloud, names, database)):
        raise InputError(f"this deployment holds data ({found}): --replace puts the backup in its place")
    with ui.activity("restore") as current:
        renamed = {saved.bucket_names[role]: name for role, name in names.items()}
        owner = {rights_of(saved.database.owner): rights_of(database.user)}
        load(database, folder.statements(), renamed=renamed | owner)
        current.step("database")
        for role, name in names.items():
            _put_objects(cloud, folder, name, [each for each in saved.objects[role] if not _serves(each.key)])
        current.step("buckets, without what serves")
        for role, name in names.items():
            _put_objects(cloud, folder, name, [each for each in saved.objects[role] if _serves(each.key)])
            _remove_others(cloud, name, {each.key for each in saved.objects[role]})
        current.step("champions")
        _require_same(cloud, folder, saved, names)
        _require_rows(saved, count_rows(database))
    return saved


def _places(cloud: Cloud) -> tuple[dict[Bucket, str], DatabaseSettings]:
    if cloud.target is Target.AWS:
        raise InputError(ON_AWS)
    outputs = read_stack_outputs(cloud.cloudformation)
    names = {role: outputs.require(output) for role, output in BUCKET_OUTPUTS.items()}
    return names, owner_login(cloud, outputs)


def _save(cloud: Cloud, bucket: str, folder: BackupFolder) -> Iterator[SavedObject]:
    with tempfile.TemporaryDirectory(dir=folder.root) as scratch:
        loaded = Path(scratch) / "object"
        for key in _keys(cloud, bucket):
            found = cloud.s3.get_object(Bucket=bucket, Key=key)
            with loaded.open("wb") as file:
                for part in found["Body"].iter_chunks(1 << 20):
                    file.write(part)
            size = loaded.stat().st_size
            yield SavedObject(
                key=key,
                sha256=folder.keep(loaded),
                size_bytes=size,
                content_type=found.get("ContentType"),
                metadata=found["Metadata"],
            )


def _champions(folder: BackupFolder, objects: tuple[SavedObject, ...]) -> dict[str, str | None]:
    """Return which version serves, by use case, after checking that its files were saved with it."""
    saved = {each.key: each.sha256 for each in objects}
    found: dict[str, str | None] = {}
    for key in filter(_serves, saved):
        state = json.loads(folder.path(saved[key]).read_bytes())
        prefix = key.removesuffix(CHAMPION_KEY)
        for file in _files(state):
            if saved.get(prefix + file["key"]) != file["sha256"]:
                raise DeploymentError(
                    f"{key} names {file['key']}, which is missing or other than described: it was promoted "
                    "during the backup, then try again, or it is damaged, then run `bikecast rollback` first"
                )
        found[prefix.rstrip("/") or DEFAULT_USE_CASE] = state.get("version")
    return found


def _files(state: Any) -> Iterator[dict[str, Any]]:
    """Yield the descriptions of files in a manifest, wherever they stand."""
    if isinstance(state, dict) and {"key", "sha256"} <= set(state):
        yield state
    elif isinstance(state, dict):
        for value in state.values():
            yield from _files(value)


def _serves(key: str) -> bool:
    return PurePosixPath(key).name == CHAMPION_KEY


def _data_in(cloud: Cloud, names: dict[Bucket, str], database: DatabaseSettings) -> str:
    """Name what a deployment holds; empty where it holds nothing."""
    full = [role for role, name in names.items() if next(_keys(cloud, name), None) is not None]
    return ", ".join([*full, *(["database"] if holds_data(count_rows(database)) else [])])


def _put_objects(cloud: Cloud, folder: BackupFolder, bucket: str, objects: list[SavedObject]) -> None:
    for each in objects:
        described: Any = {"Metadata": each.metadata}
        described |= {"ContentType": each.content_type} if each.content_type else {}
        cloud.s3.upload_file(str(folder.path(each.sha256)), bucket, each.key, ExtraArgs=described)


def _remove_others(cloud: Cloud, bucket: str, wanted: set[str]) -> None:
    for key in list(_keys(cloud, bucket)):
        if key not in wanted:
            cloud.s3.delete_object(Bucket=bucket, Key=key)


def _require_same(cloud: Cloud, folder: BackupFolder, saved: Backup, names: dict[Bucket, str]) -> None:
    with tempfile.TemporaryDirectory(dir=folder.root) as scratch:
        read = Path(scratch) / "object"
        for role, name in names.items():
            for each in saved.objects[role]:
                cloud.s3.download_file(name, each.key, str(read))
                if sha256_of(read) != each.sha256:
                    raise DeploymentError(f"s3://{name}/{each.key} differs from the backup: restore it again")


def _require_rows(saved: Backup, rows: dict[str, int]) -> None:
    if rows != saved.database.rows:
        tables = [table for table, count in saved.database.rows.items() if rows.get(table) != count]
        raise DeploymentError(f"rows differ from the backup in {', '.join(tables)}: restore it again")


def _keys(cloud: Cloud, bucket: str) -> Iterator[str]:
    pages = cloud.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return (item["Key"] for page in pages for item in page.get("Contents", []))
