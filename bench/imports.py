"""What importing a manifest costs, in time and memory, beside the databases' own tools in one run.

A file of packages is imported into a founded home by the command line, as an operator does: read,
checked, compared and stored in small transactions. Beside it, with the same rows:

- ``.import``: SQLite's own tool, into a table without index or check
- SQLite: Python's driver filling a copy of our table with its indexes in one transaction
- COPY: PostgreSQL's own way, into a copy of our table with its indexes

Run: python bench/imports.py [--sizes 10000 100000 1000000] [--postgresql]
"""

import argparse
import csv
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from _station import PLACE, Home, cluster, founded, package

VILLAGES = [f"{PLACE}.{district:02}.{1001 + n}" for district in range(1, 22) for n in range(3)]
PROGRAM = Path(sys.executable).with_name("silog-scan")


@dataclass(frozen=True)
class Taken:
    """Seconds by the clock, and the most memory in MB, of a process of its own if it had one."""

    seconds: float
    megabytes: float = 0.0


def written(folder: Path, rows: int) -> Path:
    """Write a manifest of so many packages, 51 bytes each."""
    file = folder / f"{rows}.csv"
    with file.open("w", encoding="utf-8") as out:
        out.write("nomor manifest;asal;penerima;kode koli;jenis;jumlah;kode tujuan\n")
        for number in range(rows):
            place = VILLAGES[number % len(VILLAGES)]
            out.write(f"SJ-{rows};12;{PLACE};{package(number)};KOTAK;1;{place}\n")
    return file


def ours(home: Home, file: Path) -> Taken:
    """Import the file by the command line."""
    begun = time.monotonic()
    process = subprocess.Popen(
        [PROGRAM, "manifest", "import", file], env=home.environment, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"the import ended with {status}")
    return Taken(time.monotonic() - begun, usage.ru_maxrss / 1024)


def bare(folder: Path, file: Path) -> Taken:
    """Import the file by SQLite's own tool, into a table without index or check."""
    script = f'.mode csv\n.separator ;\n.import "{file}" t\n'
    begun = time.monotonic()
    tool = shutil.which("sqlite3")
    if tool is None:
        return Taken(float("nan"))
    subprocess.run([tool, folder / f"{file.stem}.bare"], input=script, text=True, check=True)
    return Taken(time.monotonic() - begun)


def rows_of(file: Path) -> Iterator[tuple[object, ...]]:
    """Yield the rows as the table of lines has them, without a check."""
    with file.open(encoding="utf-8", newline="") as opened:
        reader = csv.reader(opened, delimiter=";")
        next(reader)
        for number, (manifest, _, _, code, item, units, place) in enumerate(reader, start=1):
            yield (manifest, number, number + 1, item, int(units), place, code, None, "[]", None,
                   "", "", "{}", 1, 2**31 - 1)  # fmt: skip


def indexed(folder: Path, home: Home, file: Path) -> Taken:
    """Fill a copy of our table with its indexes by Python's driver, in one transaction."""
    with sqlite3.connect(home.folder / "silog.db") as known:
        made = [
            sql
            for (sql,) in known.execute(
                "SELECT sql FROM sqlite_master WHERE tbl_name = 'line' AND sql IS NOT NULL"
            )
        ]
    known.close()
    begun = time.monotonic()
    database = sqlite3.connect(folder / f"{file.stem}.indexed")
    for sql in made:
        database.execute(sql)
    with database:
        marks = ", ".join("?" * 15)
        database.executemany(f"INSERT INTO line VALUES ({marks})", rows_of(file))  # noqa: S608
    database.close()
    return Taken(time.monotonic() - begun)


def copied(address: str, file: Path) -> Taken:
    """Fill a copy of our table with its indexes by COPY."""
    with psycopg.connect(address) as connection:
        connection.execute("CREATE TEMP TABLE copied (LIKE line INCLUDING ALL)")
        begun = time.monotonic()
        with connection.cursor().copy("COPY copied FROM STDIN") as copy:
            for row in rows_of(file):
                copy.write_row(row)
        connection.commit()
        return Taken(time.monotonic() - begun)


def measured(folder: Path, rows: int, address: str | None) -> None:
    """Print what each way takes for so many rows."""
    file, home = written(folder, rows), founded(folder / f"home-{rows}")
    plain, filled, sqlite = bare(folder, file), indexed(folder, home, file), ours(home, file)
    line = f"| {rows:,} | {plain.seconds:.2f} | {filled.seconds:.2f} | **{sqlite.seconds:.1f}** "
    line += f"| {sqlite.seconds / plain.seconds:.1f} | {sqlite.seconds / filled.seconds:.1f} "
    line += f"| {sqlite.megabytes:.0f} |"
    if address:
        large = founded(folder / f"pg-{rows}", address)
        stored, copy = ours(large, file), copied(address, file)
        line += f" {copy.seconds:.2f} | **{stored.seconds:.1f}** "
        line += f"| {stored.seconds / copy.seconds:.1f} | {stored.megabytes:.0f} |"
    print(line, flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--postgresql", action="store_true")
    asked = parser.parse_args()
    head = "| rows | .import, s | SQLite, indexed, s | silog-scan, s | × .import | × indexed | MB |"
    print(head + (" COPY, s | silog-scan, s | × COPY | MB |" if asked.postgresql else ""))
    print("|---" * (11 if asked.postgresql else 7) + "|")
    with tempfile.TemporaryDirectory() as folder:
        for rows in asked.sizes:
            if asked.postgresql:
                with cluster() as server:
                    measured(Path(folder), rows, server.database(f"bench{rows}"))
            else:
                measured(Path(folder), rows, None)


if __name__ == "__main__":
    main()
