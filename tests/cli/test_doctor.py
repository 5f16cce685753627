"""``doctor``: one line for each thing, ok or what to do."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import FIXTURES, Run


@pytest.mark.usefixtures("home")
def test_a_sound_station_is_told_line_by_line(run: Run) -> None:
    done = run("doctor")

    assert {line.split()[1] for line in done.lines} == {
        "database",
        "drive",
        "disk",
        "clock",
        "ledger",
        "key",
        "certificate",
        "backup",
        "engine",
        "speed",
        "camera",
    }
    assert done.code == int(any(line.startswith("--") for line in done.lines))


@pytest.mark.usefixtures("home")
def test_json_is_one_object(run: Run) -> None:
    done = run("doctor", "--json")

    found = json.loads(done.out)
    assert set(found) == {"at", "findings"}
    assert all(set(finding) == {"name", "ok", "message"} for finding in found["findings"])


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("camera", "mark"),
    [
        ("none", "ok"),
        (str(FIXTURES / "film.mjpeg"), "ok"),
        ("9", "--"),
        ("nowhere.mp4", "--"),
        (__file__, "--"),
    ],
)
def test_the_camera_is_opened_once(run: Run, camera: str, mark: str) -> None:
    done = run("doctor", SILOG_CAMERA=camera)

    assert done.lines[-1].split()[:2] == [mark, "camera"]


def test_a_database_server_that_is_not_there_is_a_finding(run: Run, tmp_path: Path) -> None:
    done = run("doctor", SILOG_DATABASE="postgresql://silog@127.0.0.1:1/silog")

    assert done.code == 1
    assert done.lines[0].startswith("--  database")
    assert list(tmp_path.iterdir()) == []


def test_an_altered_event_and_a_lost_key_are_found(run: Run, home: Path) -> None:
    run("ledger", "checkpoint")
    shutil.rmtree(home / "keys")
    with sqlite3.connect(home / "silog.db") as database:
        database.execute("DROP TRIGGER event_no_update")
        database.execute("UPDATE event SET kind = 'other' WHERE sequence = 1")
    database.close()

    found = {line.split()[1]: line for line in run("doctor").lines}

    assert "was altered" in found["ledger"]
    assert "is not in" in found["key"]
    assert {found[name][:2] for name in ("ledger", "key")} == {"--"}
