"""Labels that mean harm, in a real browser: they are shown as they are, and nothing runs."""

import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask, url_for
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, expect

from silog_scan.core.codes import MAX_TEXT
from silog_scan.core.visible import visible
from silog_scan.store import queries
from silog_scan.web.context import Backend
from tests import hostile
from tests.browser.conftest import Hands, enter, until
from tests.hostile import ALL, LISTED, LONG, NUMBER, UNLISTED
from tests.web.conftest import Visitor, bring

WATCH = """
window.violations = [];
addEventListener("securitypolicyviolation", event => violations.push(event.violatedDirective));
"""
PLANTED = """() => {
  const found = [...document.querySelectorAll("*")].filter(one =>
    one.matches("script:not([src]), img[src='x'], svg[onload], b > b, iframe, object, embed")
    || [...one.attributes].some(({name}) => name.startsWith("on"))
    || /^(javascript|data):/i.test(one.getAttribute("href") ?? ""));
  return [...found.map(one => one.outerHTML), ...window.violations];
}"""
ORDER = """text => {
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) if (walk.currentNode.data.includes(text))
    return getComputedStyle(walk.currentNode.parentElement).unicodeBidi;
}"""
FILMED = {**ALL, "long": LONG}
FILMED_SHORT = {text[:MAX_TEXT] for text in FILMED.values()}
SOME = [ALL[name] for name in ("script", "formula", "format", "path", "turned", "attribute")]


@pytest.fixture
def manifest(backend: Backend) -> str:
    """Import a manifest whose every package is an attack."""
    bring(backend, hostile.manifest())
    return NUMBER


@pytest.fixture
def scanned(sign_in: Callable[[str], Visitor], manifest: str) -> Visitor:
    """Scan every hostile text for the manifest, as the page would; give who did."""
    assert manifest
    visitor = sign_in("admin")
    answer = visitor.post_json("/api/v1/scans", hostile.scans(FILMED.values()))
    assert answer.status_code == 200, answer.text
    return visitor


@pytest.fixture
def looking(hands: Hands, at_work: Callable[..., str], scanned: Visitor) -> Hands:  # noqa: ARG001
    """Give hands of somebody signed in, after the scans."""
    return wary(enter(hands, at_work()))


def wary(hands: Hands) -> Hands:
    hands.page.add_init_script(WATCH)
    hands.page.on("dialog", lambda dialog: hands.complaints.append(dialog.message))
    return hands


def expect_harmless(hands: Hands) -> None:
    assert hands.page.evaluate(PLANTED) == []
    assert hands.complaints == []
    assert hands.strayed == []


def texts_of(page: Page) -> str:
    """Return all that the page shows, where it is cut short for the eye too."""
    return str(page.locator("body").evaluate("body => body.textContent"))


# Through the camera and the hand scanner.


@pytest.fixture
def filming_context(filming: Browser, origin: str) -> Iterator[BrowserContext]:
    opened = filming.new_context(base_url=origin, locale="en-GB", permissions=["camera"])
    opened.set_default_timeout(10_000)
    yield opened
    opened.close()


@pytest.fixture
def filmed(film_slot: Path, tmp_path: Path) -> None:
    """Put the hostile labels before the camera."""
    cut = tmp_path / "hostile.mjpeg"
    cut.write_bytes(hostile.film(FILMED.values()))
    fresh = film_slot.with_suffix(".new")
    fresh.symlink_to(cut)
    fresh.replace(film_slot)


def outcomes(backend: Backend) -> dict[str, str]:
    """Return an outcome of each text that was recorded; what is no code is kept in short."""
    with backend.database.reading() as session:
        found = queries.recent_scans(session, station="Gudang Medan", limit=1_000)
    return {scan.text: scan.outcome for scan in found}


@pytest.mark.usefixtures("filmed")
def test_hostile_labels_before_the_camera_are_recorded_and_do_nothing(
    filming_context: BrowserContext, origin: str, at_work: Callable[..., str], backend: Backend
) -> None:
    hands = wary(Hands(filming_context.new_page(), origin))
    enter(hands, at_work())

    until(hands.page, lambda: outcomes(backend).keys() >= FILMED_SHORT, within=60)
    expect(hands.page.locator("#unsent [data-count]")).to_have_text("0")

    found = outcomes(backend)
    assert found[LONG[:MAX_TEXT]] == "invalid"
    assert {found[text] for text in UNLISTED.values()} == {"unknown"}
    assert {found[text] for text in LISTED.values()} <= {"accepted", "duplicate"}
    expect_harmless(hands)


