"""The sample delivery: its film and photos are read, its manifests imported, and both agree."""

import importlib.util
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

from silog_scan.core.agreement import Reading
from silog_scan.core.codes import Modifiers
from silog_scan.core.manifests import Defaults
from silog_scan.core.stock import Condition, Task
from silog_scan.services import homes, imports, intake, scanning, uploads
from silog_scan.services.actors import Actor, Role
from silog_scan.services.intake import Preview
from silog_scan.services.passwords import NewPassword
from silog_scan.services.scanning import Result, Submission
from silog_scan.services.watching import command_of
from silog_scan.store import queries
from silog_scan.store.db import Database
from silog_scan.vision.watch import read_source

NOON = datetime(2026, 2, 2, 5, tzinfo=UTC)
FIXTURES = Path(__file__).parent.parent / "fixtures"
FILM = json.loads((FIXTURES / "film.json").read_text())
MEDAN, BINJAI = FIXTURES / "SJ-1271-0147.csv", FIXTURES / "SJ-1275-0021.csv"


@dataclass(frozen=True)
class Passing:
    """What the film shows: the readings in order, each with its second."""

    readings: list[Reading]
    seconds: list[float]


@pytest.fixture(scope="module")
def film() -> Passing:
    seen = list(read_source(FIXTURES / "film.mjpeg"))
    return Passing([reading for _, reading in seen], [frame.at for frame, _ in seen])


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make", FIXTURES / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def medan(sqlite_home: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{sqlite_home / 'silog.db'}")
    yield database
    database.close()


@pytest.fixture
def binjai(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'binjai.db'}")
    homes.open_home(database)
    founding = homes.Founding(
        "12.75", "12.75", "Gudang Binjai", "admin", NewPassword("correct horse battery")
    )
    with database.writing() as session:
        homes.found(session, founding, NOON)
    yield database
    database.close()


def imported(database: Database, actor: Actor, file: Path) -> Preview:
    folder = Path(str(database.engine.url.database)).parent
    waiting = folder / "uploads"
    kept = uploads.kept(waiting, uploads.keep(waiting, [file.read_bytes()], at=NOON))
    with database.writing() as session:
        seen = intake.look(session, actor, kept, Defaults())
        imports.store(
            lambda call: call(session), actor, seen, attachments=folder / "files", at=NOON
        )
    return seen


def answered(database: Database, actor: Actor, readings: list[Reading]) -> list[str]:
    """Receive what the film shows as a station does: a command changes the scan after it."""
    said, outcomes = Modifiers(), []
    for reading in readings:
        command = command_of(reading)
        if command:
            said = said.after(command)
            outcomes.append("command")
        else:
            outcomes.append(received(database, actor, reading, said).outcome.value)
            said = Modifiers()
    return outcomes


def received(database: Database, actor: Actor, reading: Reading, said: Modifiers) -> Result:
    scan = scanning.scan_of(
        reading.as_scanned,
        actor=actor,
        task=Task.RECEIVE,
        place=FILM["place"],
        at=NOON,
        manifest=FILM["manifest"],
        symbology=reading.symbology,
        quantity=said.quantity,
        condition=Condition.DAMAGED if said.damaged else None,
    )
    handed_in = Submission(actor, Task.RECEIVE, scan.place, (scan,), NOON, scan.manifest)
    with database.writing() as session:
        [answers] = scanning.record(session, [handed_in])
    assert isinstance(answers, list)
    [answer] = answers
    assert isinstance(answer, Result)
    return answer


def test_the_film_shows_its_labels_in_order(film: Passing) -> None:
    expected = [(shown["text"], shown["symbology"]) for shown in FILM["shown"]]

    read = [(reading.text, reading.symbology) for reading in film.readings]

    assert read == expected


def test_two_labels_of_the_film_are_read_at_once(film: Passing) -> None:
    together = len(film.seconds) - len(set(film.seconds))

    assert together == 1


def test_the_photo_of_one_label_is_read() -> None:
    texts = [reading.text for _, reading in read_source(FIXTURES / "photos" / "one.jpg")]

    assert texts == ["1271-KS-004512"]


def test_the_photo_of_a_pallet_gives_all_twelve(script: ModuleType) -> None:
    texts = {reading.text for _, reading in read_source(FIXTURES / "photos" / "twelve.jpg")}

    assert len(texts) == 12
    assert texts == set(script.PALLET)


def test_every_printed_label_reads_as_its_file_is_named() -> None:
    read = {(frame.name, reading.text) for frame, reading in read_source(FIXTURES / "labels")}

    assert read == {(path.name, path.stem) for path in (FIXTURES / "labels").iterdir()}


def test_the_manifests_are_files_as_excel_in_indonesia_saves_them() -> None:
    data = MEDAN.read_bytes()

    assert data.startswith("\ufeffNomor Manifest;Asal;Penerima;Kode Koli;".encode())
    assert data.count(b"\n") == data.count(b"\r\n") == 129


def test_the_city_s_manifest_is_imported_whole(medan: Database, rina: Actor) -> None:
    seen = imported(medan, rina, MEDAN)

    assert (seen.numbers, seen.problems, seen.warnings) == (["SJ-1271-0147"], (), ())
    assert seen.accepted == 128


def test_the_other_manifest_is_imported_by_its_own_city(binjai: Database) -> None:
    wayan = Actor("Gudang Binjai", "12.75", Role.STAFF, user="wayan")

    seen = imported(binjai, wayan, BINJAI)

    assert (seen.numbers, seen.problems, seen.accepted) == (["SJ-1275-0021"], (), 52)
    assert b"1275-KS-004503" in seen.file.read_bytes()


def test_receiving_the_film_answers_as_it_says(medan: Database, rina: Actor, film: Passing) -> None:
    imported(medan, rina, MEDAN)

    outcomes = answered(medan, rina, film.readings)

    assert outcomes == [shown["outcome"] for shown in FILM["shown"]]


def test_the_film_leaves_a_line_of_every_status_and_an_extra_of_each_kind(
    medan: Database, rina: Actor, film: Passing
) -> None:
    imported(medan, rina, MEDAN)
    answered(medan, rina, film.readings)

    with medan.reading() as session:
        found = queries.totals_of(session, ["SJ-1271-0147"], Task.RECEIVE)["SJ-1271-0147"]
        kinds = {extra.outcome for extra in queries.extras(session, "SJ-1271-0147")}

    assert (found.lines, found.matched, found.missing) == (128, 6, 119)
    assert (found.short, found.surplus, found.damaged, found.extras) == (1, 1, 1, 3)
    assert kinds == {"unexpected", "unknown", "wrong-destination"}


@pytest.mark.parametrize("name", [MEDAN.name, BINJAI.name, "film.json"])
def test_the_script_makes_the_same_text_again(script: ModuleType, name: str) -> None:
    made = next(data for file, data in script.files() if file == name)

    assert made == (FIXTURES / name).read_bytes()


def test_the_sample_delivery_stays_small() -> None:
    sizes = [path.stat().st_size for path in FIXTURES.rglob("*") if path.is_file()]

    assert sum(sizes) < 6_000_000
