"""From rows of text to manifests, and every problem a row can have."""

from dataclasses import replace
from datetime import date

import pytest

from silog_scan.core import manifests
from silog_scan.core.cells import Flaw, ProblemCode, Row
from silog_scan.core.errors import say
from silog_scan.core.manifests import Defaults, Line
from tests import reading
from tests.reading import Draft, Result, Sheet

HOP = Defaults(number="SJ-1", origin="12.71.G01", receiver="12.71.01")
HEADER = ("package", "item", "quantity", "destination")
BOX = ("1271-KS-000001", "KOTAK", "1", "12.71.01.1001.012")
INK = ("", "tinta", "24", "12.71.01.1001")


def read(
    *rows: tuple[str, ...], header: tuple[str, ...] = HEADER, defaults: Defaults = HOP
) -> Result:
    numbered = (Row(n, texts) for n, texts in enumerate(rows, start=2))
    return reading.read(Sheet(header, tuple(numbered)), defaults)


def normalised(draft: Draft) -> bytes:
    return b"".join(manifests.normalised(draft.head, map(manifests.normal, draft.lines)))


def found(result: Result) -> list[tuple[int, str, str]]:
    return [(problem.row, problem.column, problem.code) for problem in result.problems]


def test_a_row_becomes_a_line() -> None:
    result = read(BOX, INK)

    box = Line(2, "KOTAK", 1, "12.71.01.1001.012", package="1271-KS-000001")
    ink = Line(3, "TINTA", 24, "12.71.01.1001")
    assert result == Result(
        drafts=(Draft("SJ-1", "12.71.G01", "12.71.01", None, (box, ink)),),
        problems=(),
        rows=2,
        refused=0,
    )


def test_every_field_is_read_and_other_columns_are_kept() -> None:
    header = ("No Surat Jalan", "ASAL", "kode_penerima", "Koli", "jenis", "Jumlah",
              "kode tps", "Palet", "nomor segel", "Tanggal", "Keterangan", "Satuan", "Desa",
              "Camat")  # fmt: skip
    row = ("SJ-9", "12.71.G01", "12.71.01", "A1", "Kotak Suara", "", "12.71.01.1001", "P1",
           "S1, S2", "12/02/2026", "utuh", "kotak", "Kesawan", " ")  # fmt: skip

    (draft,) = read(row, header=header, defaults=Defaults()).drafts

    assert (draft.number, draft.origin, draft.receiver) == ("SJ-9", "12.71.G01", "12.71.01")
    assert draft.due == date(2026, 2, 12)
    assert draft.lines == (
        Line(2, "KOTAK", 1, "12.71.01.1001", package="A1", parent="P1", seals=("S1", "S2"),
             due=date(2026, 2, 12), note="utuh", unit="kotak", extra=(("Desa", "Kesawan"),)),
    )  # fmt: skip


@pytest.mark.parametrize("column", [0, 1, 2, 3, 4], ids=[*HEADER, "a column kept as it is"])
def test_a_cell_that_a_workbook_spoilt_is_one_problem_of_its_row(column: int) -> None:
    flaw = Flaw(ProblemCode.CELL_ERROR, say("The cell has the error #N/A."))
    row = Row(2, (*BOX[:column], "#N/A", *BOX[column + 1 :]), {column: flaw})

    result = reading.read(Sheet((*HEADER, "ket"), (row,)), HOP)

    assert [problem.code for problem in result.problems] == [ProblemCode.CELL_ERROR]
    assert result.drafts == ()


def test_a_package_holds_one_unit_unless_the_row_says_more() -> None:
    result = read(("A", "KOTAK", "", "12.71.01"), ("B", "TINTA", "1.000", "12.71.01"))

    assert [line.quantity for line in result.drafts[0].lines] == [1, 1000]


def test_packages_need_no_column_of_quantities() -> None:
    result = read(("A", "KOTAK", "12.71.01"), header=("koli", "jenis", "tujuan"))

    assert result.drafts[0].lines[0].quantity == 1


def test_empty_rows_are_passed_over_and_short_rows_are_filled() -> None:
    header = (*HEADER, "note")

    result = read(("", " ", "\u00a0", ""), (), BOX, header=header)

    assert (result.rows, result.problems) == (1, ())
    assert result.drafts[0].lines[0].row == 4


def test_empty_cells_beyond_the_header_do_no_harm() -> None:
    assert not read((*BOX, "", " ")).problems


