"""Shared fixtures: a data home for Kota Medan on SQLite and on PostgreSQL, and a cast of actors."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, text

from silog_scan.core import codes
from silog_scan.core.grammar import OURS
from silog_scan.services import homes
from silog_scan.services.actors import Actor, Role
from silog_scan.services.passwords import NewPassword
from silog_scan.store.db import Database

NOON = datetime(2026, 2, 2, 5, tzinfo=UTC)
"""Noon in Medan, twelve days before a voting day."""

PASSWORD = "correct horse battery"

settings.register_profile(
    "default",
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("default")


@pytest.fixture(autouse=True)
def labels_of_ours() -> Iterator[None]:
    """Leave no other election's labels behind: a process has one grammar."""
    yield
    codes.speak(OURS)


def sqlite_url(path: Path) -> str:
    """Return the address of a database file."""
    return f"sqlite:///{path}"


def postgresql_programs() -> Path | None:
    """Return the folder of PostgreSQL's own programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def as_postgres(*command: str | Path) -> None:
    """Run a program of PostgreSQL, which refuses to be root."""
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = ["runuser", "-u", "postgres", "--", *words]
    subprocess.run(words, check=True, capture_output=True, cwd="/")  # noqa: S603


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Start a PostgreSQL server of our own on a socket; give an address without a database."""
    programs = postgresql_programs()
    if programs is None:
        pytest.fail("PostgreSQL is not installed. Run: make test, or apt-get install postgresql")
    folder = Path("/tmp") / f"silog-pg-{os.getpid()}"  # noqa: S108  # a socket's path is short
    folder.mkdir()
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    data = folder / "data"
    as_postgres(programs / "initdb", "-D", data, "-A", "trust", "-U", "silog", "-E", "UTF8")
    options = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=60"
    control = (programs / "pg_ctl", "-D", data, "-w")
    as_postgres(*control, "-o", options, "-l", folder / "log", "start")
    yield f"postgresql+psycopg://silog@/{{name}}?host={folder}"
    as_postgres(*control, "-m", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgresql_template(postgresql: str) -> str:
    """Make a founded home once; each test gets a copy."""
    _administer(postgresql, "CREATE DATABASE founded")
    database = Database(postgresql.format(name="founded"))
    found(database)
    database.close()
    return postgresql


def _administer(address: str, statement: str) -> None:
    engine = create_engine(address.format(name="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a founded home once; each test gets a copy of the file."""
    path = tmp_path_factory.mktemp("template") / "silog.db"
    database = Database(f"sqlite:///{path}")
    found(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


def found(database: Database) -> None:
    homes.open_home(database)
    founding = homes.Founding("12.71", "12.71", "Gudang Medan", "admin", NewPassword(PASSWORD))
    with database.writing() as session:
        homes.found(session, founding, NOON)


_serial = iter(range(1_000_000))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give a founded data home of Kota Medan, on each database in turn."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{_copied(request, tmp_path)}")
    else:
        address = request.getfixturevalue("postgresql_template")
        name = f"t{os.getpid()}_{next(_serial)}"
        _administer(address, f"CREATE DATABASE {name} TEMPLATE founded")
        database = Database(address.format(name=name))
    yield database
    database.close()
    if request.param != "sqlite":
        _administer(address, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Give a data home folder with a founded database, for the command line and the server."""
    _copied(request, tmp_path)
    return tmp_path


def _copied(request: pytest.FixtureRequest, folder: Path) -> Path:
    path = folder / "silog.db"
    shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
    return path


# The cast: Rina scans in the city's warehouse, Hendra is her supervisor, Wayan is in another
# regency, and the observer only looks.


@pytest.fixture
def rina() -> Actor:
    return Actor("Gudang Medan", "12.71", Role.STAFF, user="rina")


@pytest.fixture
def hendra() -> Actor:
    return Actor("Gudang Medan", "12.71", Role.SUPERVISOR, user="hendra")


@pytest.fixture
def ppk() -> Actor:
    return Actor("PPK Medan Kota", "12.71.01", Role.STAFF, device=True)


@pytest.fixture
def observer() -> Actor:
    return Actor("Gudang Medan", "12.71", Role.OBSERVER, user="observer")
