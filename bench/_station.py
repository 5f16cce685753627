"""What benches share: a founded home, its server in a process group, a PostgreSQL of our own."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from silog_scan import config
from silog_scan.services import accounts
from silog_scan.services import stations as devices
from silog_scan.services.accounts import NewUser
from silog_scan.services.actors import Role
from silog_scan.services.passwords import NewPassword
from silog_scan.services.stations import NewStation
from silog_scan.store import queries
from silog_scan.store.db import Database
from silog_scan.store.tables import PlaceRow

PROGRAM = str(Path(sys.executable).with_name("silog-scan"))
DISK = Path("/var/tmp")  # noqa: S108  # on a disk, where /tmp may be memory
PLACE = "12.71"
ADMINISTRATOR, PASSWORD = "bench", "a long password"
CLERK = "clerk"
"""Who signs in with the password alone."""
WITHIN = 30.0
"""Seconds after which nothing comes any more."""
_LONGEST = 1800
"""Seconds of a command: the import of a million lines."""


def until(found: Callable[[], object], what: str) -> None:
    """Ask again and again until the answer is yes; give up when it never comes."""
    last = time.monotonic() + WITHIN
    while not found():
        if time.monotonic() > last:
            raise TimeoutError(f"{what} did not happen within {WITHIN} s")
        time.sleep(0.01)


def free_port() -> int:
    """Return a port nobody listens on, below those the kernel gives to clients.

    A client that asks such a one again and again while its server is down connects to itself
    before long, and the server finds its port taken.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass(frozen=True, slots=True)
class Home:
    """A founded data home and the bearer tokens of its stations."""

    folder: Path
    database: str | None = None
    tokens: tuple[str, ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of a command on this home."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SILOG_")}
        database = {"SILOG_DATABASE": self.database} if self.database else {}
        return kept | {"SILOG_HOME": str(self.folder), "SILOG_LANGUAGE": "en"} | database

    def run(self, *words: str, data: bytes = b"") -> bytes:
        """Run a command of the program and return its standard output; fail if it failed."""
        done = subprocess.run(
            [PROGRAM, *words],
            input=data,
            env=self.environment,
            capture_output=True,
            check=False,
            timeout=_LONGEST,
        )
        if done.returncode:
            told = (done.stdout[-2000:] + done.stderr[-2000:]).decode(errors="replace")
            raise RuntimeError(f"silog-scan {' '.join(words)}: exit {done.returncode}\n{told}")
        return done.stdout

    def open(self) -> Database:
        """Open the database in this process."""
        return Database(config.read(self.environment).database)


def founded(folder: Path, database: str | None = None, *, stations: int = 1) -> Home:
    """Make a home of Kota Medan with some enrolled stations."""
    folder.mkdir(parents=True, exist_ok=True)
    home, at = Home(folder, database), datetime.now(UTC)
    founding = ("init", "--place", PLACE, "--admin", ADMINISTRATOR, "--password-file", "-")
    home.run(*founding, data=PASSWORD.encode())
    opened = home.open()
    with opened.writing() as session:
        actor = accounts.cli_actor(session)
        clerk = NewUser(CLERK, Role.STAFF, PLACE, NewPassword(PASSWORD), is_temporary=False)
        accounts.add_user(session, actor, clerk, at=at)
        tokens = tuple(
            devices.add_with_token(session, actor, NewStation(f"Meja {number:02}", PLACE), at=at)
            for number in range(stations)
        )
    opened.close()
    return Home(folder, database, tokens)


# The server.


class Server:
    """``silog-scan serve`` of a home, or another command, in a process group of its own."""

    def __init__(self, home: Home, *words: str, port: int | None = None) -> None:
        """Start it and wait until it is ready; what it says goes into a file of the home."""
        self.port = port or free_port()
        self.log = home.folder / "serve.log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "serve", "--port", str(self.port), *words],
                env=home.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until(self.is_ready, "the start of the station")

    def is_ready(self) -> bool:
        """Say whether database and ledger are ready; fail if the server has ended."""
        if self._process.poll() is not None:
            raise RuntimeError(f"the station ended:\n{self.log.read_text()[-3000:]}")
        ask = b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5) as asked:
            asked.sendall(ask)
            return asked.recv(64).startswith(b"HTTP/1.1 200")
        return False

    def kill(self) -> None:
        """Kill parent and workers outright, all at once."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        until(lambda: not group(self._process.pid), "the death of the workers")

    def stop(self) -> None:
        """Ask it to end."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(WITHIN)

    @property
    def processes(self) -> list[int]:
        """Return the ids of parent and workers."""
        return group(self._process.pid)


