"""Opening the database: durable, one writer at a time, and in words when it cannot be."""

import sqlite3
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from silog_scan.store.db import Database, Unavailable, chunks
from silog_scan.store.tables import MetaRow, RecoveryCodeRow
from tests.conftest import sqlite_url


@pytest.fixture
def sqlite(sqlite_home: Path) -> Database:
    return Database(sqlite_url(sqlite_home / "silog.db"))


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)]
)
def test_sqlite_is_durable_and_checks_references(
    sqlite: Database, pragma: str, value: object
) -> None:
    with sqlite.reading() as session:
        assert session.scalar(text(f"PRAGMA {pragma}")) == value


def test_a_failed_transaction_leaves_nothing_behind(database: Database) -> None:
    with suppress(KeyError), database.writing() as session:
        session.add(MetaRow(name="a", value="1"))
        session.flush()
        raise KeyError

    with database.reading() as session:
        assert session.get(MetaRow, "a") is None


def test_references_are_checked(database: Database) -> None:
    of_nobody = RecoveryCodeRow(code="", user="none")

    with pytest.raises(IntegrityError), database.writing() as session:
        session.add(of_nobody)


def test_writers_wait_for_each_other(database: Database) -> None:
    order: list[str] = []
    inside = threading.Event()

    def second() -> None:
        inside.wait()
        with database.writing() as session:
            order.append(str(session.scalar(text("SELECT value FROM meta WHERE name = 'turn'"))))

    waiting = threading.Thread(target=second)
    waiting.start()
    with database.writing() as session:
        session.add(MetaRow(name="turn", value="first"))
        session.flush()
        inside.set()
        waiting.join(0.2)
        order.append("still inside")
    waiting.join()

    assert order == ["still inside", "first"]


def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    with database.writing() as session:
        session.add(MetaRow(name="a", value="1"))
        session.flush()

        with database.reading() as other:
            assert other.get(MetaRow, "a") is None


def test_a_damaged_file_is_told_in_words(tmp_path: Path) -> None:
    path = tmp_path / "silog.db"
    path.write_bytes(b"no database at all, and long enough to be read as one" * 100)

    with pytest.raises(Unavailable, match="damaged"), Database(sqlite_url(path)).reading() as s:
        s.execute(text("SELECT 1"))


def test_a_folder_that_is_not_there_is_told_in_words(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "none" / "silog.db"))

    with pytest.raises(Unavailable, match="cannot be opened"), database.reading() as session:
        session.execute(text("SELECT 1"))


def test_a_read_only_database_is_told_in_words(sqlite: Database) -> None:
    with sqlite.reading() as session:
        session.execute(text("PRAGMA query_only = ON"))

    with pytest.raises(Unavailable, match="read-only"), sqlite.writing() as session:
        session.execute(text("DELETE FROM meta"))


def test_a_full_disk_is_told_in_words(sqlite: Database) -> None:
    with sqlite.reading() as session:
        session.execute(text("PRAGMA max_page_count = 1"))  # no less than it has already

    with pytest.raises(Unavailable, match="disk is full"), sqlite.writing() as session:
        session.add(MetaRow(name="big", value="x" * 1_000_000))


def test_another_program_that_holds_the_database_is_told_in_words(
    sqlite: Database, sqlite_home: Path
) -> None:
    with sqlite.reading() as session:
        session.execute(text("PRAGMA busy_timeout = 1"))
    holder = sqlite3.connect(sqlite_home / "silog.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    with pytest.raises(Unavailable, match="Another program"), sqlite.writing() as session:
        session.execute(text("SELECT 1"))
    holder.close()


def test_other_errors_of_the_database_stay_what_they_are(database: Database) -> None:
    with pytest.raises(IntegrityError), database.writing() as session:
        session.add_all([MetaRow(name="station", value="x")])


def test_values_come_in_lists_a_statement_can_hold() -> None:
    assert list(chunks(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(chunks([], 2)) == []


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_a_writer_sees_what_it_waited_for_whatever_the_server_is_set_to(
    database: Database, level: str
) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite has one level")
    with database.migrating() as connection:
        name = connection.scalar(text("SELECT current_database()"))
        connection.execute(
            text(f"ALTER DATABASE {name} SET default_transaction_isolation = '{level}'")
        )
    database.close()

    with database.writing() as session:
        assert session.scalar(text("SHOW transaction_isolation")) == "read committed"
