"""Tables as CSV, both ways: bytes become rows of text in whatever dialect a spreadsheet wrote.

A cell that a spreadsheet would run as a formula, or change when it reads a code as a number, is
written with ``'`` before it; so is a cell that begins with ``'`` itself. The reader takes one
``'`` off every cell that begins with it, as spreadsheets do, and unwraps ``="00123"``. Hence
whatever is written is read back the same, and a foreign cell loses at most a mark that only says
"this is text".
"""

import codecs
import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from silog_scan.core import cells, columns
from silog_scan.core.cells import Row
from silog_scan.core.errors import Malformed, Sentence, say

MAX_BYTES = 64 * 1024 * 1024
"""A million rows of a manifest are some 44 MB."""
MAX_ROWS = 1_048_576
MAX_COLUMNS = 256
"""A sheet of Excel has as many rows, no manifest as many columns; a file of nothing but
separators would fill the memory."""

DELIMITERS = (";", ",", "\t", "|")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252")
"""By the names Python knows them; ``utf-8-sig`` and ``utf-16`` begin with a byte order mark."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file writes its rows; a guess is shown, and whoever uploads may say otherwise."""

    encoding: str = "utf-8"
    delimiter: str = ","


PLAIN = Dialect()
"""RFC 4180, as programs expect it."""
EXCEL = Dialect("utf-8-sig", ";")
"""As Excel in Indonesia opens it with a double click; it needs the mark to see UTF-8."""


# --------------------------------------------------------------------------------------- reading


@contextmanager
def open_csv(
    file: BinaryIO,
    *,
    dialect: Dialect | None = None,
    max_bytes: int = MAX_BYTES,
) -> Iterator[tuple[Dialect, Iterator[Row]]]:
    """Give the dialect of a file, as it is said or guessed to be, and its rows as they are read.

    Malformed when the bytes are no table of text: too large, empty, another kind of file, an
    unknown encoding, or a header without rows. The rows raise it too, where one is broken: a
    quotation mark that is not closed, too many columns, a cell that is far too long.
    """
    if file.seek(0, io.SEEK_END) > max_bytes:
        raise _too_large(max_bytes)
    file.seek(0)
    if kind := kind_of(file.read(_START)):
        raise _wrong_kind(kind)
    encoding, has_marks = _decodes(file, dialect)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, newline="")
    try:
        yield _read_as(text, encoding, dialect, has_marks=has_marks)
    finally:
        text.detach()  # the file is its owner's to close


def _read_as(
    text: io.TextIOWrapper, encoding: str, dialect: Dialect | None, *, has_marks: bool
) -> tuple[Dialect, Iterator[Row]]:
    sample = text.read(_SAMPLE).removeprefix("\ufeff")
    said, body = _sep_line(sample)
    delimiter = dialect.delimiter if dialect else said or guess_delimiter(body)
    if delimiter not in DELIMITERS:
        raise Malformed(
            "delimiter-unknown",
            say("The file names a column mark that is none of ; , | or tab. Save it with one."),
        )
    lines = _lines(text, skips=bool(said))
    records = _records(lines, delimiter, first=2 if said else 1, has_marks=has_marks)
    return Dialect(encoding, delimiter), records


def _lines(text: io.TextIOWrapper, *, skips: bool) -> Iterator[str]:
    """Yield the lines of a text from its begin, without a byte order mark that it kept."""
    text.seek(0)
    lines = iter(text)
    first = "" if skips and next(lines) else next(lines, "").removeprefix("\ufeff")
    return itertools.chain([first] if first else [], lines)


_TITLES = 20
"""Rows above a header that may hold titles, and who sends the goods."""


def with_header(records: Iterator[Row], header_row: int | None = None) -> tuple[Row, Iterator[Row]]:
    """Return the header, the row of the first ones with most known names, and those below it.

    Rows that say nothing are passed over. Where no row knows any name, the first is the header, so
    that its columns can be chosen. It may be said which row it is.
    """
    records = filter(_says_something, records)
    first = list(itertools.islice(records, _TITLES))
    if not first:
        raise Malformed("file-empty", say("The file is empty. Choose the one with the rows."))
    known = [sum(map(columns.is_known, row.texts)) for row in first]
    numbers = [row.number for row in first]
    if header_row is not None and header_row not in numbers:
        raise Malformed(
            "header-row",
            say(
                "Row %(row)s cannot be the header. Choose one of the first with text: %(rows)s.",
                row=header_row,
                rows=", ".join(map(str, numbers)),
            ),
        )
    start = known.index(max(known)) if header_row is None else numbers.index(header_row)
    rows = itertools.chain(first[start + 1 :], records)
    below = next(rows, None)
    if below is None:
        raise Malformed(
            "file-without-rows",
            say("The file has a header and no rows below it. Fill in the rows, or choose another."),
        )
    return first[start], itertools.chain([below], rows)


