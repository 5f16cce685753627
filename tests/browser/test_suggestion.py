"""A label nobody can read is shown with what it probably is; only a tap records it."""

import io

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, expect

from silog_scan.services import accounts, labels
from silog_scan.services.labels import Kind
from silog_scan.web.context import Backend
from tests.blurred import blurred
from tests.browser.conftest import Hands
from tests.browser.test_station import FIRST, SECOND, expect_counted, expect_word


@pytest.fixture
def photographed(station: Hands, manifest: str, backend: Backend) -> Hands:
    """Give hands whose photo shows a label that was printed here, far out of focus."""
    backend.writer.run(
        lambda session: labels.make(
            session,
            accounts.cli_actor(session),
            labels.codes_of_manifest(session, accounts.cli_actor(session), manifest),
            kind=Kind("code128"),
            at=backend.clock(),
        )
    )
    out = io.BytesIO()
    Image.fromarray(blurred(FIRST)).save(out, "PNG")
    photo = FilePayload(name="label.png", mimeType="image/png", buffer=out.getvalue())
    station.page.set_input_files("#photo", photo)
    expect(station.page.locator("#suggestion")).to_be_visible()
    return station


def test_a_tap_counts_what_was_suggested(photographed: Hands) -> None:
    page = photographed.page
    expect(page.locator("#suggestion [data-text]")).to_contain_text(FIRST)

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
