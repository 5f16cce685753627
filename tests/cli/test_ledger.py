"""``ledger``: check the chains, write them out, make the projections anew."""

import hashlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from silog_scan.core.events import GENESIS, canonical, digest
from silog_scan.serving import lock
from tests.cli.conftest import ALL_OF_IT, FIXTURES, Json, Run

pytestmark = pytest.mark.usefixtures("delivery")


@pytest.fixture
def log(run: Run, delivery: Path) -> list[Json]:
    """Give the export of a whole delivery."""
    assert delivery.exists()
    run("scan", "-", "--manifest", "SJ-1", input=ALL_OF_IT)
    return run("ledger", "export").objects


def written(log: list[Json]) -> str:
    return "".join(f"{canonical(event).decode()}\n" for event in log)


def test_the_export_is_the_contracts(log: list[Json]) -> None:
    assert [event["sequence"] for event in log] == list(range(1, len(log) + 1))
    assert log[0]["previous"] == GENESIS
    assert set(log[0]) == {
        "station",
        "sequence",
        "id",
        "kind",
        "at",
        "body",
        "previous",
        "digest",
    }


def test_a_stranger_can_check_a_digest(run: Run, log: list[Json]) -> None:
    line = run("ledger", "export").lines[-1]

    event = json.loads(line)
    claimed = event.pop("digest")
    text = json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(text.encode()).hexdigest() == claimed
    assert claimed == log[-1]["digest"]


def test_events_stand_by_station_then_sequence(run: Run) -> None:
    run("station", "add", "Belawan", "--place", "12.71.01")

    stations = [event["station"] for event in run("ledger", "export").objects]

    assert stations == sorted(stations)


def test_a_whole_record_is_unbroken(run: Run, log: list[Json]) -> None:
    done = run("ledger", "verify")

    assert (done.code, len(done.lines)) == (0, 1)
    assert log[-1]["digest"] in done.out


@pytest.mark.parametrize("way", ["file", "standard input"])
def test_an_export_is_checked_without_any_home(
    run: Run, log: list[Json], tmp_path: Path, way: str
) -> None:
    path = tmp_path / "export.jsonl"
    path.write_text(written(log))
    source, typed = (path, "") if way == "file" else ("-", written(log))

    done = run("ledger", "verify", source, input=typed, SILOG_HOME=str(tmp_path / "none"))

    assert (done.code, done.err) == (0, "")
    assert log[-1]["digest"] in done.out
    assert not (tmp_path / "none").exists()


def altered(log: list[Json]) -> list[Json]:
    return [*log[:3], log[3] | {"at": "2020-01-01T00:00:00.000Z"}, *log[4:]]


def without_one(log: list[Json]) -> list[Json]:
    return [*log[:3], *log[4:]]


def swapped(log: list[Json]) -> list[Json]:
    return [*log[:3], log[4], log[3], *log[5:]]


def forged(log: list[Json]) -> list[Json]:
    made = log[3] | {"body": log[3]["body"] | {"place": "12.75"}}
    made.pop("digest")
    return [*log[:3], made | {"digest": digest(made)}, *log[4:]]


def without_the_first(log: list[Json]) -> list[Json]:
    return log[1:]


def twice(log: list[Json]) -> list[Json]:
    return [*log[:4], *log[3:]]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (altered, 4),
        (without_one, 5),
        (swapped, 5),
        (forged, 5),
        (without_the_first, 2),
        (twice, 4),
    ],
)
def test_a_changed_export_is_three_and_names_the_first_bad_event(
    run: Run, log: list[Json], change: Callable[[list[Json]], list[Json]], named: int
) -> None:
    done = run("ledger", "verify", "-", input=written(change(log)))

    assert (done.code, len(done.lines)) == (3, 1)
    assert f"Event {named} of station Gudang Medan" in done.out


ODD = {"station": "a", "sequence": 1, "id": "x", "kind": "k", "at": "t", "previous": GENESIS}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", 1),
        (b"\n\n", 1),
        (b"nonsense\n", 1),
        (b"{}\n", 1),
        (b"[]\n", 1),
        (b"null\n", 1),
        (b"\xff\xfe\x00", 1),
        ((FIXTURES / "photos" / "one.jpg").read_bytes(), 1),
        (b"[" * 200_000, 1),
        (json.dumps(ODD | {"body": {"n": float("nan")}, "digest": "x"}).encode(), 1),
        (json.dumps(ODD | {"body": {"n": 0.5}, "digest": "x"}).encode(), 1),
        (json.dumps(ODD | {"body": {}, "digest": "x", "more": 1}).encode(), 1),
        (json.dumps(ODD | {"body": {"s": "\ud800"}, "digest": GENESIS}).encode(), 1),
        (json.dumps(ODD | {"body": {}, "digest": GENESIS}).encode(), 1),
        (canonical(ODD | {"body": {}, "digest": GENESIS}).replace(b'"at"', b'"at":"x","at"'), 1),
        (canonical(ODD | {"body": {}, "digest": GENESIS}), 3),
        (json.dumps(ODD | {"sequence": [], "body": {}, "digest": "x"}).encode(), 1),
        (json.dumps(ODD | {"station": None, "body": [], "digest": 7}).encode(), 1),
    ],
)
def test_what_is_no_export_is_told(run: Run, data: bytes, code: int) -> None:
    done = run("ledger", "verify", "-", input=data)

    assert done.code == code
    assert len((done.out + done.err).splitlines()) == 1


