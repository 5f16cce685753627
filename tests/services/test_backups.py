"""Backups: whole, made beside scans, kept for a while, restored on either database."""

import hashlib
import json
import shutil
import sqlite3
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from silog_scan.core.errors import Refused
from silog_scan.services import archives, backups, homes, ledgers, scanning
from silog_scan.services.backups import Holdings
from silog_scan.store import copies, projections, schema
from silog_scan.store.db import Database
from silog_scan.store.tables import Base
from silog_scan.store.writer import Writer
from tests.conftest import NOON, _serial, sqlite_url
from tests.conftest import _administer as administer
from tests.desk import Desk, box, ink

Members = dict[str, bytes]
Change = Callable[[Members], object]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def holdings(database: Database, tmp_path: Path) -> Holdings:
    """Give a home after some work, on each database in turn, with keys and files."""
    home = tmp_path / "home"
    desk = Desk(database.writing, home / "attachments")
    desk.imports(box(), ink(40))
    desk.scan("kotak é ✓")
    desk.scan()
    (home / "keys" / "old").mkdir(parents=True)
    (home / "keys" / "signing.pem").write_bytes(b"a key")
    (home / "keys" / "old" / "2025.pem").write_bytes(b"an older key")
    (home / "secret.key").write_bytes(bytes(32))
    return Holdings(database, home, tmp_path / "backups")


