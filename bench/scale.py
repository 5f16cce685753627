"""What a scan and the pages cost at a thousand, a hundred thousand and a million events and lines.

A manifest of that many packages is imported from a file, all but a few hundred are received, and
a second manifest expects one item at a few thousand places, as a regency's polling stations do.
Then a real server is asked, one request at a time: figures that are flat do not depend on size.

Run: python bench/scale.py [--sizes 1000 100000 1000000] [--postgresql]
"""

import argparse
import http.client
import json
import os
import re
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from _load import drive, request
from _station import (
    CLERK,
    DISK,
    PASSWORD,
    PLACE,
    Home,
    Server,
    cluster,
    founded,
    import_packages,
    package,
    resident,
    served,
)

from silog_scan.core.stock import Task
from silog_scan.services import accounts, scanning

MANIFEST, BULK = "SJ-SCALE", "SJ-BULK"
LEFT = 300
"""Packages nobody has received yet, to be scanned while measuring."""
POLLING_STATIONS = 6_000
TIMES = 40
PAGES = {
    "reconciliation page": f"/manifests/{MANIFEST}/reconciliation",
    "reconciliation page, live part": f"/manifests/{MANIFEST}/reconciliation/live",
    "reconciliation of the day": "/reconciliation",
    "manifest page": f"/manifests/{MANIFEST}",
    "stock page": "/stock",
    "package history": f"/packages/{package(0)}",
    "start page": "/",
    "API reconciliation": f"/api/v1/manifests/{MANIFEST}/reconciliation",
    "API lines, page in the middle": f"/api/v1/manifests/{MANIFEST}/lines?limit=100&after=",
}


@dataclass
class Figures:
    """What was found at one size."""

    size: int
    rows: dict[str, str] = field(default_factory=dict)


# Data.


def fill(home: Home, size: int, figures: Figures) -> None:
    """Import the manifests and receive all of the large one but the last packages."""
    begun = time.monotonic()
    import_packages(home, MANIFEST, size)
    figures.rows["import"] = f"{time.monotonic() - begun:.0f} s"
    import_bulk(home, min(POLLING_STATIONS, size))
    begun = time.monotonic()
    receive(home, size - LEFT)
    figures.rows["scans recorded in batches of 500"] = (
        f"{(size - LEFT) / (time.monotonic() - begun):,.0f} a second"
    )


def import_bulk(home: Home, places: int) -> None:
    """Import a manifest of ink for so many polling stations of one district's villages."""
    codes = [f"{PLACE}.01.{1001 + n // 900}.{1 + n % 900:03}" for n in range(places)]
    lines = [f"TINTA,2,{code}" for code in codes]
    data = "\n".join(["item,quantity,destination", *lines, ""]).encode()
    home.run("manifest", "import", "-", "--number", BULK, "--from", "12", "--to", PLACE, data=data)


def receive(home: Home, packages: int) -> None:
    """Record scans as the server does, 500 in a transaction."""
    database = home.open()
    with database.reading() as session:
        actor = accounts.cli_actor(session)
    for first in range(0, packages, 500):
        at = datetime.now(UTC)
        numbers = range(first, min(first + 500, packages))
        scans = tuple(
            scanning.scan_of(
                package(n), actor=actor, task=Task.RECEIVE, place=PLACE, at=at, manifest=MANIFEST
            )
            for n in numbers
        )
        handed_in = scanning.Submission(actor, Task.RECEIVE, PLACE, scans, at, MANIFEST)
        with database.writing() as session:
            scanning.record(session, [handed_in])
    database.close()


# Asking the server.


