"""Migrations build exactly the tables of the code, and refuse what they do not know."""

from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from silog_scan.core.errors import Refused
from silog_scan.store import schema
from silog_scan.store.db import Database
from silog_scan.store.tables import Base
from tests.conftest import sqlite_url

VERSIONS = Path(schema.__file__).parent / "migrations" / "versions"


def test_migrations_build_the_declared_tables(database: Database) -> None:
    with database.engine.begin() as connection:
        schema.check(connection)
        tables = set(inspect(connection).get_table_names())

    assert tables == {*Base.metadata.tables, "alembic_version"}


def test_the_newest_version_is_the_newest_file() -> None:
    newest = max(path.name for path in VERSIONS.glob("[0-9]*.py"))

    assert newest.startswith(f"{schema.NEWEST}_")


def test_a_database_is_at_the_newest_version(database: Database) -> None:
    with database.engine.begin() as connection:
        assert schema.current(connection) == schema.NEWEST


def test_an_empty_database_has_no_version(tmp_path: Path) -> None:
    with Database(sqlite_url(tmp_path / "silog.db")).engine.begin() as connection:
        assert schema.current(connection) is None


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    with database.engine.begin() as connection:
        schema.upgrade(connection)

        assert schema.current(connection) == schema.NEWEST


def test_a_database_of_a_newer_program_is_refused_and_left_alone(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(Refused) as caught, database.engine.begin() as connection:
        schema.upgrade(connection)

    assert caught.value.code == "database-newer"
    assert "9999" in str(caught.value)
    with database.engine.begin() as connection:
        assert schema.current(connection) == "9999"