@pytest.fixture
def sqlite(tmp_path: Path, sqlite_template: Path) -> Holdings:
    """Give a founded home on SQLite, where the kind of database makes no difference."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copyfile(sqlite_template, home / "silog.db")
    return Holdings(Database(sqlite_url(home / "silog.db")), home, tmp_path / "backups")


@pytest.fixture
def saved(sqlite: Holdings, tmp_path: Path) -> Path:
    """Give a backup of that home."""
    return backups.make(sqlite, tmp_path / "saved.zip", at=NOON)


@pytest.fixture
def empty(tmp_path: Path) -> Holdings:
    """Give a new laptop."""
    home = tmp_path / "laptop"
    home.mkdir()
    return Holdings(Database(sqlite_url(home / "silog.db")), home, home / "backups")


@pytest.fixture(params=["into sqlite", "into postgresql"])
def elsewhere(request: pytest.FixtureRequest, empty: Holdings) -> Iterator[Holdings]:
    """Give a new laptop with each kind of database in turn."""
    if request.param == "into sqlite":
        yield empty
        return
    address = request.getfixturevalue("postgresql")
    name = f"r{next(_serial)}"
    administer(address, f"CREATE DATABASE {name}")
    database = Database(address.format(name=name))
    yield replace(empty, database=database)
    database.close()
    administer(address, f"DROP DATABASE {name} WITH (FORCE)")


def rows(database: Database) -> dict[str, list[Any]]:
    """Return every row of every table."""
    with database.reading() as session:
        return {
            name: sorted(map(repr, session.execute(select(table))))
            for name, table in Base.metadata.tables.items()
        }


def export(database: Database) -> list[str]:
    with database.reading() as session:
        return list(ledgers.export(session))


def snapshot(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    with database.reading() as session:
        return projections.snapshot(session)


def files(home: Path) -> dict[str, bytes]:
    """Return every file of a home beside its database."""
    found = [path for path in home.rglob("*") if path.is_file() and "silog.db" not in path.name]
    return {path.relative_to(home).as_posix(): path.read_bytes() for path in found}


# What comes back.


def test_a_restored_home_is_the_same(
    holdings: Holdings, elsewhere: Holdings, tmp_path: Path
) -> None:
    made = backups.make(holdings, tmp_path / "saved.zip", at=NOON)

    backups.restore(elsewhere, made)

    assert export(elsewhere.database) == export(holdings.database)
    assert snapshot(elsewhere.database) == snapshot(holdings.database)
    assert rows(elsewhere.database) == rows(holdings.database)
    assert files(elsewhere.home) == files(holdings.home)


def test_a_restored_home_goes_on(holdings: Holdings, elsewhere: Holdings, tmp_path: Path) -> None:
    backups.restore(elsewhere, backups.make(holdings, tmp_path / "saved.zip", at=NOON))

    homes.open_home(elsewhere.database)
    Desk(elsewhere.database.writing, elsewhere.home / "attachments").scan("1271-KS-999999")

    with elsewhere.database.reading() as session:
        assert [chain.broken for chain in ledgers.verify_database(session)] == [None]


def test_a_backup_is_for_its_owner_only_and_tells_what_it_is(
    holdings: Holdings, tmp_path: Path
) -> None:
    made = backups.make(holdings, tmp_path / "saved.zip", at=NOON)

    told = archives.read(made)
    assert made.stat().st_mode & 0o777 == 0o600
    assert (told.station, told.schema, told.made_at) == ("Gudang Medan", schema.NEWEST, NOON)
    assert told.events == told.position == len(export(holdings.database))
    assert list(tmp_path.glob(".silog-*")) == []


def test_a_backup_beside_scans_holds_the_log_as_it_was_at_one_moment(
    holdings: Holdings, elsewhere: Holdings, tmp_path: Path
) -> None:
    desk, writer = Desk(holdings.database.writing, tmp_path), Writer(holdings.database)
    ended = threading.Event()

    def scans() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            given = desk.handed_in(desk.made(f"1271-KS-{number:06}"))
            writer.together(scanning.record, given)

    busy = [threading.Thread(target=scans) for _ in range(3)]
    for thread in busy:
        thread.start()
    made = backups.make(holdings, tmp_path / "saved.zip", at=NOON)
    ended.set()
    for thread in busy:
        thread.join()
    writer.stop()

    backups.restore(elsewhere, made)
    then, now = export(elsewhere.database), export(holdings.database)
    assert now[: len(then)] == then
    assert len(now) > len(then)
    with elsewhere.database.writing() as session:
        assert ledgers.differences(session) == []


def test_a_backup_of_an_older_schema_comes_back_on_a_server(
    sqlite: Holdings, elsewhere: Holdings, tmp_path: Path
) -> None:
    path = sqlite.home / "silog.db"
    path.unlink()
    database = Database(sqlite_url(path))
    with database.migrating() as connection:
        schema.create(connection, "0001")
        connection.exec_driver_sql("INSERT INTO meta (name, value) VALUES ('station', 'Old')")

    backups.restore(elsewhere, backups.make(sqlite, tmp_path / "saved.zip", at=NOON))

    homes.open_home(elsewhere.database)
    assert homes.is_founded(elsewhere.database)


# What fails its check is no backup.


def tamper(holdings: Holdings, statement: str) -> None:
    with sqlite3.connect(holdings.home / "silog.db") as file:
        for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            file.execute(f"DROP TRIGGER {name}")
        file.execute(statement)
    file.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET body = replace(body, '12.71', '12.75') WHERE sequence = 2",
        "UPDATE event SET body = 'no JSON' WHERE sequence = 2",
        "DELETE FROM event WHERE sequence = 1",
    ],
)
def test_a_backup_whose_chain_is_broken_is_deleted_and_told(
    sqlite: Holdings, tmp_path: Path, statement: str
) -> None:
    tamper(sqlite, statement)

    with pytest.raises(Refused, match="was deleted") as caught:
        backups.make(sqlite, tmp_path / "saved.zip", at=NOON)

    assert caught.value.code == "backup-failed"
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_a_backup_of_a_damaged_database_is_deleted_and_told(
    sqlite: Holdings, tmp_path: Path
) -> None:
    with (sqlite.home / "silog.db").open("r+b") as file:
        file.seek(4096 * 20)
        file.write(b"\xff" * 4096 * 10)

    with pytest.raises(Refused, match="damaged"):
        backups.make(sqlite, tmp_path / "saved.zip", at=NOON)

    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_a_failed_backup_leaves_the_one_before(sqlite: Holdings, saved: Path) -> None:
    before = saved.read_bytes()
    tamper(sqlite, "DELETE FROM event WHERE sequence = 1")

    with pytest.raises(Refused):
        backups.make(sqlite, saved, at=NOON)

    assert saved.read_bytes() == before


def test_an_older_backup_is_replaced(sqlite: Holdings, saved: Path) -> None:
    backups.make(sqlite, saved, at=NOON + DAY)

    assert archives.read(saved).made_at == NOON + DAY


def test_nothing_but_a_backup_is_replaced(sqlite: Holdings) -> None:
    path = sqlite.home / "silog.db"
    before = path.read_bytes()

    with pytest.raises(Refused) as caught:
        backups.make(sqlite, path, at=NOON)

    assert caught.value.code == "file-exists"
    assert path.read_bytes() == before


def test_a_folder_that_is_not_there_is_told(sqlite: Holdings, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be written"):
        backups.make(sqlite, tmp_path / "none" / "saved.zip", at=NOON)


# What is no whole backup is not restored.


def with_bytes_changed(path: Path, where: float) -> None:
    data, first = bytearray(path.read_bytes()), int(path.stat().st_size * where)
    # Of a packed run of zeros one byte may be another and unpack to the same.
    for n in range(first, first + 8):
        data[n] ^= 0xFF
    path.write_bytes(data)


def cut(path: Path, where: float) -> None:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * where)])


@pytest.mark.parametrize("where", [0.05, 0.3, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("change", [with_bytes_changed, cut])
def test_a_changed_or_cut_backup_is_refused(
    saved: Path, empty: Holdings, change: Callable[[Path, float], None], where: float
) -> None:
    change(saved, where)

    with pytest.raises(Refused) as caught:
        backups.restore(empty, saved)

    assert caught.value.code == "backup-damaged"
    assert list(empty.home.iterdir()) == []


def anew(path: Path, change: Change) -> None:
    """Write the zip again, its members changed."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def listed(members: Members, **more: Any) -> None:  # noqa: ANN401
    members["backup.json"] = json.dumps(json.loads(members["backup.json"]) | more).encode()