@contextmanager
def served(home: Home, *words: str) -> Iterator[Server]:
    """Serve a home for a while."""
    server = Server(home, *words)
    try:
        yield server
    finally:
        server.stop()


def _stat(process: int) -> list[str]:
    """Return the fields of /proc/PID/stat behind the name, none of a process that is gone."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()


def group(leader: int) -> list[int]:
    """Return the living processes of a group; those nobody has buried yet are dead."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        fields = _stat(int(path.name))
        if fields and fields[0] != "Z" and int(fields[2]) == leader:
            found.append(int(path.name))
    return found


def cpu_seconds(processes: Sequence[int]) -> float:
    """Return the processor time used by the processes and by those of their children that ended."""
    ticks = sum(sum(map(int, f[11:15])) for f in map(_stat, processes) if f)
    return ticks / os.sysconf("SC_CLK_TCK")


def resident(processes: Sequence[int]) -> float:
    """Return the resident memory of some processes in MB."""
    total = 0
    for process in processes:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
        total += sum(int(line.split()[1]) for line in status.splitlines() if "VmRSS" in line)
    return total / 1024


# PostgreSQL.


class Cluster:
    """A PostgreSQL server on a socket, as durable as one is by default: fsync is on."""

    def __init__(self) -> None:
        """Make its files and start it."""
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        on_path = shutil.which("initdb")
        if not programs and not on_path:
            raise FileNotFoundError("PostgreSQL is not installed: apt-get install postgresql")
        self._programs = (programs[-1] if programs else Path(str(on_path))).parent
        self.folder = Path(tempfile.mkdtemp(prefix="silog-pg-", dir=DISK))
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        self._data = self.folder / "data"
        self._run("initdb", "-D", self._data, "-A", "trust", "-U", "silog", "-E", "UTF8")
        self.start()

    def _run(self, program: str, *words: str | Path) -> bool:
        """Run a program of PostgreSQL, which refuses to be root; say whether it went well."""
        command = [str(self._programs / program), *map(str, words)]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        # Not captured through pipes: the server would hold them open for ever.
        with (self.folder / "commands.log").open("ab") as log:
            done = subprocess.run(command, stdout=log, stderr=log, cwd="/", check=False)
        return done.returncode == 0

    def _control(self, *words: str | Path) -> bool:
        return self._run("pg_ctl", "-D", self._data, "-w", "-l", self.folder / "log", *words)

    def start(self) -> None:
        """Start it; after a kill its shared memory is in use until the last child has gone."""
        options = f"-k {self.folder} -c listen_addresses= -c max_connections=100"
        until(lambda: self._control("-o", options, "start"), "the start of PostgreSQL")

    def crash(self, *, outright: bool) -> None:
        """End it as a power cut does: its first process killed, or all of them at once told so."""
        if outright:
            pid = int((self._data / "postmaster.pid").read_text().splitlines()[0])
            os.kill(pid, signal.SIGKILL)
        else:
            self._control("-m", "immediate", "stop")

    def database(self, name: str) -> str:
        """Make a database and return its address."""
        host = ("-h", str(self.folder), "-U", "silog")
        assert self._run("createdb", *host, name), (self.folder / "commands.log").read_text()
        return f"postgresql://silog@/{name}?host={self.folder}"

    @property
    def processes(self) -> list[int]:
        """Return the ids of its processes: the first one leads a session, each child another."""
        pid = int((self._data / "postmaster.pid").read_text().splitlines()[0])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
        return [pid, *map(int, children)]

    def remove(self) -> None:
        """Stop it and remove its files."""
        self._control("-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Give a PostgreSQL server that is gone afterwards."""
    made = Cluster()
    try:
        yield made
    finally:
        made.remove()


# Manifests of any size.


def package(number: int) -> str:
    """Return the code of one of a bench's packages."""
    return f"1271-KS-{number:07}"


def import_packages(home: Home, number: str, packages: int, *, first: int = 0) -> None:
    """Import a manifest of ballot boxes for the villages of the city, in turn."""
    opened = home.open()
    with opened.reading() as session:
        inside = queries.below(PlaceRow.code, PLACE)
        villages = session.scalars(
            select(PlaceRow.code).where(inside, PlaceRow.level == "village").order_by(PlaceRow.code)
        ).all()
    opened.close()
    lines = [f"{package(first + n)},KOTAK,1,{villages[n % len(villages)]}" for n in range(packages)]
    data = "\n".join(["package,item,quantity,destination", *lines, ""]).encode()
    home.run(
        "manifest", "import", "-", "--number", number, "--from", "12", "--to", PLACE, data=data
    )
