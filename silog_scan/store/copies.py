"""Copies of a whole database: always one SQLite file, and back into either kind of database."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Timer

from sqlalchemy import Connection, MetaData, Table, func, insert, select

from silog_scan.core.errors import Malformed, say
from silog_scan.core.events import Event
from silog_scan.store import schema
from silog_scan.store.db import Database, damaged, told

_ROWS_AT_ONCE = 2_000
_EVENT = "station, sequence, id, kind, at, body, previous, digest"
"""The columns that the contract's export needs, whatever the schema's version."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a copy is of: its schema, its station, and how far its log goes."""

    schema: str
    station: str
    events: int
    position: int


def copy(database: Database, path: Path) -> None:
    """Write the database as it is at one moment into a new SQLite file; writers go on meanwhile."""
    if database.is_sqlite:
        with told():
            _copy_pages(Path(database.engine.url.database or ""), path)
    else:
        _copy_server(database, path)


def _copy_pages(source: Path, path: Path) -> None:
    """Copy by SQLite's backup API, all pages in one step.

    In smaller steps every commit of another connection would begin the copy anew, for ever beside
    a busy station. One step is one read transaction, and in WAL mode that holds up no writer.
    """
    with closing(connect(source)) as old, closing(sqlite3.connect(path)) as new:
        old.backup(new)
    _make_one_file(path)


def connect(path: Path) -> sqlite3.Connection:
    """Open a file that must exist; damage may be no text, and must still be told."""
    file = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=15)
    file.text_factory = partial(str, encoding="utf-8", errors="replace")
    return file


def _copy_server(database: Database, path: Path) -> None:
    """Copy a server's rows, in one snapshot, into a file of the same schema."""
    snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with (
        closing(Database(f"sqlite:///{path}")) as file,
        told(),
        database.engine.connect() as connection,
        file.migrating() as new,
    ):
        old = connection.execution_options(**snapshot)
        schema.create(new, schema.current(old) or "base")
        _copy_rows(old, new)
    _make_one_file(path)


def _make_one_file(path: Path) -> None:
    """Take what stands in the WAL into the file."""
    with told(), closing(connect(path)) as file:
        file.execute("PRAGMA journal_mode=DELETE")


@contextmanager
def load(path: Path, database: Database) -> Iterator[None]:
    """Fill an empty database with a copy's rows and commit when the caller is done."""
    with closing(Database(f"sqlite:///{path}")) as file:
        for either in (file, database):  # a copy may be of an older schema
            with either.migrating() as connection:
                schema.upgrade(connection)
        with told(), file.engine.connect() as old, database.migrating() as new:
            _copy_rows(old, new)
            yield


def is_empty(database: Database) -> bool:
    """Say whether no table has a row; a program that only looked may have left empty tables."""
    with told(), database.engine.connect() as connection:
        counts = [select(func.count()).select_from(table) for table in _tables(connection)]
        return not any(connection.execute(count).scalar() for count in counts)


def _copy_rows(old: Connection, new: Connection) -> None:
    """Copy the rows of all tables, referred ones first, never more than some in memory."""
    targets = {table.name: table for table in _tables(new)}
    for table in _tables(old):
        rows = old.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(table))
        for some in rows.mappings().partitions():
            new.execute(insert(targets[table.name]), [dict(row) for row in some])


def _tables(connection: Connection) -> list[Table]:
    """Return the tables as they are there, which in an older database are not those of the code."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != schema.VERSION_TABLE]


# Looking at a copy.


def problem(path: Path) -> str | None:
    """Return what SQLite finds wrong with a file, or None."""
    try:
        with closing(connect(path)) as file:
            first = str(file.execute("PRAGMA integrity_check(1)").fetchone()[0])
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # of what SQLite says, even
        return str(error)
    return None if first == "ok" else first


def is_seen_whole(path: Path, seconds: float | None) -> bool:
    """Look at a file's pages, for some seconds; refuse damage, say whether it was all seen."""
    try:
        with told(), closing(connect(path)) as file, _interrupted(file, seconds):
            (found,) = file.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return False
        raise
    except UnicodeDecodeError as error:  # SQLite quotes what is damaged
        raise damaged() from error
    if found != "ok":
        raise damaged()
    return True


@contextmanager
def _interrupted(file: sqlite3.Connection, seconds: float | None) -> Iterator[None]:
    """End what a connection does after some seconds; a progress handler is not asked for long."""
    if seconds is None:
        yield
        return
    ending = Timer(seconds, file.interrupt)
    ending.start()
    try:
        yield
    finally:
        ending.cancel()
        ending.join()


def facts(path: Path) -> Facts:
    """Return what a copy is of; refuse a database that is not of this program."""
    try:
        with closing(connect(path)) as file:
            events, position = file.execute("SELECT count(*), max(position) FROM event").fetchone()
            station = file.execute("SELECT value FROM meta WHERE name = 'station'").fetchone()
            (version,) = file.execute(f"SELECT version_num FROM {schema.VERSION_TABLE}").fetchone()  # noqa: S608
    except (sqlite3.DatabaseError, TypeError) as error:
        raise Malformed("not-a-station", say("It is no database of this program.")) from error
    return Facts(str(version), station[0] if station else "", events, position or 0)


def events(path: Path) -> Iterator[Event]:
    """Yield the events of a SQLite file of whatever schema, in export order."""
    with told(), closing(connect(path)) as file:
        for row in file.execute(f"SELECT {_EVENT} FROM event ORDER BY station, sequence"):  # noqa: S608
            station, sequence, id_, kind, at, body, previous, digest = row
            yield Event(station, sequence, id_, kind, at, json.loads(body), previous, digest)
