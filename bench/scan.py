"""Single scans and batches a second, under granian, beside an empty POST and the disk itself.

Every scan is of a package that a manifest expects, not yet counted, so each is decided, chained,
counted and committed. Three servers stand side by side: a Flask application with one empty JSON
route, under the station's own settings of granian, and the station on SQLite and on PostgreSQL.
Rounds are interleaved; the figures are medians of them. All share this machine's cores with the
load, whose own processor time is told.

Run: python bench/scan.py [--rounds 3] [--requests 3000]
"""

import argparse
import json
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from _load import Load, drive, request
from _station import (
    DISK,
    Cluster,
    Home,
    cluster,
    cpu_seconds,
    founded,
    free_port,
    group,
    import_packages,
    package,
    served,
    until,
)

from silog_scan import verify_ledger

CLIENTS = (1, 8, 32)
BATCH, BATCH_CLIENTS = 100, 8
STATIONS = 8
MANIFEST = "SJ-BENCH"
WARM_UP = 200
SCAN, BATCHES = "scan", f"scans in batches of {BATCH}"
EMPTY, SQLITE, POSTGRESQL = "empty JSON POST", "SQLite", "PostgreSQL"


# The empty POST.


def serve_nothing(port: int) -> None:
    """Serve one route that takes and gives empty JSON, as the station is served."""
    from flask import Flask, Response, jsonify, request  # noqa: PLC0415
    from granian import Granian  # noqa: PLC0415
    from granian.constants import Interfaces  # noqa: PLC0415
    from granian.log import LogLevels  # noqa: PLC0415

    app = Flask(__name__)

    @app.post("/")
    def nothing() -> Response:
        return jsonify(request.get_json())

    server = Granian(
        "scan:app",
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=32,
        log_level=LogLevels.error,
    )
    server.serve(target_loader=lambda *_: app)


@contextmanager
def nothing_served() -> Iterator["Target"]:
    """Serve the empty route in a process of its own."""
    port = free_port()
    command = [sys.executable, __file__, "--serve-nothing", str(port)]
    process = subprocess.Popen(command, start_new_session=True)
    try:
        until(lambda: is_served(port), "the start of the empty server")
        yield Target(EMPTY, port, group(process.pid))
    finally:
        process.terminate()
        process.wait(10)


def is_served(port: int) -> bool:
    """Say whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


# What is measured.


class Scans:
    """Makes scans of packages that nobody scanned yet, for the stations in turn."""

    def __init__(self, tokens: Sequence[str]) -> None:
        """Begin with the first package."""
        self._tokens = tokens
        self._next = 0

    def requests(self, count: int, scans: int) -> list[bytes]:
        """Return requests of so many scans each."""
        return [self._request(scans) for _ in range(count)]

    def _request(self, scans: int) -> bytes:
        some = [self._scan(self._next + n) for n in range(scans)]
        self._next += scans
        body = json.dumps({"task": "receive", "manifest": MANIFEST, "scans": some}).encode()
        return request("/api/v1/scans", body, self._tokens[self._next % len(self._tokens)])

    def _scan(self, number: int) -> dict[str, str]:
        return {
            "id": str(uuid.uuid4()),
            "text": package(number),
            "source": "wedge",
            "scanned_at": "2026-02-02T12:00:00+07:00",
        }


@dataclass(frozen=True)
class Target:
    """A server under load: a station with its home, or the empty one."""

    name: str
    port: int
    processes: list[int]
    scans: Scans | None = None
    home: Home | None = None
    postgresql: Cluster | None = None

    def requests(self, count: int, scans: int = 1) -> list[bytes]:
        """Return requests that were never sent."""
        if self.scans is None:
            return [request("/", b"{}")] * count
        return self.scans.requests(count, scans)


@dataclass(frozen=True, slots=True)
class Row:
    """One load: what it met, and processor seconds a request of server and database."""

    load: Load
    server: float
    database: float


def measured(target: Target, count: int, *, clients: int, scans: int = 1) -> Row:
    """Put a load on a server and return what it met and what it cost."""
    requests = target.requests(count, scans)
    before = used(target)
    load = drive(target.port, requests, clients=clients, accepted=scans if target.scans else 0)
    server, database = (now - then for now, then in zip(used(target), before, strict=True))
    return Row(load, server / count, database / count)


def used(target: Target) -> tuple[float, float]:
    """Return the processor seconds of a server and of its PostgreSQL so far."""
    stored = target.postgresql.processes if target.postgresql else []
    return cpu_seconds(target.processes), cpu_seconds(stored)


def one_round(targets: list[Target], requests: int) -> Iterator[tuple[tuple[str, str, int], Row]]:
    """Yield every load's row under (kind, server, clients), the servers taking turns."""
    for clients in CLIENTS:
        for target in targets:
            kind = SCAN if target.scans else ""
            count = requests if clients > 1 else requests // 3
            yield (kind, target.name, clients), measured(target, count, clients=clients)
    for target in targets:
        if target.scans:
            count = batches_of(requests)
            row = measured(target, count, clients=BATCH_CLIENTS, scans=BATCH)
            yield (BATCHES, target.name, BATCH_CLIENTS), row


