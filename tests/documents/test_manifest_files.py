"""Tables as CSV: every dialect in, inert files out, and back again unchanged."""

import codecs
import csv
import io
from collections.abc import Iterable
from datetime import date
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from silog_scan.core import cells, manifests
from silog_scan.core.cells import Row
from silog_scan.core.errors import Malformed
from silog_scan.core.items import BUILT_IN
from silog_scan.core.manifests import Defaults, Line
from silog_scan.documents import manifest_files
from silog_scan.documents.manifest_files import DELIMITERS, EXCEL, PLAIN, Dialect
from tests import reading
from tests.reading import Draft, Sheet, sheet_of

MARKS = {
    "utf-8": b"",
    "utf-8-sig": b"",
    "utf-16": b"",
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "cp1252": b"",
}
"""What stands before the text in each encoding, beyond what Python writes itself."""

HOSTILE = (
    "=1+1", "+62", "-1", "@SUM(A1)", "\t=1", "\r=1", "'00123", "''", '="00123"', "00123", "12.70",
    "106141412345678908", "1E5", "\uff1d1", "sep=;", "\ufeffA", 'a "b"', '"', "a;b,c|d\te",
    "a\r\nb", "a\nb", "a\rb", " a ", "\u202eevil", "<script>", "É\U0001f600", "",
)  # fmt: skip


def encoded(text: str, encoding: str) -> bytes:
    return MARKS[encoding] + text.encode(encoding)


def read(text: str) -> Sheet:
    return sheet_of(text.encode())[0]


def refusal(data: bytes) -> Malformed:
    with pytest.raises(Malformed) as caught:
        sheet_of(data)
    assert "%(" not in str(caught.value)
    return caught.value


# ------------------------------------------------------------------------------------- dialects


@pytest.mark.parametrize("delimiter", DELIMITERS, ids=["semicolon", "comma", "tab", "bar"])
@pytest.mark.parametrize("encoding", MARKS)
def test_every_encoding_and_delimiter_is_guessed(encoding: str, delimiter: str) -> None:
    lines = ["jenis;jumlah;tujuan", 'tinta;1;"utuh; baik, é"', "kotak;2;|"]
    text = "\r\n".join(line.replace(";", delimiter) for line in lines) + "\r\n"

    sheet, dialect = sheet_of(encoded(text, encoding))

    assert sheet.header == ("jenis", "jumlah", "tujuan") or delimiter == "|"
    assert dialect.delimiter == delimiter
    assert dialect.encoding in (encoding, "utf-16")
    assert "é" in "".join(sheet.rows[0][1])


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_needs_no_mark(encoding: str) -> None:
    text = "item;quantity\r\ntinta;1\r\n"

    sheet, dialect = sheet_of(text.encode(encoding))

    assert sheet.texts == [("item", "quantity"), ("tinta", "1")]
    assert dialect == Dialect(encoding, ";")


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        pytest.param("kode;berat\r\nA;1,5\r\nB;2,5\r\n", ";", id="decimal commas"),
        pytest.param('a;b\r\n"segel, utuh; baik";x\r\n', ";", id="both within quotation marks"),
        pytest.param('kode,nama\r\n"A","x, ""y"""\r\n', ",", id="doubled quotation marks"),
        pytest.param("item,tujuan\r\na;b;c,d\r\ne;f;g,h\r\n", ",", id="known headers tell"),
        pytest.param("sep=|\r\na;b|c\r\nd;e|f\r\n", "|", id="said by a sep line"),
        pytest.param('"sep=,"\r\na;b,c\r\nd,e\r\n', ",", id="sep line within quotation marks"),
        pytest.param("SEP=;;;\r\na;b\r\nd;e\r\n", ";", id="sep line saved by a spreadsheet"),
    ],
)
def test_the_delimiter_is_guessed_from_headers_and_even_rows(text: str, delimiter: str) -> None:
    _, dialect = sheet_of(text.encode())

    assert dialect.delimiter == delimiter


