"""Read a manifest file: what it would bring, and every problem in it, before anything is stored.

Lines and problems are kept in a file of their own beside the manifest file, so that a million rows
need no more memory than a thousand.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from silog_scan.core import cells, columns, items, manifests
from silog_scan.core.cells import Flaw, Row
from silog_scan.core.columns import Columns
from silog_scan.core.errors import Conflict, Malformed, say
from silog_scan.core.manifests import Defaults, Head, Heads, Problem, Problems, Reader
from silog_scan.documents import manifest_files, tables
from silog_scan.documents.manifest_files import Dialect
from silog_scan.documents.tables import GUESSED, Layout, Table
from silog_scan.services import mappings
from silog_scan.services.actors import Actor
from silog_scan.store import lines, queries
from silog_scan.store.db import chunks
from silog_scan.store.intake import Intake
from silog_scan.store.tables import ManifestRow

MOST_SHOWN = 1000
"""Problems and warnings that a preview carries along; the file beside it has all."""
_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Brought:
    """One manifest of a file: how many lines, and what they change against the one that is here.

    ``change`` is new, changed or unchanged; ``version`` the issue it was compared with, 0 for none;
    ``lines`` by what becomes of them: new, back, changed, moved, same, dropped; ``counted`` how
    many of the dropped ones something was counted on.
    """

    id: int
    head: Head
    change: str
    version: int
    lines: dict[str, int]
    counted: int = 0

    @property
    def accepted(self) -> int:
        """Return how many lines the file has for it."""
        return sum(self.lines.values()) - self.lines["dropped"]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file says before anything is stored."""

    file: Path
    layout: Layout
    sheets: tuple[str, ...]
    header: tuple[str, ...]
    example: tuple[str, ...]
    columns: Columns
    rows: int
    refused: int
    problem_count: int
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    manifests: tuple[Brought, ...]

    @property
    def store(self) -> Path:
        """Return where its lines and problems are kept."""
        return _store_of(self.file)

    @property
    def numbers(self) -> list[str]:
        """Return the numbers of the manifests in the file."""
        return [brought.head.number for brought in self.manifests]

    @property
    def changes(self) -> dict[str, str]:
        """Return by number what the file does to each manifest: new, changed or unchanged."""
        return {brought.head.number: brought.change for brought in self.manifests}

    @property
    def accepted(self) -> int:
        """Return how many rows can be taken."""
        return sum(brought.accepted for brought in self.manifests)


def _store_of(file: Path) -> Path:
    return file.with_suffix(".lines")


Told = Callable[[int, float], None]
"""Hears while a file is read: rows so far, and which part of the file that is."""


def _to_nobody(_rows: int, _part: float) -> None:
    pass


def look(
    session: Session,
    actor: Actor,
    file: Path,
    defaults: Defaults,
    layout: Layout = GUESSED,
    *,
    tell: Told = _to_nobody,
) -> Preview:
    """Return what would be imported, and every problem with its row, column and sentence.

    It is kept beside the file, where ``seen`` finds it again.
    """
    actor.must_record()
    if defaults.receiver is None:
        defaults = replace(defaults, receiver=actor.place)
    _store_of(file).unlink(missing_ok=True)
    with tables.opened(file, layout) as table, closing(Intake(_store_of(file))) as intake:
        intake.make()
        if defaults.remembers and not defaults.mapping:
            chosen = mappings.remembered(session, table.header, defaults.origin)
            defaults = replace(defaults, mapping=chosen)
        known = known_place(session)
        reading = Reading(intake, table, defaults, catalogue=catalogue(session), known_place=known)
        reading.read(lambda rows: tell(rows, table.part()))
        brought, warned = list(_brought(session, intake)), list(_also_listed(session, intake))
        intake.note(_facts(table, reading, brought=brought, warned=warned))
    return seen(file)


def seen(file: Path) -> Preview:
    """Return what was seen in a file before; refuse one that was not read to its end."""
    if _store_of(file).is_file():
        with closing(Intake(_store_of(file))) as intake:
            facts = intake.facts()
            if facts:
                return _preview(file, intake, facts)
    raise Conflict("upload-gone", say("The file was not read to its end. Choose it again."))


def _facts(
    table: Table, reading: "Reading", *, brought: list[Brought], warned: list[Problem]
) -> dict[str, Any]:
    """Return what ``seen`` makes a preview of again, as JSON can hold it."""
    dialect = table.dialect
    return {
        "dialect": dialect and [dialect.encoding, dialect.delimiter],
        "sheet": table.sheet,
        "sheets": table.sheets,
        "header": table.header,
        "header_row": table.header_row,
        "example": reading.example,
        "fields": reading.columns.fields,
        "extras": reading.columns.extras,
        "rows": reading.rows,
        "refused": reading.refused(),
        "warnings": [[one.row, one.value, one.message.values["number"]] for one in warned],
        "manifests": [[one.id, one.change, one.version, one.lines, one.counted] for one in brought],
    }


