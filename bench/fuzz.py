"""Send hostile and senseless inputs to the station: none may fail, hang, or leave memory behind.

The real application answers in this process, as granian asks it: pictures, manifest files, texts of
scans, GS1, JSON, headers, forms, addresses. A failure is an answer of 500 or more, an exception, an
error in the log, a scan that could not be recorded, more than 2 seconds of work, or 10 of waiting.
Every input follows from seed, kind and number alone; the first one that fails of each kind is
written to a file.

Run: python bench/fuzz.py [--inputs 5000] [--seed 1] [--only KIND] [--again KIND:NUMBER]
"""

import argparse
import io
import json
import logging
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from _hostile import FIXTURES, KINDS, MANIFEST, Maker, Request, World

from silog_scan.app import create_app
from silog_scan.config import Settings
from silog_scan.services import accounts, homes, imports
from silog_scan.services.passwords import NewPassword
from silog_scan.store.db import Database
from silog_scan.store.writer import Writer
from silog_scan.web.context import Backend

LONGEST, WAITED = 2.0, 10.0
"""Seconds of work of one request, and seconds by the clock: the machine may have other work."""
_GIVEN_UP = 30
_WARM = 0.25
"""Share of the inputs after which memory should grow no more."""
_GROWTH = 1.15
_PLACE, _PASSWORD = "12.71", "a long password"


class HangError(BaseException):
    """A request that would not end; not an Exception, which the application would catch."""


class Failures(logging.Handler):
    """Keeps what the application logs as an error."""

    def __init__(self) -> None:
        """Hear of all, or Flask would print it too."""
        super().__init__()
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep an error's message and its traceback."""
        if record.levelno < logging.ERROR:
            return
        self.told.append(logging.Formatter().format(record))


@dataclass
class Tally:
    """What came of the inputs of one kind."""

    inputs: int = 0
    requests: int = 0
    slowest: float = 0.0
    failures: int = 0
    statuses: dict[int, int] = field(default_factory=dict)


class Station:
    """The application around a founded home, asked without a network between."""

    def __init__(self, folder: Path) -> None:
        """Found a home, import the sample manifest, and sign in."""
        database = Database(f"sqlite:///{folder / 'silog.db'}")
        homes.open_home(database)
        founding = homes.Founding(_PLACE, _PLACE, "Gudang", "admin", NewPassword(_PASSWORD))
        with database.writing() as session:
            homes.found(session, founding, now())
        self.backend = Backend(Settings(folder, database.url), database, Writer(database), now)
        self.failures = Failures()
        logging.getLogger().addHandler(self.failures)  # first: else Flask would print them too
        self.app = create_app(self.backend)
        self._import()
        self.world = self._world()

    def _import(self) -> None:
        data = (FIXTURES / f"{MANIFEST}.csv").read_bytes()
        backend = self.backend
        with backend.database.reading() as session:
            actor = accounts.cli_actor(session)
        kept = backend.settings.attachments
        backend.writer.run(lambda s: imports.bring(s, actor, data, attachments=kept, at=now()))

    def _world(self) -> World:
        write = self.backend.writer.run
        station = write(
            lambda s: accounts.add_station(s, accounts.cli_actor(s), "Meja", place=_PLACE, at=now())
        )
        with self.backend.database.reading() as session:
            first = accounts.first_administrator(session)
        token = write(lambda s: accounts.sign_in_by_id(s, first, at=now()))
        client = self.app.test_client()
        with client.session_transaction() as session:
            session.update({"_user_id": token, "_fresh": True})
            session["work"] = {"place": _PLACE, "task": "receive", "manifest": MANIFEST}
        page = client.get("/person").text
        form = page.partition('name="csrf-token" content="')[2].partition('"')[0]
        cookie = client.get_cookie("silog")
        assert cookie is not None
        return World(station, token, f"silog={cookie.value}", form)

    def answer(self, request: Request) -> tuple[int, bytes]:
        """Return status and body."""
        told: list[int] = []

        def start(status: str, *_: object) -> Any:  # noqa: ANN401  # WSGI's write, unused
            told.append(int(status[:3]))

        pieces: Any = self.app.wsgi_app(environ_of(request), start)
        try:
            body = b"".join(pieces)
        finally:
            getattr(pieces, "close", lambda: None)()
        return told[-1], body


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def environ_of(request: Request) -> dict[str, Any]:
    """Return the request as a WSGI server hands it on: bytes as Latin-1, the path unquoted."""
    from urllib.parse import unquote_to_bytes  # noqa: PLC0415

    path, _, query = request.target.partition(b"?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers:
        key = name.upper().replace("-", "_")
        is_bare = key in ("CONTENT_TYPE", "CONTENT_LENGTH")
        environ[key if is_bare else f"HTTP_{key}"] = value.decode("latin-1")
    return environ


# One input.


def made(seed: int, kind: str, number: int, world: World) -> Request:
    """Return the input of a kind and number; it follows from them and the seed alone."""
    maker: Maker = KINDS[kind][0]
    return maker(random.Random(f"{seed} {kind} {number}"), world)


def tried(station: Station, request: Request) -> tuple[float, int, str]:
    """Return the seconds of work, the status, and what is wrong with the answer, if anything is."""
    station.failures.told.clear()
    clock, work, status, wrong = time.perf_counter(), time.process_time(), 0, ""
    signal.alarm(_GIVEN_UP)
    try:
        status, body = station.answer(request)
    except (Exception, HangError):  # noqa: BLE001  # whatever it is, it is a finding
        wrong = traceback.format_exc()
    else:
        if b'"scan-failed"' in body:
            wrong = "a scan could not be recorded"
    finally:
        signal.alarm(0)
    waited, seconds = time.perf_counter() - clock, time.process_time() - work
    if status >= 500 and not wrong:
        wrong = f"status {status}"
    if (seconds > LONGEST or waited > WAITED) and not wrong:
        wrong = f"{seconds:.1f} seconds of work, {waited:.1f} seconds in all"
    return seconds, status, "\n".join([wrong, *station.failures.told]).strip()


# All of them.


def run(station: Station, chosen: argparse.Namespace, folder: Path) -> Iterator[int]:
    """Send the inputs of all kinds in turn; yield after each how many there were so far."""
    numbers = dict.fromkeys(chosen.kinds, 0)
    shares = {kind: KINDS[kind][1] for kind in chosen.kinds}
    whole, done = sum(shares.values()), 0
    while done < chosen.inputs:
        # The kind that is furthest behind its share: all are under way from the first to the last.
        kind = min(shares, key=lambda k: chosen.tallies[k].inputs * whole / shares[k])
        number = numbers[kind]
        numbers[kind] += 1
        request = made(chosen.seed, kind, number, station.world)
        note(station, chosen, kind, request, folder / f"{kind.replace(' ', '-')}-{number}")
        done += request.inputs
        yield done


def note(
    station: Station, chosen: argparse.Namespace, kind: str, request: Request, path: Path
) -> None:
    """Send one input and count it; write the first of its kind that fails to a file."""
    seconds, status, wrong = tried(station, request)
    tally: Tally = chosen.tallies[kind]
    tally.requests += 1
    tally.inputs += request.inputs
    tally.slowest = max(tally.slowest, seconds)
    tally.statuses[status] = tally.statuses.get(status, 0) + 1
    if not wrong:
        return
    tally.failures += 1
    if tally.failures <= chosen.most:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".http").write_bytes(request.written())
        path.with_suffix(".txt").write_text(wrong, encoding="utf-8", errors="backslashreplace")
        last = wrong.rstrip().rsplit("\n", 1)[-1]
        print(f"{kind}: {ascii(last)[:200]}; see {path}.http", file=sys.stderr)


