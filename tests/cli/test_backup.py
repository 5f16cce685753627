"""``backup`` and ``restore``, a damaged database, and an upgrade, as they are typed."""

import time
import zipfile
from pathlib import Path

import pytest

from silog_scan.serving import lock
from silog_scan.store import schema
from silog_scan.store.db import Database
from tests.cli.conftest import ALL_OF_IT, Run
from tests.conftest import _administer as create_database
from tests.conftest import sqlite_url


@pytest.fixture
def worked(run: Run, delivery: Path) -> Path:
    """Give a home where a delivery was received."""
    (delivery / "secret.key").write_bytes(bytes(32))
    (delivery / "keys").mkdir(exist_ok=True)
    (delivery / "keys" / "other.pem").write_bytes(b"a key")
    run("scan", "-", "--manifest", "SJ-1", input=ALL_OF_IT)
    return delivery


@pytest.fixture
def saved(run: Run, worked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a backup of it, elsewhere."""
    path = tmp_path_factory.mktemp("usb") / "silog.zip"
    done = run("backup", path)
    assert done.code == 0, done.err
    assert worked.exists()
    return path


@pytest.fixture
def laptop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give the settings of a new laptop."""
    return {"SILOG_HOME": str(tmp_path_factory.mktemp("laptop") / "home")}


def sentence(err: str) -> str:
    """Return the one sentence that was told beside the name of the home."""
    (told,) = [line for line in err.splitlines() if not line.startswith("Data home: ")]
    return told


def test_a_new_laptop_has_all_that_the_old_one_had(
    run: Run, saved: Path, laptop: dict[str, str]
) -> None:
    done = run("restore", saved, **laptop)

    assert done.code == 0, done.err
    assert "Gudang Medan" in done.out
    assert run("ledger", "export", **laptop).out == run("ledger", "export").out
    assert run("ledger", "rebuild", "--check", **laptop).code == 0
    assert run("reconcile", "SJ-1", **laptop).out == run("reconcile", "SJ-1").out
    assert (Path(laptop["SILOG_HOME"]) / "keys" / "other.pem").read_bytes() == b"a key"


def test_a_backup_is_made_beside_a_running_station_and_restored_into_none(
    run: Run, worked: Path, saved: Path, tmp_path: Path
) -> None:
    home = tmp_path / "served"
    with lock(worked):
        made = run("backup", tmp_path / "other.zip")
    home.mkdir()
    with lock(home):
        restored = run("restore", saved, SILOG_HOME=str(home))

    assert (made.code, restored.code) == (0, 1)
    assert "Stop it first" in restored.err


def test_without_a_file_it_lies_where_serve_puts_its_own(run: Run, worked: Path) -> None:
    done = run("backup")

    (made,) = (worked / "backups").glob("silog-*.zip")
    assert done.out.endswith(f"{made}\n")


def test_the_folder_of_backups_is_a_setting(run: Run, worked: Path, tmp_path: Path) -> None:
    run("backup", SILOG_BACKUPS=str(tmp_path / "disk"))

    assert len(list((tmp_path / "disk").glob("silog-*.zip"))) == 1
    assert not (worked / "backups").exists()


@pytest.mark.usefixtures("worked")
def test_into_a_folder_it_goes_under_its_time(run: Run, tmp_path: Path) -> None:
    (tmp_path / "usb").mkdir()

    run("backup", tmp_path / "usb")

    assert len(list((tmp_path / "usb").glob("silog-*.zip"))) == 1


def test_an_existing_home_is_refused_and_stays_as_it_is(
    run: Run, worked: Path, saved: Path
) -> None:
    before = run("ledger", "export").out

    done = run("restore", saved)

    assert (done.code, done.out) == (1, "")
    assert str(worked / "silog.db") in sentence(done.err)
    assert run("ledger", "export").out == before


def test_a_damaged_backup_is_refused_and_nothing_is_left(
    run: Run, saved: Path, laptop: dict[str, str]
) -> None:
    data = bytearray(saved.read_bytes())
    data[len(data) // 2] ^= 1
    saved.write_bytes(data)

    done = run("restore", saved, **laptop)

    assert (done.code, done.out) == (1, "")
    assert str(saved) in sentence(done.err)
    assert run("stock", **laptop).err.endswith("Make one with: silog-scan init\n")


@pytest.mark.parametrize("make", [None, Path.mkdir, lambda path: path.write_text("a letter")])
def test_what_is_no_backup_is_told(
    run: Run, tmp_path: Path, laptop: dict[str, str], make: object
) -> None:
    path = tmp_path / "letter"
    if callable(make):
        make(path)

    done = run("restore", path, **laptop)

    assert (done.code, done.out) == (1, "")
    assert str(path) in sentence(done.err)
    assert not Path(laptop["SILOG_HOME"]).exists()


def test_postgresql_and_sqlite_restore_each_other_s_backups(
    run: Run, saved: Path, tmp_path: Path, postgresql: str, laptop: dict[str, str]
) -> None:
    create_database(postgresql, "CREATE DATABASE restored")
    server = {
        "SILOG_DATABASE": postgresql.format(name="restored").replace("+psycopg", ""),
        "SILOG_HOME": str(tmp_path / "server"),
    }

    there = run("restore", saved, **server)
    again = run("restore", saved, **(server | {"SILOG_HOME": str(tmp_path / "second")}))
    made = run("backup", tmp_path / "server.zip", **server)
    back = run("restore", tmp_path / "server.zip", **laptop)

    assert (there.code, again.code, made.code, back.code) == (0, 1, 0, 0), again.err
    assert "not empty" in sentence(again.err)
    log = run("ledger", "export").out
    assert run("ledger", "export", **server).out == run("ledger", "export", **laptop).out == log


# A damaged database.


def spoil(home: Path, page: int, pages: int = 1) -> None:
    with (home / "silog.db").open("r+b") as file:
        file.seek(4096 * page)
        file.write(b"\xff" * 4096 * pages)


@pytest.mark.parametrize("words", [("stock",), ("ledger", "verify"), ("backup",), ("init",)])
def test_a_command_names_the_damage_and_the_way_out(
    run: Run, worked: Path, words: tuple[str, ...]
) -> None:
    run("backup")
    spoil(worked, 0)

    done = run(*words)

    told = sentence(done.err)
    assert (done.code, done.out) == (1, "")
    assert str(worked / "silog.db") in told
    assert "silog-scan ledger export --damaged" in told
    assert f"silog-scan restore {worked}-damaged/backups/silog-" in told


def test_the_way_out_leads_out(run: Run, worked: Path) -> None:
    log = run("ledger", "export").out
    run("backup")
    spoil(worked, 0)
    aside = worked.with_name(f"{worked.name}-damaged")

    read = run("ledger", "export", "--damaged")
    worked.rename(aside)
    (made,) = (aside / "backups").glob("silog-*.zip")
    back = run("restore", made)

    assert (read.out, back.code) == (log, 0)
    assert run("ledger", "export").out == log


def leaf_with(home: Path, mark: bytes) -> int:
    """Return a page of a table that holds a mark."""
    data = (home / "silog.db").read_bytes()
    pages = [data[at : at + 4096] for at in range(0, len(data), 4096)]
    return next(n for n, page in enumerate(pages) if page[0] == 0x0D and mark in page)


def test_what_is_lost_is_counted(run: Run, worked: Path) -> None:
    run("scan", "-", input="".join(f"1271-KS-{number:06}\n" for number in range(100, 130)))
    whole = run("ledger", "export", "--damaged")
    spoil(worked, leaf_with(worked, b'"text":"1271-KS-000115"'))

    done = run("ledger", "export", "--damaged")

    lost = len(whole.lines) - len(done.lines)
    assert (whole.code, done.code) == (0, 3)
    assert 0 < lost < 12
    assert f"at least {lost} are lost" in done.err
    assert "the chain breaks at event" in done.err
    assert set(done.lines) < set(whole.lines)


def test_a_doctor_finds_the_damage(run: Run, worked: Path) -> None:
    spoil(worked, 20, 10)

    done = run("doctor")

    assert done.lines[0].startswith("--  database")
    assert "is damaged" in done.lines[0]


def backup_line(run: Run) -> str:
    (line,) = [line for line in run("doctor").lines if line.split()[1] == "backup"]
    return line


@pytest.mark.usefixtures("worked")
def test_the_doctor_tells_the_age_of_the_last_backup(run: Run, tmp_path: Path) -> None:
    without = backup_line(run)
    run("backup")
    fresh = backup_line(run)
    (made,) = (tmp_path / "backups").glob("silog-*.zip")
    old = time.strftime("silog-%Y%m%dT%H%M%SZ.zip", time.gmtime(time.time() - 27 * 3600))
    made.rename(made.with_name(old))

    assert without.startswith("--  backup")
    assert fresh.startswith("ok  backup")
    assert "0.0 hours" in fresh
    assert backup_line(run).startswith("--  backup")
    assert "27.0 hours" in backup_line(run)


# An older home.


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Give a home as the first program made it."""
    database = Database(sqlite_url(tmp_path / "silog.db"))
    with database.migrating() as connection:
        schema.create(connection, "0001")
    with database.migrating() as connection:
        connection.exec_driver_sql("INSERT INTO meta (name, value) VALUES ('station', 'Meja 1')")
        connection.exec_driver_sql("INSERT INTO meta (name, value) VALUES ('place', '12.71')")
    database.close()
    return tmp_path


def test_an_upgrade_backs_up_says_so_and_names_the_way_back(run: Run, old: Path) -> None:
    done, again = run("station", "list"), run("station", "list")

    (made,) = (old / "backups").iterdir()
    assert done.code == 0, done.err
    assert f"from schema 0001 to {schema.NEWEST}" in sentence(done.err)
    assert sentence(done.err).endswith(f"silog-scan restore {made}")
    assert again.err == f"Data home: {old}\n"
    with zipfile.ZipFile(made) as archive:
        assert "silog.db" in archive.namelist()


def test_no_upgrade_happens_beneath_a_running_station(run: Run, old: Path) -> None:
    with lock(old):
        done = run("station", "list")

    assert done.code == 1
    assert "Stop it first" in done.err
    assert not (old / "backups").exists()