def _says_something(row: Row) -> bool:
    return bool("".join(row.texts).strip(cells.BLANK) or row.flaws)


def _records(lines: Iterator[str], delimiter: str, *, first: int, has_marks: bool) -> Iterator[Row]:
    """Yield the rows with the numbers a spreadsheet shows; a broken one is refused by its number.

    Strict, because a forgotten quotation mark would otherwise swallow the rows up to the next.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    row = first - 1
    try:
        for row, record in enumerate(reader, start=first):
            if len(record) > MAX_COLUMNS or row > MAX_ROWS:
                raise _too_much(row)
            if record:  # else there is nothing on the line
                yield Row(row, tuple(map(cells.unmarked, record) if has_marks else record))
    except csv.Error as error:
        raise _broken(row + 1, str(error)) from error


_START = 4096
_BLOCK = 2**20
_SAMPLE = 100_000


def _decodes(file: BinaryIO, dialect: Dialect | None) -> tuple[str, bool]:
    """Return the encoding in which all of the file is text, and if marks may stand in it.

    It is guessed by a byte order mark, by NULs, as UTF-8, or else as cp1252.
    """
    file.seek(0)
    encoding = dialect.encoding if dialect else _guess_encoding(file.read(_START))
    if encoding not in ENCODINGS:
        raise Malformed(
            "encoding-unknown",
            say("%(name)s is no encoding this station reads.", name=cells.shown(encoding)),
        )
    try:
        return encoding, _look_through(file, encoding)
    except Malformed as refusal:
        if dialect or encoding != "utf-8" or refusal.code != "encoding-unknown":
            raise
        return "cp1252", _look_through(file, "cp1252")


def _look_through(file: BinaryIO, encoding: str) -> bool:
    """Say whether any cell may have marks of "this is text"; refuse what is no text."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    has_marks, row = encoding.startswith("utf-16"), 1
    while True:
        piece = file.read(_BLOCK)
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            raise _no_text(row + error.object.count(b"\n", 0, error.start), encoding) from error
        if "\0" in text:
            raise _wrong_kind("binary")
        if not piece:
            return has_marks
        row += text.count("\n")
        has_marks = has_marks or "'" in text or '="' in text or text.endswith("=")


def _no_text(row: int, encoding: str) -> Malformed:
    message = say(
        "Line %(row)s has bytes that are no text in %(name)s. Save the file as CSV UTF-8.",
        row=row,
        name=encoding,
    )
    return Malformed("encoding-unknown", message)


def _guess_encoding(start: bytes) -> str:
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    start = start[:200]
    if start.count(0) > len(start) // 4:
        return "utf-16-le" if start[1:2] == b"\0" else "utf-16-be"
    return "utf-8"


def _sep_line(text: str) -> tuple[str, str]:
    """Return the delimiter that a first line ``sep=;`` names, and the text after that line."""
    match = re.match(r'"?sep=(.)"?[;,\t| ]*(?:\r\n|\r|\n)', text, re.IGNORECASE)
    return (match[1], text[match.end() :]) if match else ("", text)


def guess_delimiter(text: str) -> str:
    """Return the delimiter that gives the most known headers, then the most even rows."""
    return max(DELIMITERS, key=lambda delimiter: _fit(text, delimiter))


def _fit(text: str, delimiter: str) -> tuple[int, float]:
    rows = []
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            if any(record):
                rows.append(record)
            if len(rows) > 60:  # noqa: PLR2004  # a screenful tells
                break
    except csv.Error:
        pass  # the wrong delimiter, or the sample was cut inside quotation marks
    if not rows:
        return 0, 0.0
    known = [sum(map(columns.is_known, row)) for row in rows[:_TITLES]]
    header = known.index(max(known))
    width = len(rows[header])
    even = sum(len(row) == width for row in rows) / len(rows)
    return max(known), even * min(width, 50) if width > 1 else 0.5


# ------------------------------------------------------------------------------ what is no table

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"%PDF-", "pdf"),
    (b"\x1f\x8b", "gzip"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"Rar!\x1a\x07", "archive"),
    (b"{\\rtf", "document"),
)
_PAGES = (b"<!doctype", b"<html", b"<table", b"<?xml")