class Person:
    """Somebody of the staff who is signed in."""

    def __init__(self, port: int) -> None:
        """Sign in."""
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        self._cookie = ""
        found = re.search(rb'name="csrf-token" content="([^"]+)"', self.get("/sign-in"))
        assert found
        form = {"name": CLERK, "password": PASSWORD, "csrf_token": found[1].decode()}
        self._ask("POST", "/sign-in", urlencode(form))

    def get(self, path: str) -> bytes:
        """Return a page."""
        status, content = self._ask("GET", path)
        assert status == 200, (path, status, content[:2000])
        return content

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _ask(self, method: str, path: str, form: str | None = None) -> tuple[int, bytes]:
        headers = {"Cookie": self._cookie, "Accept-Language": "en"}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, form, headers)
        answer = self._connection.getresponse()
        if cookie := answer.getheader("Set-Cookie"):
            self._cookie = cookie.partition(";")[0]
        return answer.status, answer.read()


def scans(home: Home, texts: Iterator[str], number: str) -> list[bytes]:
    """Return requests of one scan each, never sent before."""
    return [
        request(
            "/api/v1/scans",
            json.dumps(
                {
                    "task": "receive",
                    "manifest": number,
                    "scans": [
                        {
                            "id": str(uuid.uuid4()),
                            "text": text,
                            "scanned_at": "2026-02-02T12:00:00+07:00",
                        }
                    ],
                }
            ).encode(),
            home.tokens[0],
        )
        for text in texts
    ]


def ask(home: Home, server: Server, figures: Figures) -> None:
    """Time scans, then pages, each alone."""
    size = figures.size
    drive(server.port, scans(home, map(package, range(size - LEFT, size - LEFT + 10)), MANIFEST),
          clients=1, accepted=1)  # fmt: skip
    single = map(package, range(size - LEFT + 10, size - 10))
    load = drive(server.port, scans(home, single, MANIFEST), clients=1, accepted=1)
    figures.rows["scan answer"] = f"{load.within(0.5):.1f} ms (p99 {load.within(0.99):.1f})"
    load = drive(
        server.port, scans(home, iter(["SLG-ITEM-TINTA"] * TIMES), BULK), clients=1, accepted=1
    )
    figures.rows[f"scan of bulk, {min(size, POLLING_STATIONS):,} lines of the item"] = (
        f"{load.within(0.5):.1f} ms"
    )
    with closing(Person(server.port)) as person:
        for name, path in PAGES.items():
            whole = path + str(size // 2) if path.endswith("=") else path
            figures.rows[name] = timed(partial(person.get, whole))


def timed(call: Callable[[], object]) -> str:
    """Return the median milliseconds of a call; a slow one is asked less often."""
    taken: list[float] = []
    call()
    while len(taken) < TIMES and sum(taken) < 20:
        begun = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begun)
    return f"{1000 * statistics.median(taken):.1f} ms"


def measured(folder: Path, size: int, *, on_postgresql: bool) -> Figures:
    """Make a home of a size and return its figures."""
    figures = Figures(size)
    with ExitStack() as stack:
        database = None
        if on_postgresql:
            database = stack.enter_context(cluster()).database("scale")
        home = founded(folder, database)
        fill(home, size, figures)
        server = stack.enter_context(served(home))
        ask(home, server, figures)
        figures.rows["resident memory of the server"] = f"{resident(server.processes):.0f} MB"
        if not on_postgresql:
            kept = sum(path.stat().st_size for path in folder.glob("silog.db*"))
            figures.rows["database"] = f"{kept / 2**20:,.0f} MB"
    return figures


def main(sizes: list[int], *, on_postgresql: bool) -> None:
    """Print a table with a column for each size."""
    columns = []
    for size in sizes:
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(dir=DISK) as name:
            columns.append(measured(Path(name) / "home", size, on_postgresql=on_postgresql))
        print(f"{size:,}: {time.monotonic() - begun:.0f} s", file=sys.stderr)
    print("| | " + " | ".join(f"{column.size:,}" for column in columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for row in columns[-1].rows:
        print("| " + " | ".join([row, *(column.rows.get(row, "") for column in columns)]) + " |")
    print(f"\nload {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000], help="1000 100000 1000000")
    parser.add_argument("--postgresql", action="store_true")
    chosen = parser.parse_args()
    main(chosen.sizes, on_postgresql=chosen.postgresql)
