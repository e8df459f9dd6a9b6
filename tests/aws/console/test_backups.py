"""A backup leads to the same data elsewhere; nothing is restored from a part of one, or over other data."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from bikecast.database import DatabaseSettings, connect
from bikecast.errors import DeploymentError, InputError
from bikecast.names import Bucket, Output, Target
from console.cloud.outputs import BUCKET_OUTPUTS
from console.cloud.session import Cloud
from console.deployment.backing_up import back_up, restore
from console.deployment.backups import DATABASE, MANIFEST, OBJECTS, Backup, BackupFolder, sha256_of
from tests.postgres import Server
from training_job.migrations import migrate

MODEL = b"a graph"
MODEL_KEY = "models/m/3-run/abc-model.onnx"


def deployed(cloud: Cloud, place: DatabaseSettings, *, name: str) -> Cloud:
    """An environment's stacks with their outputs, its buckets and its migrated database."""
    assert place.password is not None
    secret = cloud.session.client("secretsmanager").create_secret(
        Name=f"{name}-owner", SecretString=json.dumps({"password": place.password.get_secret_value()})
    )
    outputs: dict[str, str] = {
        Output.DATABASE_HOST: place.host,
        Output.DATABASE_PORT: str(place.port),
        Output.DATABASE_NAME: place.name,
        Output.DATABASE_USER: place.user,
        Output.DATABASE_SECRET_ARN: secret["ARN"],
    }
    for role, output in BUCKET_OUTPUTS.items():
        outputs[output] = f"{name}-{role.value}"
        cloud.s3.create_bucket(Bucket=outputs[output])
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {key: {"Value": value} for key, value in outputs.items()},
    }
    if cloud.cloudformation.describe_stacks()["Stacks"]:
        cloud.cloudformation.delete_stack(StackName="bikecast-storage")
    cloud.cloudformation.create_stack(StackName="bikecast-storage", TemplateBody=json.dumps(template))
    migrate(place)
    return cloud


def put(cloud: Cloud, name: str, bucket: Bucket, key: str, body: bytes) -> None:
    cloud.s3.put_object(
        Bucket=f"{name}-{bucket.value}", Key=key, Body=body, Metadata={"sha256": "known"}, ContentType="a/b"
    )


def get(cloud: Cloud, name: str, bucket: Bucket, key: str) -> bytes:
    return cloud.s3.get_object(Bucket=f"{name}-{bucket.value}", Key=key)["Body"].read()


def champion(*, sha256: str, version: str = "3") -> bytes:
    model = {"key": MODEL_KEY, "sha256": sha256, "size_bytes": len(MODEL)}
    return json.dumps({"version": version, "parts": {"one": {"model": model}}}).encode()


@pytest.fixture
def emulated(cloud: Cloud) -> Cloud:
    return replace(cloud, target=Target.EMBEDDED)


@pytest.fixture
def first(emulated: Cloud, database: DatabaseSettings, tmp_path: Path) -> Cloud:
    """A deployment with a champion and a decision about it."""
    cloud = deployed(emulated, database, name="first")
    (tmp_path / "model").write_bytes(MODEL)
    put(cloud, "first", Bucket.SERVING, MODEL_KEY, MODEL)
    put(cloud, "first", Bucket.SERVING, "champion.json", champion(sha256=sha256_of(tmp_path / "model")))
    put(cloud, "first", Bucket.DATA, "raw/a.csv", b"rides")
    put(cloud, "first", Bucket.DATA, "raw/b.csv", b"rides")
    with connect(database, application="test") as connection:
        decide(connection, "train-1", uri="s3://first-reports/decisions/train-1.json")
    return cloud


def decide(connection: psycopg.Connection, execution: str, *, uri: str) -> None:
    connection.execute(
        "insert into decisions (use_case, id, decided_at, decision, reason, record, record_uri)"
        " values ('citibike', %s, now(), 'promoted', 'E''s\\better', '{}', %s)",
        (execution, uri),
    )


def decisions(place: DatabaseSettings) -> list[tuple[str, str, str]]:
    with connect(place, application="test") as connection:
        return connection.execute("select id, reason, record_uri from decisions order by id").fetchall()


def test_another_deployment_gets_the_same_objects_rows_and_champion(
    first: Cloud, postgres: Server, tmp_path: Path
) -> None:
    saved = back_up(first, tmp_path / "backup")
    assert saved.champions == {"citibike": "3"}
    elsewhere = postgres.create_database()
    second = deployed(first, elsewhere, name="second")
    restore(second, tmp_path / "backup", replace=False)
    assert get(second, "second", Bucket.DATA, "raw/b.csv") == b"rides"
    assert json.loads(get(second, "second", Bucket.SERVING, "champion.json"))["version"] == "3"
    described = second.s3.head_object(Bucket="second-citibike-data", Key="raw/a.csv")
    assert (described["Metadata"], described["ContentType"]) == ({"sha256": "known"}, "a/b")
    # The registry refers to buckets by their name, which a new deployment chooses anew.
    assert decisions(elsewhere) == [("train-1", "E's\\better", "s3://second-reports/decisions/train-1.json")]


