"""The server as a process: it starts, refuses a second one, ends when told, and leaves nothing."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

import pyotp
import pytest
from alembic import command

from silog_scan.app import secret_key
from silog_scan.services import accounts, archives, ledgers, stations
from silog_scan.services.stations import NewStation
from silog_scan.store import schema
from silog_scan.store.db import Database
from tests.cli.conftest import FIXTURES, PROGRAM, clean_environment
from tests.conftest import PASSWORD
from tests.desk import Desk, box

WITHIN = 20.0
"""Seconds after which nothing comes any more."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(found: Callable[[], Any]) -> Any:  # noqa: ANN401
    """Ask again and again until there is an answer, and return it."""
    last = time.monotonic() + WITHIN
    while time.monotonic() < last:
        if answer := found():
            return answer
        time.sleep(0.02)
    pytest.fail(f"nothing came within {WITHIN} s")


class Browser:
    """A browser with cookies, that says what it got whatever the status."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._opener: OpenerDirector = build_opener(HTTPCookieProcessor(CookieJar()))

    def open(self, path: str, data: bytes | None = None, **headers: str) -> tuple[int, str]:
        request = Request(f"{self.address}{path}", data, headers)  # noqa: S310
        try:
            with self._opener.open(request, timeout=WITHIN) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def sign_in(self, path: str, **form: str) -> tuple[int, str]:
        token = re.search(r'name="csrf-token" content="([^"]+)"', self.open("/sign-in")[1])
        assert token
        fields = form | {"csrf_token": token[1]}
        answer = self.open(path, urlencode(fields).encode())
        secret = re.search(r'id="secret">([A-Z2-7 ]+)<', answer[1])
        if secret is None:
            return answer
        # An administrator sets up the second step at once.
        code = pyotp.TOTP(secret[1].replace(" ", "")).now()
        token = re.search(r'name="csrf-token" content="([^"]+)"', answer[1])
        assert token
        fields = {"code": code, "csrf_token": token[1]}
        return self.open("/sign-in/second-factor", urlencode(fields).encode())

    def content(self, path: str) -> Any:  # noqa: ANN401
        status, text = self.open(path)
        assert status == 200, text
        return json.loads(text)


class Station:
    """A running ``silog-scan serve``."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        assert process.stdout
        self.process = process
        self.port = port
        self.greeting = process.stdout.readline()
        self.browser = Browser(f"http://127.0.0.1:{port}")

    def is_up(self) -> bool:
        try:
            return self.browser.open("/healthz")[0] == 200
        except URLError:
            return False

    @property
    def worker(self) -> int:
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return int(children.split()[0])

    def end(self, sign: int = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal and return the exit code and what stood on standard error."""
        self.process.send_signal(sign)
        _, err = self.process.communicate(timeout=WITHIN)
        return self.process.returncode, err


Start = Callable[..., Station]


@pytest.fixture
def home(sqlite_home: Path) -> Path:
    return sqlite_home


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a station on a free port; whatever still runs at the end is ended."""
    running: list[Station] = []

    def started(*words: object, port: int | None = None, **settings: str) -> Station:
        port = port or free_port()
        station = Station(spawn("serve", "--port", port, *words, SILOG_HOME=tmp_path, **settings),
                          port)  # fmt: skip
        running.append(station)
        until(station.is_up)
        return station

    yield started
    for station in running:
        if station.process.poll() is None:
            station.end(signal.SIGKILL)
        station.process.communicate()


def spawn(*words: object, **settings: object) -> subprocess.Popen[str]:
    env = clean_environment(**{name: str(value) for name, value in settings.items()})
    return subprocess.Popen(  # noqa: S603
        [PROGRAM, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
    )


def refused(*words: object, **settings: object) -> str:
    """Run a server that must not start, and return the one sentence it leaves."""
    process = spawn("serve", *words, **settings)
    out, err = process.communicate(timeout=WITHIN)
    told = [line for line in err.splitlines() if not line.startswith("Data home: ")]
    assert (process.returncode, out, len(told)) == (1, "", 1), err
    return told[0]


def is_gone(pid: int) -> bool:
    """Say whether a process has ended, be it that nobody has buried it yet."""
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True


@pytest.mark.usefixtures("home")
def test_a_station_starts_and_shows_its_first_page(start: Start) -> None:
    station = start()

    status, page = station.browser.open("/")

    assert station.greeting == f"Open http://127.0.0.1:{station.port}\n"
    assert status == 200
    assert "password" in page


@pytest.mark.usefixtures("home")
def test_a_person_signs_in(start: Start) -> None:
    browser = start().browser

    status, _ = browser.sign_in("/sign-in", name="admin", password=PASSWORD)

    assert status == 200
    assert browser.content("/api/v1/stock") == []


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.usefixtures("home")
def test_a_station_ends_when_told_though_a_browser_holds_on(start: Start, sign: int) -> None:
    station = start()
    held = socket.create_connection(("127.0.0.1", station.port))
    held.sendall(b"POST /api/v1/scans HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
    worker, begun = station.worker, time.monotonic()

    code, err = station.end(sign)

    assert time.monotonic() - begun < 3
    assert (code, "Traceback" in err) == (0, False)
    assert is_gone(worker)
    held.close()


@pytest.mark.usefixtures("home")
def test_a_worker_does_not_outlive_its_parent(start: Start) -> None:
    station = start()
    worker = station.worker

    station.end(signal.SIGKILL)

    until(lambda: is_gone(worker))
    again = start(port=station.port)
    assert again.is_up()


@pytest.mark.usefixtures("home")
def test_a_station_whose_worker_is_killed_ends(start: Start) -> None:
    station = start()

    os.kill(station.worker, signal.SIGKILL)

    _, err = station.process.communicate(timeout=WITHIN)
    assert station.process.returncode == 1
    assert "Traceback" not in err


def test_a_second_station_on_one_port_is_refused(start: Start, home: Path, tmp_path: Path) -> None:
    station = start()
    other = tmp_path / "other"
    other.mkdir()
    (other / "silog.db").write_bytes((home / "silog.db").read_bytes())

    told = refused("--port", station.port, SILOG_HOME=other)

    assert str(station.port) in told
    assert station.is_up()


def test_a_second_station_on_one_home_is_refused(start: Start, home: Path) -> None:
    station = start()

    told = refused("--port", free_port(), SILOG_HOME=home)

    assert str(home) in told
    assert station.is_up()


def absent_camera(browser: Browser) -> Any:  # noqa: ANN401
    camera = browser.content("/station/live?camera=station&lang=en").get("camera")
    return camera if camera and camera["state"] == "absent" else None


@pytest.mark.usefixtures("home")
def test_a_camera_that_is_not_there_is_said_and_the_station_lives(start: Start) -> None:
    station = start("--camera", "9")
    browser = station.browser
    browser.sign_in("/sign-in", name="admin", password=PASSWORD)
    token = re.search(r'name="csrf-token" content="([^"]+)"', browser.open("/")[1])
    assert token
    form = {"task": "receive", "place": "12.71", "csrf_token": token[1]}

    browser.open("/work", urlencode(form).encode())

    camera = until(lambda: absent_camera(browser))
    assert "Camera 9" in camera["sentence"]
    assert station.is_up()


def test_the_command_line_writes_beside_a_running_station(start: Start, home: Path) -> None:
    station = start()

    process = spawn("station", "add", "Meja 1", SILOG_HOME=home)
    token, _ = process.communicate(timeout=WITHIN)

    scans = [{"id": "01990000-0000-7000-8000-000000000001", "text": "GRAFIKA-1",
              "scanned_at": "2026-02-02T12:00:00+07:00"}]  # fmt: skip
    status, text = station.browser.open(
        "/api/v1/scans",
        json.dumps({"task": "receive", "scans": scans}).encode(),
        Authorization=f"Bearer {token.strip()}",
        **{"Content-Type": "application/json"},
    )
    assert (status, json.loads(text)["results"][0]["outcome"]) == (200, "unknown")


def test_a_clock_behind_the_record_is_said_and_recorded(start: Start, home: Path) -> None:
    database = Database(f"sqlite:///{home / 'silog.db'}")
    desk = Desk(database.writing, home / "attachments", at=datetime(2099, 1, 1, tzinfo=UTC))
    desk.imports(box())

    _, told = start(SILOG_LANGUAGE="en").end()

    assert "which is before the newest event (2099-01-01 00:00 UTC)" in told
    assert desk.events("clock-off")
    database.close()


def test_what_was_acknowledged_survives_a_kill(start: Start, home: Path) -> None:
    station = start()
    browser = station.browser
    browser.sign_in("/sign-in", name="admin", password=PASSWORD)
    before = browser.content("/api/v1/events?limit=1000")["events"]

    station.end(signal.SIGKILL)

    until(lambda: is_gone(station.process.pid))
    database = Database(f"sqlite:///{home / 'silog.db'}")
    with database.reading() as session:
        chains = ledgers.verify_database(session)
    database.close()
    assert [(chain.broken, chain.head.digest) for chain in chains] == [(None, before[-1]["digest"])]


# Backups, damage, upgrades.


def test_a_station_makes_its_first_backup_soon_after_its_start(start: Start, home: Path) -> None:
    start()

    (made,) = until(lambda: list((home / "backups").glob("silog-*.zip")))

    assert archives.read(made).station == "Gudang Medan"


def test_a_damaged_home_is_not_served_and_its_last_backup_named(home: Path) -> None:
    made = spawn("backup", SILOG_HOME=home).communicate(timeout=WITHIN)[0].split()[-1]
    with (home / "silog.db").open("r+b") as file:
        file.seek(4096 * 20)
        file.write(b"\xff" * 4096 * 10)

    told = refused("--port", free_port(), SILOG_HOME=home)

    assert f"{home / 'silog.db'} is damaged" in told
    assert f"silog-scan restore {home}-damaged/backups/{Path(made).name}" in told


def test_an_older_home_is_upgraded_and_the_way_back_named(start: Start, home: Path) -> None:
    database = Database(f"sqlite:///{home / 'silog.db'}")
    with database.migrating() as connection:
        command.downgrade(schema.alembic_config(connection), "0001")
    database.close()

    _, err = start().end()

    assert "from schema 0001" in err
    assert "silog-scan restore" in err
    assert len(list((home / "backups").glob("before-*.zip"))) == 1


# The demonstration.


def events_before_the_camera(browser: Browser) -> Any:  # noqa: ANN401
    """Look at the camera as the station's page does, and return what became of the first label."""
    browser.open("/station/live?camera=station")
    shown = json.loads((FIXTURES / "film.json").read_text())["shown"][0]["text"]
    return browser.content(f"/api/v1/packages/{shown}")["events"]


def test_a_demonstration_signs_in_by_its_link_and_its_film_plays(start: Start) -> None:
    station = start("--demo")
    link = re.fullmatch(rf"Open http://127.0.0.1:{station.port}/#demo=(\S+)\n", station.greeting)
    assert link
    browser = station.browser
    before = browser.sign_in("/sign-in/demo", secret=link[1])

    seen = until(lambda: events_before_the_camera(browser))

    assert before[0] == 200
    assert seen[0]["outcome"] == "accepted"


def test_a_demonstration_touches_no_real_home(start: Start, home: Path) -> None:
    (home / "demo").mkdir()
    (home / "demo" / "holiday.txt").write_text("keep me")
    before = (home / "silog.db").read_bytes()

    start("--demo").end()

    assert (home / "silog.db").read_bytes() == before
    assert (home / "demo" / "holiday.txt").read_text() == "keep me"


@pytest.mark.parametrize("words", [("--host", "0.0.0.0"), ("--workers", "2")])  # noqa: S104
def test_a_demonstration_is_for_this_computer_only(tmp_path: Path, words: tuple[str, ...]) -> None:
    process = spawn("serve", "--demo", *words, SILOG_HOME=tmp_path)

    out, err = process.communicate(timeout=WITHIN)

    assert (process.returncode, out, len(err.splitlines())) == (2, "", 1)


# What a station needs, and what it does without.


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.usefixtures("home")
def test_a_station_without_a_camera_loads_no_opencv_and_stays_small(start: Start) -> None:
    station = start()
    station.browser.open("/sign-in")

    maps = Path(f"/proc/{station.worker}/maps").read_text()
    status = Path(f"/proc/{station.worker}/status").read_text()

    assert "cv2" not in maps
    resident = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert resident
    assert int(resident[1]) < 200_000


@pytest.fixture
def without(tmp_path: Path) -> Callable[..., str]:
    """Give a PYTHONPATH on which some modules cannot be imported."""

    def crippled(*modules: str) -> str:
        folder = tmp_path / "crippled"
        folder.mkdir()
        for module in modules:
            (folder / f"{module}.py").write_text("raise ImportError('not on this computer')\n")
        return str(folder)

    return crippled


@pytest.mark.parametrize("modules", [("pyzbar",), ("cv2",), ("pyzbar", "cv2")], ids=" ".join)
def test_a_station_reads_photos_without_opencv_and_zbar(
    start: Start, home: Path, without: Callable[..., str], modules: tuple[str, ...]
) -> None:
    station = start(PYTHONPATH=without(*modules))
    database = Database(f"sqlite:///{home / 'silog.db'}")
    with database.writing() as session:
        actor = accounts.cli_actor(session)
        token = stations.add_with_token(
            session, actor, NewStation("Meja 1", "12.71"), at=datetime.now(UTC)
        )
    database.close()

    status, text = station.browser.open(
        "/api/v1/readings",
        (FIXTURES / "photos" / "one.jpg").read_bytes(),
        Authorization=f"Bearer {token}",
        **{"Content-Type": "image/jpeg"},
    )

    assert status == 200, text
    assert [found["text"] for found in json.loads(text)["readings"]] == ["1271-KS-004512"]


@pytest.mark.parametrize("modules", [("pyzbar",), ("cv2",), ("pyzbar", "cv2")], ids=" ".join)
def test_photos_and_the_film_are_scanned_without_opencv_and_zbar(
    home: Path, without: Callable[..., str], modules: tuple[str, ...]
) -> None:
    path = without(*modules)

    decoded = spawn("decode", FIXTURES / "photos" / "one.jpg", SILOG_HOME=home, PYTHONPATH=path)
    scanned = spawn("scan", FIXTURES / "film.mjpeg", SILOG_HOME=home, PYTHONPATH=path)

    assert "1271-KS-004512" in decoded.communicate(timeout=WITHIN)[0]
    assert len(scanned.communicate(timeout=WITHIN)[0].splitlines()) == 13


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_station_serves_from_postgresql(start: Start, database: Database) -> None:
    station = start(SILOG_DATABASE=database.url.replace("+psycopg", ""))

    station.browser.sign_in("/sign-in", name="admin", password=PASSWORD)
    assert station.browser.content("/api/v1/stock") == []
    assert station.end()[0] == 0


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_several_workers_share_a_home(start: Start, database: Database, tmp_path: Path) -> None:
    address = database.url.replace("+psycopg", "")
    station = start("--workers", 3, SILOG_DATABASE=address)
    station.browser.sign_in("/sign-in", name="admin", password=PASSWORD)

    answers = [station.browser.open("/api/v1/stock")[0] for _ in range(12)]

    assert answers == [200] * 12
    told = refused("--port", free_port(), SILOG_HOME=tmp_path, SILOG_DATABASE=address)
    assert str(tmp_path) in told
    assert station.end()[0] == 0


def test_a_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    key = secret_key(tmp_path / "home")

    assert len(key) == 32
    assert secret_key(tmp_path / "home") == key
    assert (tmp_path / "home" / "secret.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("left", [b"", b"half a key"])
def test_a_key_that_a_power_cut_left_unfinished_is_made_anew(tmp_path: Path, left: bytes) -> None:
    (tmp_path / "secret.key").write_bytes(left)

    assert len(secret_key(tmp_path)) == 32
