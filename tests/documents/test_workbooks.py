"""Tables as Excel workbooks: what a cell says as text, what cannot be taken, and back again."""

import io
from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from silog_scan.core import columns
from silog_scan.core.cells import Flaw, ProblemCode, Row
from silog_scan.core.errors import Malformed
from silog_scan.core.items import BUILT_IN
from silog_scan.documents import workbooks
from tests.raw_workbooks import LINKS, MAIN, WORKBOOK, archive, number, packed, row, sheet, text

HELD = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffe\uffff"), max_size=40
)
"""Texts that XML can hold, some only in escapes."""


LINKED = WORKBOOK.replace(
    "</sheets>",
    '</sheets><externalReferences><externalReference r:id="rId9"/></externalReferences>',
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "manifest.xlsx"


def read(path: Path, data: bytes, *, sheet: str | None = None) -> list[Row]:
    path.write_bytes(data)
    return list(workbooks.rows(path, sheet=sheet))


def cell(path: Path, xml: str, *, strings: str = "") -> tuple[str, Flaw | None]:
    """Return what a single cell says, and its flaw."""
    (found,) = read(path, packed(row(xml), strings=strings))
    return found.texts[0], found.flaws.get(0)


# ---------------------------------------------------------------------------------- what it says


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        pytest.param(number("7"), "7", id="a whole number"),
        pytest.param(number("7.0"), "7", id="a whole number with a point"),
        pytest.param(number("-12"), "-12", id="below zero"),
        pytest.param(number("-0"), "0", id="minus zero"),
        pytest.param(number("1E3"), "1000", id="with an exponent"),
        pytest.param(number("12.71"), "12.71", id="with decimals"),
        pytest.param(number("12.710000000000001"), "12.71", id="as Excel keeps 12.71"),
        pytest.param(number("0.30000000000000004"), "0.3", id="0.1 + 0.2"),
        pytest.param(number("1.0000000000000001E-5"), "0.00001", id="a small one"),
        pytest.param(number("999999999999999"), "999999999999999", id="15 digits"),
        pytest.param('<c t="b"><v>1</v></c>', "TRUE", id="true"),
        pytest.param('<c t="b"><v>0</v></c>', "FALSE", id="false"),
        pytest.param('<c t="str"><f>A1</f><v>0012</v></c>', "0012", id="the text of a formula"),
        pytest.param("<c><f>2+3</f><v>5</v></c>", "5", id="the number of a formula"),
        pytest.param(number("46065", 1), "2026-02-12", id="a day"),
        pytest.param(number("46065", 2), "2026-02-12", id="a day in words"),
        pytest.param(number("46065.5", 3), "2026-02-12 12:00:00", id="a day with a time"),
        pytest.param(number("46065", 3), "2026-02-12", id="a day at midnight"),
        pytest.param(number("0.3541666666666667", 4), "08:30:00", id="a time"),
        pytest.param(number("1.1041666666666667", 5), "26:30:00", id="a span of time"),
        pytest.param('<c t="d"><v>2026-02-12T00:00:00Z</v></c>', "2026-02-12", id="a day in ISO"),
    ],
)
def test_a_cell_says_what_a_person_would_have_typed(path: Path, xml: str, said: str) -> None:
    assert cell(path, xml) == (said, None)


@pytest.mark.parametrize(
    ("shared", "said"),
    [
        pytest.param("<t>00123</t>", "00123", id="plain"),
        pytest.param('<t xml:space="preserve"> a </t>', " a ", id="blanks"),
        pytest.param("<r><rPr><b/></rPr><t>KO</t></r><r><t>TAK</t></r>", "KOTAK", id="fonts"),
        pytest.param(
            "<t>課</t><rPh sb='0' eb='1'><t>カ</t></rPh><phoneticPr fontId='1'/>",
            "課",
            id="without its phonetic guide",
        ),
        pytest.param("<t>a_x000D_b</t>", "a\rb", id="an escape"),
        pytest.param("<t>_x005F_x000D_</t>", "_x000D_", id="an escaped escape"),
        pytest.param("<t>x005F_1</t>", "x005F_1", id="what only looks like one"),
        pytest.param("<t>_xD800_</t>", "_xD800_", id="half a surrogate pair"),
    ],
)
@pytest.mark.parametrize("where", ["shared", "inline"])
def test_a_text_stays_exactly_as_it_is(path: Path, shared: str, said: str, where: str) -> None:
    xml = (
        '<c t="s"><v>1</v></c>' if where == "shared" else f'<c t="inlineStr"><is>{shared}</is></c>'
    )

    found = cell(path, xml, strings=f"<si><t>first</t></si><si>{shared}</si>")

    assert found == (said, None)


