"""A file's lines and problems between reading and confirming, in a SQLite file of their own.

A million rows need no memory, whatever database the station has; several connections may look at
once, and what was left by a power cut is thrown away, so nothing here is put on disk with care.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from silog_scan.core import manifests
from silog_scan.core.errors import Sentence
from silog_scan.core.manifests import Head, Line, Problem

_TABLES = """
CREATE TABLE head (id INTEGER PRIMARY KEY, number TEXT, origin TEXT, receiver TEXT, due TEXT);
CREATE TABLE line (
    row INTEGER PRIMARY KEY, item TEXT, quantity INTEGER, destination TEXT, package TEXT,
    parent TEXT, seals TEXT, due TEXT, note TEXT, unit TEXT, extra TEXT,
    head INTEGER, number INTEGER, change TEXT
);
CREATE TABLE waiting (row INTEGER, text TEXT);
CREATE TABLE seal (head INTEGER, seal TEXT, row INTEGER);
CREATE TABLE problem (row INTEGER, title TEXT, value TEXT, code TEXT, message TEXT);
CREATE TABLE kept (
    row INTEGER, item TEXT, quantity INTEGER, destination TEXT, package TEXT,
    parent TEXT, seals TEXT, due TEXT, note TEXT, unit TEXT, extra TEXT,
    head INTEGER, number INTEGER, stands INTEGER
);
CREATE TABLE fact (content TEXT);
"""
_INDEXES = """
CREATE INDEX packages ON line (head, package) WHERE package IS NOT NULL;
CREATE INDEX bulk ON line (head, item, destination) WHERE package IS NULL;
CREATE INDEX destinations ON line (head, destination);
CREATE INDEX parents ON line (head, parent) WHERE parent IS NOT NULL;
CREATE INDEX seals ON seal (head, seal);
CREATE INDEX problems ON problem (row);
"""
COLUMNS = "row, item, quantity, destination, package, parent, seals, due, note, unit, extra"
_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Sum:
    """What a manifest of the file expects of an item for a destination."""

    item: str
    destination: str
    lines: int
    packages: int
    units: int


class Intake:
    """One file, read."""

    def __init__(self, path: Path) -> None:
        """Open the file; ``make`` gives a new one its tables."""
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-16384"
        )

    def make(self) -> None:
        """Make the tables."""
        self._db.executescript(_TABLES)

    def index(self) -> None:
        """Make the indexes, once all is in: a third of the time that filling them takes."""
        self._db.executescript(_INDEXES)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write what follows together."""
        self._db.execute("BEGIN")
        yield
        self._db.execute("COMMIT")

    # What the file says.

    def add(self, rows: Iterable[tuple[int, Line]]) -> None:
        """Add lines, each with the number of its head."""
        rows = list(rows)
        self._db.executemany(
            "INSERT INTO line VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
            [(*_values(line), head) for head, line in rows],
        )
        seals = (
            (head, seal, line.row)
            for head, line in rows
            if line.seals and line.package
            for seal in line.seals
        )
        self._db.executemany("INSERT INTO seal VALUES (?, ?, ?)", seals)

    def add_waiting(self, rows: Iterable[tuple[int, str]]) -> None:
        """Keep quantities that only their whole column explains, by row."""
        self._db.executemany("INSERT INTO waiting VALUES (?, ?)", rows)

    def waiting(self) -> list[str]:
        """Return the different texts of those quantities."""
        found = self._db.execute("SELECT DISTINCT text FROM waiting")
        return [text for (text,) in found.fetchall()]

    def waiting_rows(self, text: str) -> list[int]:
        """Return the rows with one of those texts."""
        found = self._db.execute("SELECT row FROM waiting WHERE text = ? ORDER BY row", (text,))
        return [row for (row,) in found.fetchall()]

    def explain(self, text: str, units: int) -> None:
        """Say what a quantity means."""
        self._db.execute(
            "UPDATE line SET quantity = ? WHERE row IN (SELECT row FROM waiting WHERE text = ?)",
            (units, text),
        )

    def add_problems(self, problems: Iterable[Problem]) -> None:
        """Add problems in the order in which they were found."""
        rows = (
            (p.row, p.column, p.value, p.code, json.dumps(p.message.as_json())) for p in problems
        )
        self._db.executemany("INSERT INTO problem VALUES (?, ?, ?, ?, ?)", rows)

    def add_heads(self, heads: Iterable[Head]) -> None:
        """Add the manifests in their order, numbered from 0."""
        self._db.executemany(
            "INSERT INTO head VALUES (?, ?, ?, ?, NULL)",
            [(n, head.number, head.origin, head.receiver) for n, head in enumerate(heads)],
        )

    def refuse(self) -> None:
        """Drop the lines that have problems, and the manifests without any line left."""
        self._db.execute("DELETE FROM line WHERE row IN (SELECT row FROM problem)")
        self._db.execute("DELETE FROM head WHERE id NOT IN (SELECT head FROM line)")
        self._db.execute(
            "UPDATE head SET due = (SELECT min(due) FROM line WHERE line.head = head.id)"
        )

    # What is read again.

    def heads(self) -> dict[int, Head]:
        """Return the manifests by the numbers they have here."""
        rows = self._db.execute("SELECT id, number, origin, receiver, due FROM head ORDER BY id")
        return {
            one: Head(number, origin, receiver, date.fromisoformat(due) if due else None)
            for one, number, origin, receiver, due in rows.fetchall()
        }

    def problems(self, most: int | None = None) -> Iterator[Problem]:
        """Yield the problems from the top of the sheet to its end."""
        rows = self._db.execute("SELECT * FROM problem ORDER BY row, rowid LIMIT ?", (most or -1,))
        for row, title, value, code, message in rows:
            yield Problem(row, title, value, code, Sentence.from_json(json.loads(message)))

    def count(self, table: str) -> int:
        """Return how many ``line``s or ``problem``s there are."""
        (found,) = self._db.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
        return int(found)

    def refused_rows(self) -> int:
        """Return how many rows have problems."""
        (found,) = self._db.execute("SELECT count(DISTINCT row) FROM problem").fetchone()
        return int(found)

    def sums(self, head: int) -> Iterator[Sum]:
        """Yield what a manifest expects, by item and destination in their order."""
        rows = self._db.execute(
            "SELECT item, destination, count(*), count(package), sum(quantity) FROM line "
            "WHERE head = ? GROUP BY item, destination ORDER BY item, destination",
            (head,),
        )
        return (Sum(*row) for row in rows)

    def of(self, head: int) -> "Lines":
        """Return the lines of a manifest."""
        return Lines(self._db, head)

    def packages(self, head: int) -> Iterator[str]:
        """Yield the packages of a manifest."""
        found = "SELECT package FROM line WHERE head = ? AND package IS NOT NULL"
        for (package,) in self._db.execute(found, (head,)):
            yield package

    def row_of(self, head: int, package: str) -> int:
        """Return the row of the file on which a manifest has a package."""
        found = "SELECT row FROM line WHERE head = ? AND package = ?"
        (row,) = self._db.execute(found, (head, package)).fetchone()
        return int(row)

    # Beside an earlier issue.

    def keep(self, head: int, rows: Iterable[tuple[int, bool, Line]]) -> None:
        """Keep the lines that a manifest has or had: number, whether it stands, and the line."""
        self._db.executemany(
            "INSERT INTO kept VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ((*_values(line), head, number, stands) for number, stands, line in rows),
        )

    def compare(self, head: int) -> None:
        """Give each line its number, one it had before or a new one, and say what it changes."""
        self._db.executescript(
            "CREATE INDEX IF NOT EXISTS kept_packages ON kept (head, package);"
            "CREATE INDEX IF NOT EXISTS kept_bulk ON kept (head, item, destination);"
        )
        for same in _KEYS:
            self._db.execute(f"{_TAKE_OVER} AND {same}", (head, head))
        (highest,) = self._db.execute(
            "SELECT coalesce(max(number), 0) FROM kept WHERE head = ?", (head,)
        ).fetchone()
        self._db.execute(_NUMBER, (highest, head))

    def changes(self, head: int) -> dict[str, int]:
        """Return how many lines are new, back, changed, only moved, the same, and dropped."""
        rows = self._db.execute(
            "SELECT change, count(*) FROM line WHERE head = ? GROUP BY change", (head,)
        )
        (dropped,) = self._db.execute(
            f"SELECT count(*) FROM ({_DROPPED})",  # noqa: S608  # ours
            (head, head),
        ).fetchone()
        none = dict.fromkeys(("new", "back", "changed", "moved", "same"), 0)
        return none | dict(rows.fetchall()) | {"dropped": int(dropped)}

    def dropped(self, head: int) -> Iterator[int]:
        """Yield the numbers of the lines that stand and are not in the file."""
        for (number,) in self._db.execute(_DROPPED, (head, head)):
            yield number

    def new(self, head: int) -> Iterator[tuple[Any, ...]]:
        """Yield number and ``COLUMNS`` of the new lines, as databases keep them, in order."""
        return self._db.execute(
            f"SELECT number, {COLUMNS} FROM line WHERE head = ? AND change = 'new' "  # noqa: S608
            "ORDER BY number",
            (head,),
        )

    def changed(self, head: int) -> Iterator[tuple[int, Line]]:
        """Yield the lines an earlier issue had, and has otherwise, with their numbers, in order."""
        rows = self._db.execute(
            f"SELECT number, {COLUMNS} FROM line WHERE head = ? "  # noqa: S608
            "AND change IN ('back', 'changed', 'moved') ORDER BY number",
            (head,),
        )
        for number, *values in rows:
            yield number, _line(values)

    # What else is known of it.

    def note(self, facts: dict[str, Any]) -> None:
        """Keep what else is known of the file, once it is read to its end."""
        self._db.execute("INSERT INTO fact VALUES (?)", (json.dumps(facts),))

    def facts(self) -> dict[str, Any] | None:
        """Return what was kept, None of a file that was not read to its end."""
        row = self._db.execute("SELECT content FROM fact").fetchone()
        return dict(json.loads(row[0])) if row else None