def test_marks_of_spreadsheets_around_codes_are_taken_off() -> None:
    (draft,) = read(('="00123"', "KOTAK", "", "'12.71.01")).drafts

    assert (draft.lines[0].package, draft.lines[0].destination) == ("00123", "12.71.01")


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        (("A", "", "1", "12.71.01"), "item", ProblemCode.MISSING_VALUE),
        (("A", "KOTAK", "1", ""), "destination", ProblemCode.MISSING_VALUE),
        (("", "KOTAK", "", "12.71.01"), "quantity", ProblemCode.MISSING_VALUE),
        (("A", "genset", "1", "12.71.01"), "item", ProblemCode.ITEM_UNKNOWN),
        (("A", "KOTAK", "0", "12.71.01"), "quantity", ProblemCode.QUANTITY_NOT_POSITIVE),
        (("A", "KOTAK", "1,5", "12.71.01"), "quantity", ProblemCode.QUANTITY_NOT_WHOLE),
        (("A", "KOTAK", "9" * 10, "12.71.01"), "quantity", ProblemCode.QUANTITY_TOO_LARGE),
        (("A", "KOTAK", "1", "12.71.01.1009"), "destination", ProblemCode.PLACE_UNKNOWN),
        (("A", "KOTAK", "1", "12,71,1"), "destination", ProblemCode.PLACE_MANGLED),
        (("A", "KOTAK", "1", "Kesawan"), "destination", ProblemCode.PLACE_INVALID),
        (("A", "KOTAK", "1", "12.71.02"), "destination", ProblemCode.DESTINATION_ELSEWHERE),
        (("1.2E+17", "KOTAK", "1", "12.71.01"), "package", ProblemCode.CODE_MANGLED),
        (("A\u200b", "KOTAK", "1", "12.71.01"), "package", ProblemCode.CODE_HIDDEN),
        (("(00)1" + "0" * 17, "KOTAK", "1", "12.71.01"), "package", ProblemCode.CODE_INVALID),
        (("SLG-ITEM-TINTA", "TINTA", "1", "12.71.01"), "package", ProblemCode.CODE_NOT_PACKAGE),
        (("A", "KOTAK", "1", "12.71.01", "x"), "column 5", ProblemCode.TOO_MANY_CELLS),
    ],
)
def test_a_cell_that_cannot_be_trusted_refuses_its_row(
    row: tuple[str, ...], column: str, code: str
) -> None:
    result = read(BOX, row)

    assert found(result) == [(3, column, code)]
    assert result.refused == 1
    assert [line.row for line in result.drafts[0].lines] == [2]


@pytest.mark.parametrize(
    ("header", "text", "code"),
    [
        ("parent", "1.2E+17", ProblemCode.CODE_MANGLED),
        ("parent", "1271-KS-000001", ProblemCode.PARENT_ITSELF),
        ("seals", "A\u200b1", ProblemCode.CODE_HIDDEN),
        ("seals", "A1 A2 A1", ProblemCode.DUPLICATE_SEAL),
        ("due", "30/02/2026", ProblemCode.DATE_IMPOSSIBLE),
        ("due", "12/02/26", ProblemCode.DATE_AMBIGUOUS),
        ("due", "besok", ProblemCode.DATE_UNREADABLE),
        ("note", "a\u202eb", ProblemCode.TEXT_HIDDEN),
        ("unit", "a" * 4097, ProblemCode.TEXT_TOO_LONG),
        ("Kelurahan", "a\u202eb", ProblemCode.TEXT_HIDDEN),
        ("manifest", "SJ\u200b1", ProblemCode.CODE_HIDDEN),
        ("from", "12.99", ProblemCode.PLACE_UNKNOWN),
        ("to", "12,71", ProblemCode.PLACE_MANGLED),
    ],
)
def test_so_does_a_cell_one_need_not_fill(header: str, text: str, code: str) -> None:
    result = read((*BOX, text), header=(*HEADER, header))

    assert found(result) == [(2, header, code)]
    assert not result.drafts


def test_all_problems_of_a_row_are_told() -> None:
    result = read(("A\u200b", "genset", "x", "Medan"))

    assert found(result) == [
        (2, "package", ProblemCode.CODE_HIDDEN),
        (2, "item", ProblemCode.ITEM_UNKNOWN),
        (2, "destination", ProblemCode.PLACE_INVALID),
        (2, "quantity", ProblemCode.QUANTITY_NOT_WHOLE),
    ]