NOTHING = {"size": 0, "sha256": hashlib.sha256().hexdigest()}


def with_a_file(name: str) -> Change:
    """Return a change that adds an empty file, listed as it should be."""

    def change(members: Members) -> None:
        members[name] = b""
        listed(members, files=json.loads(members["backup.json"])["files"] | {name: NOTHING})

    return change


CHANGES: dict[str, tuple[Change, str]] = {
    "a file that is not listed": (lambda m: m.update(more=b""), "backup-damaged"),
    "no contents": (lambda m: m.pop("backup.json"), "backup-damaged"),
    "no database": (lambda m: m.pop("silog.db"), "backup-damaged"),
    "another byte": (lambda m: m.update({"silog.db": m["silog.db"][:-1] + b"?"}), "backup-damaged"),
    "contents are a list": (lambda m: m.update({"backup.json": b"[]"}), "backup-damaged"),
    "contents are cut": (lambda m: m.update({"backup.json": b"{"}), "backup-damaged"),
    "no files": (lambda m: listed(m, files={}), "backup-damaged"),
    "files are a number": (lambda m: listed(m, files=7), "backup-damaged"),
    "no time": (lambda m: listed(m, made_at="noon"), "backup-damaged"),
    "a newer format": (lambda m: listed(m, format=2), "backup-newer"),
    "a newer schema": (lambda m: listed(m, schema="9999"), "database-newer"),
}
ELSEWHERE = [
    "../silog.db", "/etc/passwd", "keys/../../x", "keys//x", "keys\\..\\x", "C:x", "other.txt",
]  # fmt: skip


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_file_that_would_lie_elsewhere_is_refused(
    saved: Path, empty: Holdings, name: str
) -> None:
    anew(saved, with_a_file(name))

    with pytest.raises(Refused) as caught:
        backups.restore(empty, saved)

    assert caught.value.code == "backup-damaged"
    assert list(empty.home.iterdir()) == []


@pytest.mark.parametrize(("change", "code"), CHANGES.values(), ids=CHANGES)
def test_a_zip_that_is_not_as_we_make_them_is_refused(
    saved: Path, empty: Holdings, change: Change, code: str
) -> None:
    anew(saved, change)

    with pytest.raises(Refused) as caught:
        backups.restore(empty, saved)

    assert caught.value.code == code
    assert list(empty.home.iterdir()) == []


def test_a_well_made_file_of_ours_may_be_added(saved: Path, empty: Holdings) -> None:
    anew(saved, with_a_file("keys/more.pem"))

    backups.restore(empty, saved)

    assert (empty.home / "keys" / "more.pem").exists()


def test_a_backup_of_a_broken_chain_is_not_restored(
    sqlite: Holdings, empty: Holdings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tamper(sqlite, "DELETE FROM event WHERE sequence = 1")
    with monkeypatch.context() as unchecked:
        unchecked.setattr(backups, "_must_be_whole", lambda *_, **__: None)
        made = backups.make(sqlite, tmp_path / "saved.zip", at=NOON)

    with pytest.raises(Refused) as caught:
        backups.restore(empty, made)

    assert caught.value.code == "chain-broken"
    assert list(empty.home.iterdir()) == []


def test_a_backup_that_does_not_fit_the_disk_is_refused(
    saved: Path, empty: Holdings, monkeypatch: pytest.MonkeyPatch
) -> None:
    little = shutil.disk_usage(saved)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: little)

    with pytest.raises(Refused) as caught:
        backups.restore(empty, saved)

    assert caught.value.code == "disk-full"


# Nothing is written over, and nothing half done.


@pytest.mark.parametrize("name", ["silog.db", "silog.db-wal", "keys", "attachments", "secret.key"])
def test_what_is_there_is_not_written_over(saved: Path, empty: Holdings, name: str) -> None:
    (empty.home / name).write_bytes(b"mine")

    with pytest.raises(Refused, match=name) as caught:
        backups.restore(empty, saved)

    assert caught.value.code == "home-exists"
    assert files(empty.home) | {name: b"mine"} == {name: b"mine"}
    assert [path.name for path in empty.home.iterdir()] == [name]


