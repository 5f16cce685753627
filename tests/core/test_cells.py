"""What one cell says: quantities, dates, places, codes, and the forms that are refused."""

from collections.abc import Iterable
from datetime import date
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silog_scan.core import cells
from silog_scan.core.cells import Flaw, Marks, ProblemCode
from silog_scan.core.items import Catalogue

KNOWN = {"12.71", "12.70", "12.71.01", "12.71.01.1001", "12.71.G01"}
MONTHS = [
    "Januari", "Februari", "Maret", "April", "Mei", "Juni",
    "Juli", "Agustus", "September", "Oktober", "November", "Desember",
]  # fmt: skip
NO_MARKS = Marks()
POINT_TWICE = Marks(thousands=frozenset("."), decimals=frozenset("."))
BOTH = Marks(thousands=frozenset(".,"))


def marks(column: Iterable[str]) -> Marks:
    """Return how a column uses point and comma."""
    return reduce(Marks.seen, filter(cells.has_marks, column), Marks())


def code_of(found: object) -> str:
    assert isinstance(found, Flaw)
    assert "%(" not in str(found.message)
    return found.code


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("1", 1),
        ("007", 7),
        ("1000", 1000),
        ("1.000", 1000),
        ("1,000", 1000),
        ("12.500", 12500),
        ("1.000.000", 1_000_000),
        ("12.0", 12),
        ("12,0", 12),
        ("999999999", 999_999_999),
    ],
)
def test_a_whole_number_is_read(text: str, units: int) -> None:
    assert cells.quantity(text, NO_MARKS) == units


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0", ProblemCode.QUANTITY_NOT_POSITIVE),
        ("0.0", ProblemCode.QUANTITY_NOT_POSITIVE),
        ("-1", ProblemCode.QUANTITY_NOT_POSITIVE),
        ("\u22125", ProblemCode.QUANTITY_NOT_POSITIVE),
        ("-1.000", ProblemCode.QUANTITY_NOT_POSITIVE),
        ("1.5", ProblemCode.QUANTITY_NOT_WHOLE),
        ("1,5", ProblemCode.QUANTITY_NOT_WHOLE),
        ("1.00", ProblemCode.QUANTITY_NOT_WHOLE),
        ("0.500", ProblemCode.QUANTITY_NOT_WHOLE),
        ("1.000,00", ProblemCode.QUANTITY_NOT_WHOLE),
        ("1.0000", ProblemCode.QUANTITY_NOT_WHOLE),
        ("12 rim", ProblemCode.QUANTITY_NOT_WHOLE),
        ("1e3", ProblemCode.QUANTITY_NOT_WHOLE),
        ("1 000", ProblemCode.QUANTITY_NOT_WHOLE),
        ("+1", ProblemCode.QUANTITY_NOT_WHOLE),
        ("\u0661\u0662", ProblemCode.QUANTITY_NOT_WHOLE),
        ("satu", ProblemCode.QUANTITY_NOT_WHOLE),
        ("1000000000", ProblemCode.QUANTITY_TOO_LARGE),
        ("9" * 5000, ProblemCode.QUANTITY_NOT_WHOLE),
    ],
)
def test_another_form_of_quantity_is_refused(text: str, code: str) -> None:
    assert code_of(cells.quantity(text, NO_MARKS)) == code


@pytest.mark.parametrize(
    ("text", "column"),
    [
        pytest.param("1.000", ["1.000", "2.5"], id="the point is a decimal elsewhere"),
        pytest.param("1.000", ["1.000", "1,000"], id="thousands by point and comma"),
        pytest.param("12.0", ["12.0", "1.000"], id="the decimal is a thousand elsewhere"),
    ],
)
def test_a_mark_with_two_uses_in_the_column_is_ambiguous(text: str, column: list[str]) -> None:
    found = cells.quantity(text, marks(column))

    assert code_of(found) == ProblemCode.QUANTITY_AMBIGUOUS


def test_the_sentence_names_both_readings() -> None:
    found = cells.quantity("1.000", BOTH)

    assert isinstance(found, Flaw)
    assert "1.000 may mean 1000 or 1," in str(found.message)


def test_two_marks_of_a_kind_can_only_part_thousands() -> None:
    assert cells.quantity("1.000.000", POINT_TWICE) == 1_000_000


def test_a_decimal_comma_does_not_make_points_ambiguous() -> None:
    assert cells.quantity("1.000", marks(["1.000", "2,5", "-1.000", "x"])) == 1000