def test_a_single_column_is_a_table_too() -> None:
    assert read("kode\r\nA\r\nB\r\n").texts == [("kode",), ("A",), ("B",)]


def test_who_uploads_may_say_the_dialect() -> None:
    data = "item,tujuan;x\r\né,a;b\r\n".encode("cp1252")

    sheet, dialect = sheet_of(data, Dialect("cp1252", ";"))

    assert sheet.texts == [("item,tujuan", "x"), ("é,a", "b")]
    assert dialect == Dialect("cp1252", ";")


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"], ids=["CRLF", "LF", "CR"])
def test_lines_may_end_in_any_way_and_break_within_quotation_marks(end: str) -> None:
    sheet = read(end.join(["item;note", f'a;"1{end}2"', "b;3", ""]))

    assert [row.texts for row in sheet.rows] == [("a", f"1{end}2"), ("b", "3")]


def test_rows_are_numbered_as_a_spreadsheet_shows_them() -> None:
    sheet = read('item;note\r\na;"1\r\n2"\r\n\r\nb;3\r\n')

    assert sheet.header_row == 1
    assert [row.number for row in sheet.rows] == [2, 4]


def test_a_sep_line_and_empty_rows_before_the_header_are_counted() -> None:
    sheet = read("sep=;\r\n;\r\nitem;note\r\na;b\r\n")

    assert sheet.header_row == 3
    assert sheet.rows == (Row(4, ("a", "b")),)


def test_ragged_rows_are_handed_on_as_they_are() -> None:
    sheet = read("item;note\r\na\r\na;b;c\r\n")

    assert [row.texts for row in sheet.rows] == [("a",), ("a", "b", "c")]


def test_marks_of_text_are_taken_off_once() -> None:
    sheet = read('a;b;c;d\r\n\'001;"=""002""";="003";\'\'004\r\n')

    assert sheet.rows[0][1] == ("001", "002", "003", "'004")


# ---------------------------------------------------------------------------------- what is none


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0", "a PNG picture, not a table", id="png"),
        pytest.param(b"\xff\xd8\xff\xe0", "a JPEG picture", id="jpeg"),
        pytest.param(b"GIF89a", "a GIF picture", id="gif"),
        pytest.param(b"RIFF\0\0\0\0WEBPVP8 ", "a WebP picture", id="webp"),
        pytest.param(b"%PDF-1.7", "a PDF document", id="pdf"),
        pytest.param(b"\x1f\x8b\x08", "a compressed file", id="gzip"),
        pytest.param(b"\xef\xbb\xbf\n<!DOCTYPE html>", "a web page", id="page"),
        pytest.param(b"item;note\r\na;\0b\r\n", "bytes that no text has", id="NUL"),
    ],
)
def test_a_file_of_another_kind_is_named(data: bytes, words: str) -> None:
    refused = refusal(data)

    assert refused.code == "file-kind"
    assert words in str(refused)


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        pytest.param(b"", "file-empty", "is empty", id="no bytes"),
        pytest.param(b"\xef\xbb\xbf\r\n ;\r\n", "file-empty", "is empty", id="only blanks"),
        pytest.param(b"item;note\r\n;\r\n", "file-without-rows", "no rows", id="only a header"),
        pytest.param(b'a;b\r\n1;"2\r\n3;4\r\n', "quotes-broken", "Row 2", id="not closed"),
        pytest.param(b'"a" x;b\r\n1;2\r\n', "quotes-broken", "Row 1", id="broken header"),
        pytest.param(b'a;b\r\n1;"2" x\r\n', "quotes-broken", "Row 2", id="text behind"),
        pytest.param(b"a\r\n" + b"x" * 140_000, "cell-too-long", "Row 2", id="endless cell"),
        pytest.param(b"a;b\r\n" + b";" * 300, "table-too-large", "Row 2", id="wide row"),
        pytest.param(b"\n" * 1_048_577, "table-too-large", "Row 1048577", id="too many rows"),
        pytest.param(b"a\r\nb\x81\r\n", "encoding-unknown", "Line 2", id="no cp1252"),
        pytest.param(b"\xef\xbb\xbfa\r\n\xff", "encoding-unknown", "Line 2", id="no UTF-8"),
        pytest.param(b"\xff\xfea\0\r\0\n\0b", "encoding-unknown", "Line 2", id="half UTF-16"),
        pytest.param(b"sep=:\r\na:b\r\n1:2\r\n", "delimiter-unknown", "none of", id="sep line"),
    ],
)
def test_a_broken_file_is_refused_with_the_place(data: bytes, code: str, words: str) -> None:
    refused = refusal(data)

    assert refused.code == code
    assert words in str(refused)