@pytest.mark.parametrize(
    ("xml", "code", "told"),
    [
        pytest.param('<c t="e"><v>#N/A</v></c>', ProblemCode.CELL_ERROR, "#N/A", id="N/A"),
        pytest.param(
            '<c t="e"><f>1/0</f><v>#DIV/0!</v></c>', ProblemCode.CELL_ERROR, "#DIV/0!", id="DIV"
        ),
        pytest.param('<c t="e"><v>#REF!</v></c>', ProblemCode.CELL_ERROR, "#REF!", id="REF"),
        pytest.param(
            number("1.06141412345678E+17"), ProblemCode.CODE_MANGLED, "1.06141412345678E+17",
            id="an SSCC as Excel keeps it",
        ),
        pytest.param(
            number("106141412345678908"), ProblemCode.CODE_MANGLED, "106141412345678908",
            id="an SSCC as a program writes it",
        ),
        pytest.param(
            number("1000000000000000"), ProblemCode.CODE_MANGLED, "1000000000000000", id="16 digits"
        ),
        pytest.param(
            "<c><f>SUM(A2:A9)</f></c>", ProblemCode.FORMULA_UNCALCULATED, "=SUM(A2:A9)",
            id="a formula without a value",
        ),
        pytest.param(
            "<c><f>A2</f><v></v></c>", ProblemCode.FORMULA_UNCALCULATED, "=A2",
            id="a formula with an empty value",
        ),
        pytest.param(
            '<c><f t="shared" si="0"/></c>', ProblemCode.FORMULA_UNCALCULATED, "=",
            id="a shared formula",
        ),
        pytest.param(number("-5", 1), ProblemCode.DATE_IMPOSSIBLE, "-5", id="a day before all"),
        pytest.param(number("1e9", 1), ProblemCode.DATE_IMPOSSIBLE, "1e9", id="a day after all"),
        pytest.param(text("a_x0000_"), ProblemCode.TEXT_HIDDEN, "a\0", id="NUL"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_named_and_never_empty(
    path: Path, xml: str, code: ProblemCode, told: str
) -> None:
    said, flaw = cell(path, xml)

    assert said == told
    assert flaw is not None
    assert flaw.code == code
    assert "%(" not in str(flaw.message)


def test_a_formula_may_say_nothing(path: Path) -> None:
    data = packed(row('<c t="str"><f>IF(1,"")</f><v></v></c>', text("a")))

    (found,) = read(path, data)

    assert found == Row(1, ("", "a"), {})


@pytest.mark.parametrize("is_1904", [False, True], ids=["1900", "1904"])
def test_days_count_from_the_epoch_of_the_workbook(path: Path, is_1904: bool) -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904 if is_1904 else book.epoch
    day = date(2026, 2, 12)
    book.worksheets[0].append([day, datetime.combine(day, time(8, 30)), time(8, 30)])
    book.save(path)

    (found,) = workbooks.rows(path)

    assert found.texts == ("2026-02-12", "2026-02-12 08:30:00", "08:30:00")


def test_a_merged_cell_says_its_value_once(path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0]["A1"] = "KOTAK"
    book.worksheets[0]["D2"] = "end"
    book.worksheets[0].merge_cells("A1:C2")
    book.save(path)

    assert [found.texts for found in workbooks.rows(path)] == [("KOTAK",), ("", "", "", "end")]


# ------------------------------------------------------------------------------ rows and columns


def test_rows_keep_the_numbers_that_the_sheet_shows(path: Path) -> None:
    data = packed(
        f'<row r="3"><c r="B3"><v>1</v></c><c r="D3"><v>2</v></c><c r="E3"/></row><row r="4"/>'
        f'<row r="5"><c s="1"/></row>{row(text("a"), text(""))}'
    )

    found = read(path, data)

    assert found == [Row(3, ("", "1", "", "2"), {}), Row(6, ("a",), {})]


def test_what_a_sheet_says_of_its_size_is_not_believed(path: Path) -> None:
    data = packed(row(text("a"), text("b")) * 300)

    assert len(read(path, data)) == 300


def test_a_sheet_may_be_longer_than_any_row_of_it(path: Path) -> None:
    long = "a" * 1000
    data = packed(
        row(text(long), '<c t="s"><v>1499</v></c>') * 1500,
        strings=f"<si><t>{long}</t></si>" * 1500,
    )

    assert [found.texts for found in read(path, data)] == [(long, long)] * 1500


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param('<row r="2"/><row r="2"/>', id="a row twice"),
        pytest.param('<row r="1048577"/>', id="a row no sheet has"),
        pytest.param('<row><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>', id="cells back"),
        pytest.param('<row><c r="1"><v>1</v></c></row>', id="a cell without a column"),
        pytest.param(row('<c t="s"><v>1</v></c>'), id="a text that is not there"),
        pytest.param(row('<c t="s"><v>-1</v></c>'), id="a text before the first"),
        pytest.param(row(number("1_0")), id="what Python reads as a number"),
        pytest.param(row(number("nan")), id="what is not a number"),
        pytest.param(row('<c t="x"><v>1</v></c>'), id="a kind of cell there is not"),
        pytest.param("<row>", id="no XML"),
    ],
)
def test_what_makes_no_sense_is_damage(path: Path, rows: str) -> None:
    with pytest.raises(Malformed) as caught:
        read(path, packed(rows, strings="<si><t>a</t></si>"))

    assert caught.value.code == "file-damaged"


# --------------------------------------------------------------------------------------- sheets


def test_the_first_sheet_that_is_seen_is_read_or_the_one_named(path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].title = "Lama"
    book.worksheets[0].sheet_state = "hidden"
    book.create_chartsheet("Grafik")
    book.create_sheet("Kiriman").append(["new"])
    book.create_sheet("Lain").append(["other"])
    book.worksheets[0].append(["old"])
    book.save(path)

    assert workbooks.sheets(path) == ["Kiriman", "Lain"]
    assert [found.texts for found in workbooks.rows(path)] == [("new",)]
    assert [found.texts for found in workbooks.rows(path, sheet="lain")] == [("other",)]
    assert [found.texts for found in workbooks.rows(path, sheet="Lama")] == [("old",)]


def test_an_unknown_sheet_is_refused_with_those_there_are(path: Path) -> None:
    with pytest.raises(Malformed) as caught:
        read(path, packed(row(text("a"))), sheet="Sheet1")

    assert caught.value.code == "sheet-unknown"
    assert "Sheet1" in str(caught.value)
    assert "Manifest" in str(caught.value)


def test_a_workbook_of_hidden_sheets_is_refused(path: Path) -> None:
    hidden = WORKBOOK.replace('sheetId="1"', 'sheetId="1" state="veryHidden"')

    with pytest.raises(Malformed) as caught:
        read(path, packed(row(text("a")), parts={"xl/workbook.xml": hidden}))

    assert caught.value.code == "sheet-unknown"


def test_macros_are_left_alone(path: Path) -> None:
    book = xlsxwriter.Workbook(path.with_suffix(".xlsm"))
    book.add_worksheet().write_string(0, 0, "KOTAK")
    path.with_suffix(".bin").write_bytes(b"no program")
    book.add_vba_project(str(path.with_suffix(".bin")))
    book.close()

    (found,) = workbooks.rows(path.with_suffix(".xlsm"))

    assert found.texts == ("KOTAK",)


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param({"xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><fills><fill x="1"/></fills>'
                      '<fonts><font><sz val="big"/></font></fonts></styleSheet>'}, id="styles"),
        pytest.param({"xl/workbook.xml": LINKED}, id="a link to a file that is not there"),
        pytest.param({"docProps/core.xml": "<no/>", "xl/theme/theme1.xml": "no"}, id="properties"),
    ],
)  # fmt: skip
def test_what_does_not_matter_may_be_odd(path: Path, parts: Mapping[str, str]) -> None:
    (found,) = read(path, packed(row(number("7", 1)), parts=parts))

    assert found.number == 1