def memory() -> int:
    """Return the resident memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE") // 2**20


@contextmanager
def alarmed() -> Iterator[None]:
    """End what hangs."""

    def rang(*_: object) -> None:
        raise HangError(f"{_GIVEN_UP} s")

    before = signal.signal(signal.SIGALRM, rang)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)


def report(chosen: argparse.Namespace, held: list[int], seconds: float) -> bool:
    """Print the table; say whether all is well."""
    print("| kind | inputs | requests | most work | failures |")
    print("|---|---|---|---|---|")
    for kind, tally in chosen.tallies.items():
        print(f"| {kind} | {tally.inputs:,} | {tally.requests:,} | {tally.slowest * 1000:,.0f} ms "
              f"| {tally.failures} |")  # fmt: skip
    inputs = sum(tally.inputs for tally in chosen.tallies.values())
    failures = sum(tally.failures for tally in chosen.tallies.values())
    print(f"| together | {inputs:,} | | | {failures} |")
    start, warm, end = held
    print(f"\nResident memory: {start} MB at the start, {warm} MB warmed up, {end} MB at the end. "
          f"Seed {chosen.seed}, {seconds:.0f} s.")  # fmt: skip
    if chosen.statuses:
        for kind, tally in chosen.tallies.items():
            print(kind, json.dumps(dict(sorted(tally.statuses.items()))), file=sys.stderr)
    is_flat = end <= warm * _GROWTH
    if not is_flat:
        print("Memory grew.", file=sys.stderr)
    return is_flat and not failures


def main(chosen: argparse.Namespace) -> bool:
    """Send all inputs, or one of them again, and print what came of them."""
    folder = Path(chosen.kept or tempfile.mkdtemp(prefix="silog-fuzz-"))
    with tempfile.TemporaryDirectory() as home, alarmed():
        station = Station(Path(home))
        if chosen.again:
            kind, _, number = chosen.again.rpartition(":")
            seconds, status, wrong = tried(
                station, made(chosen.seed, kind, int(number), station.world)
            )
            print(f"{status} in {seconds * 1000:.0f} ms. {wrong}")
            return not wrong
        begun, held, told = time.monotonic(), [memory()], 0
        for done in run(station, chosen, folder):
            if done >= chosen.inputs * _WARM and len(held) == 1:
                held.append(memory())
            if done * 10 // chosen.inputs > told:
                told = done * 10 // chosen.inputs
                print(f"{told * 10} %, {memory()} MB", file=sys.stderr)
        held.append(memory())
        return report(chosen, held, time.monotonic() - begun)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=KINDS, action="append", help="kinds, all when left out")
    parser.add_argument("--again", help="one input, as kind:number")
    parser.add_argument("--kept", help="folder for the inputs that failed")
    parser.add_argument("--most", type=int, default=1, help="failing inputs of a kind to keep")
    parser.add_argument("--statuses", action="store_true", help="print how many were answered how")
    wanted = parser.parse_args()
    wanted.kinds = wanted.only or list(KINDS)
    wanted.tallies = {kind: Tally() for kind in wanted.kinds}
    sys.exit(0 if main(wanted) else 1)