def test_a_file_beyond_the_limit_is_refused_unread() -> None:
    large = io.BytesIO(b"\0" * (2**20 + 1))

    with (
        pytest.raises(Malformed, match="larger than 1 MB") as caught,
        manifest_files.open_csv(large, max_bytes=2**20),
    ):
        pass

    assert caught.value.code == "file-too-large"


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(Malformed, match="no encoding"):
        sheet_of(b"a\r\nb", Dialect("rot13", ";"))


@given(st.binary(max_size=300))
def test_whatever_the_bytes_they_are_read_or_refused(data: bytes) -> None:
    try:
        sheet, _ = sheet_of(data)
    except Malformed:
        return

    assert sheet.rows


# --------------------------------------------------------------------------------------- writing


@pytest.mark.parametrize(
    "cell",
    [c for c in HOSTILE if c[:1] in tuple("=+-@\t\r\uff1d")],
    ids=repr,
)
def test_a_cell_a_spreadsheet_would_run_is_written_inert(cell: str) -> None:
    text = manifest_files.write_csv([("a", cell)]).decode()

    assert next(csv.reader(io.StringIO(text, newline=""))) == ["a", f"'{cell}"]


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("00123", "'00123"),
        ("106141412345678908", "'106141412345678908"),
        ("12.70", "'12.70"),
        ("1E5", "'1E5"),
        ("1271-KS-004512", "1271-KS-004512"),
        ("12.71.01.1001.012", "12.71.01.1001.012"),
        ("1000", "1000"),
    ],
)
def test_a_code_a_spreadsheet_would_change_is_written_as_text(cell: str, written: str) -> None:
    assert manifest_files.marked(cell) == written


def test_a_file_for_programs_is_plain_and_one_for_excel_is_not() -> None:
    rows = [("a", "b;c"), ("é", "")]

    assert manifest_files.write_csv(rows) == "a,b;c\r\né,\r\n".encode()
    assert manifest_files.write_csv(rows, dialect=EXCEL) == 'a;"b;c"\r\né;\r\n'.encode("utf-8-sig")


CELLS = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8),
)


@given(
    st.lists(st.tuples(CELLS, CELLS), min_size=1),
    st.sampled_from([PLAIN, EXCEL, Dialect("utf-16", "\t"), Dialect("utf-8", "|")]),
)
def test_whatever_is_written_is_read_back_the_same(
    rows: list[tuple[str, str]], dialect: Dialect
) -> None:
    rows = [("item", "package"), ("start", ""), *rows, ("end", "")]

    sheet, guess = sheet_of(manifest_files.write_csv(rows, dialect=dialect))

    assert sheet.texts == [row for row in rows if "".join(row).strip(cells.BLANK)]
    assert guess == dialect


# ----------------------------------------------------------------------- manifests, there and back

PLACES = ("12.71.01", "12.71.01.1001", "12.71.01.1001.012", "12.71.01.1002.001")


def as_stored(text: str) -> str:
    """Return the text as a line keeps it, empty when it would be refused."""
    found = cells.words(text.strip(cells.BLANK))
    return found if isinstance(found, str) else ""


