"""Making a data home, finding it, and what is said where there is none."""

import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import ALL_OF_IT, MANIFEST, Run
from tests.conftest import PASSWORD
from tests.conftest import _administer as create_database

NEW = ("init", "--place", "12.71", "--admin", "hendra", "--password-file", "-")
WITHOUT_A_HOME = [
    ("scan", "-"),
    ("manifest", "list"),
    ("manifest", "import", "-"),
    ("manifest", "export", "SJ-1"),
    ("manifest", "close", "SJ-1"),
    ("reconcile", "SJ-1"),
    ("stock",),
    ("trace", "1271-KS-000001"),
    ("ledger", "verify"),
    ("ledger", "export"),
    ("ledger", "rebuild"),
    ("ledger", "rebuild", "--check"),
    ("ledger", "export", "--damaged"),
    ("backup",),
    ("backup", "saved.zip"),
    ("user", "list"),
    ("user", "disable", "rina"),
    ("station", "list"),
    ("station", "add", "Meja 1"),
    ("serve", "--port", "1024"),
    ("doctor",),
]


def test_init_asks_nothing_when_all_is_given(run: Run, tmp_path: Path) -> None:
    done = run(*NEW, input=PASSWORD)

    assert done.code == 0
    assert str(tmp_path) in done.out
    assert "silog-scan serve" in done.out
    assert run("user", "list").lines[0].split() == ["hendra", "administrator", "12.71", "-"]


def test_init_asks_for_what_is_not_given(run: Run, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text(PASSWORD)

    done = run("init", "--password-file", password, input="12.71\nhendra\n")

    assert done.code == 0
    assert run("user", "list").lines[0].split()[0] == "hendra"


def test_init_refuses_an_existing_home(run: Run, home: Path) -> None:
    before = (home / "silog.db").read_bytes()

    done = run(*NEW, input=PASSWORD)

    assert (done.code, done.out) == (1, "")
    assert str(home) in done.err
    assert (home / "silog.db").read_bytes() == before


def test_init_names_the_station_by_its_setting(run: Run) -> None:
    run(*NEW, input=PASSWORD, SILOG_STATION="Gudang Kota Medan")

    assert run("station", "list").lines[0].startswith("Gudang Kota Medan")


def test_init_copies_only_the_region_asked_for(run: Run) -> None:
    run(*NEW, "--region", "12.71.01", input=PASSWORD)

    assert run("stock", "--place", "12.71.01.1001").code == 0
    assert run("stock", "--place", "12.71.02.1001").code == 1


@pytest.mark.parametrize(
    ("words", "password", "told"),
    [
        (("--place", "99.99"), PASSWORD, "99.99"),
        (("--place", "1271"), PASSWORD, "12.71"),
        (("--place", "12.71", "--region", "99"), PASSWORD, "99"),
        (("--place", "12.71"), "short", "password"),
        (("--place", "12.71"), "", "password"),
        (("--place", "12.71"), b"\xff\xfe\x00", "password"),
        (("--place", "12.71", "--admin", " "), PASSWORD, "name"),
    ],
)
def test_an_init_that_is_refused_can_be_tried_again(
    run: Run, words: tuple[str, ...], password: str | bytes, told: str
) -> None:
    done = run("init", "--admin", "hendra", "--password-file", "-", *words, input=password)

    assert (done.code, done.out) == (1, "")
    assert told in done.err
    assert len(done.err.splitlines()) == 1
    assert run(*NEW, input=PASSWORD).code == 0


def test_a_password_is_not_taken_from_a_pipe_unasked(run: Run) -> None:
    done = run("init", "--place", "12.71", "--admin", "hendra", input=PASSWORD)

    assert done.code == 1
    assert "--password-file" in done.err


@pytest.mark.parametrize("words", WITHOUT_A_HOME, ids=" ".join)
def test_without_a_station_every_command_names_init(
    run: Run, tmp_path: Path, words: tuple[str, ...]
) -> None:
    there = tmp_path / "nothing"

    done = run(*words, input=b"", SILOG_HOME=str(there))

    assert done.code == 1
    assert "silog-scan init" in done.out + done.err
    assert not there.exists()


@pytest.mark.parametrize("words", WITHOUT_A_HOME, ids=" ".join)
def test_an_empty_folder_is_no_station_and_stays_empty(
    run: Run, tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = run(*words, input=b"")

    assert done.code == 1
    assert "silog-scan init" in done.out + done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [("stock",), ("manifest", "list"), ("ledger", "verify"), ("user", "list")],
    ids=" ".join,
)
def test_every_command_that_opens_a_home_says_which(
    run: Run, home: Path, words: tuple[str, ...]
) -> None:
    done = run(*words)

    assert done.code == 0
    assert done.err == f"Data home: {home}\n"


def test_a_database_of_a_newer_program_is_left_alone(run: Run, home: Path) -> None:
    with sqlite3.connect(home / "silog.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()

    done = run("stock")

    assert (done.code, done.out) == (1, "")
    assert "newer version" in done.err.splitlines()[-1]


@pytest.mark.parametrize("words", [("stock",), ("doctor",), NEW, ("ledger", "verify")])
def test_a_file_that_is_no_database_is_told(
    run: Run, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "silog.db").write_text("This is a shopping list, not a database." * 100)

    done = run(*words, input=PASSWORD)

    assert done.code == 1
    assert "damaged" in done.out + done.err


def test_a_database_server_that_is_not_there_is_told(run: Run) -> None:
    done = run("stock", SILOG_DATABASE="postgresql://silog@127.0.0.1:1/silog")

    assert (done.code, done.out) == (1, "")
    assert "SILOG_DATABASE" in done.err


def test_a_home_that_cannot_be_made_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    done = run(*NEW, input=PASSWORD, SILOG_HOME=str(tmp_path / "file" / "home"))

    assert (done.code, done.out) == (1, "")
    assert str(tmp_path) in done.err


def test_everything_is_the_same_on_postgresql(run: Run, tmp_path: Path, postgresql: str) -> None:
    create_database(postgresql, "CREATE DATABASE cli")
    there = {
        "SILOG_DATABASE": postgresql.format(name="cli").replace("+psycopg", ""),
        "SILOG_HOME": str(tmp_path / "home"),
    }

    founded = run(*NEW, input=PASSWORD, **there)
    run("manifest", "import", "-", input=MANIFEST, **there)
    run("scan", "-", "--manifest", "SJ-1", input=ALL_OF_IT, **there)

    assert founded.code == 0, founded.err
    assert run(*NEW, input=PASSWORD, **there).code == 1
    assert run("reconcile", "SJ-1", **there).code == 0
    assert run("ledger", "verify", **there).code == 0
    assert run("ledger", "rebuild", "--check", **there).code == 0


@pytest.mark.parametrize("left", [None, b""])
@pytest.mark.parametrize("words", [NEW, ("stock",), ("ledger", "checkpoint"), ("serve",)])
def test_a_home_whose_database_is_gone_is_no_new_one(
    run: Run, home: Path, left: bytes | None, words: tuple[str, ...]
) -> None:
    run("ledger", "checkpoint")
    backup = run("backup").out.split()[-1]
    (home / "silog.db").unlink()
    if left is not None:
        (home / "silog.db").write_bytes(left)

    done = run(*words, input=PASSWORD)

    assert (done.code, done.out) == (1, "")
    assert "is missing or empty" in done.err
    assert backup in done.err