def _preview(file: Path, intake: Intake, facts: dict[str, Any]) -> Preview:
    header, dialect, heads = tuple(facts["header"]), facts["dialect"], intake.heads()
    extras = tuple((index, title) for index, title in facts["extras"])
    warnings = (_listed_too(text, other, row) for row, text, other in facts["warnings"])
    return Preview(
        file=file,
        layout=Layout(Dialect(*dialect) if dialect else None, facts["sheet"], facts["header_row"]),
        sheets=tuple(facts["sheets"]),
        header=header,
        example=tuple(facts["example"]),
        columns=Columns(header, facts["fields"], extras),
        rows=facts["rows"],
        refused=facts["refused"],
        problem_count=intake.count("problem"),
        problems=tuple(intake.problems(MOST_SHOWN)),
        warnings=tuple(warnings),
        manifests=tuple(Brought(one, heads[one], *rest) for one, *rest in facts["manifests"]),
    )


class Reading:
    """One file on its way from rows to lines and problems."""

    def __init__(
        self,
        intake: Intake,
        table: Table,
        defaults: Defaults,
        *,
        catalogue: items.Catalogue,
        known_place: Callable[[str], bool],
    ) -> None:
        """Look at the header; its flaws refuse all rows."""
        self._intake, self._table, self._defaults = intake, table, defaults
        self.columns, flaws = columns.match(table.header, defaults.mapping, given=defaults.given())
        self.rows = 0
        self.example: tuple[str, ...] = ()
        self._problems = Problems(self.columns)
        self._known_place, self._catalogue = known_place, catalogue
        for name, flaw in flaws:
            self._problems.add(table.header_row, name, text="", flaw=flaw)
        for name, text, flaw in manifests.flawed_defaults(defaults, known_place):
            self._problems.add(table.header_row, name, text=text, flaw=flaw)
        self._is_headless = bool(self._problems.count)

    def read(self, tell: Callable[[int], None] = lambda _: None) -> None:
        """Read all rows, telling how many so far; then look at them beside one another."""
        if self._is_headless:
            self.rows = sum(1 for _ in self._rows())
            with self._intake.writing():
                self._intake.add_problems(self._problems.take())
            return
        reader = Reader(
            self.columns,
            self._problems,
            catalogue=self._catalogue,
            known_place=self._known_place,
        )
        heads = Heads(self._defaults, self._problems)
        with self._intake.writing():
            self._read_rows(reader, heads, tell)
            heads.close()
            self._intake.add_heads(heads.all.values())
            self._explain(reader)
        self._intake.index()
        with self._intake.writing():
            for number, head in enumerate(heads.all.values()):
                for row, name, text, flaw in manifests.among(head, self._intake.of(number)):
                    self._problems.add(row, name, text=text, flaw=flaw)
            self._intake.add_problems(self._problems.take())
            self._intake.refuse()

    def refused(self) -> int:
        """Return how many rows have problems; a flawed header refuses all."""
        return self.rows if self._is_headless else self._intake.refused_rows()

    def _rows(self) -> Iterator[Row]:
        for row in self._table.rows:
            self.rows += 1
            self.example = self.example or row.texts
            yield row

    def _read_rows(self, reader: Reader, heads: Heads, tell: Callable[[int], None]) -> None:
        numbers: dict[str, int] = {}
        for some in chunks(self._rows(), _AT_ONCE):
            lines, waiting = [], []
            for row in some:
                entry = reader.entry(row)
                before = self._problems.count
                head = heads.of(entry)
                if entry.quantity:
                    waiting.append((entry.row, entry.quantity))
                if head and entry.line and self._problems.count == before:
                    number = numbers.setdefault(head.number, len(numbers))
                    lines.append((number, entry.line))
            self._intake.add(lines)
            self._intake.add_waiting(waiting)
            self._intake.add_problems(self._problems.take())
            tell(self.rows)

    def _explain(self, reader: Reader) -> None:
        """Read the quantities that only their whole column explains."""
        for text in self._intake.waiting():
            found = cells.quantity(text, reader.marks)
            if isinstance(found, Flaw):
                for row in self._intake.waiting_rows(text):
                    self._problems.add(row, "quantity", text=text, flaw=found)
            else:
                self._intake.explain(text, found)
        self._intake.add_problems(self._problems.take())


