"""A manifest file of any kind as a table: CSV in whatever dialect, or a sheet of a workbook."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from silog_scan.core.cells import Row
from silog_scan.documents import manifest_files
from silog_scan.documents.manifest_files import Dialect
from silog_scan.documents.zip_guard import OLE, ZIP


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is to be read, as far as somebody said so; the rest is guessed."""

    dialect: Dialect | None = None
    sheet: str | None = None
    header_row: int | None = None


GUESSED = Layout()


@dataclass(frozen=True, slots=True)
class Table:
    """A file as it is read: how, where its header stands, the rows below, and how far it is.

    A workbook has ``sheets``, of which one is read, and no dialect.
    """

    header: tuple[str, ...]
    header_row: int
    rows: Iterator[Row]
    dialect: Dialect | None
    sheet: str | None
    sheets: tuple[str, ...]
    part: Callable[[], float]


def is_workbook(file: Path) -> bool:
    """Say whether a file begins as workbooks do, old and locked ones too."""
    with file.open("rb") as opened:
        return opened.read(len(OLE)).startswith((ZIP, OLE))


@contextmanager
def opened(file: Path, layout: Layout = GUESSED) -> Iterator[Table]:
    """Give the table in a file; Malformed says in a sentence why there is none."""
    if is_workbook(file):
        yield _of_workbook(file, layout)
        return
    size = max(1, file.stat().st_size)
    with file.open("rb") as stream, manifest_files.open_csv(stream, dialect=layout.dialect) as read:
        dialect, records = read
        header, rows = manifest_files.with_header(records, layout.header_row)
        yield Table(
            header.texts, header.number, rows, dialect, None, (), lambda: stream.tell() / size
        )


def _of_workbook(file: Path, layout: Layout) -> Table:
    from silog_scan.documents import workbooks  # noqa: PLC0415  # 0.3 s, for workbooks only

    sheets = tuple(workbooks.sheets(file))
    records = workbooks.rows(file, sheet=layout.sheet)
    header, rows = manifest_files.with_header(records, layout.header_row)
    sheet = layout.sheet or next(iter(sheets), None)
    return Table(header.texts, header.number, rows, None, sheet, sheets, lambda: 0.0)
