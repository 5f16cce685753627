"""What is acknowledged is on disk: answers wait for it, and a disk that fails loses nothing."""

import json
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from silog_scan.services import accounts, ledgers, stations
from silog_scan.services.stations import NewStation
from silog_scan.store import ledger
from silog_scan.store.db import Database
from tests.cli.conftest import PROGRAM, clean_environment
from tests.conftest import as_postgres, found, postgresql_programs, sqlite_url
from tests.test_serving import free_port, until

SCANS = 12
FULL = "The disk is full. Nothing was recorded; make room and try again."
QUOTA = (
    "The disk cannot be written: it fails, or a quota is used up. "
    "Nothing was recorded; make room and try again."
)
MOST_SCANS = 5_000
Json = dict[str, Any]

linux = pytest.mark.skipif(sys.platform != "linux", reason="strace, mounts and limits of Linux")


# A station as a client meets it.


@dataclass
class Station:
    """A served data home and the bearer token of its station ``Meja 1``."""

    process: subprocess.Popen[bytes]
    port: int
    token: str

    def post(self, *scans: Json) -> tuple[int, Json]:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Accept-Language": "en",
        }
        body = json.dumps({"task": "receive", "scans": scans})
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request("POST", "/api/v1/scans", body, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def is_up(self) -> bool:
        with (
            suppress(OSError),
            closing(HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection,
        ):
            connection.request("GET", "/readyz")
            with connection.getresponse() as answer:
                return answer.status == 200
        return False

    @property
    def worker(self) -> int:
        pid = self.process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


@contextmanager
def served(home: Path, url: str, *prefix: str, **settings: str) -> Iterator[Station]:
    """Enrol a station and serve the home, in a process group that ends with the test."""
    database = Database(url)
    with database.writing() as session:
        actor = accounts.cli_actor(session)
        token = stations.add_with_token(
            session, actor, NewStation("Meja 1", "12.71"), at=datetime.now(UTC)
        )
    database.close()
    port = free_port()
    with (home / "serve.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            [*prefix, PROGRAM, "serve", "--port", str(port)],
            stdout=log,
            stderr=log,
            env=clean_environment(SILOG_HOME=str(home), **settings),
            start_new_session=True,
        )
    station = Station(process, port, token)
    try:
        until(station.is_up)
        yield station
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def succeeds(*words: str | Path) -> bool:
    return not subprocess.run(words, capture_output=True, check=False).returncode  # noqa: S603


def scan(code: str = "GRAFIKA-1") -> Json:
    """Return a scan with an id of its own; unknown labels are recorded like any other."""
    return {"id": str(uuid4()), "text": code, "scanned_at": "2026-02-02T12:00:00+07:00"}


# Answers wait for the disk.


def traced(into: Path) -> list[str]:
    """Return the words that trace a program's syncs and answers, a file for each process."""
    found = shutil.which("strace")
    if found is None:
        pytest.fail("strace is not installed. Run: make test, or apt-get install strace")
    if not succeeds(found, "true"):
        pytest.skip("this machine does not permit ptrace")
    # -ff: in one file for all, the lines of two that wait at once would be cut in pieces.
    # -D: the program keeps its place in the family, where its parent looks for it.
    options = ["-D", "-ff", "-ttt", "-T", "-s", "32", "-e", "trace=fdatasync,fsync,writev"]
    return [found, *options, "-o", str(into)]


_CALL = re.compile(r"([\d.]+) (\w+)\((.*)\) += +-?\d+.* <([\d.]+)>$")


def story(folder: Path) -> list[str]:
    """Return what was traced in order: ``sync`` when one returns, ``answer`` when one begins."""
    found = []
    for path in folder.glob("trace.*"):
        for line in path.read_text(errors="replace").splitlines():
            call = _CALL.match(line)
            if call and call[2].endswith("sync"):
                found.append((float(call[1]) + float(call[4]), "sync"))
            elif call and "HTTP/1.1 200" in call[3]:
                found.append((float(call[1]), "answer"))
    return [what for _, what in sorted(found)]


def syncs_before_each_answer(folder: Path) -> list[int]:
    """Return how many syncs returned before each of the last answers, since the one before it."""
    runs = " ".join(story(folder)).split("answer")[:-1]
    return [run.count("sync") for run in runs[-SCANS:]]


@linux
def test_a_scan_is_answered_after_its_commit_is_on_disk(sqlite_home: Path) -> None:
    url = sqlite_url(sqlite_home / "silog.db")

    with served(sqlite_home, url, *traced(sqlite_home / "trace")) as station:
        answers = [station.post(scan())[0] for _ in range(SCANS)]

    assert answers == [200] * SCANS
    assert min(syncs_before_each_answer(sqlite_home)) >= 1


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """Give a folder for PostgreSQL: a socket's path is short, and it is not run by root."""
    with tempfile.TemporaryDirectory(prefix="silog-pg-") as name:
        if os.geteuid() == 0:
            shutil.chown(name, "postgres")
        yield Path(name)


@pytest.fixture
def durable(short_folder: Path) -> Iterator[str]:
    """Start a traced PostgreSQL that syncs, and found a home in it; give its address."""
    programs, data = postgresql_programs(), short_folder / "data"
    assert programs
    as_postgres(programs / "initdb", "-N", "-D", data, "-A", "trust", "-U", "silog")
    program = short_folder / "postgres"
    command = [*traced(short_folder / "trace"), str(programs / "postgres")]
    program.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    program.chmod(0o755)
    control = (programs / "pg_ctl", "-D", data, "-l", short_folder / "log", "-w")
    options = f"-k {short_folder} -c listen_addresses="
    as_postgres(*control, "-p", program, "-o", options, "start")
    address = f"postgresql+psycopg://silog@/postgres?host={short_folder}"
    database = Database(address)
    found(database)
    database.close()
    yield address
    as_postgres(*control, "-m", "immediate", "stop")


@linux
def test_so_it_is_on_postgresql(durable: str, short_folder: Path, tmp_path: Path) -> None:
    settings = {"SILOG_DATABASE": durable.replace("+psycopg", "")}

    with served(tmp_path, durable, *traced(short_folder / "trace"), **settings) as station:
        answers = [station.post(scan())[0] for _ in range(SCANS)]

    assert answers == [200] * SCANS
    assert min(syncs_before_each_answer(short_folder)) >= 1


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_commits_wait_for_the_disk_where_postgresql_is_told_not_to(database: Database) -> None:
    with database.writing() as session:
        name = session.scalar(text("SELECT current_database()"))
        session.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    database.close()

    with database.writing() as session:
        assert session.scalar(text("SHOW synchronous_commit")) == "on"


# A disk that is full.


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 24 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not succeeds("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder):
        pytest.skip("this user may mount nothing here")
    yield folder
    assert succeeds("umount", "--lazy", folder)


def filled(folder: Path) -> Path:
    """Fill a disk to the last byte and return the file that did it."""
    ballast = folder / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    return ballast


def until_refused(station: Station) -> tuple[list[str], list[Json], Json]:
    """Scan until refused: return the ids acknowledged, the scans refused, and what was told.

    The log of SQLite may hold some room that was written before.
    """
    acknowledged: list[str] = []
    while len(acknowledged) < MOST_SCANS:
        scans = [scan() for _ in range(20)]
        status, told = station.post(*scans)
        if status != 200:
            return acknowledged, scans, {"status": status, "detail": told["detail"]}
        acknowledged += [result["id"] for result in told["results"]]
    pytest.fail("nothing was refused")


def recorded(url: str) -> tuple[list[str], list[str]]:
    """Return the ids of the scans in the ledger, and what is wrong with it."""
    database = Database(url)
    with database.writing() as session:
        ids = [e.id for _, e in ledger.read(session, by_position=True) if e.kind == "scan"]
        wrong = [str(c.broken) for c in ledgers.verify_database(session) if c.broken]
        wrong += ledgers.differences(session)
    database.close()
    return ids, wrong


@linux
def test_a_full_disk_refuses_in_words_and_scanning_goes_on(
    small_disk: Path, sqlite_template: Path
) -> None:
    shutil.copyfile(sqlite_template, small_disk / "silog.db")
    url = sqlite_url(small_disk / "silog.db")

    with served(small_disk, url) as station:
        ballast = filled(small_disk)
        acknowledged, refused, told = until_refused(station)
        alone = station.post(scan())
        ballast.unlink()
        status, _ = station.post(*refused)

    assert told == {"status": 503, "detail": FULL}
    assert (alone[0], alone[1]["detail"]) == (503, FULL)
    assert status == 200
    assert recorded(url) == ([*acknowledged, *(s["id"] for s in refused)], [])


@linux
def test_so_does_a_quota(sqlite_home: Path) -> None:
    url, log = sqlite_url(sqlite_home / "silog.db"), sqlite_home / "silog.db-wal"

    with served(sqlite_home, url) as station:
        limits = resource.prlimit(station.worker, resource.RLIMIT_FSIZE)
        few = (log.stat().st_size + 100_000, limits[1])
        resource.prlimit(station.worker, resource.RLIMIT_FSIZE, few)
        acknowledged, refused, told = until_refused(station)
        resource.prlimit(station.worker, resource.RLIMIT_FSIZE, limits)
        status, _ = station.post(*refused)

    assert told == {"status": 503, "detail": QUOTA}
    assert status == 200
    assert recorded(url) == ([*acknowledged, *(s["id"] for s in refused)], [])