def catalogue(session: Session) -> items.Catalogue:
    """Return the items this data home knows, with the other names of the built-in ones."""
    also = {item.code: item.also for item in items.BUILT_IN}
    return items.Catalogue(
        items.Item(
            row.code, row.name_id, row.name_en, row.unit_id, row.unit_en, also.get(row.code, ())
        )
        for row in queries.items(session)
    )


def known_place(session: Session) -> Callable[[str], bool]:
    """Return what says whether a place is known, and asks the database once for each."""

    @lru_cache(2**16)
    def is_known(code: str) -> bool:
        return bool(queries.place_names(session, [code]))

    return is_known


# Beside what is here already.


def _brought(session: Session, intake: Intake) -> Iterator[Brought]:
    for number, head in intake.heads().items():
        row = session.get(ManifestRow, head.number)
        if row:
            intake.keep(number, lines.ever(session, head.number))
        intake.compare(number)
        change = "changed" if row else "new"
        if row and row.lines_sha256 == lines_sha256(head, intake.of(number).normal()):
            change = "unchanged"
        counted = lines.counted(session, head.number, intake.dropped(number)) if row else 0
        changes = intake.changes(number)
        yield Brought(number, head, change, row.version if row else 0, changes, counted)


def lines_sha256(head: Head, lines: Iterable[str]) -> str:
    """Return the SHA-256 of the normalised lines."""
    digest = hashlib.sha256()
    for piece in manifests.normalised(head, lines):
        digest.update(piece)
    return digest.hexdigest()


def _also_listed(session: Session, intake: Intake) -> Iterator[Problem]:
    """Warn of packages that another open manifest brings to the same place."""
    for number, head in intake.heads().items():
        for package, other in lines.listed_elsewhere(
            session, intake.packages(number), receiver=head.receiver, number=head.number
        ):
            yield _listed_too(package, other, intake.row_of(number, package))


def _listed_too(package: str, number: str, row: int) -> Problem:
    told = say(
        "%(package)s is also on the open manifest %(number)s to the same place.",
        package=package,
        number=number,
    )
    return Problem(row, "package", package, "also-on-manifest", told)


# Answers.


def mapping_of(pairs: Iterable[str]) -> dict[str, str]:
    """Return FIELD=COLUMN pairs as a mapping, or refuse one without ``=``."""
    split = [pair.partition("=") for pair in pairs]
    if not all(separator for _, separator, _ in split):
        raise Malformed("mapping", say("Write a mapping as FIELD=COLUMN, such as package=Kode."))
    return {name.strip(): column.strip() for name, _, column in split}


def problems(seen: Preview) -> Iterator[Problem]:
    """Yield every problem from the top of the sheet to its end."""
    with closing(Intake(seen.store)) as intake:
        yield from intake.problems()


def import_json(
    seen: Preview,
    translate: Callable[[str], str],
    *,
    imported: bool,
    changes: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Return the contract's answer to an import."""
    return {
        "number": seen.numbers[0] if len(seen.numbers) == 1 else None,
        "numbers": seen.numbers,
        "rows": seen.rows,
        "accepted": seen.accepted,
        "problems": [_problem_json(found, translate) for found in problems(seen)],
        "warnings": [_problem_json(found, translate) for found in seen.warnings],
        "changes": changes or seen.changes,
        "imported": imported,
    }


def _problem_json(found: Problem, translate: Callable[[str], str]) -> dict[str, Any]:
    return {
        "row": found.row,
        "column": found.column,
        "value": found.value,
        "code": found.code,
        "message": found.message.in_words(translate),
    }


def refused_rows(seen: Preview, translate: Callable[[str], str] = str) -> bytes:
    """Return the refused rows as CSV with the reasons beside them, to be mended and sent again."""
    with tables.opened(seen.file, seen.layout) as table:
        rows = manifest_files.refused_rows(table.header, _refused(seen, table.rows, translate))
        return manifest_files.write_csv(rows, dialect=manifest_files.EXCEL)


def _refused(
    seen: Preview, rows: Iterable[Row], translate: Callable[[str], str]
) -> Iterator[tuple[Row, str]]:
    """Yield the refused rows with their reasons; a problem of the header refuses every row."""
    found = problems(seen)
    told = next(found, None)
    of_header: list[str] = []
    while told and told.row <= (seen.layout.header_row or 0):
        of_header.append(_reason(told, translate))
        told = next(found, None)
    for row in rows:
        reasons = [*of_header]
        while told and told.row == row.number:
            reasons.append(_reason(told, translate))
            told = next(found, None)
        if reasons:
            yield row, " ".join(reasons)


def _reason(problem: Problem, translate: Callable[[str], str]) -> str:
    return f"{problem.column}: {problem.message.in_words(translate)}"