def test_strict_open_xml_is_refused_by_its_name(path: Path) -> None:
    strict = WORKBOOK.replace("http://schemas.openxmlformats.org", "http://purl.oclc.org/ooxml")

    with pytest.raises(Malformed, match="Strict"):
        read(path, packed("", parts={"xl/workbook.xml": strict}))


def test_a_workbook_needs_neither_styles_nor_shared_texts(path: Path) -> None:
    data = archive(
        {
            "[Content_Types].xml": "<Types/>",
            "xl/workbook.xml": WORKBOOK,
            "xl/_rels/workbook.xml.rels": LINKS,
            "xl/worksheets/sheet1.xml": sheet(row(number("7", 1), text("a"))),
        }
    )

    assert read(path, data) == [Row(1, ("7", "a"), {})]


# -------------------------------------------------------------------------------------- writing


def written(rows: list[tuple[str, ...]], path: Path) -> list[tuple[str, ...]]:
    """Return the rows as they are read back, the empty ones in their places."""
    workbooks.write_xlsx(rows, path)
    found = {row.number: row.texts for row in workbooks.rows(path)}
    return [found.get(number, ()) for number in range(1, len(rows) + 1)]


def trimmed(texts: tuple[str, ...]) -> tuple[str, ...]:
    while texts and not texts[-1]:
        texts = texts[:-1]
    return texts