def tamper(home: Path, statement: str) -> None:
    with sqlite3.connect(home / "silog.db") as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            database.execute(f"DROP TRIGGER {name}")
        database.execute(statement)
    database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET body = replace(body, '12.71', '12.75') WHERE sequence = 3",
        "DELETE FROM event WHERE sequence = 2",
        "UPDATE event SET digest = previous WHERE sequence = 3",
    ],
)
@pytest.mark.usefixtures("log")
def test_a_tampered_database_is_three(run: Run, home: Path, statement: str) -> None:
    tamper(home, statement)

    done = run("ledger", "verify")

    assert done.code == 3
    assert "Event 3 of station" in done.out


@pytest.mark.usefixtures("log")
def test_a_rebuild_changes_nothing_that_was_right(run: Run) -> None:
    before = run("reconcile", "SJ-1", "--format", "json").out

    checked, rebuilt = run("ledger", "rebuild", "--check"), run("ledger", "rebuild")

    assert (checked.code, rebuilt.code) == (0, 0)
    assert run("reconcile", "SJ-1", "--format", "json").out == before


@pytest.mark.usefixtures("log")
def test_a_projection_that_differs_is_three_and_is_made_anew(run: Run, home: Path) -> None:
    tamper(home, "UPDATE stock SET quantity = quantity + 1")

    checked, again = run("ledger", "rebuild", "--check"), run("ledger", "rebuild", "--check")
    rebuilt = run("ledger", "rebuild")

    assert (checked.code, again.code, rebuilt.code) == (3, 3, 0)
    assert "stock" in checked.out
    assert run("ledger", "rebuild", "--check").code == 0


def test_a_rebuild_waits_for_the_server_to_stop(run: Run, home: Path) -> None:
    with lock(home):
        rebuilt, checked = run("ledger", "rebuild"), run("ledger", "rebuild", "--check")

    assert (rebuilt.code, checked.code) == (1, 0)
    assert "Stop it first" in rebuilt.err


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252", "utf-16"])
@pytest.mark.usefixtures("log")
def test_an_export_is_utf8_whatever_the_terminal_is(program: Run, encoding: str) -> None:
    text = "Kotak \u00e9 \U0001f4e6"
    program("scan", "-", input=text.encode(), PYTHONIOENCODING=encoding)

    done = program("ledger", "export", PYTHONIOENCODING=encoding)

    assert done.objects[-1]["body"]["text"] == text
    verified = program("ledger", "verify", "-", input=done.out.encode(), PYTHONIOENCODING=encoding)
    assert verified.code == 0, verified.err


# Checkpoints.


@pytest.fixture
def paper(run: Run, log: list[Json], tmp_path: Path) -> Path:
    """Give a checkpoint as somebody keeps it."""
    assert log
    path = tmp_path / "paper.txt"
    path.write_text(run("ledger", "checkpoint").out, encoding="utf-8")
    return path


def test_an_export_is_held_against_a_checkpoint_and_its_key(
    run: Run, paper: Path, tmp_path: Path
) -> None:
    run("scan", "-", "--manifest", "SJ-1", input="1271-KS-000002\n")
    export, key = tmp_path / "export.jsonl", run("ledger", "key").lines[0]
    export.write_text(run("ledger", "export").out, encoding="utf-8")

    done = run("ledger", "verify", export, "--checkpoint", paper, "--key", key)

    assert (done.code, done.lines[-1]) == (0, "Its signature is good.")


def test_a_checkpoint_of_another_ledger_does_not_fit(run: Run, paper: Path) -> None:
    name, size, _, *rest = paper.read_text(encoding="utf-8").split("\n")
    paper.write_text("\n".join([name, size, "A" * 43 + "=", *rest]), encoding="utf-8")

    done = run("ledger", "verify", "--checkpoint", paper)

    assert (done.code, done.lines[-1][:20]) == (3, "These are not the ev")


@pytest.mark.parametrize("data", [b"", b"a\nb\n", b"\xff\xfe", b"x\n1\n!!!\n"])
def test_what_is_no_checkpoint_is_told(run: Run, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "paper.txt"
    path.write_bytes(data)

    done = run("ledger", "verify", "--checkpoint", path)

    assert (done.code, len(done.err.splitlines())) == (1, 1)


def test_a_replaced_key_is_another(run: Run, paper: Path) -> None:
    before = run("ledger", "key").lines[0]

    after = run("ledger", "key", "--replace").lines[0]

    assert before != after == run("ledger", "key").lines[0]
    assert run("ledger", "verify", "--checkpoint", paper).code == 0


def test_closing_makes_a_checkpoint(run: Run, log: list[Json], home: Path) -> None:
    assert log
    run("manifest", "close", "SJ-1")

    with sqlite3.connect(home / "silog.db") as database:
        kept = database.execute("SELECT reason FROM checkpoint").fetchall()
    database.close()
    assert kept == [("closing",)]


def test_the_imported_files_come_with_an_export(run: Run, log: list[Json], tmp_path: Path) -> None:
    assert log
    folder = tmp_path / "files"

    run("ledger", "export", "--attachments", folder)

    assert {path.suffix for path in folder.iterdir()} == {".csv", ".json"}
    assert run("ledger", "verify", "--attachments", folder).code == 0