def test_roles_may_do_in_the_restored_database_what_they_might_before(
    first: Cloud, database: DatabaseSettings, postgres: Server, tmp_path: Path
) -> None:
    rights = (
        "select table_name, grantee, privilege_type from information_schema.role_table_grants"
        " where grantee like 'bikecast%' order by 1, 2, 3"
    )
    defaults = "select defaclacl::text from pg_default_acl"
    back_up(first, tmp_path / "backup")
    elsewhere = postgres.create_database()
    restore(deployed(first, elsewhere, name="second"), tmp_path / "backup", replace=False)
    for question in (rights, defaults):
        found = []
        for place in (database, elsewhere):
            with connect(place, application="test") as connection:
                found.append(connection.execute(question.encode()).fetchall())
        assert found[0] == found[1] != []


def test_a_deployment_that_holds_data_is_left_alone_unless_it_may_be_replaced(
    first: Cloud, database: DatabaseSettings, tmp_path: Path
) -> None:
    back_up(first, tmp_path / "backup")
    put(first, "first", Bucket.DATA, "raw/later.csv", b"later")
    with connect(database, application="test") as connection:
        decide(connection, "train-2", uri="")
    with pytest.raises(InputError, match=r"citibike-data, model-serving, database.*--replace"):
        restore(first, tmp_path / "backup", replace=False)
    assert len(decisions(database)) == 2
    restore(first, tmp_path / "backup", replace=True)
    assert [row[0] for row in decisions(database)] == ["train-1"]
    listed = first.s3.list_objects_v2(Bucket="first-citibike-data")["Contents"]
    assert [item["Key"] for item in listed] == ["raw/a.csv", "raw/b.csv"]


@pytest.mark.parametrize("harm", ["unfinished", "damaged", "lost"])
def test_a_backup_that_is_not_whole_changes_nothing(
    first: Cloud, database: DatabaseSettings, tmp_path: Path, harm: str
) -> None:
    root = tmp_path / "backup"
    back_up(first, root)
    with connect(database, application="test") as connection:
        decide(connection, "train-2", uri="")
    kept = next(path for path in (root / OBJECTS).rglob("*") if path.is_file())
    if harm == "damaged":
        kept.write_bytes(b"other")
    else:
        ((root / MANIFEST) if harm == "unfinished" else kept).unlink()
    with pytest.raises(InputError, match="not finished" if harm == "unfinished" else "missing or damaged"):
        restore(first, root, replace=True)
    assert len(decisions(database)) == 2


def test_a_database_that_refuses_the_backup_keeps_what_it_had(
    first: Cloud, database: DatabaseSettings, tmp_path: Path
) -> None:
    back_up(first, tmp_path / "backup")
    statements = gzip.decompress((tmp_path / "backup" / DATABASE).read_bytes())
    folder = BackupFolder(tmp_path / "backup")
    folder.database.write_bytes(gzip.compress(statements + b"select * from a_table_of_newer_code;\n"))
    saved = Backup.model_validate_json((tmp_path / "backup" / MANIFEST).read_bytes())
    dump = saved.database.model_copy(update={"sha256": sha256_of(folder.database)})
    folder.finish(saved.model_copy(update={"database": dump}))
    with connect(database, application="test") as connection:
        decide(connection, "train-2", uri="")
    put(first, "first", Bucket.DATA, "raw/a.csv", b"newer rides")
    with pytest.raises(DeploymentError, match=r"not restored.*a_table_of_newer_code"):
        restore(first, tmp_path / "backup", replace=True)
    assert len(decisions(database)) == 2
    assert get(first, "first", Bucket.DATA, "raw/a.csv") == b"newer rides"


def test_a_champion_whose_files_are_missing_is_not_saved_as_if_it_were_whole(
    first: Cloud, tmp_path: Path
) -> None:
    put(first, "first", Bucket.SERVING, "obesity/champion.json", champion(sha256="0" * 64))
    with pytest.raises(DeploymentError, match=r"obesity/champion.json names .*model.onnx"):
        back_up(first, tmp_path / "backup")
    assert not (tmp_path / "backup" / MANIFEST).exists()


def test_a_folder_that_holds_something_is_not_written_into(first: Cloud, tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "mine").touch()
    with pytest.raises(InputError, match="not empty"):
        back_up(first, tmp_path / "backup")


def test_on_aws_its_own_snapshots_are_named_instead(cloud: Cloud, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"snapshot of RDS.*runbook"):
        back_up(cloud, tmp_path / "backup")
