"""A desk in Medan, on each database in turn."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from silog_scan.store.db import Database
from tests.conftest import sqlite_url
from tests.desk import Desk, rehearsal


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """Give a founded home that every test leaves as it was: a copy for each takes half a second."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("shared") / "silog.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        database = Database(sqlite_url(path))
    else:
        address = request.getfixturevalue("postgresql_template")
        engine = create_engine(address.format(name="postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("CREATE DATABASE shared TEMPLATE founded"))
        engine.dispose()
        database = Database(address.format(name="shared"))
    yield database
    database.close()


@pytest.fixture
def desk(shared: Database, tmp_path: Path) -> Iterator[Desk]:
    with rehearsal(shared) as writing:
        yield Desk(writing, tmp_path / "files")