@given(st.integers(1, cells.MAX_QUANTITY), st.sampled_from(["", ".", ","]))
def test_a_number_is_read_back_with_any_one_mark(units: int, mark: str) -> None:
    text = f"{units:,}".replace(",", mark)

    assert cells.quantity(text, marks([text])) == units


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-12",
        "2026-02-12 00:00:00",
        "2026-02-12T00:00:00",
        "2026/02/12",
        "12/02/2026",
        "12/2/2026",
        "12-02-2026",
        "12.02.2026",
        "12 Februari 2026",
        "12 Feb 2026",
        "12-Feb-2026",
        "12 Pebruari 2026",
        "Kamis, 12 Februari 2026",
        "12 february 2026",
    ],
)
def test_the_day_stands_before_the_month(text: str) -> None:
    assert cells.day(text) == date(2026, 2, 12)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("30/02/2026", ProblemCode.DATE_IMPOSSIBLE),
        ("02/13/2026", ProblemCode.DATE_IMPOSSIBLE),
        ("2026-13-01", ProblemCode.DATE_IMPOSSIBLE),
        ("0/1/2026", ProblemCode.DATE_IMPOSSIBLE),
        ("12/02/1926", ProblemCode.DATE_IMPOSSIBLE),
        ("0000-01-01", ProblemCode.DATE_IMPOSSIBLE),
        ("12/02/26", ProblemCode.DATE_AMBIGUOUS),
        ("12 Feb 26", ProblemCode.DATE_AMBIGUOUS),
        ("46065", ProblemCode.DATE_UNREADABLE),
        ("12/02-2026", ProblemCode.DATE_UNREADABLE),
        ("12 Foo 2026", ProblemCode.DATE_UNREADABLE),
        ("besok", ProblemCode.DATE_UNREADABLE),
        ("\u0661\u0662/02/2026", ProblemCode.DATE_UNREADABLE),
        ("2026-02-12 08:00", ProblemCode.DATE_UNREADABLE),
    ],
)
def test_a_date_with_no_one_meaning_is_refused(text: str, code: str) -> None:
    assert code_of(cells.day(text)) == code


@pytest.mark.parametrize("name", MONTHS)
def test_indonesian_months_are_read_in_full_and_short(name: str) -> None:
    month = MONTHS.index(name) + 1

    assert cells.day(f"1 {name} 2026") == date(2026, month, 1)
    assert cells.day(f"1 {name[:3]} 2026") == date(2026, month, 1)


@pytest.mark.parametrize("text", ["12.71.01.1001", "12.71.01.1001.012", "12.71.G01", "12.71"])
def test_a_place_of_the_register_is_taken(text: str) -> None:
    assert cells.place(text, KNOWN.__contains__) == text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("12.71.01.1002", ProblemCode.PLACE_UNKNOWN),
        ("12.71.01.1002.001", ProblemCode.PLACE_UNKNOWN),
        ("12.71.G02", ProblemCode.PLACE_UNKNOWN),
        ("12.71.1.1001", ProblemCode.PLACE_MANGLED),
        ("1271011001012", ProblemCode.PLACE_MANGLED),
        ("1,27101E+12", ProblemCode.CODE_MANGLED),
        ("Medan Kota", ProblemCode.PLACE_INVALID),
        ("12.71.01.1001\u200b", ProblemCode.PLACE_INVALID),
        ("\u00b2" * 15 + "000", ProblemCode.PLACE_INVALID),
    ],
)
def test_another_text_is_no_place(text: str, code: str) -> None:
    assert code_of(cells.place(text, KNOWN.__contains__)) == code


@pytest.mark.parametrize(
    ("text", "likely"),
    [("12.71.1.1001.12", "12.71.01.1001.012"), ("12.7", "12.70"), ("99.1.1.1001", "99.01.01.1001")],
)
def test_an_eaten_code_is_answered_with_the_likely_one(text: str, likely: str) -> None:
    found = cells.place(text, KNOWN.__contains__)

    assert isinstance(found, Flaw)
    assert f"Write {likely} if" in str(found.message)


def test_of_two_likely_codes_the_known_one_is_named() -> None:
    found = cells.place("12.1", {"12.01"}.__contains__)

    assert isinstance(found, Flaw)
    assert "Write 12.01 if" in str(found.message)