_KEYS = (
    "old.package = line.package",
    """old.package IS NULL AND line.package IS NULL
    AND old.item = line.item AND old.destination = line.destination""",
)
_SAME = " AND ".join(
    f"old.{name} IS line.{name}"
    for name in ("item", "quantity", "destination", "parent", "seals", "due", "note", "unit",
                 "extra")
)  # fmt: skip
_TAKE_OVER = (
    "UPDATE line SET number = old.number, change = CASE WHEN NOT old.stands THEN 'back' "  # noqa: S608
    f"WHEN NOT ({_SAME}) THEN 'changed' WHEN old.row = line.row THEN 'same' ELSE 'moved' END "
    "FROM kept AS old WHERE line.head = ? AND old.head = ?"
)
_NUMBER = (
    "UPDATE line SET number = fresh.number, change = 'new' FROM ("
    "SELECT row, ? + row_number() OVER (ORDER BY row) AS number "
    "FROM line WHERE head = ? AND number IS NULL) AS fresh WHERE fresh.row = line.row"
)
_DROPPED = (
    "SELECT number FROM kept WHERE head = ? AND stands AND number NOT IN "
    "(SELECT number FROM line WHERE head = ?) ORDER BY number"
)


_NORMAL = """CASE WHEN seals = '[]' AND extra = '{}' AND due IS NULL AND note = '' AND unit = ''
    THEN '{"destination":' || json_quote(destination) || ',"item":' || json_quote(item)
    || CASE WHEN package IS NULL THEN '' ELSE ',"package":' || json_quote(package) END
    || CASE WHEN parent IS NULL THEN '' ELSE ',"parent":' || json_quote(parent) END
    || ',"quantity":' || quantity || '}' END"""