@pytest.mark.parametrize("text", [ALL["turned"], ALL["attribute"], ALL["formula"]], ids=ascii)
def test_a_hostile_label_before_the_hand_scanner_is_shown_as_it_is(
    hands: Hands, at_work: Callable[..., str], manifest: str, text: str
) -> None:
    assert manifest
    station = enter(wary(hands), at_work())

    station.scan(text)

    expect(station.page.locator("#scans li")).to_contain_text(visible(text))
    expect_harmless(station)


UNSEEN = """async ([address, top]) => {
  const { visible } = await import(address);
  return Array.from({length: top}, (_, number) => number)
    .filter(number => visible(String.fromCodePoint(number)).startsWith("[U+"));
}"""


def test_the_page_and_the_station_agree_on_what_hides(hands: Hands, app: Flask) -> None:
    with app.test_request_context():
        address = url_for("static", filename="js/page.js")
    hands.page.goto("/sign-in")

    unseen = hands.page.evaluate(UNSEEN, [address, 0xE0200])

    # What Unicode has given since to numbers that were free is known to the one before the other.
    known = [number for number in range(0xE0200) if unicodedata.category(chr(number)) != "Cn"]
    hidden = {number for number in known if visible(chr(number)).startswith("[U+")}
    assert hidden == {*unseen} & {*known}


# Every page that shows what was scanned.

BY_NUMBER = f"/manifests/{quote(quote(NUMBER, safe=''), safe='')}"
PAGES = {
    "station": ("/station", UNLISTED),
    "manifest": (BY_NUMBER, LISTED),
    "reconciliation": (f"{BY_NUMBER}/reconciliation?status=all", ALL),
    "manifests": ("/manifests", {"number": NUMBER}),
    "stock": ("/stock", {}),
    "record": ("/ledger", {}),
    "start": ("/", {"number": NUMBER}),
}


@pytest.mark.parametrize(("address", "texts"), PAGES.values(), ids=PAGES)
def test_a_page_shows_hostile_texts_as_they_are(
    looking: Hands, address: str, texts: dict[str, str]
) -> None:
    looking.page.goto(address)
    looking.page.wait_for_load_state("networkidle") if address != "/station" else None
    expect(looking.page.locator("body")).to_contain_text(visible(next(iter(texts.values()), "")))

    shown = texts_of(looking.page)

    assert [text for text in texts.values() if visible(text) not in shown] == []
    expect_harmless(looking)


@pytest.mark.parametrize("text", [text for text in SOME if text in LISTED.values()], ids=ascii)
def test_a_hostile_package_has_a_page(looking: Hands, text: str) -> None:
    looking.page.goto("/stock")
    looking.page.fill("#code", text)
    looking.page.press("#code", "Enter")

    expect(looking.page.locator("h1")).to_have_text(text)
    expect(looking.page).to_have_title(f"{text} · silog-scan")
    expect_harmless(looking)


@pytest.mark.parametrize("address", ["/manifests", f"{BY_NUMBER}/reconciliation"])
@pytest.mark.parametrize("text", [*SOME, NUMBER], ids=ascii)
def test_a_hostile_search_is_only_a_search(looking: Hands, address: str, text: str) -> None:
    looking.page.goto(f"{address}?q={quote(text)}")

    expect(looking.page.locator("#q")).to_have_value(text)
    expect_harmless(looking)


@pytest.mark.parametrize("text", [text for text in SOME if text in UNLISTED.values()], ids=ascii)
def test_a_package_that_is_not_there_is_told_without_harm(looking: Hands, text: str) -> None:
    looking.page.goto(f"/packages?code={quote(text)}")

    expect(looking.page.locator("body")).to_contain_text("is known here")
    assert visible(text) in texts_of(looking.page)
    expect_harmless(looking)


def test_a_text_from_right_to_left_is_isolated(looking: Hands) -> None:
    text = UNLISTED["right to left"]
    looking.page.goto(f"{BY_NUMBER}/reconciliation")

    assert looking.page.evaluate(ORDER, text) == "isolate"


def test_an_export_with_hostile_texts_is_checked_without_harm(
    looking: Hands, scanned: Visitor
) -> None:
    record = scanned.get("/ledger/export.jsonl").data
    looking.page.goto("/verify")
    looking.page.set_input_files("#file", FilePayload(name="<b>.jsonl", mimeType="", buffer=record))
    looking.page.locator("#begin").click()
    looking.page.locator("#verdict [data-what]").wait_for()

    assert "Unbroken" in looking.page.locator("#verdict").inner_text()
    assert NUMBER in texts_of(looking.page)
    expect_harmless(looking)
