"""What a damaged file still holds comes out, in the export's own words, and the rest is counted."""

import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from silog_scan.services import ledgers, salvage
from silog_scan.store.db import Database
from tests.conftest import sqlite_url
from tests.desk import OTHER_DESK, Desk

PAGE = 4096
LONG = "kotak " * 600
"""A text that does not fit one page of the file."""


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """Give a file of two stations' work on many pages; the newest events stand in the WAL only."""
    path = tmp_path_factory.mktemp("worked") / "silog.db"
    shutil.copyfile(sqlite_template, path)
    database = Database(sqlite_url(path))
    desk = Desk(database.writing, path.parent)
    desk.sends(*[desk.made(f"1271-KS-{number:06}") for number in range(300)])
    desk.of(OTHER_DESK).scan(LONG)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    connection = database.engine.connect()  # the last to close would empty the WAL
    desk.scan(f"é {LONG}")
    shutil.copytree(path.parent, path.parent / "kept")
    connection.close()
    database.close()
    return path.parent / "kept" / "silog.db"


@pytest.fixture
def file(worked: Path, tmp_path: Path) -> Path:
    """Give a copy that a test may damage."""
    for path in worked.parent.glob("silog.db*"):
        shutil.copyfile(path, tmp_path / path.name)
    return tmp_path / "silog.db"


@pytest.fixture
def whole(file: Path) -> list[str]:
    """Give what the undamaged file exports."""
    shutil.copytree(file.parent, file.parent / "apart")
    database = Database(sqlite_url(file.parent / "apart" / "silog.db"))
    with database.reading() as session:
        lines = list(ledgers.export(session))
    database.close()
    return lines


def saved(file: Path) -> tuple[list[str], list[str], bool]:
    """Return the lines read, what is said of them, and whether nothing is lost."""
    with salvage.opened(file) as found:
        lines = list(found.lines())
        return lines, [str(sentence) for sentence in found.sentences()], found.is_whole


def spoil(file: Path, *numbers: int) -> None:
    """Overwrite pages by what is no page."""
    with file.open("r+b") as data:
        for number in numbers:
            data.seek((number - 1) * PAGE)
            data.write(random.Random(number).randbytes(PAGE))  # noqa: S311


def pages_of(file: Path, mark: bytes, kind: int) -> Iterator[int]:
    """Yield the pages of a kind that hold a mark."""
    data = file.read_bytes()
    for at in range(0, len(data), PAGE):
        page = data[at : at + PAGE]
        if page[0] == kind and mark in page:
            yield at // PAGE + 1


def events_on(file: Path) -> list[int]:
    return list(pages_of(file, b'"outcome":', 0x0D))


def test_an_undamaged_file_exports_the_same(file: Path, whole: list[str]) -> None:
    lines, told, is_whole = saved(file)

    assert lines == whole
    assert is_whole
    assert told == [
        "Gudang Medan: 303 events were read, the last is event 303; at least 0 are lost.",
        "Meja 2: 1 events were read, the last is event 1; at least 0 are lost.",
    ]


def test_a_bad_page_loses_what_stood_on_it_and_no_more(file: Path, whole: list[str]) -> None:
    spoil(file, events_on(file)[5])

    lines, told, is_whole = saved(file)

    lost = len(whole) - len(lines)
    assert 0 < lost < 10
    assert [line for line in whole if line in set(lines)] == lines
    assert f"at least {lost} are lost" in told[0]
    assert told[1].startswith("Gudang Medan: the chain breaks at event ")
    assert not is_whole


@pytest.mark.parametrize("what", ["head", "tree"])
def test_what_leads_to_the_events_is_not_needed(file: Path, whole: list[str], what: str) -> None:
    inner = [n for n in range(1, file.stat().st_size // PAGE) if kind_of(file, n) == 0x05]
    spoil(file, *([1] if what == "head" else inner))

    assert saved(file)[0] == whole


def kind_of(file: Path, number: int) -> int:
    with file.open("rb") as data:
        data.seek((number - 1) * PAGE)
        return data.read(1)[0]


def test_the_newest_events_are_read_from_the_wal(file: Path, whole: list[str]) -> None:
    file.with_name("silog.db-wal").unlink()

    lines = saved(file)[0]

    assert lines == [line for line in whole if '"sequence":303' not in line]


def test_a_cut_file_gives_what_is_left(file: Path, whole: list[str]) -> None:
    file.with_name("silog.db-wal").unlink()
    with file.open("r+b") as data:
        data.truncate(events_on(file)[20] * PAGE + 100)

    lines, _, is_whole = saved(file)

    assert 20 < len(lines) < len(whole)
    assert set(lines) < set(whole)
    assert not is_whole


def test_an_altered_event_is_shown_as_it_is_and_named(file: Path, whole: list[str]) -> None:
    data = file.read_bytes()
    file.write_bytes(data.replace(b'"text":"1271-KS-000100"', b'"text":"1271-KS-999999"'))

    lines, told, _ = saved(file)

    altered = [line for line in lines if "999999" in line]
    assert len(altered) == 1
    assert len(lines) == len(whole)
    assert told[1] == "Gudang Medan: the chain breaks at event 103."


def test_a_station_of_a_misread_name_is_not_made_up(file: Path, whole: list[str]) -> None:
    page = events_on(file)[5]
    data = bytearray(file.read_bytes())
    at = data.index(b"Gudang Medan", (page - 1) * PAGE)
    data[at] = ord("H")
    file.write_bytes(data)

    lines, _, _ = saved(file)

    assert len(lines) == len(whole) - 1
    assert "Hudang" not in "".join(lines)


@pytest.mark.parametrize("seed", range(12))
def test_no_damage_stops_it_or_makes_up_an_event(file: Path, whole: list[str], seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    data = bytearray(file.read_bytes())
    for _ in range(100):
        data[chance.randrange(len(data))] = chance.randrange(256)
    file.write_bytes(data)

    lines, _, _ = saved(file)

    true = set(whole)
    assert len(true & set(lines)) > len(whole) * 0.8
    assert {json.loads(line)["station"] for line in lines} <= {"Gudang Medan", "Meja 2"}


@pytest.mark.parametrize("make", [bytes, lambda n: b"This is a shopping list. " * n])
def test_a_file_without_any_event_is_told(tmp_path: Path, make: Callable[[int], bytes]) -> None:
    path = tmp_path / "silog.db"
    path.write_bytes(make(1_000))

    assert saved(path) == (
        [], ["No event can be read any more. Restore the last good backup."], False,
    )  # fmt: skip
