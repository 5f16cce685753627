"""Files that mean harm, or are something else: each a sentence, soon, and within the memory."""

import io
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from silog_scan.core.cells import Row
from silog_scan.core.errors import Malformed
from silog_scan.documents import workbooks, zip_guard
from tests.raw_workbooks import CONTENTS, MAIN, WORKBOOK, archive, number, packed, row, sheet, text

MEGABYTE = 2**20
MEMORY = 64 * MEGABYTE
"""What a refusal may take, whatever the file claims."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "manifest.xlsx"


def refusal(path: Path, data: bytes) -> Malformed:
    """Return how the file is refused, within the memory."""
    path.write_bytes(data)
    tracemalloc.start()
    with pytest.raises(Malformed) as caught:
        list(workbooks.rows(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MEMORY
    assert "%(" not in str(caught.value)
    return caught.value


def lying(size: int) -> bytes:
    """Return a workbook whose sheet says that it is smaller than it is."""
    data = packed(row(text("a" * size)))
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        told = file.getinfo("xl/worksheets/sheet1.xml").file_size
    return data.replace(struct.pack("<L", told), struct.pack("<L", 500))


def crowd(count: int) -> bytes:
    """Return an archive of so many empty entries."""
    return archive({f"xl/{number}": "" for number in range(count)})


def encrypted() -> bytes:
    """Return a workbook whose entries say that they have a password."""
    data = bytearray(packed(row(text("a"))))
    for start in (at for at in range(len(data)) if data[at : at + 4] == b"PK\x01\x02"):
        data[start + 8] |= 1
    return bytes(data)


DOCTYPE = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    f'<worksheet xmlns="{MAIN}"><sheetData><row><c t="str"><v>&b;</v></c></row></sheetData>'
    "</worksheet>"
)
OUTSIDE = f'<!DOCTYPE sst SYSTEM "file:///etc/passwd"><sst xmlns="{MAIN}"/>'


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(lambda: b"", "file-kind", id="nothing"),
        pytest.param(lambda: b"item;tujuan\r\n", "file-kind", id="CSV"),
        pytest.param(lambda: archive({"a.txt": "a"}), "file-kind", id="an archive"),
        pytest.param(lambda: archive({"[Content_Types].xml": CONTENTS, "word/document.xml": ""}),
                     "file-kind", id="a letter"),
        pytest.param(lambda: archive({"mimetype": "", "content.xml": ""}), "file-kind", id="ODS"),
        pytest.param(lambda: archive({"[Content_Types].xml": "", "xl/workbook.bin": ""}),
                     "file-kind", id="XLSB"),
        pytest.param(lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "file-locked",
                     id="an old workbook, or a password"),
        pytest.param(encrypted, "file-locked", id="a password of the archive"),
        pytest.param(lambda: packed(row(text("a")))[:-30], "file-damaged", id="cut short"),
        pytest.param(lambda: lying(9000), "file-damaged", id="lies about its size"),
        pytest.param(lambda: archive({"xl/a": bytes(17 * MEGABYTE)}), "file-unsafe", id="bomb"),
        pytest.param(lambda: archive({"xl/a": "a"}, zipfile.ZIP_LZMA), "file-unsafe", id="LZMA"),
        pytest.param(lambda: crowd(10_001), "file-unsafe", id="10,001 entries"),
        pytest.param(lambda: packed("", parts={"xl/worksheets/sheet1.xml": DOCTYPE}),
                     "file-unsafe", id="entities"),
        pytest.param(lambda: packed("", parts={"xl/sharedStrings.xml": OUTSIDE}),
                     "file-unsafe", id="a file from outside"),
        pytest.param(lambda: packed("", parts={"xl/workbook.xml": OUTSIDE}),
                     "file-unsafe", id="a file from outside in a small part"),
        pytest.param(lambda: packed(row(text("a" * 10 * MEGABYTE))), "cell-too-long",
                     id="10 MB cell"),
        pytest.param(lambda: packed("", strings=f"<si><t>{'a' * 10 * MEGABYTE}</t></si>"),
                     "cell-too-long", id="10 MB shared text"),
        pytest.param(lambda: packed(f"<row a='{'a' * 10 * MEGABYTE}'/>"), "cell-too-long",
                     id="10 MB attribute"),
        pytest.param(lambda: packed("", parts={"xl/workbook.xml": WORKBOOK + " " * 9 * MEGABYTE}),
                     "file-unsafe", id="9 MB list of sheets"),
        pytest.param(lambda: packed("<row>" * 20_000), "file-damaged", id="rows in rows"),
        pytest.param(lambda: packed(row(text("a")), parts={"xl/worksheets/sheet1.xml": "\0"}),
                     "file-damaged", id="NUL"),
        pytest.param(lambda: packed(row('<c r="XFD1"><v>1</v></c>')), "table-too-large",
                     id="column XFD"),
        pytest.param(lambda: packed(row(number("1") * 9_000)), "table-too-large",
                     id="9,000 columns"),
        pytest.param(lambda: packed(row(number("1") * 100_000)), "cell-too-long",
                     id="100,000 columns"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_sound_workbook_is_refused(
    path: Path, make: Callable[[], bytes], code: str
) -> None:
    assert refusal(path, make()).code == code


def test_a_cell_too_far_out_is_named(path: Path) -> None:
    found = refusal(path, packed('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'))

    assert "XFD1048576" in str(found)


def test_the_last_row_of_a_sheet_is_read_without_those_before_it(path: Path) -> None:
    path.write_bytes(packed('<row r="1048576"><c r="A1048576"><v>1</v></c></row>'))

    assert list(workbooks.rows(path)) == [Row(1_048_576, ("1",), {})]


def test_cells_that_are_only_formatted_may_lie_far_out(path: Path) -> None:
    path.write_bytes(packed(row(text("a"), '<c r="XFD1" s="1"/>')))

    assert list(workbooks.rows(path)) == [Row(1, ("a",), {})]


@pytest.mark.parametrize(
    ("limit", "most"),
    [("MAX_BYTES", 1000), ("MAX_UNPACKED", 500)],
)
def test_a_workbook_may_be_too_large(
    path: Path, limit: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zip_guard, limit, most)

    assert refusal(path, packed(row(text("a")))).code == "file-too-large"


@pytest.mark.parametrize("limit", ["MAX_STRINGS", "MAX_STYLES"])
def test_what_is_kept_in_memory_may_be_too_much(
    path: Path, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbooks, limit, 20)

    assert refusal(path, packed(row(text("a")))).code == "file-too-large"


def test_memory_holds_a_row_and_not_the_sheet(path: Path) -> None:
    path.write_bytes(packed(row(text("a"), text("b")) * 20_000))

    tracemalloc.start()
    count = sum(1 for _ in workbooks.rows(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert count == 20_000
    assert peak < 3 * MEGABYTE


BELOW = sheet(row(text("a"))) + "<no>" * 100_000


def test_what_stands_below_the_rows_is_not_parsed(path: Path) -> None:
    path.write_bytes(packed("", parts={"xl/worksheets/sheet1.xml": BELOW}))

    assert list(workbooks.rows(path)) == [Row(1, ("a",), {})]


def test_what_stands_below_the_rows_must_be_whole_all_the_same(path: Path) -> None:
    data = packed("", parts={"xl/worksheets/sheet1.xml": BELOW}, method=zipfile.ZIP_STORED)

    found = refusal(path, data.replace(b"<no><no>PK", b"<no><on>PK"))

    assert b"<no><no>PK" in data
    assert found.code == "file-damaged"


# ------------------------------------------------------------------------------------ any bytes


def sound() -> bytes:
    """Return a workbook as a library writes it, with every kind of cell."""
    book = openpyxl.Workbook()
    book.worksheets[0].append(["kode", "jumlah", "tanggal"])
    book.worksheets[0].append(["00123", 12.5, "=1+1"])
    book.create_chartsheet("Grafik")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


SOUND = sound()
with zipfile.ZipFile(io.BytesIO(SOUND)) as _file:
    PARTS = {name: _file.read(name) for name in _file.namelist()}


@st.composite
def flipped(draw: st.DrawFn) -> bytes:
    """Draw the archive with a few bytes of it changed, or cut short."""
    data = bytearray(SOUND)
    for _ in range(draw(st.integers(1, 4))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(len(data) // 2, len(data)))])


@st.composite
def mixed(draw: st.DrawFn) -> bytes:
    """Draw a sound archive in which parts are swapped, left out or changed."""
    names = sorted(PARTS)
    parts = dict(PARTS)
    one, other = draw(st.sampled_from(names)), draw(st.sampled_from(names))
    parts[one], parts[other] = parts[other], parts[one]
    content = bytearray(parts[one])
    for _ in range(draw(st.integers(0, 4))):
        content[draw(st.integers(0, len(content) - 1))] = draw(st.sampled_from(b'0 9<>"/=-aZ\xff'))
    parts[one] = bytes(content)
    parts.pop(draw(st.sampled_from([*names, ""])), None)
    return archive(parts)


@given(
    st.one_of(
        st.binary(max_size=300), st.binary(max_size=300).map(b"PK\x03\x04".__add__),
        flipped(), mixed(),
    )
)  # fmt: skip
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_whatever_the_bytes_they_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.xlsx"
    path.write_bytes(data)

    try:
        found = [*workbooks.sheets(path), *workbooks.rows(path)]
    except Malformed as refused:
        found = [str(refused)]

    assert all(found)