class Lines:
    """The lines of one manifest, and those among them that could break a rule."""

    def __init__(self, db: sqlite3.Connection, head: int) -> None:
        """Look at a manifest's lines."""
        self._db, self._head = db, head

    def _found(self, where: str = "TRUE", *values: object) -> Iterator[Line]:
        rows = self._db.execute(
            f"SELECT {COLUMNS} FROM line WHERE head = ? AND {where} ORDER BY row",  # noqa: S608
            (self._head, *values),
        )
        return map(_line, rows)

    def lines(self) -> Iterator[Line]:
        """Return all of them."""
        return self._found()

    def normal(self) -> Iterator[str]:
        """Yield each as canonical JSON; the database writes the plain ones, six times as fast."""
        rows = self._db.execute(
            f"SELECT {_NORMAL}, {COLUMNS} FROM line WHERE head = ? ORDER BY row",  # noqa: S608
            (self._head,),
        )
        for normal, *values in rows:
            yield normal or manifests.normal(_line(values))

    def destinations(self) -> list[str]:
        """Return each place that lines are bound for."""
        rows = self._db.execute(
            "SELECT DISTINCT destination FROM line WHERE head = ?", (self._head,)
        )
        return [place for (place,) in rows.fetchall()]

    def bound_for(self, destination: str) -> Iterator[Line]:
        """Return the lines that are bound for a place."""
        return self._found("destination = ?", destination)

    def repeated(self) -> Iterator[Line]:
        """Return the lines whose package, or item and destination in bulk, stands on several."""
        for where, keys in (("IS NOT NULL", "package"), ("IS NULL", "item, destination")):
            several = (
                f"package {where} AND ({keys}) IN (SELECT {keys} FROM line WHERE head = ? "  # noqa: S608
                f"AND package {where} GROUP BY {keys} HAVING count(*) > 1)"
            )
            yield from self._found(several, self._head)

    def sealed_alike(self) -> Iterator[Line]:
        """Return the packages with a seal that stands on several lines, or twice on one."""
        several = (
            "row IN (SELECT row FROM seal WHERE head = ? AND seal IN "
            "(SELECT seal FROM seal WHERE head = ? GROUP BY seal HAVING count(*) > 1))"
        )
        return self._found(several, self._head, self._head)

    def nested(self) -> Iterator[Line]:
        """Return the packages whose parent travels in another package itself."""
        parented = "SELECT package FROM line WHERE head = ? AND parent IS NOT NULL"
        return self._found(
            f"parent IS NOT NULL AND package IS NOT NULL AND parent IN ({parented})",
            self._head,
        )


def _values(line: Line) -> tuple[Any, ...]:
    """Return what the tables keep of a line; equal lines give equal texts."""
    return (
        *(line.row, line.item, line.quantity, line.destination, line.package, line.parent),
        json.dumps(line.seals) if line.seals else "[]",
        line.due.isoformat() if line.due else None,
        *(line.note, line.unit),
        json.dumps(dict(line.extra), sort_keys=True) if line.extra else "{}",
    )


def _line(values: Any) -> Line:  # noqa: ANN401  # what the tables keep
    row, item, quantity, destination, package, parent, seals, due, note, unit, extra = values
    return Line(
        *(row, item, quantity, destination, package, parent),
        tuple(json.loads(seals)) if seals != "[]" else (),
        date.fromisoformat(due) if due else None,
        *(note, unit),
        tuple(json.loads(extra).items()) if extra != "{}" else (),
    )