def test_a_database_that_holds_something_is_not_written_over(
    database: Database, saved: Path, empty: Holdings
) -> None:
    before = export(database)

    with pytest.raises(Refused) as caught:
        backups.restore(replace(empty, database=database), saved)

    assert caught.value.code == "home-exists"
    assert export(database) == before


def test_a_restore_that_fails_half_way_leaves_nothing(
    holdings: Holdings, elsewhere: Holdings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = backups.make(holdings, tmp_path / "saved.zip", at=NOON)
    move = shutil.move

    def failing(source: Path, target: Path) -> None:
        if target.name == "secret.key" and target.parent == elsewhere.home:
            raise OSError(28, "No space left on device")
        move(source, target)

    monkeypatch.setattr(shutil, "move", failing)
    with pytest.raises(Refused, match="No space left"):
        backups.restore(elsewhere, made)

    assert list(elsewhere.home.iterdir()) == []
    assert elsewhere.database.is_sqlite or copies.is_empty(elsewhere.database)


# Which ones are kept.


def hours(*numbers: float) -> list[datetime]:
    return [NOON + HOUR * number for number in numbers]


EVERY_HOUR_FOR_A_MONTH = hours(*range(24 * 30))


@pytest.mark.parametrize(
    ("made", "going"),
    [
        ([], []),
        (hours(0), []),
        (hours(0, 0.25, 0.5), hours(0, 0.25)),
        (hours(*range(24)), []),
        (hours(*range(-5, 25)), hours(*range(-5, 1))),
        (hours(*range(0, 24 * 24, 24)), []),
        (hours(*range(0, 24 * 60, 24)), hours(*range(0, 24 * 36, 24))),
        ([NOON - DAY * 400, NOON], []),
    ],
    ids=[
        "none", "one", "within an hour", "a day", "thirty hours", "24 days", "two months",
        "after a long rest",
    ],
)  # fmt: skip
def test_superfluous_ones_go(made: list[datetime], going: list[datetime]) -> None:
    assert backups.superfluous(made) == set(going)


def test_the_last_24_hours_and_the_last_of_each_of_14_days_stay() -> None:
    kept = sorted(set(EVERY_HOUR_FOR_A_MONTH) - backups.superfluous(EVERY_HOUR_FOR_A_MONTH))

    assert kept[-24:] == EVERY_HOUR_FOR_A_MONTH[-24:]
    assert len({time.date() for time in kept}) == 14
    assert {time.hour for time in kept[:-24]} == {23}


def test_making_one_lets_superfluous_ones_go_and_nothing_else(sqlite: Holdings) -> None:
    sqlite.folder.mkdir()
    for name in (backups.name_of(NOON), "silog-mine.zip", "before-0002-20260101T000000Z.zip"):
        (sqlite.folder / name).touch()

    made = backups.make_and_keep(sqlite, at=NOON + MINUTE)

    left = {path.name for path in sqlite.folder.iterdir()}
    assert left == {made.name, "silog-mine.zip", "before-0002-20260101T000000Z.zip"}
    assert made.name == "silog-20260202T050100Z.zip"


def test_what_a_power_cut_left_goes_after_a_day(sqlite: Holdings) -> None:
    left = sqlite.folder / ".silog-backup-x"
    left.mkdir(parents=True)

    backups.make_and_keep(sqlite, at=datetime.now(NOON.tzinfo))
    young = left.exists()
    backups.make_and_keep(sqlite, at=datetime.now(NOON.tzinfo) + 2 * DAY)

    assert (young, left.exists()) == (True, False)


@pytest.mark.parametrize(
    ("age", "scans", "due"),
    [
        (30 * MINUTE, True, False),
        (61 * MINUTE, True, True),
        (61 * MINUTE, False, False),
        (25 * HOUR, False, True),
        (-DAY, False, True),
    ],
    ids=["too soon", "an hour later", "nothing came", "daily anyway", "dated by a wrong clock"],
)
def test_when_a_backup_is_due(sqlite: Holdings, age: timedelta, scans: bool, due: bool) -> None:
    backups.make_and_keep(sqlite, at=NOON)
    if scans:
        Desk(sqlite.database.writing, sqlite.home).scan()

    assert backups.is_due(sqlite, NOON + age) is due


def test_the_first_backup_is_due_at_once(sqlite: Holdings) -> None:
    assert backups.is_due(sqlite, NOON)
