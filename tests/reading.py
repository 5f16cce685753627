"""Sheets read as an import reads them, with all that they say in memory."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path

from silog_scan.core.cells import Row
from silog_scan.core.items import Catalogue
from silog_scan.core.manifests import Defaults, Head, Line, Problem
from silog_scan.documents import manifest_files
from silog_scan.documents.manifest_files import PLAIN, Dialect
from silog_scan.documents.tables import Table
from silog_scan.services.intake import Reading
from silog_scan.store.intake import Intake

KNOWN = {
    "12", "12.71", "12.71.G01", "12.71.01", "12.71.01.1001", "12.71.01.1002", "12.71.02", "12.72",
}  # fmt: skip


@dataclass(frozen=True)
class Draft:
    """A manifest with its lines."""

    number: str
    origin: str
    receiver: str
    due: date | None
    lines: tuple[Line, ...]

    @property
    def head(self) -> Head:
        return Head(self.number, self.origin, self.receiver, self.due)


@dataclass(frozen=True)
class Result:
    """What a sheet says."""

    drafts: tuple[Draft, ...]
    problems: tuple[Problem, ...]
    rows: int
    refused: int


@dataclass(frozen=True)
class Sheet:
    """A table as text."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    header_row: int = 1

    @property
    def texts(self) -> list[tuple[str, ...]]:
        return [self.header, *(row.texts for row in self.rows)]


def sheet_of(data: bytes, dialect: Dialect | None = None) -> tuple[Sheet, Dialect]:
    with manifest_files.open_csv(BytesIO(data), dialect=dialect) as (found, records):
        header, rows = manifest_files.with_header(records)
        return Sheet(header.texts, tuple(rows), header.number), found


def read(sheet: Sheet, defaults: Defaults, known: Iterable[str] = KNOWN) -> Result:
    with closing(Intake(Path(":memory:"))) as intake:
        intake.make()
        top = Row(sheet.header_row, sheet.header)
        header, rows = manifest_files.with_header(iter([top, *sheet.rows]), sheet.header_row)
        table = Table(header.texts, header.number, rows, PLAIN, None, (), lambda: 0.0)
        is_known = set(known).__contains__
        reading = Reading(intake, table, defaults, catalogue=Catalogue(), known_place=is_known)
        reading.read()
        drafts = tuple(
            Draft(head.number, head.origin, head.receiver, head.due, tuple(intake.of(n).lines()))
            for n, head in intake.heads().items()
        )
        return Result(drafts, tuple(intake.problems()), reading.rows, reading.refused())
