"""Which column holds which field."""

import pytest

from silog_scan.core import columns
from silog_scan.core.cells import ProblemCode

GIVEN = ("manifest", "from", "to")
HEADER = ("item", "quantity", "destination")
ALL_HEADERS = [(name, header) for name, headers in columns.HEADERS.items() for header in headers]


@pytest.mark.parametrize(("name", "header"), ALL_HEADERS)
def test_every_accepted_header_is_known_without_case_spaces_or_underscores(
    name: str, header: str
) -> None:
    shouted = " " + header.upper().replace(" ", "_ ") + " "

    found, _ = columns.match((shouted,), {})

    assert found.fields == {name: 0}
    assert columns.is_known(shouted)


def test_other_columns_are_kept_under_their_names() -> None:
    found, flaws = columns.match((*HEADER, " Kelurahan "), {}, given=GIVEN)

    assert found.extras == ((3, "Kelurahan"),)
    assert not flaws


def test_columns_without_a_name_of_their_own_get_one() -> None:
    found, _ = columns.match((*HEADER, "", "x", "X", ""), {}, given=GIVEN)

    assert [title for _, title in found.extras] == ["column 4", "x", "X (2)", "column 7"]


def test_a_name_chosen_by_hand_wins_over_the_header() -> None:
    found, flaws = columns.match((*HEADER, "Isi Koli"), {"quantity": "isi_koli"}, given=GIVEN)

    assert found.fields["quantity"] == 3
    assert found.extras == ((1, "quantity (2)"),)
    assert not flaws


def test_a_column_chosen_for_one_field_serves_no_other() -> None:
    header = (*HEADER, "barcode")

    found, _ = columns.match(header, {"parent": "barcode"}, given=GIVEN)

    assert found.fields["parent"] == 3
    assert "package" not in found.fields


def test_a_field_may_be_left_unused() -> None:
    found, flaws = columns.match((*HEADER, "segel"), {"seals": ""}, given=GIVEN)

    assert "seals" not in found.fields
    assert found.extras == ((3, "segel (2)"),)
    assert not flaws


def test_the_reasons_of_a_refused_file_are_ignored() -> None:
    found, _ = columns.match((*HEADER, columns.REASON_HEADER), {}, given=GIVEN)

    assert not found.extras


@pytest.mark.parametrize(
    ("header", "mapping", "column", "code"),
    [
        (("item", "destination"), {}, "quantity", ProblemCode.MISSING_COLUMN),
        (("quantity", "item"), {}, "destination", ProblemCode.MISSING_COLUMN),
        (HEADER, {"item": ""}, "item", ProblemCode.MISSING_COLUMN),
        (HEADER, {"item": "Barang"}, "item", ProblemCode.MISSING_COLUMN),
        ((*HEADER, "Jenis"), {}, "Jenis", ProblemCode.DUPLICATE_COLUMN),
        (HEADER, {"weight": "item"}, "weight", ProblemCode.UNKNOWN_FIELD),
        ((*HEADER, "a\u202eb"), {}, "a[U+202E]b", ProblemCode.TEXT_HIDDEN),
    ],
)
def test_a_flawed_header_is_told(
    header: tuple[str, ...], mapping: dict[str, str], column: str, code: str
) -> None:
    _, flaws = columns.match(header, mapping, given=GIVEN)

    assert [(name, flaw.code) for name, flaw in flaws] == [(column, code)]


def test_number_and_ends_need_a_column_unless_given() -> None:
    _, flaws = columns.match(HEADER, {})

    assert [name for name, _ in flaws] == ["manifest", "from", "to"]


def test_packages_need_no_quantity() -> None:
    _, flaws = columns.match(("item", "koli", "tujuan"), {}, given=GIVEN)

    assert not flaws
