"""Open the database, SQLite or PostgreSQL: readers, and one writer at a time."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    CursorResult,
    Engine,
    Executable,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from silog_scan.core.errors import Refused, Sentence, say
from silog_scan.store.memory import Memory

T = TypeVar("T")

_WRITE_LOCK = 0x51106  # any fixed number; all writers of one PostgreSQL database share it


class Unavailable(Refused):
    """The database cannot be opened or written."""


class Database:
    """An engine with its two kinds of session.

    A writing session takes the database's write lock when it begins, so that it reads chain heads
    and counts that nobody else can change until it commits.
    """

    def __init__(self, url: str) -> None:
        """Prepare the engine; nothing is opened yet."""
        self.url = url
        self.engine = _engine(url)
        self._readers = sessionmaker(self.engine, expire_on_commit=False)
        writing = self.engine.execution_options(silog_writes=True)
        self._glancers = sessionmaker(_without_transactions(self.engine), expire_on_commit=False)
        info = {"memory": Memory()}
        self._writers = sessionmaker(writing, expire_on_commit=False, info=info)

    @property
    def is_sqlite(self) -> bool:
        """Say whether it is a file of ours."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session for one consistent look."""
        with told(), self._readers() as session:
            yield session

    @contextmanager
    def glancing(self) -> Iterator[Session]:
        """Give a session for a single statement: no transaction is begun and ended for it."""
        with told(), self._glancers() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session that commits at the end, or leaves nothing behind."""
        with told(), self._writers.begin() as session:
            yield session

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """Give the connection on which the schema is brought up to date."""
        with told(), self.engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


@contextmanager
def told() -> Iterator[None]:
    """Turn a database that cannot be opened or written into a sentence."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        sentence = _reason(getattr(error, "orig", error))
        if sentence is None:
            raise
        if sentence is _DAMAGED:
            raise damaged() from error
        raise Unavailable("database-unavailable", sentence) from error


DAMAGED = "database-damaged"
_DAMAGED = say("The database file is damaged. Stop, and restore the last good backup.")


def damaged() -> Unavailable:
    """Return the refusal of a file in which SQLite finds what cannot be."""
    return Unavailable(DAMAGED, _DAMAGED)


_REASONS = (
    ("readonly", say("The database cannot be written: its disk or file is read-only.")),
    ("disk is full", say("The disk is full. Nothing was recorded; make room and try again.")),
    ("No space left", say("The disk is full. Nothing was recorded; make room and try again.")),
    (
        "unable to open database file",
        say("The database file cannot be opened. Check that its folder exists and may be written."),
    ),
    (
        "database is locked",
        say("Another program holds the database. Wait a moment and try again."),
    ),
    ("malformed", _DAMAGED),
    ("not a database", _DAMAGED),
    ("Could not decode", _DAMAGED),
    ("disk I/O error", _DAMAGED),  # a disk that cannot be read any more, or a file that was cut
    (
        "onnection",
        say("The database server does not answer. Check SILOG_DATABASE and the server."),
    ),
)
"""What drivers say, and the sentence for people."""


_UNWRITTEN = say(
    "The disk cannot be written: it fails, or a quota is used up. Nothing was recorded; "
    "make room and try again."
)
_UNWRITTEN_CODES = {"SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_TRUNCATE"}
"""SQLite says "disk I/O error" of these too, but the file is as it was before."""


def _reason(error: object) -> Sentence | None:
    if getattr(error, "sqlite_errorname", None) in _UNWRITTEN_CODES:
        return _UNWRITTEN
    return next((sentence for words, sentence in _REASONS if words in str(error)), None)


def execute(session: Session, statement: Executable, values: Any = None) -> CursorResult[Any]:  # noqa: ANN401
    """Run a statement of the scan path without the session's own ceremony: a fifth of its price."""
    return session.connection().execute(statement, values)


def dialect_of(session: Session) -> str:
    """Return postgresql or sqlite."""
    return session.get_bind().dialect.name


def chunks(values: Iterable[T], size: int = 10_000) -> Iterator[list[T]]:
    """Yield the values in lists that one IN may hold: SQLite binds 32,766, PostgreSQL 65,535."""
    iterator = iter(values)
    while some := list(islice(iterator, size)):
        yield some


def _json(value: object) -> str:
    """Write JSON; most lists are empty, a package without seals."""
    return json.dumps(value) if value != [] else "[]"


def _engine(url: str) -> Engine:
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_engine(
            url,
            connect_args={"check_same_thread": False, "timeout": 15},
            json_serializer=_json,
            hide_parameters=True,  # a text that was scanned is nothing for the log
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    # As many are kept as are used at once: a connection beyond these is made anew for each use,
    # and cost PostgreSQL three times the work of a scan with 32 clients (2.5 for 0.9 ms).
    # Whatever the server or the role is set to: a later level would show a writer the database as
    # it was while it waited for the lock.
    engine = create_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_size=15,
        pool_pre_ping=True,
        json_serializer=_json,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare_postgresql)
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def _without_transactions(engine: Engine) -> Engine:
    if engine.dialect.name == "sqlite":
        return engine.execution_options(silog_glances=True)
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401  # the driver's own
    # The driver must not begin transactions by itself: BEGIN is ours, IMMEDIATE where we write.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.close()


def _prepare_postgresql(connection: Any, _record: object) -> None:  # noqa: ANN401  # likewise
    # Whatever the server or the role is set to: an answer says that the scan is on disk.
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) "
        "WHERE current_setting('synchronous_commit') = 'off'"
    )
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("silog_glances"):
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("silog_writes") else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("silog_writes"):
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _WRITE_LOCK})
