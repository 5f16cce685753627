"""A label nobody can read is shown with what it probably is; only a tap records it."""

import pytest
from playwright.sync_api import FilePayload, expect

from silog_scan.web.context import Backend
from tests.blurred import photo as blurred_photo
from tests.blurred import print_labels
from tests.browser.conftest import Hands
from tests.browser.test_station import FIRST, SECOND, expect_counted, expect_word


@pytest.fixture
def photographed(station: Hands, manifest: str, backend: Backend) -> Hands:
    """Give hands whose photo shows a label that was printed here, far out of focus."""
    print_labels(backend, manifest)
    photo = FilePayload(name="label.png", mimeType="image/png", buffer=blurred_photo(FIRST))
    station.page.set_input_files("#photo", photo)
    expect(station.page.locator("#suggestion")).to_be_visible()
    return station


def test_a_tap_counts_what_was_suggested(photographed: Hands) -> None:
    page = photographed.page
    expect(page.locator("#suggestion [data-code]")).to_have_text(FIRST)

    page.locator("#suggestion [data-yes]").click()

    expect_word(photographed, "Match")
    expect_counted(photographed, "1")
    expect(page.locator("#suggestion")).to_be_hidden()
    expect(page.locator("#scans .s").first).to_contain_text("recognised with the manifest")


def test_without_a_tap_nothing_is_counted(photographed: Hands) -> None:
    photographed.page.locator("#suggestion [data-no]").click()

    expect(photographed.page.locator("#suggestion")).to_be_hidden()
    expect_counted(photographed, "0")


def test_the_next_scan_puts_the_suggestion_aside(photographed: Hands) -> None:
    photographed.scan(SECOND)

    expect(photographed.page.locator("#suggestion")).to_be_hidden()
    expect_counted(photographed, "1")


def test_what_was_said_of_the_next_scan_is_said_of_it(photographed: Hands) -> None:
    photographed.page.keyboard.press("F6")

    photographed.page.locator("#suggestion [data-yes]").click()

    expect_word(photographed, "Damaged")
    expect_counted(photographed, "1")
