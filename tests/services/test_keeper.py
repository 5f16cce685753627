"""Backups by the clock and when asked; whatever fails, the station lives on."""

import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from silog_scan.services import backups
from silog_scan.services import keeper as keepers
from silog_scan.services.backups import Holdings
from silog_scan.services.keeper import Keeper
from silog_scan.store.db import Database
from tests.conftest import NOON, sqlite_url
from tests.desk import Desk
from tests.web.conftest import Clock

WITHIN = 20.0
HOUR = timedelta(hours=1)
Wait = Callable[[int], list[str]]


@pytest.fixture
def holdings(sqlite_home: Path) -> Holdings:
    database = Database(sqlite_url(sqlite_home / "silog.db"))
    return Holdings(database, sqlite_home, sqlite_home / "backups")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keeper(holdings: Holdings, clock: Clock) -> Iterator[Keeper]:
    keeper = Keeper(holdings, clock)
    yield keeper
    keeper.stop()


@pytest.fixture
def after(monkeypatch: pytest.MonkeyPatch, holdings: Holdings) -> Wait:
    """Give a wait for so many looks whether a backup is due, that returns the backups' names."""
    looked = threading.Condition()
    begun = [0]
    is_due = backups.is_due

    def counted(*given: object) -> bool:
        with looked:
            begun[0] += 1
            looked.notify_all()
        return is_due(*given)  # type: ignore[arg-type]  # handed on

    def wait(more: int) -> list[str]:
        with looked:  # the last one is over when another begins
            last = begun[0] + more + 1
            assert looked.wait_for(lambda: begun[0] >= last, WITHIN)
        return [backup.path.name for backup in backups.backups(holdings.folder)]

    monkeypatch.setattr(backups, "is_due", counted)
    return wait


def test_the_first_is_made_soon_after_the_start(keeper: Keeper, after: Wait) -> None:
    keeper.start(first=0, every=0.01)

    assert after(3) == [backups.name_of(NOON)]


def test_another_is_made_an_hour_later_if_anything_came(
    keeper: Keeper, after: Wait, holdings: Holdings, clock: Clock
) -> None:
    keeper.start(first=0, every=0.01)
    after(1)

    clock.go_on(HOUR)
    idle = after(2)
    Desk(holdings.database.writing, holdings.home).scan()

    assert len(idle) == 1
    assert len(after(2)) == 2


def test_a_failure_is_kept_logged_and_passes(
    keeper: Keeper, holdings: Holdings, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger(keepers.__name__).disabled = False  # import-linter's test disables all
    holdings.folder.write_text("a file in the way")

    keeper.ask(WITHIN)
    failed = keeper.state()
    holdings.folder.unlink()
    keeper.ask(WITHIN)

    assert "cannot be written" in str(failed.problem)
    assert "no backup" in caplog.text
    assert failed.newest is None
    assert keeper.state().newest
    assert keeper.state().problem is None


def test_what_nobody_foresaw_is_kept_too(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the roof is open")

    monkeypatch.setattr(backups, "make_and_keep", fail)

    keeper.ask(WITHIN)

    assert "the roof is open" in str(keeper.state().problem)
    assert not keeper.state().is_busy


def test_a_database_that_vanished_does_not_end_the_schedule(
    keeper: Keeper, after: Wait, holdings: Holdings, clock: Clock
) -> None:
    keeper.start(first=0, every=0.01)
    after(1)
    shutil.move(holdings.folder, holdings.home / "elsewhere")
    holdings.folder.write_text("a file in the way")
    after(2)

    assert keeper.state().problem
    holdings.folder.unlink()
    clock.go_on(HOUR)
    assert len(after(2)) == 1


def test_two_at_once_are_one(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(*_: object, **__: object) -> None:
        begun.set()
        assert go_on.wait(WITHIN)

    monkeypatch.setattr(backups, "make_and_keep", slow)
    keeper.ask(0)
    assert begun.wait(WITHIN)

    assert keeper.state().is_busy
    assert keeper.make() is None
    go_on.set()


def test_damage_the_start_had_no_time_for_is_found_beside_the_work(
    keeper: Keeper, after: Wait, holdings: Holdings
) -> None:
    backups.make_and_keep(holdings, at=NOON)
    with (holdings.home / "silog.db").open("r+b") as file:
        file.seek(4096 * 20)
        file.write(b"\xff" * 4096 * 10)

    keeper.start(first=0, every=0.01, seen=False)
    after(0)

    assert "--damaged" in str(keeper.state().problem)