NOTES = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(codec="cp1252", exclude_characters="\0"), max_size=8),
).map(as_stored).filter(lambda text: not set(text) & set("\uff1d\ufeff\U0001f600"))  # fmt: skip
PACKAGES = st.one_of(
    st.from_regex(r"1271-KS-[0-9]{6}", fullmatch=True),
    st.from_regex(r"[0-9]{3,11}", fullmatch=True),
    st.from_regex(r"=?[A-Z][A-Z0-9;,/ ]{0,5}[A-Z0-9]", fullmatch=True),
)
SEALS = st.from_regex(r"[A-Z][0-9]{3}", fullmatch=True)
LINES = st.builds(
    Line,
    row=st.just(0),
    item=st.sampled_from([item.code for item in BUILT_IN]),
    quantity=st.integers(1, cells.MAX_QUANTITY),
    destination=st.sampled_from(PLACES),
    package=st.none() | PACKAGES,
    parent=st.none() | st.just("PALET-1"),
    seals=st.lists(SEALS, max_size=2, unique=True).map(tuple),
    due=st.none() | st.dates(date(2000, 1, 1), date(2100, 12, 31)),
    note=NOTES,
    unit=st.sampled_from(["", "kotak", "lembar"]),
    extra=NOTES.map(lambda text: (("Kelurahan", text),) if text else ()),
)


def consistent(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Number the rows, and drop what would be refused: what is listed twice."""
    kept: dict[object, Line] = {}
    seals: set[str] = set()
    for line in lines:
        key = line.package or (line.item, line.destination)
        if key not in kept and seals.isdisjoint(line.seals):
            kept[key] = line
            seals.update(line.seals)
    return tuple(line._replace(row=row) for row, line in enumerate(kept.values(), start=2))


DRAFTS = st.lists(LINES, min_size=1, max_size=6).map(
    lambda lines: Draft("SJ/1", "12.71.G01", "12.71.01", None, consistent(lines))
)


def is_cp1252_only(data: bytes) -> bool:
    """Say whether the bytes are not UTF-8 by chance, as “Â¡” is."""
    try:
        return data.decode().isascii()
    except UnicodeDecodeError:
        return True


def table(draft: Draft) -> Iterable[tuple[str, ...]]:
    extras = dict.fromkeys(name for line in draft.lines for name, _ in line.extra)
    return manifests.table(draft.head, draft.lines, tuple(extras))


def normalised(draft: Draft) -> bytes:
    return b"".join(manifests.normalised(draft.head, map(manifests.normal, draft.lines)))


def imported(data: bytes) -> Draft:
    sheet, _ = sheet_of(data)
    result = reading.read(sheet, Defaults())
    assert not result.problems
    return result.drafts[0]


@settings(deadline=None)
@given(DRAFTS, st.sampled_from(DELIMITERS), st.sampled_from(sorted(MARKS)))
def test_what_is_exported_is_imported_again_from_any_dialect(
    draft: Draft, delimiter: str, encoding: str
) -> None:
    dialect = Dialect(encoding, delimiter)
    data = MARKS[encoding] + manifest_files.write_csv(table(draft), dialect=dialect)
    assume(encoding != "cp1252" or is_cp1252_only(data))

    again = imported(data)

    assert again.lines == draft.lines
    assert normalised(again) == normalised(draft)


@settings(deadline=None)
@given(DRAFTS, st.randoms(use_true_random=False))
def test_the_same_content_gives_the_same_bytes_whatever_the_order_of_columns(
    draft: Draft, random: Random
) -> None:
    columns = list(zip(*table(draft), strict=True))
    random.shuffle(columns)
    data = manifest_files.write_csv(zip(*columns, strict=True), dialect=EXCEL)

    again = imported(b"sep=;\r\n" + data.removeprefix(codecs.BOM_UTF8))

    assert normalised(again) == normalised(draft)


# ---------------------------------------------------------------------------------- refused rows


def test_refused_rows_have_the_reason_beside_them_and_what_is_too_much_behind_it() -> None:
    refused = [(Row(3, ("genset",)), "No."), (Row(4, ("tinta", "12.71", "x")), "Too many.")]

    rows = manifest_files.refused_rows(("jenis", "tujuan"), refused)

    assert list(rows) == [
        ("jenis", "tujuan", "refused because / ditolak karena"),
        ("genset", "", "No."),
        ("tinta", "12.71", "Too many.", "x"),
    ]
