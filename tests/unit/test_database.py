"""Connections to the database: the server proves who it is before it gets a password."""

import datetime as dt
from pathlib import Path

import pytest
import sqlalchemy
from cryptography import x509
from psycopg import OperationalError

from bikecast.database import CA_BUNDLE, DatabaseSettings, connect, sqlalchemy_url
from bikecast.names import Schema
from tests.tls import self_signed, serve_tls


def secured(database: DatabaseSettings, certificate: Path, *, trusted: Path) -> DatabaseSettings:
    port = serve_tls(certificate, port=database.port)
    changes = {"host": "localhost", "port": port, "sslmode": "verify-full", "sslrootcert": trusted}
    return database.model_copy(update=changes)


def test_a_server_whose_authority_and_name_are_right_is_trusted(
    database: DatabaseSettings, tmp_path: Path
) -> None:
    certificate = self_signed(tmp_path, host="localhost")
    settings = secured(database, certificate, trusted=certificate)
    with connect(settings, application="test") as connection:
        assert connection.pgconn.ssl_in_use
    with sqlalchemy.create_engine(sqlalchemy_url(settings, schema=Schema.MLFLOW)).connect() as connected:
        assert connected.execute(sqlalchemy.text("select 1")).scalar() == 1


def test_a_server_with_another_name_is_refused(database: DatabaseSettings, tmp_path: Path) -> None:
    certificate = self_signed(tmp_path, host="elsewhere.example")
    with pytest.raises(OperationalError, match="does not match host name"):
        connect(secured(database, certificate, trusted=certificate), application="test")


def test_a_server_that_rds_did_not_sign_is_refused(database: DatabaseSettings, tmp_path: Path) -> None:
    certificate = self_signed(tmp_path, host="localhost")
    settings = secured(database, certificate, trusted=CA_BUNDLE)
    with pytest.raises(OperationalError, match="certificate verify failed"):
        connect(settings, application="test")
    with pytest.raises(sqlalchemy.exc.OperationalError, match="certificate verify failed"):
        sqlalchemy.create_engine(sqlalchemy_url(settings, schema=Schema.MLFLOW)).connect()


def test_nothing_told_a_server_without_tls_is_refused(database: DatabaseSettings) -> None:
    defaults = database.model_copy(update={"sslmode": DatabaseSettings.model_fields["sslmode"].default})
    with pytest.raises(OperationalError, match="SSL"):
        connect(defaults, application="test")


def test_the_bundle_holds_rds_roots_of_every_algorithm_for_years() -> None:
    authorities = x509.load_pem_x509_certificates(CA_BUNDLE.read_bytes())
    names = [authority.subject.rfc4514_string() for authority in authorities]
    assert len(set(names)) == len(names)
    for algorithm in ("RSA2048", "RSA4096", "ECC384"):
        assert sum(f"Amazon RDS us-east-1 Root CA {algorithm} G1" in name for name in names) == 1
    for authority, name in zip(authorities, names, strict=True):
        authority.verify_directly_issued_by(authority)
        assert "O=Amazon Web Services" in name
        assert authority.not_valid_after_utc > dt.datetime(2060, 1, 1, tzinfo=dt.UTC)
