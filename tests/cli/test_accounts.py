"""``user`` and ``station``: who may sign in, and which devices have a token."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from silog_scan.services import sign_ins, stations
from silog_scan.services.stations import Ended
from silog_scan.store.db import Database
from tests.cli.conftest import Run
from tests.conftest import NOON, PASSWORD

RINA = ("user", "add", "rina", "--role", "staff", "--password-file", "-")


def test_a_person_is_added_listed_and_disabled(run: Run, home: Path) -> None:
    added = run(*RINA, "--place", "12.71.01", input=f"{PASSWORD}\r\n")
    listed = run("user", "list").lines

    disabled = run("user", "disable", "rina")

    assert (added.code, disabled.code) == (0, 0)
    assert listed[1].split() == ["rina", "staff", "12.71.01", "-"]
    assert run("user", "list").lines[1].split()[-1] == "disabled"
    assert PASSWORD not in run("ledger", "export").out
    assert "rina" not in run("ledger", "export").out
    assert home.exists()


def test_a_new_password_is_the_one_that_counts(run: Run, home: Path) -> None:
    run("user", "password", "admin", "--password-file", "-", input="another horse battery\n")

    database = Database(f"sqlite:///{home / 'silog.db'}")
    with database.reading() as session:
        found = sign_ins.check_password(session, "admin", "another horse battery")
    database.close()
    assert found.name == "admin"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("words", "password", "told"),
    [
        ((*RINA, "--place", "12.75"), PASSWORD, "12.75"),
        ((*RINA, "--place", "12.71.99"), PASSWORD, "12.71.99"),
        (RINA, "short", "password"),
        (RINA, "", "password"),
        (RINA, "x" * 300, "password"),
        (("user", "add", "admin", *RINA[3:]), PASSWORD, "admin"),
        (("user", "add", " ", *RINA[3:]), PASSWORD, "name"),
        (("user", "add", "a\nb", *RINA[3:]), PASSWORD, "name"),
        (("user", "disable", "nobody"), "", "nobody"),
        (("user", "password", "nobody", "--password-file", "-"), PASSWORD, "nobody"),
        (("user", "password", "admin", "--password-file", "-"), "short", "password"),
        (("user", "password", "admin"), PASSWORD, "--password-file"),
        (("station", "add", "Meja 1", "--place", "12.75"), "", "12.75"),
        (("station", "add", "Gudang Medan"), "", "Gudang Medan"),
        (("station", "add", ""), "", "name"),
        (("station", "revoke", "nobody"), "", "nobody"),
        (("station", "revoke", "Gudang Medan"), "", "Gudang Medan"),
    ],
    ids=ascii,
)
def test_what_cannot_be_is_told_and_recorded_nowhere(
    run: Run, words: tuple[str, ...], password: str, told: str
) -> None:
    before = run("ledger", "export").out

    done = run(*words, input=password)

    assert (done.code, done.out) == (1, "")
    assert told in done.err.splitlines()[-1]
    assert run("ledger", "export").out == before


def test_a_stations_token_stands_alone_on_standard_output(run: Run, home: Path) -> None:
    done = run("station", "add", "Meja 1", "--place", "12.71.01")

    [token] = done.lines
    assert (done.code, done.out) == (0, f"{token}\n")
    database = Database(f"sqlite:///{home / 'silog.db'}")
    with database.reading() as session:
        found = stations.bearer(session, token, at=NOON)
    database.close()
    assert found is not None
    assert (found.station, found.place) == ("Meja 1", "12.71.01")
    assert token not in run("ledger", "export").out


def test_a_revoked_stations_token_opens_nothing(run: Run, home: Path) -> None:
    token = run("station", "add", "Meja 1").lines[0]

    done = run("station", "revoke", "Meja 1")

    assert done.code == 0
    assert "revoked" in next(line for line in run("station", "list").lines if "Meja" in line)
    database = Database(f"sqlite:///{home / 'silog.db'}")
    with database.reading() as session, pytest.raises(Ended):
        stations.bearer(session, token, at=NOON)
    database.close()


def test_the_names_behind_the_ids_are_written_apart_from_the_record(
    run: Run, home: Path, tmp_path: Path
) -> None:
    run(*RINA, input=f"{PASSWORD}\n")
    names = tmp_path / "names.csv"

    done = run("ledger", "export", "--names", str(names))

    rows = names.read_text(encoding="utf-8-sig").splitlines()
    assert home.exists()
    assert names.stat().st_mode & 0o077 == 0
    assert "rina" not in done.out
    assert any("rina" in row and "staff" in row for row in rows)
    added = [line for line in done.lines if '"user-added"' in line]
    assert any(row.split(",")[0].strip('"=') in added[-1] for row in rows if "rina" in row)


def test_a_code_stands_alone_on_standard_output_and_enrols_once(run: Run, home: Path) -> None:
    done = run("station", "add", "Meja 1", "--place", "12.71.01", "--task", "receive", "--code")

    [code] = done.lines
    database = Database(f"sqlite:///{home / 'silog.db'}")
    with database.writing() as session:
        found = stations.enrol(session, code, at=datetime.now(UTC))
    database.close()
    assert (found.device.name, found.device.task) == ("Meja 1", "receive")
    assert "receive" in next(line for line in run("station", "list").lines if "Meja" in line)
    assert run("station", "code", "Meja 1").lines[0] != code


@pytest.mark.usefixtures("home")
def test_access_is_ended_given_back_and_begun_anew(run: Run) -> None:
    run(*RINA, input=f"{PASSWORD}\n")

    done = [run("user", deed, "rina").code for deed in ("end", "reset", "disable", "enable")]

    assert done == [0] * 4
    assert run("user", "list").lines[1].split()[-1] == "-"