def batches_of(requests: int) -> int:
    """Return how many batches a round sends."""
    return max(requests // 30, BATCH_CLIENTS)


# The disk itself.

_INSERT = "INSERT INTO raw VALUES ({0}, {0})"


def sqlite_commits(folder: Path, commits: int) -> float:
    """Return single-row commits a second of SQLite as we set it: WAL, synchronous=FULL."""
    with closing(sqlite3.connect(folder / "raw.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE IF NOT EXISTS raw (id TEXT PRIMARY KEY, body TEXT)")
        insert = _INSERT.format("?")
        return per_second(
            commits, lambda: connection.execute(insert, (str(uuid.uuid4()), "x" * 600))
        )


def postgresql_commits(address: str, commits: int) -> float:
    """Return single-row commits a second of PostgreSQL, synchronous_commit=on."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS raw (id text PRIMARY KEY, body text)")
        insert = _INSERT.format("%s")
        return per_second(
            commits, lambda: connection.execute(insert, (str(uuid.uuid4()), "x" * 600))
        )


def per_second(times: int, call: Callable[[], object]) -> float:
    """Return how often a second a call was done."""
    begun = time.perf_counter()
    for _ in range(times):
        call()
    return times / (time.perf_counter() - begun)


# The checking of chains.


def verified(home: Home | None, empty: Home) -> dict[str, tuple[float, int]]:
    """Return seconds and events of each way to check a ledger; starting the program is left out."""
    assert home
    found = {}
    for name, command in {
        "`silog-scan ledger verify`": verify,
        "`verify_ledger.py`": alone,
    }.items():
        events, seconds = command(home)
        few, start = command(empty)
        found[name] = (seconds - start, events - few)
    return found


def verify(home: Home) -> tuple[int, float]:
    """Check the database's own ledger."""
    events = home.run("ledger", "export").count(b"\n")
    begun = time.perf_counter()
    home.run("ledger", "verify")
    return events, time.perf_counter() - begun


def alone(home: Home) -> tuple[int, float]:
    """Check an export without the program."""
    export = home.folder / "export.jsonl"
    export.write_bytes(home.run("ledger", "export"))
    begun = time.perf_counter()
    command = [sys.executable, str(verify_ledger.__file__), str(export)]
    done = subprocess.run(command, check=False, capture_output=True)
    assert done.returncode == 2, done  # unbroken, and held against no checkpoint
    return export.read_bytes().count(b"\n"), time.perf_counter() - begun


# The report.


def report(rows: dict[tuple[str, str, int], list[Row]]) -> None:
    """Print the table of loads."""
    empty = {key[2]: rate(some) for key, some in rows.items() if not key[0]}
    print("| | clients | a second | of empty | p50 | p99 | CPU a request | the load's own CPU |")
    print("|---|---|---|---|---|---|---|---|")
    for (kind, name, clients), some in rows.items():
        label = f"{kind}, {name}" if kind else name
        share = f"{100 * rate(some) / empty[clients]:.0f} %" if kind == "scan" else ""
        figures = [f"{rate(some) * (BATCH if kind == BATCHES else 1):,.0f}", share, *costs(some)]
        print("| " + " | ".join([label, str(clients), *figures]) + " |")


def costs(rows: list[Row]) -> list[str]:
    """Return the columns of a row that are times."""
    p50, p99, server, database, own = (
        statistics.median(figures)
        for figures in zip(
            *(
                (
                    row.load.within(0.5),
                    row.load.within(0.99),
                    1000 * row.server,
                    1000 * row.database,
                    100 * row.load.own_cpu / row.load.seconds,
                )
                for row in rows
            ),
            strict=True,
        )
    )
    cpu = f"{server:.2f} ms" + (f", PostgreSQL {database:.2f} ms" if database else "")
    return [f"{p50:.1f} ms", f"{p99:.1f} ms", cpu, f"{own:.0f} % of a core"]


def rate(rows: list[Row]) -> float:
    """Return the median of requests a second over the rounds."""
    return statistics.median(row.load.rate for row in rows)


def report_rest(commits: dict[str, list[float]], checks: dict[str, tuple[float, int]]) -> None:
    """Print what the disk can do, and the checking of chains."""
    print("\n| | a second |")
    print("|---|---|")
    for name, rates in commits.items():
        print(f"| raw commits, {name} | {statistics.median(rates):,.0f} |")
    for name, (seconds, events) in checks.items():
        print(f"| events, {name} | {events / seconds:,.0f} |")


# All of it.


def station(stack: ExitStack, folder: Path, packages: int, postgresql: Cluster | None) -> Target:
    """Serve a new home whose manifest expects that many packages."""
    address = postgresql.database("bench") if postgresql else None
    home = founded(folder, address, stations=STATIONS)
    import_packages(home, MANIFEST, packages)
    server = stack.enter_context(served(home))
    name = POSTGRESQL if postgresql else SQLITE
    return Target(name, server.port, server.processes, Scans(home.tokens), home, postgresql)


def main(rounds: int, requests: int) -> None:
    """Print the figures."""
    before = os.getloadavg()[0]
    packages = rounds * (3 * requests + BATCH * batches_of(requests)) + WARM_UP
    rows: dict[tuple[str, str, int], list[Row]] = defaultdict(list)
    commits: dict[str, list[float]] = defaultdict(list)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=DISK)))
        postgresql = stack.enter_context(cluster())
        raw = postgresql.database("raw")
        sqlite = station(stack, folder / "sqlite", packages, None)
        targets = [
            stack.enter_context(nothing_served()),
            sqlite,
            station(stack, folder / "postgresql", packages, postgresql),
        ]
        for target in targets:
            measured(target, WARM_UP, clients=8)
        for _ in range(rounds):
            for key, row in one_round(targets, requests):
                rows[key].append(row)
            commits[SQLITE].append(sqlite_commits(folder, requests // 3))
            commits[POSTGRESQL].append(postgresql_commits(raw, requests // 3))
        checks = verified(sqlite.home, founded(folder / "empty"))
    report(rows)
    report_rest(commits, checks)
    print(f"\nMedians of {rounds} rounds; load {before:.1f} before, {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=3000, help="of 8 and of 32 clients a round")
    parser.add_argument("--serve-nothing", type=int, metavar="PORT", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve_nothing:
        serve_nothing(chosen.serve_nothing)
    else:
        main(chosen.rounds, chosen.requests)
