"""Cards of places, tasks and manifests at the station, and the tap that follows a package."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from silog_scan.store import queries
from silog_scan.web.context import Backend
from tests.browser.conftest import Hands, enter
from tests.browser.test_station import ELSEWHERE, FIRST, expect_counted, expect_word
from tests.web.conftest import bring

OTHER = "SJ-1271-0151"
SECOND_DELIVERY = f"""manifest,from,to,package,item,quantity,destination
{OTHER},12,12.71,1271-KS-000009,KOTAK,1,12.71.01.1001.001
{OTHER},12,12.71,,ALAT-TUNANETRA,50,12.71.01.1001.001
""".encode()
LATER = "1271-KS-000009"


@pytest.fixture
def other(backend: Backend) -> str:
    """Import another manifest to the same place."""
    bring(backend, SECOND_DELIVERY)
    return OTHER


def expect_heading(hands: Hands, text: str) -> None:
    expect(hands.page.locator("#heading")).to_have_text(text)


def recorded(backend: Backend) -> int:
    with backend.database.reading() as session:
        return len(queries.recent_scans(session, station="Gudang Medan"))


@pytest.mark.parametrize(
    ("card", "heading"),
    [
        ("SLG-TASK-RETURN", "Return · Kota Medan"),
        ("SLG-PLACE-12.71.01", "Receive · Medan Kota"),
    ],
)
def test_a_card_changes_the_work_and_is_no_scan(
    station: Hands, backend: Backend, card: str, heading: str
) -> None:
    station.scan(card)

    expect_heading(station, heading)
    expect_word(station, "Ready")
    assert recorded(backend) == 0


def test_a_manifests_number_changes_the_manifest(other: str, station: Hands) -> None:
    station.scan(other)

    expect(station.page.locator("#where")).to_contain_text(other)
    expect(station.page.locator("#progress")).to_contain_text("Left 1")


def test_what_is_scanned_right_after_a_card_is_for_the_new_work(other: str, station: Hands) -> None:
    station.scan(other)
    station.scan(LATER)

    expect_word(station, "Match")
    expect_counted(station, "1")


def test_a_card_of_others_changes_nothing_and_says_why(station: Hands) -> None:
    station.scan("SLG-PLACE-12.75")

    expect(station.page.locator("#notice")).to_contain_text("12.75")
    expect_heading(station, "Receive · Kota Medan")


def test_one_tap_follows_a_package_to_its_manifest(other: str, station: Hands) -> None:
    station.scan(LATER)
    expect_word(station, "Other manifest")

    station.page.get_by_role("button", name=f"Switch to {other}").click()

    expect_word(station, "Match")
    expect(station.page.locator("#where")).to_contain_text(other)
    expect_counted(station, "1")


@pytest.mark.parametrize("tap", ["click", "dblclick"])
def test_the_tap_keeps_what_was_said_of_the_goods_and_counts_once(
    other: str, station: Hands, backend: Backend, tap: str
) -> None:
    for text in ("SLG-CMD-QTY-40", "SLG-CMD-DAMAGED", "SLG-ITEM-ALAT-TUNANETRA"):
        station.scan(text)
    expect_word(station, "Other manifest")

    getattr(station.page.get_by_role("button", name=f"Switch to {other}"), tap)()

    expect_word(station, "Damaged")
    with backend.database.reading() as session:
        newest, *others = queries.recent_scans(session, station="Gudang Medan")
        body = queries.events_of_scans(session, [newest.id])[newest.id].body
    assert (body["quantity"], body["condition"], len(others)) == (40, "damaged", 1)
    assert station.complaints == []


def test_the_tap_is_offered_for_nothing_else(
    other: str, hands: Hands, at_work: Callable[..., str]
) -> None:
    enter(hands, at_work(number=other))

    hands.scan(ELSEWHERE)
    expect_word(hands, "Wrong place")
    expect(hands.page.locator("#switch")).to_be_hidden()

    hands.scan(FIRST)
    expect_word(hands, "Other manifest")
    expect(hands.page.locator("#switch")).to_be_visible()
