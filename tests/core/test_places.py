"""Place codes: levels, what lies below what, zones, and codes a spreadsheet has changed."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silog_scan.core import places

DEPTHS = (r"", r"\.[0-9]{2}", r"\.[0-9]{2}\.[0-9]{2}", r"\.[0-9]{2}\.[0-9]{2}\.[12][0-9]{3}")
REGIONS = st.sampled_from(DEPTHS).flatmap(
    lambda rest: st.from_regex(r"[1-9][0-9]" + rest, fullmatch=True)
)


@pytest.mark.parametrize(
    ("code", "level"),
    [
        ("ID", "nation"),
        ("12", "province"),
        ("12.71", "regency"),
        ("12.71.01", "district"),
        ("12.71.01.1001", "village"),
        ("12.71.01.1001.012", "polling-station"),
        ("12.71.G01", "warehouse"),
        ("12.71.01.1001.G02", "warehouse"),
    ],
)
def test_a_code_tells_its_level(code: str, level: str) -> None:
    assert places.is_code(code)
    assert places.level(code) == level


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "12.7",
        "12.71.1",
        "1271",
        "12,71",
        " 12",
        "12.71.01.1001.12",
        "12.71.g01",
        "١٢",
        "id",
    ],
)
def test_other_texts_are_no_code(text: str) -> None:
    assert not places.is_code(text)


@pytest.mark.parametrize(
    ("code", "parent"),
    [
        ("ID", None),
        ("12", "ID"),
        ("12.71", "12"),
        ("12.71.01.1001.012", "12.71.01.1001"),
        ("12.71.G01", "12.71"),
    ],
)
def test_a_code_tells_the_place_above(code: str, parent: str | None) -> None:
    assert places.parent(code) == parent


@pytest.mark.parametrize(
    ("code", "above", "is_below"),
    [
        ("12.71.01", "12.71", True),
        ("12.71.01", "12.71.01", True),
        ("12.71.01.1001", "ID", True),
        ("12.71.01", "12.71.G01", True),
        ("12.71.G01", "12.71.G01", True),
        ("12.71.G02", "12.71.G01", True),
        ("12.72.01", "12.71", False),
        ("12.71.011", "12.71.01", False),
        ("12.71", "12.71.01", False),
        ("12.72", "12.71.G01", False),
    ],
)
def test_below_a_warehouse_is_below_its_region(code: str, above: str, is_below: bool) -> None:
    assert places.is_at_or_below(code, above) is is_below


@pytest.mark.parametrize(
    ("code", "hours"),
    [("12.71", 7), ("51.01", 8), ("71", 8), ("81.01.01", 9), ("94", 9), ("ID", 7)],
)
def test_the_province_tells_the_zone(code: str, hours: int) -> None:
    assert places.zone(code).utcoffset(None) == timedelta(hours=hours)


def test_the_regency_is_cut_from_any_code_below_it() -> None:
    assert places.regency("12.71.01.1001.012") == "12.71"
    assert places.regency("12") == "12"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("12.71.1.1001", "12.71.01.1001", id="zero lost in front of a part"),
        pytest.param("12.71.01.1001.12", "12.71.01.1001.012", id="zero of a polling station"),
        pytest.param("12,71,1,1009,12", "12.71.01.1009.012", id="commas and zeros"),
        pytest.param("1271011001012", "12.71.01.1001.012", id="dots lost"),
        pytest.param("1271011001", "12.71.01.1001", id="dots of a village lost"),
        pytest.param("1.271.011.001", "12.71.01.1001", id="thousands marked"),
        pytest.param("1271011001.0", "12.71.01.1001", id="shown with a decimal"),
        pytest.param("12,71", "12.71", id="decimal comma"),
        pytest.param("12.7", "12.70", id="end zero of a decimal"),
        pytest.param("12:10", "12.10", id="read as a time"),
        pytest.param("12/03/2001", "12.03.01", id="read as a date"),
        pytest.param("2001-03-12 00:00:00", "12.03.01", id="read as a date, shown as ISO"),
        pytest.param("12.71.g1", "12.71.G01", id="warehouse"),
        pytest.param("1271G01", "12.71.G01", id="warehouse without dots"),
    ],
)
def test_what_a_spreadsheet_does_to_a_code_is_undone(text: str, code: str) -> None:
    assert places.repaired(text) == code


@pytest.mark.parametrize(
    "text", ["", "Medan", "12.71", "12710", "1,27E+12", "12.71.01.1", "1.1", "9" * 50, "G01"]
)
def test_nothing_is_guessed_where_a_spreadsheet_explains_nothing(text: str) -> None:
    assert places.repaired(text) is None


def test_both_readings_of_a_lost_end_zero_are_named() -> None:
    assert places.repairs("12.1") == ("12.10", "12.01")


@given(REGIONS)
def test_a_code_without_its_dots_is_found_again(code: str) -> None:
    undotted = code.replace(".", "")

    assert places.is_code(undotted) or places.repaired(undotted) == code


@given(REGIONS)
def test_a_code_with_commas_is_found_again(code: str) -> None:
    assert "." not in code or places.repaired(code.replace(".", ",")) == code


@given(st.text(max_size=30))
def test_a_repair_is_always_another_text_and_a_code(text: str) -> None:
    assert all(places.is_code(code) and code != text for code in places.repairs(text))