@pytest.mark.parametrize(
    ("text", "package"),
    [
        ("1271-KS-004512", "1271-KS-004512"),
        ("KOLI 17", "KOLI 17"),
        ("00123", "00123"),
        ("12E45", "12E45"),
        ("(00)106141412345678908", "106141412345678908"),
        ("106141412345678908", "106141412345678908"),
        ("]C100106141412345678908", "106141412345678908"),
        ("100000000000000009", "100000000000000009"),
        ("Kardus É7", "Kardus É7"),
        ("ꦏ", "ꦏ"),
        ("a\x1db", "a\x1db"),
    ],
)
def test_a_package_is_named_as_its_scan_will_name_it(text: str, package: str) -> None:
    assert cells.package(text) == package


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("1.23457E+17", ProblemCode.CODE_MANGLED, id="scientific"),
        pytest.param("1,23457E+17", ProblemCode.CODE_MANGLED, id="scientific with a comma"),
        pytest.param("1E+17", ProblemCode.CODE_MANGLED, id="scientific, round"),
        pytest.param("106141412345678000", ProblemCode.CODE_MANGLED, id="digits beyond 15 lost"),
        pytest.param("1271\u200b-KS", ProblemCode.CODE_HIDDEN, id="zero width space"),
        pytest.param("\u202e1271-KS", ProblemCode.CODE_HIDDEN, id="right to left override"),
        pytest.param("1271\u00a0KS", ProblemCode.CODE_HIDDEN, id="no-break space"),
        pytest.param("1271\ufe0f", ProblemCode.CODE_HIDDEN, id="variation selector"),
        pytest.param("1271\u3164", ProblemCode.CODE_HIDDEN, id="filler"),
        pytest.param("1271-\u041aS", ProblemCode.CODE_HIDDEN, id="Cyrillic K"),
        pytest.param("KARDUS E\u0301", ProblemCode.CODE_HIDDEN, id="letter of two characters"),
        pytest.param("KARDUS \u2126", ProblemCode.CODE_HIDDEN, id="ohm sign for omega"),
        pytest.param("a\x00b", ProblemCode.CODE_HIDDEN, id="control character"),
        pytest.param("a\ud800b", ProblemCode.CODE_HIDDEN, id="lone surrogate"),
        pytest.param("x" * 4097, ProblemCode.TEXT_TOO_LONG, id="too long"),
        pytest.param("(00)106141412345678907", ProblemCode.CODE_INVALID, id="check digit"),
        pytest.param("]d2", ProblemCode.CODE_INVALID, id="nothing but a symbology"),
        pytest.param("SLG-ITEM-TINTA", ProblemCode.CODE_NOT_PACKAGE, id="label of an item"),
        pytest.param("SLG-CMD-DAMAGED", ProblemCode.CODE_NOT_PACKAGE, id="label of a command"),
    ],
)
def test_a_code_no_label_can_carry_is_refused(text: str, code: str) -> None:
    assert code_of(cells.package(text)) == code


@given(st.text(max_size=40))
def test_a_package_that_is_taken_is_taken_again_under_the_same_name(text: str) -> None:
    package = cells.package(cells.bare(text) or "x")

    assert isinstance(package, Flaw) or cells.package(package) == package


@pytest.mark.parametrize("text", ["A1 A2", "A1,A2", "A1;A2", " A1 ;\nA2,", "A1\u00a0A2"])
def test_seals_are_parted_by_space_comma_or_semicolon(text: str) -> None:
    assert cells.seals(text) == ("A1", "A2")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1,23E+17", ProblemCode.CODE_MANGLED),
        ("A1 1E+17", ProblemCode.CODE_MANGLED),
        ("A1 A\u200b2", ProblemCode.CODE_HIDDEN),
        ("A1 " * 2000, ProblemCode.TEXT_TOO_LONG),
    ],
)
def test_a_seal_that_cannot_be_read_off_paper_is_refused(text: str, code: str) -> None:
    assert code_of(cells.seals(text)) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SJ\u200b1", ProblemCode.CODE_HIDDEN),
        ("SJ\x1d1", ProblemCode.CODE_HIDDEN),
        ("S" * 101, ProblemCode.TEXT_TOO_LONG),
        ("1E+17", ProblemCode.CODE_MANGLED),
    ],
)
def test_a_manifest_number_must_be_readable(text: str, code: str) -> None:
    assert code_of(cells.number(text)) == code


@pytest.mark.parametrize("text", ["utuh; baik", "=1+1", "Desa É \U0001f600", "dua\nbaris", "a\tb"])
def test_free_text_is_kept_as_it_is(text: str) -> None:
    assert cells.words(text) == text


def test_line_ends_in_free_text_are_made_alike() -> None:
    assert cells.words("a\r\nb\rc") == "a\nb\nc"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a\x1bb", ProblemCode.TEXT_HIDDEN),
        ("a\u202eb", ProblemCode.TEXT_HIDDEN),
        ("a\ud800b", ProblemCode.TEXT_HIDDEN),
        ("a" * 4097, ProblemCode.TEXT_TOO_LONG),
    ],
)
def test_text_that_may_hide_what_it_says_is_refused(text: str, code: str) -> None:
    assert code_of(cells.words(text)) == code


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('="00123"', "00123"),
        ("'00123", "00123"),
        ("  '00123 ", "00123"),
        ("''00123", "00123"),
        ('=""', ""),
        ('="a ""b"""', 'a "b"'),
        ("=1+1", "=1+1"),
        ("\u00a012\u00a0", "12"),
        ("a\x1d", "a\x1d"),
    ],
)
def test_marks_that_only_say_this_is_text_are_taken_off(cell: str, text: str) -> None:
    assert cells.bare(cell) == text


def test_an_unknown_item_is_answered_with_a_like_one_where_asked() -> None:
    asked = cells.item("SURAT DPRK", Catalogue(), suggest=lambda: True)
    unasked = cells.item("SURAT DPRK", Catalogue(), suggest=lambda: False)

    assert isinstance(asked, Flaw)
    assert isinstance(unasked, Flaw)
    assert "Is it SURAT-DPRDK?" in str(asked.message)
    assert "for example KOTAK" in str(unasked.message)


def test_a_shown_text_is_short_and_hides_nothing() -> None:
    assert cells.shown("a\u200bb") == "a[U+200B]b"
    assert cells.shown("x" * 500) == "x" * 100 + "…"