def test_a_problem_names_the_column_as_the_file_does_and_shows_what_stands_there() -> None:
    (problem,) = read(("genset\u200b", "1", "12.71.01"), header=("Jenis", "Jml", "Tujuan"),
                      defaults=replace(HOP, mapping={"quantity": "jml"})).problems  # fmt: skip

    assert (problem.column, problem.value) == ("Jenis", "genset[U+200B]")
    assert "genset[U+200B] is not in the item catalogue" in str(problem.message)


def test_the_likely_code_is_told() -> None:
    (problem,) = read(("A", "KOTAK", "1", "12,71,1,1001,12")).problems

    assert "Write 12.71.01.1001.012 if" in str(problem.message)


def test_a_quantity_with_a_mark_of_two_uses_is_ambiguous() -> None:
    result = read(("A", "TINTA", "1.000", "12.71.01"), ("B", "TINTA", "1,000", "12.71.01"))

    assert {problem.code for problem in result.problems} == {ProblemCode.QUANTITY_AMBIGUOUS}
    assert result.refused == 2


def test_a_flawed_header_refuses_every_row_once() -> None:
    result = read(("A", "1"), ("B", "2"), header=("koli", "jumlah"))

    assert found(result) == [
        (1, "item", ProblemCode.MISSING_COLUMN),
        (1, "destination", ProblemCode.MISSING_COLUMN),
    ]
    assert not result.drafts
    assert result.refused == 2


@pytest.mark.parametrize(
    ("defaults", "column", "code"),
    [
        (replace(HOP, number=None), "manifest", ProblemCode.MISSING_COLUMN),
        (replace(HOP, origin=None), "from", ProblemCode.MISSING_COLUMN),
        (replace(HOP, receiver=None), "to", ProblemCode.MISSING_COLUMN),
        (replace(HOP, number="SJ\u200b"), "manifest", ProblemCode.CODE_HIDDEN),
        (replace(HOP, origin="12.99"), "from", ProblemCode.PLACE_UNKNOWN),
        (replace(HOP, receiver="12.7"), "to", ProblemCode.PLACE_MANGLED),
        (replace(HOP, mapping={"x": "item"}), "x", ProblemCode.UNKNOWN_FIELD),
    ],
)
def test_what_is_given_at_upload_is_checked_too(defaults: Defaults, column: str, code: str) -> None:
    assert found(read(BOX, defaults=defaults)) == [(1, column, code)]


def test_what_is_given_at_upload_fills_empty_cells_only() -> None:
    header = ("manifest", "to", *HEADER)

    result = read(("", "", *BOX), ("SJ-2", "12.71", *BOX), header=header)

    assert [(d.number, d.receiver) for d in result.drafts] == [
        ("SJ-1", "12.71.01"),
        ("SJ-2", "12.71"),
    ]


def test_a_row_without_a_number_is_refused() -> None:
    header = ("manifest", *HEADER)

    result = read(("", *BOX), ("SJ-2", *INK), header=header, defaults=replace(HOP, number=None))

    assert found(result) == [(2, "manifest", ProblemCode.MISSING_VALUE)]
    assert [draft.number for draft in result.drafts] == ["SJ-2"]


def test_several_numbers_make_several_manifests_in_order() -> None:
    header = ("manifest", *HEADER)

    result = read(("B", *BOX), ("A", *BOX), ("B", *INK), header=header)

    assert [(d.number, len(d.lines)) for d in result.drafts] == [("B", 2), ("A", 1)]


def test_one_row_may_say_the_hop_for_its_manifest() -> None:
    header = ("from", *HEADER)

    result = read(("", *BOX), ("12.71", *INK), header=header, defaults=replace(HOP, origin=None))

    assert result.drafts[0].origin == "12.71"
    assert not result.problems


@pytest.mark.parametrize(
    ("name", "defaults"),
    [("from", replace(HOP, origin=None)), ("to", replace(HOP, receiver=None))],
    ids=["from", "to"],
)
def test_a_hop_nobody_says_refuses_the_rows(name: str, defaults: Defaults) -> None:
    result = read(("", *BOX), header=(name, *HEADER), defaults=defaults)

    assert found(result) == [(2, name, ProblemCode.MISSING_VALUE)]


def test_rows_that_disagree_with_the_first_on_the_hop_are_refused() -> None:
    header = ("to", *HEADER)

    result = read(("12.71.01", *BOX), ("12.71", *INK), header=header)

    assert found(result) == [(3, "to", ProblemCode.HOP_CONFLICT)]
    assert result.drafts[0].receiver == "12.71.01"


