"""What pages do by themselves: they stay fresh, open what is scanned, and print."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Hands
from tests.browser.pages.conftest import Viewer
from tests.browser.pages.gallery import FIRST, NUMBER

LIVE = "**/reconciliation/live**"
A4 = 695
"""Pixels between the margins."""


def answered(change: Callable[[str], str]) -> Callable[[Route], None]:
    """Return what answers a poll with the figures of the page, after a change."""

    def answer(route: Route) -> None:
        page = route.fetch(url=route.request.url.replace("after=", "before="))
        route.fulfill(response=page, body=change(page.text()))

    return answer


@pytest.fixture
def reconciliation(viewer: Viewer) -> Page:
    return viewer.open("reconciliation", "en")


# Fresh.


def test_figures_that_changed_are_replaced_and_no_others(reconciliation: Page) -> None:
    page = reconciliation
    shown = re.search(r"[0-9.]+%", page.locator("#totals").inner_text())
    assert shown
    page.route(LIVE, answered(lambda text: text.replace(shown[0], "12.3%")))
    page.evaluate("document.getElementById('items').isFirst = true")

    expect(page.locator("#totals")).to_contain_text("12.3%")

    assert page.evaluate("document.getElementById('items').isFirst")


def test_what_the_reader_began_stays(reconciliation: Page) -> None:
    page = reconciliation
    page.locator("#destinations summary").first.click()
    page.fill("#q", "boo")
    page.route(LIVE, answered(lambda text: re.sub("Lines|66", "67", text)))

    expect(page.locator("#lines-name")).to_contain_text("67")

    expect(page.locator("#q")).to_have_value("boo")
    expect(page.locator("#q")).to_be_focused()
    expect(page.locator("#destinations details").first).to_have_attribute("open", "")


def test_a_page_that_hears_nothing_says_so(reconciliation: Page) -> None:
    page = reconciliation
    page.route(LIVE, lambda route: route.abort())

    told = page.get_by_role("status").filter(has_text="Not live. These figures may be old.")

    expect(told).to_be_visible()


# Scans.


def test_a_scan_on_a_supervisors_page_opens_the_package(viewer: Viewer) -> None:
    page = viewer.open("manifests", "en")

    Hands(page, viewer.origin).scan(FIRST)

    expect(page.get_by_role("heading", level=1)).to_have_text(FIRST)


def test_a_scan_of_a_manifest_opens_its_reconciliation(viewer: Viewer) -> None:
    page = viewer.open("stock", "en")

    Hands(page, viewer.origin).scan(NUMBER)

    expect(page.get_by_role("heading", level=1)).to_have_text(f"Reconciliation of {NUMBER}")


def test_a_scan_into_a_form_stays_there(viewer: Viewer) -> None:
    page = viewer.open("upload", "en")
    page.get_by_text("The file does not say").click()
    page.focus("#number")

    Hands(page, viewer.origin).scan(NUMBER)

    expect(page.locator("#number")).to_have_value(NUMBER)


# Paper, and eyes that want rest.


def test_paper_is_light_and_has_tables_whatever_the_screen_is(reconciliation: Page) -> None:
    page = reconciliation
    page.emulate_media(color_scheme="dark", media="print")
    page.set_viewport_size({"width": A4, "height": 1000})

    expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(page.locator("#lines thead")).to_be_visible()
    expect(page.locator(".sl-nav")).to_be_hidden()
    expect(page.locator("#q")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= A4


def test_the_print_button_prints(reconciliation: Page) -> None:
    page = reconciliation
    page.evaluate("window.print = () => { document.title = 'printed'; }")

    page.get_by_role("button", name="Print").click()

    expect(page).to_have_title("printed")


def test_nothing_moves_where_motion_is_unwanted(reconciliation: Page) -> None:
    page = reconciliation
    moving = "document.getAnimations().length"

    still = page.evaluate(moving)
    page.emulate_media(reduced_motion="no-preference")

    assert still == 0
    assert page.evaluate(moving) == 1