@given(st.lists(st.lists(HELD, max_size=4).map(tuple), max_size=6))
@example([("=1+1", "@SUM(A1)", "https://example.org", "00123", "1E5", "-7", "2026-02-12")])
@example([("<r>b</r>", "<r><t>a</t></r>", "_x0041_", "_x0041_x0042_", "<r>_x0041_x0042_</r>")])
@example([("<r>\r</r>", "<r>", "_x", "_x005F_", "_x005F_x0041_", "_x000D_\r")])
@example([(" a ", "a\r\nb", "\t", "\x01\x0b\x7f\x85", "\U0001f600", "]]>&amp;", "\ufeff")])
def test_whatever_is_written_is_read_back_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "written.xlsx"

    assert written(rows, path) == [trimmed(texts) for texts in rows]


def test_what_xml_cannot_hold_is_marked(path: Path) -> None:
    assert written([("a\0", "\ud800b", "\ufffe\uffff")], path) == [
        ("a\ufffd", "\ufffdb", "\ufffd\ufffd")
    ]


def test_cells_are_text_and_the_header_stays_in_sight(path: Path) -> None:
    workbooks.write_xlsx([("kode", "jumlah"), ("00123", "=1")], path)

    sheet = openpyxl.load_workbook(path)["Manifest"]

    assert sheet.freeze_panes == "A2"
    assert sheet["A1"].font.b
    assert (sheet["A2"].value, sheet["A2"].data_type, sheet["A2"].number_format) == (
        "00123", "s", "@",
    )  # fmt: skip
    assert (sheet["B2"].value, sheet["B2"].data_type) == ("=1", "s")


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        pytest.param([["a"], ["a" * 32_768]], "cell-too-long", id="a long text"),
        pytest.param([["a"], ["\U0001f600" * 16_384]], "cell-too-long", id="long in UTF-16"),
        pytest.param([["a"] * 257], "table-too-large", id="too many columns"),
    ],
)
def test_what_no_workbook_can_hold_is_refused_and_nothing_written(
    path: Path, rows: list[list[str]], code: str
) -> None:
    with pytest.raises(Malformed) as caught:
        workbooks.write_xlsx(rows, path)

    assert caught.value.code == code
    assert not path.exists()


# ------------------------------------------------------------------------------------- templates

PLACES = [("12.71.01.1001", "Kesawan"), ("12.71.01.1002", "Silalas")]


def template(language: str) -> openpyxl.Workbook:
    out = io.BytesIO()
    workbooks.write_template(
        out,
        headers=columns.titles(language),
        items=BUILT_IN,
        places=PLACES,
        language=language,
    )
    return openpyxl.load_workbook(out)


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_header_of_a_template_is_understood_again(language: str) -> None:
    manifest = template(language).worksheets[0]

    header = tuple(str(cell.value) for cell in manifest[1])
    found, flaws = columns.match(header, {})

    assert list(found.fields) == list(columns.HEADERS)
    assert flaws == []


def test_a_template_speaks_the_language_of_its_reader() -> None:
    assert ", ".join(columns.titles("id").values()) == (
        "nomor manifest, asal, penerima, kode koli, kode barang, jumlah, kode tujuan, kode induk, "
        "nomor segel, tanggal, keterangan, satuan"
    )
    assert tuple(columns.titles("en").values()) == tuple(columns.HEADERS)


def test_a_template_offers_the_codes_of_items_and_places() -> None:
    manifest, codes = template("id").worksheets

    rules = {str(rule.sqref): rule.formula1 for rule in manifest.data_validations.dataValidation}

    assert rules == {"E2:E1048576": "'Codes'!$A$2:$A$19", "G2:G1048576": "'Codes'!$E$2:$E$3"}
    assert [cell.value for cell in codes[2]] == [
        "KOTAK", "kotak suara", "kotak", "", "12.71.01.1001", "Kesawan",
    ]  # fmt: skip
    assert codes["A19"].value == "STIKER-KOTAK"
    assert codes["E3"].value == "12.71.01.1002"


def test_codes_typed_into_a_template_stay_text() -> None:
    manifest = template("en").worksheets[0]

    columns_of_a_width = list(manifest.column_dimensions.values())

    assert {group.number_format for group in columns_of_a_width} == {"@"}
    assert max(group.max or 0 for group in columns_of_a_width) == 12


def test_a_template_without_rows_is_an_empty_manifest(path: Path) -> None:
    with path.open("wb") as out:
        workbooks.write_template(
            out, headers=columns.titles("id"), items=(), places=(), language="id"
        )

    (header,) = workbooks.rows(path)

    assert header.texts == tuple(columns.titles("id").values())