def test_a_manifest_from_a_place_to_itself_is_refused() -> None:
    result = read(BOX, defaults=replace(HOP, origin="12.71.01"))

    assert found(result) == [(2, "to", ProblemCode.SAME_PLACE)]


def test_boxes_may_come_back_to_a_warehouse() -> None:
    back = Defaults(number="SJ-2", origin="12.71.01", receiver="12.71.G01")

    assert not read(("A", "KOTAK", "1", "12.71.G01"), defaults=back).problems


def test_a_package_listed_twice_is_refused_and_the_first_row_named() -> None:
    result = read(BOX, INK, BOX)

    assert found(result) == [(4, "package", ProblemCode.DUPLICATE_LINE)]
    assert "row 2 already" in str(result.problems[0].message)


def test_bulk_of_the_same_item_and_destination_twice_is_refused() -> None:
    elsewhere = ("", "TINTA", "1", "12.71.01.1002")

    assert found(read(INK, elsewhere, INK)) == [(4, "item", ProblemCode.DUPLICATE_LINE)]


def test_a_package_may_be_on_two_manifests_of_a_file() -> None:
    assert not read(("A", *BOX), ("B", *BOX), header=("manifest", *HEADER)).problems


def test_a_seal_listed_for_two_packages_is_refused() -> None:
    other = ("1271-KS-000002", *BOX[1:])

    result = read((*BOX, "S1 S2"), (*other, "S2"), header=(*HEADER, "segel"))

    assert found(result) == [(3, "segel", ProblemCode.DUPLICATE_SEAL)]
    assert "Seal S2 stands on row 2" in str(result.problems[0].message)


def test_bulk_may_list_any_seals() -> None:
    result = read((*BOX, "S1"), (*INK, "S1 S1"), header=(*HEADER, "segel"))

    assert not result.problems


def test_packages_that_travel_in_each_other_are_refused() -> None:
    def row(package: str, parent: str) -> tuple[str, ...]:
        return (package, "KOTAK", "1", "12.71.01", parent)

    result = read(
        row("A", "B"), row("B", "C"), row("C", "B"), row("D", "P"), header=(*HEADER, "palet")
    )

    assert found(result) == [
        (3, "palet", ProblemCode.PARENT_CYCLE),
        (4, "palet", ProblemCode.PARENT_CYCLE),
    ]


def test_a_manifest_is_due_when_its_first_line_is() -> None:
    header = (*HEADER, "tanggal")

    result = read((*BOX, "13/02/2026"), (*INK, "12/02/2026"), header=header)

    assert result.drafts[0].due == date(2026, 2, 12)


def test_only_so_many_unknown_items_are_compared_with_the_catalogue() -> None:
    rows = [("A", f"kotakk suar{i}", "1", "12.71.01") for i in range(200)]

    result = read(*rows)

    suggestions = sum("Is it KOTAK?" in str(problem.message) for problem in result.problems)
    assert suggestions == manifests.MOST_SUGGESTIONS


def test_normal_bytes_are_canonical_json_without_what_is_empty() -> None:
    (draft,) = read((*INK, "Desa É"), header=(*HEADER, "ket")).drafts

    assert normalised(draft).decode() == (
        '{"from":"12.71.G01","lines":[{"destination":"12.71.01.1001","extra":[["ket","Desa É"]],'
        '"item":"TINTA","quantity":24}],"number":"SJ-1","to":"12.71.01"}'
    )


def test_normal_bytes_do_not_depend_on_column_order_or_row_numbers() -> None:
    header = (*HEADER, "a", "b")
    (draft,) = read((*BOX, "1", "2"), header=header).drafts

    (turned,) = read((), ("2", "1", *reversed(BOX)), header=tuple(reversed(header))).drafts

    assert normalised(turned) == normalised(draft)


def test_normal_bytes_tell_the_order_of_lines_apart() -> None:
    (draft,) = read(BOX, INK).drafts
    (turned,) = read(INK, BOX).drafts

    assert normalised(draft) != normalised(turned)


def test_the_table_of_a_manifest_reads_back_as_the_same() -> None:
    header = ("manifest", *HEADER, "jumlah lama")
    drafts = read(("A", *BOX, "7"), ("A", *INK, ""), header=header).drafts

    first, *rows = manifests.table(drafts[0].head, drafts[0].lines, ("jumlah lama",))

    assert read(*rows, header=first, defaults=Defaults()).drafts == drafts
