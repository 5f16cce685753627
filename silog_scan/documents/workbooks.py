"""Tables as Excel workbooks, both ways: the cells of a sheet as the text a person would have typed.

openpyxl finds the sheets and tells dates by their format. The cells are read here, from the same
XML: its reader takes a formula that was never calculated for an empty cell, leaves the escape
``_x000D_`` in texts, and takes two to three times as long.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from io import BytesIO
from itertools import chain, islice, zip_longest
from pathlib import Path
from types import MappingProxyType
from typing import IO, NamedTuple
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring
from openpyxl.reader.workbook import WorkbookParser
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils.cell import column_index_from_string, get_column_letter
from openpyxl.utils.datetime import from_excel
from openpyxl.xml.constants import (
    ARC_CONTENT_TYPES,
    ARC_STYLE,
    ARC_WORKBOOK,
    SHARED_STRINGS,
    SHEET_MAIN_NS,
    XLSM,
    XLSX,
    XLTM,
    XLTX,
)
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from silog_scan.core import cells
from silog_scan.core.cells import Flaw, ProblemCode, Row
from silog_scan.core.errors import Malformed, say
from silog_scan.core.items import Item
from silog_scan.documents import zip_guard
from silog_scan.documents.manifest_files import MAX_COLUMNS, MAX_ROWS
from silog_scan.documents.zip_guard import Archive, damaged, too_large

MAX_STRINGS = 64 * 1024 * 1024
"""Bytes of the texts that sheets share, which stay in memory; 100,000 rows of 8 have 7."""
MAX_STYLES = 8 * 1024 * 1024
"""Bytes of all formats; Excel allows 65,490, of some 100 each."""
_EXACT_DIGITS = 15
"""A spreadsheet keeps so many digits of a number."""
_EXACT_BELOW = 10**_EXACT_DIGITS

_LAST_DAY = 2_957_003
"""Days from 1904 to the end of the year 9999."""

_NO_FLAWS = MappingProxyType[int, Flaw]({})


def _tag(name: str) -> str:
    return f"{{{SHEET_MAIN_NS}}}{name}"


_ROWS, _ROW, _VALUE, _FORMULA = map(_tag, ("sheetData", "row", "v", "f"))
_INLINE, _SHARED, _TEXT, _RUN = map(_tag, ("is", "si", "t", "r"))
_FORMAT, _STYLES = map(_tag, ("numFmt", "cellXfs"))
_NO_TIME = (False, False)


# ---------------------------------------------------------------------------------- the workbook


class _Sheet(NamedTuple):
    name: str
    part: str
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class _Book:
    archive: Archive
    sheets: tuple[_Sheet, ...]
    shared: str | None
    epoch: datetime


def sheets(path: Path) -> list[str]:
    """Return the names of the sheets that are not hidden; refused when it is no sound workbook."""
    with _opened(path) as book:
        return [sheet.name for sheet in book.sheets if not sheet.is_hidden]


def rows(path: Path, *, sheet: str | None = None) -> Iterator[Row]:
    """Yield the rows of the first sheet that is not hidden, or of the one named.

    Empty rows are skipped, and so are empty cells at the end of a row. Formulas count as the
    value they had when the workbook was saved. Memory holds one row, and the texts that sheets
    share. Refused when it is no sound workbook, or has no such sheet.
    """
    with _opened(path) as book:
        chosen = _chosen(book.sheets, sheet)
        reader = _Reader(_shared(book), *_dates(book.archive), book.epoch)
        yield from _rows(book.archive, chosen.part, reader=reader)


@contextmanager
def _opened(path: Path) -> Iterator[_Book]:
    with zip_guard.opened(path) as archive:
        contents = fromstring(archive.read(ARC_CONTENT_TYPES))
        parts = {part.get("ContentType"): part.get("PartName", "")[1:] for part in contents}
        name = next(filter(None, map(parts.get, (XLSX, XLSM, XLTX, XLTM))), ARC_WORKBOOK)
        if b"http://purl.oclc.org/ooxml/" in archive.read(name):
            raise Malformed("file-kind", _STRICT)
        parser = WorkbookParser(archive, name, keep_links=False)
        parser.parse()
        found = tuple(
            _Sheet(sheet.name, part.target, sheet.state != "visible")
            for sheet, part in parser.find_sheets()
            if part.Type.endswith("/worksheet")
        )
        yield _Book(archive, found, parts.get(SHARED_STRINGS), parser.wb.epoch)


def _chosen(found: Sequence[_Sheet], name: str | None) -> _Sheet:
    """Return the sheet of that name, whose case spreadsheets do not tell apart either."""
    if name is None:
        chosen = next((sheet for sheet in found if not sheet.is_hidden), None)
    else:
        chosen = next((sheet for sheet in found if sheet.name.lower() == name.lower()), None)
    if chosen:
        return chosen
    if name is None:
        message = say("The workbook has no sheet that can be seen. Show the one with the rows.")
        raise Malformed("sheet-unknown", message)
    message = say(
        "The workbook has no sheet %(name)s. Choose one of %(sheets)s.",
        name=cells.shown(name),
        sheets=", ".join(cells.shown(sheet.name) for sheet in found if not sheet.is_hidden),
    )
    raise Malformed("sheet-unknown", message)


def _shared(book: _Book) -> list[str]:
    """Return the texts that cells name by number."""
    texts: list[str] = []
    if book.shared not in book.archive.namelist():
        return texts
    if book.archive.getinfo(book.shared).file_size > MAX_STRINGS:
        raise Malformed("file-too-large", _TOO_MANY_TEXTS)
    table = None
    with book.archive.part(book.shared) as part:
        for event, element in part.elements("start", "end"):
            if event == "start":
                table = element if table is None else table
            elif element.tag == _SHARED and table is not None:
                texts.append(_text(element))
                table.clear()
                part.finished()
    return texts


def _shows(code: str) -> tuple[bool, bool]:
    """Say whether a format shows a number as a date or time, and whether as a span of time."""
    return is_date_format(code), is_timedelta_format(code)


def _dates(archive: Archive) -> tuple[frozenset[str], frozenset[str]]:
    """Return which styles show a number as a date or time, and which of them as a span of time.

    Only the formats of numbers are read: an odd font or border is no reason to refuse a manifest.
    """
    if ARC_STYLE not in archive.namelist():
        return frozenset(), frozenset()
    if archive.getinfo(ARC_STYLE).file_size > MAX_STYLES:
        raise too_large(MAX_STYLES)
    formats = {str(number): _shows(code) for number, code in BUILTIN_FORMATS.items()}
    styles: list[tuple[bool, bool]] = []
    with archive.part(ARC_STYLE, allowed=MAX_STYLES) as part:
        for _, element in part.elements("end"):
            if element.tag == _FORMAT:
                formats[element.get("numFmtId", "")] = _shows(element.get("formatCode", ""))
            elif element.tag == _STYLES:
                styles = [formats.get(each.get("numFmtId", "0"), _NO_TIME) for each in element]
    dates = frozenset(str(style) for style, (is_date, _) in enumerate(styles) if is_date)
    spans = frozenset(str(style) for style, (_, is_span) in enumerate(styles) if is_span)
    return dates, spans


# --------------------------------------------------------------------------------------- reading


def _rows(archive: Archive, name: str, *, reader: "_Reader") -> Iterator[Row]:
    """Yield the rows that have a cell; what says how large the sheet is, is not believed."""
    number, table = 0, None
    with archive.part(name) as part:
        for event, element in part.elements("start", "end"):
            if element.tag not in (_ROW, _ROWS):
                continue
            if event == "start":
                table = element if element.tag == _ROWS else table
            elif element.tag == _ROWS:
                break
            elif table is not None:
                number = _next(number, element.get("r"))
                row = reader.row(number, element)
                table.clear()
                part.finished()
                if row.texts:
                    yield row
        part.drain()


def _next(number: int, said: str | None) -> int:
    """Return the number of the row after ``number``, which a row may say or leave out."""
    following = number + 1 if said is None else int(said)
    if not number < following <= MAX_ROWS:
        raise damaged()
    return following


@lru_cache(1024)
def _column(reference: str) -> int:
    return column_index_from_string(reference) - 1


@dataclass(frozen=True, slots=True)
class _Reader:
    """What the cells of a sheet refer to."""

    shared: list[str]
    dates: frozenset[str]
    spans: frozenset[str]
    epoch: datetime

    def row(self, number: int, element: Element) -> Row:
        """Return the row; refused when a cell lies beyond what is read, or in front of another."""
        texts: list[str] = []
        flaws: dict[int, Flaw] = {}
        index = -1
        for cell in element:
            place = cell.get("r")
            index = _column(place.rstrip("0123456789")) if place else index + 1
            text, flaw = self._cell(cell)
            if not text:
                continue
            if index >= MAX_COLUMNS:
                raise _beyond(f"{get_column_letter(index + 1)}{number}")
            if index < len(texts):
                raise damaged()
            texts += [""] * (index - len(texts))
            texts.append(text)
            if flaw:
                flaws[index] = flaw
        return Row(number, tuple(texts), flaws or _NO_FLAWS)

    def _cell(self, cell: Element) -> tuple[str, Flaw | None]:
        """Return what the cell says, and why that cannot be taken."""
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            inline = cell.find(_INLINE)
            return _without_nul("" if inline is None else _text(inline))
        value = cell.findtext(_VALUE)
        if not value:
            return _valueless(cell, is_empty_text=kind == "str" and value is not None)
        if kind == "s":
            return _without_nul(self.shared[_position(value)])
        if kind == "str":
            return _without_nul(_unescaped(value))
        if kind == "n":
            return self._number(value, cell.get("s", ""))
        return _special(kind, value)

    def _number(self, value: str, style: str) -> tuple[str, Flaw | None]:
        if style in self.dates:
            return self._date(value, style)
        if value.isdecimal() and len(value) <= _EXACT_DIGITS and value.isascii():
            return value.lstrip("0") or "0", None
        amount = _amount(value)
        if abs(amount) >= _EXACT_BELOW:
            return value, cells.digits_lost(value)
        # As a spreadsheet shows it: 0.1 + 0.2 is kept as 0.30000000000000004, and means 0.3.
        return format(Decimal(f"{amount + 0:.{_EXACT_DIGITS}g}"), "f"), None

    def _date(self, value: str, style: str) -> tuple[str, Flaw | None]:
        amount = _amount(value)
        if 0 <= amount < _LAST_DAY:
            moment = from_excel(amount, self.epoch, timedelta=style in self.spans)
            return _moment(moment), None
        message = say(
            "The cell is formatted as a date, and %(value)s is none. Write the date again.",
            value=cells.shown(value),
        )
        return value, Flaw(ProblemCode.DATE_IMPOSSIBLE, message)


_NUMBER = re.compile(r"[-+]?(?:\d{1,400}\.?\d*|\.\d+)(?:[eE][-+]?\d{1,4})?", re.ASCII)


def _position(value: str) -> int:
    """Return a position in a list; Python would count a negative one from the end."""
    if value.startswith("-"):
        raise damaged()
    return int(value)


def _amount(value: str) -> float:
    if not _NUMBER.fullmatch(value):
        raise damaged()
    return float(value)


def _moment(moment: object) -> str:
    """Return a day as ISO 8601 has it, with the time of day if there is one."""
    if isinstance(moment, timedelta):
        minutes, seconds = divmod(round(moment.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    if isinstance(moment, datetime):
        is_day = moment.time() == time()
        return moment.date().isoformat() if is_day else moment.isoformat(" ", "seconds")
    return moment.isoformat("seconds") if isinstance(moment, time) else str(moment)


def _special(kind: str, value: str) -> tuple[str, Flaw | None]:
    """Return a truth, a date in words, or the name of an error."""
    if kind == "b":
        return "FALSE" if value in ("0", "false") else "TRUE", None
    if kind == "d":
        return _moment(datetime.fromisoformat(value.removesuffix("Z"))), None
    if kind != "e":
        raise damaged()
    message = say(
        "The cell has the error %(name)s instead of a value. Mend the formula, or write the value.",
        name=cells.shown(value),
    )
    return value or "#", Flaw(ProblemCode.CELL_ERROR, message)


def _valueless(cell: Element, *, is_empty_text: bool) -> tuple[str, Flaw | None]:
    """Tell an empty cell, and a formula that gives an empty text, from one never calculated."""
    formula = cell.find(_FORMULA)
    if formula is None or is_empty_text:
        return "", None
    message = say(
        "The cell has a formula that was never calculated. Open the workbook in a spreadsheet and "
        "save it again."
    )
    return f"={formula.text or ''}", Flaw(ProblemCode.FORMULA_UNCALCULATED, message)


def _text(element: Element) -> str:
    """Return a text without its fonts, and without the phonetic guide that East Asian names have.

    Each run is unescaped by itself, so that an escape cannot come about where two meet.
    """
    pieces = []
    for child in element:
        if child.tag == _TEXT:
            pieces.append(_unescaped(child.text or ""))
        elif child.tag == _RUN:
            pieces.append(_unescaped(child.findtext(_TEXT) or ""))
    return "".join(pieces)


_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


def _unescaped(text: str) -> str:
    """Return the text with the characters that XML cannot hold, which are written ``_x000D_``."""
    return _ESCAPE.sub(_meant, text) if "_x" in text else text


def _meant(escape: re.Match[str]) -> str:
    letter = chr(int(escape[1], 16))
    return escape[0] if "\ud800" <= letter <= "\udfff" else letter


def _without_nul(text: str) -> tuple[str, Flaw | None]:
    """Return the text, which is refused with a NUL: no database keeps one."""
    flaw = cells.words("\0") if "\0" in text else None
    return text, flaw if isinstance(flaw, Flaw) else None


_STRICT = say(
    "The workbook is saved as Strict Open XML. Save it as Excel Workbook (XLSX), or as CSV UTF-8."
)
_TOO_MANY_TEXTS = say(
    "The workbook has more different texts than are kept in memory. Part it into several, or save "
    "it as CSV UTF-8, which may be larger."
)


def _beyond(place: str) -> Malformed:
    message = say(
        "Cell %(cell)s is beyond what is read: %(columns)s columns and %(rows)s rows. Remove what "
        "stands there, or the columns that are not needed.",
        cell=cells.shown(place),
        columns=MAX_COLUMNS,
        rows=MAX_ROWS,
    )
    return Malformed("table-too-large", message)


# --------------------------------------------------------------------------------------- writing

MAX_CELL = 32_767
"""Characters of a cell, by the specification of Excel; those beyond U+FFFF count twice."""
_WIDTHS_FROM = 100
"""Rows that tell how wide the columns are."""
_NARROW, _WIDE = 10, 50

_UNHELD = re.compile("[\0\ud800-\udfff\ufffe\uffff]")
_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)|\A<(?=r>)|[\x00-\x08\x0b-\x1f]")


class _Worksheet(Worksheet):
    """A worksheet whose texts read back the same.

    xlsxwriter leaves the second of two escapes that share a ``_`` as it is, and takes a text
    within ``<r>`` and ``</r>`` for fonts and runs.
    """

    @staticmethod
    def _escape_control_characters(data: str) -> str:
        return _ESCAPED.sub(lambda found: f"_x{ord(found[0]):04X}_", data)


def write_xlsx(
    rows: Iterable[Sequence[str]], target: Path | IO[bytes], *, sheet: str = "Manifest"
) -> None:
    """Write the rows as a workbook in which every cell is text, the first row being the header.

    It reads back the same, without empty cells at the end of a row. The characters that XML
    cannot hold (NUL, half a surrogate pair, U+FFFE, U+FFFF) become U+FFFD. A table that is too
    large to be read again is refused, and nothing is written. Memory holds a screenful of rows.
    """
    with _writing(target) as book:
        _write_sheet(book, sheet, rows)


def write_template(
    target: Path | IO[bytes],
    *,
    headers: Mapping[str, str],
    items: Sequence[Item],
    places: Sequence[tuple[str, str]],
    language: str,
    translate: Callable[[str], str] = str,
) -> None:
    """Write an empty manifest, and a second sheet with the codes its cells may be chosen from.

    ``headers`` are by field, as ``columns.titles`` gives them; ``places`` are code and name;
    ``language`` is ``id`` or ``en``. A code that is not listed may be typed after a warning: the
    name of an item is as good, and a polling station is added when it is first named.
    """
    name, unit, title = (
        word.in_words(translate) for word in (say("name"), say("unit"), say("Codes"))
    )
    goods = [(item.code, item.name(language), item.unit(language)) for item in items]
    head = (headers["item"], name, unit, "", headers["destination"], name)
    with _writing(target) as book:
        manifest = _write_sheet(book, "Manifest", [tuple(headers.values())])
        _write_sheet(book, title, [head, *_side_by_side(goods, places)])
        for field, letter, count in (("item", "A", len(goods)), ("destination", "E", len(places))):
            column = list(headers).index(field)
            choice = _choice(f"='{title}'!${letter}$2:${letter}${count + 1}", translate)
            if count:
                manifest.data_validation(1, column, MAX_ROWS - 1, column, choice)


def _side_by_side(
    goods: Iterable[tuple[str, str, str]], places: Iterable[tuple[str, str]]
) -> Iterator[tuple[str, ...]]:
    for item, place in zip_longest(goods, places):
        yield (*(item or ("", "", "")), "", *(place or ()))


def _choice(source: str, translate: Callable[[str], str]) -> dict[str, str]:
    """Return the rule of a cell that offers a list, and warns of what is not on it."""
    warning = say("This code is not on the list of codes. Check it, or keep it if it is right.")
    return {
        "validate": "list",
        "source": source,
        "error_type": "warning",
        "error_message": warning.in_words(translate),
    }


@contextmanager
def _writing(target: Path | IO[bytes]) -> Iterator[Workbook]:
    """Give a workbook that is written to the target, or nowhere if anything goes wrong."""
    book = Workbook(target, {"constant_memory": True})
    try:
        yield book
    except BaseException:
        book.filename = BytesIO()  # closing it anyway takes its temporary files away
        raise
    finally:
        book.close()


def _write_sheet(book: Workbook, name: str, rows: Iterable[Sequence[str]]) -> Worksheet:
    sheet = book.add_worksheet(name, _Worksheet)
    text = book.add_format({"num_format": "@"})
    bold = book.add_format({"num_format": "@", "bold": True})
    sheet.freeze_panes(1, 0)
    sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})  # codes are meant as text
    following = iter(rows)
    first = list(islice(following, _WIDTHS_FROM))
    for column, width in enumerate(_widths(first)):
        sheet.set_column(column, column, width, text)
    for number, row in enumerate(chain(first, following)):
        if number >= MAX_ROWS or len(row) > MAX_COLUMNS:
            raise _too_much(number + 1)
        for column, cell in enumerate(row):
            _write_cell(sheet, (number, column), cell, form=text if number else bold)
    return sheet


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    columns = zip_longest(*rows, fillvalue="")
    return [min(max(_NARROW, *map(len, column)) + 2, _WIDE) for column in columns]


def _write_cell(sheet: Worksheet, place: tuple[int, int], text: str, *, form: Format) -> None:
    text = _UNHELD.sub("\ufffd", text)
    if len(text.encode("utf-16-le")) > 2 * MAX_CELL:
        raise _too_long(place[0] + 1)
    sheet.write_string(*place, text, form)


def _too_much(row: int) -> Malformed:
    message = say(
        "Row %(row)s is more than a workbook may have: %(columns)s columns and %(rows)s rows. "
        "Save it as CSV.",
        row=row,
        columns=MAX_COLUMNS,
        rows=MAX_ROWS,
    )
    return Malformed("table-too-large", message)


def _too_long(row: int) -> Malformed:
    message = say(
        "Row %(row)s has a text that is longer than the %(most)s characters a workbook can hold. "
        "Save it as CSV.",
        row=row,
        most=MAX_CELL,
    )
    return Malformed("cell-too-long", message)
