"""A file that takes a while: how far it is moves on the page, which leads on by itself."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from silog_scan.services import intake
from silog_scan.web import uploads
from tests.browser.conftest import Hands
from tests.web.conftest import MANIFEST, Visitor


class Slow:
    """Reads a file as slowly as a test lets it."""

    def __init__(self) -> None:
        self.look, self.goes_on, self.part = intake.look, threading.Event(), 0.25

    def __call__(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401
        while not self.goes_on.is_set():
            options["tell"](1234, self.part)
            self.goes_on.wait(0.1)
        return self.look(*args, **options)


@pytest.fixture(autouse=True)
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    """Make every file take its time."""
    reading = Slow()
    monkeypatch.setattr(intake, "look", reading)
    monkeypatch.setattr(uploads, "_PATIENCE", 0.1)
    yield reading
    reading.goes_on.set()


@pytest.fixture
def page(hands: Hands, sign_in: Callable[[str], Visitor], tmp_path: Path) -> Page:
    """Hand in a file; the page shows how far it is."""
    file = tmp_path / "medan.csv"
    file.write_bytes(MANIFEST)
    cookie, page = sign_in("admin").client.get_cookie("silog"), hands.page
    assert cookie is not None
    page.context.add_cookies([{"name": "silog", "value": cookie.value, "url": hands.origin}])
    page.goto(f"{hands.origin}/manifests/upload?lang=en")
    page.set_input_files("#file", file)
    page.click("main form .btn-primary")
    return page


def test_the_bar_moves_while_the_file_is_read(page: Page, slow: Slow) -> None:
    expect(page.locator("#going")).to_contain_text("25 %")

    slow.part = 0.5

    expect(page.locator("#going")).to_contain_text("50 %")
    expect(page.locator("#going")).to_contain_text("1,234 rows")


def test_the_page_leads_on_once_the_file_is_read(page: Page, slow: Slow) -> None:
    expect(page.locator("#going")).to_be_visible()

    slow.goes_on.set()

    expect(page.get_by_role("heading", level=1)).to_have_text("Check before it is stored")


def test_a_file_that_is_stopped_leaves_nothing(page: Page) -> None:
    page.get_by_role("button", name="Stop").click()

    expect(page.locator("#ended")).to_contain_text("Nothing was stored.")