def kind_of(data: bytes) -> str | None:
    """Return what a file is by its first bytes when it is no CSV: ``png``, ``pdf``…, else None."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data.removeprefix(codecs.BOM_UTF8).lstrip()[:9].lower().startswith(_PAGES):
        return "page"
    return next((kind for magic, kind in _MAGIC if data.startswith(magic)), None)


def _wrong_kind(kind: str) -> Malformed:
    return Malformed("file-kind", _KINDS.get(kind, _KINDS["binary"]))


_SAVE_AS = say("Open it in a spreadsheet and save it as CSV UTF-8.")
_CHOOSE = say("Choose the CSV file of the manifest.")


def _picture(name: str) -> Sentence:
    return say("This is a %(name)s picture, not a table. %(advice)s", name=name, advice=_CHOOSE)


_KINDS = {
    "png": _picture("PNG"),
    "jpeg": _picture("JPEG"),
    "gif": _picture("GIF"),
    "webp": _picture("WebP"),
    "pdf": say("This is a PDF document, not a table. %(advice)s", advice=_CHOOSE),
    "document": say("This is a text document, not a table. %(advice)s", advice=_CHOOSE),
    "gzip": say("This is a compressed file. Unpack it, then choose the CSV file in it."),
    "archive": say("This is an archive. Unpack it, then choose the CSV file in it."),
    "page": say("This is a web page or XML, not CSV. %(advice)s", advice=_SAVE_AS),
    "binary": say("This file has bytes that no text has: it is not a table. %(advice)s",
                  advice=_CHOOSE),
}  # fmt: skip


def _too_large(max_bytes: int) -> Malformed:
    message = say(
        "The file is larger than %(most)s MB. Part it into several.", most=max_bytes // 2**20
    )
    return Malformed("file-too-large", message)


def _too_much(row: int) -> Malformed:
    message = say(
        "Row %(row)s is beyond what is read: %(columns)s columns and %(rows)s rows. Remove the "
        "columns that are not needed, or part the file into several.",
        row=row,
        columns=MAX_COLUMNS,
        rows=MAX_ROWS,
    )
    return Malformed("table-too-large", message)


def _broken(row: int, error: str) -> Malformed:
    if "field larger" in error:
        message = say("Row %(row)s has a cell that is far too long. Shorten it.", row=row)
        return Malformed("cell-too-long", message)
    message = say(
        "Row %(row)s has a quotation mark that is not closed, or text behind one. Save the file "
        "as CSV from a spreadsheet again, or double the marks inside a cell.",
        row=row,
    )
    return Malformed("quotes-broken", message)


# --------------------------------------------------------------------------------------- writing

_STARTS_FORMULA = (*"=+-@\t\r\n", *"\uff1d\uff0b\uff0d\uff20")  # the latter full width
_READ_OTHERWISE = ("'", "\ufeff", "sep=")
_CHANGED_BY_SPREADSHEETS = re.compile(
    r"0\d+"  # zeros in front are lost
    r"|\d{12,}"  # shown as 1,23E+17, and saved so
    r"|\d+\.\d*0"  # 12.10 becomes 12.1
    r"|\d+(?:\.\d+)?[eE][+-]?\d+",
    re.ASCII,
)


def write_csv(rows: Iterable[Sequence[str]], *, dialect: Dialect = PLAIN) -> bytes:
    """Return the rows as a file that is inert in a spreadsheet and reads back the same."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=dialect.delimiter, lineterminator="\r\n")
    writer.writerows([marked(cell) for cell in row] for row in rows)
    return buffer.getvalue().encode(dialect.encoding, errors="replace")


def marked(cell: str) -> str:
    """Return the cell with ``'`` before it where a spreadsheet would run or change it."""
    is_unsafe = cell.lower().startswith((*_STARTS_FORMULA, *_READ_OTHERWISE))
    return f"'{cell}" if is_unsafe or _CHANGED_BY_SPREADSHEETS.fullmatch(cell) else cell


def refused_rows(
    header: Sequence[str], refused: Iterable[tuple[Row, str]]
) -> Iterator[tuple[str, ...]]:
    """Yield refused rows with the reason in a last column, to be mended and sent again.

    Cells beyond the header stay beyond the reason, so that a row not mended is refused again.
    """
    width = len(header)
    yield (*header, columns.REASON_HEADER)
    for row, reason in refused:
        texts = row.texts
        padding = ("",) * (width - len(texts))
        yield (*texts[:width], *padding, reason, *texts[width:])
