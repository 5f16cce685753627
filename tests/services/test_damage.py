"""A damaged database is noticed, named, and its way out told in words that can be copied."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from silog_scan.core.errors import NotFound, Refused, say
from silog_scan.services import backups, damage
from silog_scan.services.backups import Holdings
from silog_scan.store import copies
from silog_scan.store.db import DAMAGED, Database
from tests.conftest import NOON, sqlite_url

HOUR = timedelta(hours=1)


@pytest.fixture
def holdings(sqlite_home: Path) -> Holdings:
    database = Database(sqlite_url(sqlite_home / "silog.db"))
    return Holdings(database, sqlite_home, sqlite_home / "backups")


def spoil(home: Path) -> None:
    with (home / "silog.db").open("r+b") as file:
        file.seek(4096 * 20)
        file.write(b"\xff" * 4096 * 10)


def told(holdings: Holdings) -> str:
    with pytest.raises(Refused) as caught, damage.named(holdings, NOON + HOUR):
        damage.is_seen_whole(holdings)
    assert caught.value.code == DAMAGED
    return str(caught.value)


def test_a_sound_database_is_seen_whole(database: Database, tmp_path: Path) -> None:
    assert damage.is_seen_whole(Holdings(database, tmp_path, tmp_path), damage.AT_START)


def test_a_database_that_is_not_made_yet_is_sound(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "silog.db"))

    assert damage.is_seen_whole(Holdings(database, tmp_path, tmp_path))
    assert list(tmp_path.iterdir()) == []


MANY = """
INSERT INTO place (code, name, level) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL
SELECT i + 1 FROM n WHERE i < 60000) SELECT 'x' || i, hex(randomblob(50)), 'village' FROM n"""


class Impatient:
    """A timer that rings at once, again and again, until it is stopped."""

    def __init__(self, _: float, ring: Callable[[], None]) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(ring,))
        self.start, self.join, self.cancel = self._thread.start, self._thread.join, self._over.set

    def _work(self, ring: Callable[[], None]) -> None:
        while not self._over.is_set():
            ring()


def test_the_look_ends_when_its_time_is_over(
    holdings: Holdings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "Timer", Impatient)
    with holdings.database.writing() as session:  # more than can be seen before the first ring
        session.execute(text(MANY))

    assert not damage.is_seen_whole(holdings, 0)


def test_without_a_backup_what_can_be_read_is_offered(holdings: Holdings) -> None:
    spoil(holdings.home)

    sentence = told(holdings)

    assert str(holdings.home / "silog.db") in sentence
    assert f"there is no backup in {holdings.folder}" in sentence
    assert "silog-scan ledger export --damaged" in sentence


def test_the_last_backup_is_named_where_it_will_lie(holdings: Holdings) -> None:
    backups.make_and_keep(holdings, at=NOON - HOUR)
    made = backups.make_and_keep(holdings, at=NOON)
    spoil(holdings.home)

    sentence = told(holdings)

    aside = f"{holdings.home}-damaged"
    assert f"rename the folder {holdings.home} to {aside}" in sentence
    assert sentence.endswith(f"silog-scan restore {aside}/backups/{made.name}")
    assert "of 2026-02-02 05:00 UTC" in sentence


@pytest.mark.parametrize("left", [b"", b"no zip"])
def test_a_backup_that_cannot_be_read_is_not_the_last_good_one(
    holdings: Holdings, left: bytes
) -> None:
    made = backups.make_and_keep(holdings, at=NOON - HOUR)
    (holdings.folder / backups.name_of(NOON)).write_bytes(left)
    spoil(holdings.home)

    assert made.name in told(holdings)


def test_a_backup_dated_by_a_wrong_clock_is_not_the_last_one(holdings: Holdings) -> None:
    made = backups.make_and_keep(holdings, at=NOON)
    backups.make_and_keep(holdings, at=NOON + 9 * HOUR)
    spoil(holdings.home)

    assert made.name in told(holdings)


def test_a_path_with_a_space_can_be_copied(tmp_path: Path, sqlite_home: Path) -> None:
    home = tmp_path / "Application Support"
    home.mkdir()
    (sqlite_home / "silog.db").rename(home / "silog.db")
    holdings = Holdings(Database(sqlite_url(home / "silog.db")), home, home / "backups")
    backups.make_and_keep(holdings, at=NOON)
    spoil(home)

    assert f'silog-scan restore "{home}-damaged/' in told(holdings)


def test_another_refusal_passes_as_it_is(holdings: Holdings) -> None:
    refusal = NotFound("x", say("Not here."))

    with pytest.raises(NotFound) as caught, damage.named(holdings, NOON):
        raise refusal

    assert caught.value is refusal
