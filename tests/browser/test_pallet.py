"""A whole pallet in one look, and hints for labels that were found and not read."""

import io
from collections.abc import Sequence

import numpy as np
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import FilePayload, Route, expect

from silog_scan.web.context import Backend
from tests.browser.conftest import Hands, until
from tests.browser.test_station import expect_counted, expect_word
from tests.web.conftest import NUMBER, bring

READINGS = "**/api/v1/readings"
BOXES = [f"1271-KS-0001{n:02}" for n in range(1, 15)]
STRAY, STRANGER = "1275-KS-000001", "HELLO-42"
HEADER = "manifest,from,to,package,item,quantity,destination,parent"
CELL, ACROSS = (420, 220), 3


@pytest.fixture
def manifest(backend: Backend) -> str:
    """Import a delivery of fourteen boxes on one pallet, and a box on none."""
    rows = [row(code, f"12.71.01.1001.0{n:02}", "PALET-1") for n, code in enumerate(BOXES, 1)]
    data = "\n".join([HEADER, *rows, row("1271-KS-000200", "12.71.01.1002.001", "")]).encode()
    bring(backend, data)
    return NUMBER


def row(code: str, destination: str, parent: str) -> str:
    return f"{NUMBER},12,12.71,{code},KOTAK,1,{destination},{parent}"


def photo(texts: Sequence[str]) -> FilePayload:
    """Return a picture of labels, three beside each other."""
    rows = -(-len(texts) // ACROSS)
    wall = Image.new("L", (CELL[0] * ACROSS, CELL[1] * rows), 150)
    for i, text in enumerate(texts):
        code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.Code128)
        bars = Image.fromarray(np.pad(np.array(code.to_image(scale=2)), 16, constant_values=255))
        wall.paste(bars, (i % ACROSS * CELL[0] + 20, i // ACROSS * CELL[1] + 40))
    out = io.BytesIO()
    wall.save(out, "PNG")
    return FilePayload(name="pallet.png", mimeType="image/png", buffer=out.getvalue())


def choose(hands: Hands, *texts: str) -> None:
    hands.page.set_input_files("#photo", files=photo(texts))


def expect_quads(hands: Hands, severity: str, count: int) -> None:
    expect(hands.page.locator(f"#quads .sl-quad.{severity}")).to_have_count(count)


def expect_told(hands: Hands, text: str) -> None:
    expect(hands.page.locator("#pallet [data-told]")).to_have_text(text)


def sees_unread(hands: Hands, *hints: str) -> None:
    """Let the station read nothing in a photo, and locate labels that want something."""
    corners = [[10, 10], [110, 10], [110, 40], [10, 40]]
    unread = [{"corners": corners, "hint": hint} for hint in hints]

    def read(route: Route) -> None:
        route.fulfill(json={"readings": [], "unread": unread, "ms": 1})

    hands.page.route(READINGS, read)


def test_all_labels_of_a_photo_are_counted_once_and_the_missing_are_named(station: Hands) -> None:
    choose(station, *BOXES[:12])

    expect_counted(station, "12")
    expect_word(station, "12/14")
    expect_told(station, "12 of 14 on this pallet")
    missing = station.page.locator("#pallet [data-missing]")
    expect(missing).to_contain_text("2 missing: Ballot box · ")
    expect(missing).to_contain_text(f"({BOXES[12]}), ")
    expect(missing).to_contain_text(f"({BOXES[13]})")


def test_every_code_of_a_photo_is_drawn_in_its_answers_colour_with_its_shape(
    station: Hands,
) -> None:
    choose(station, *BOXES[:3], STRAY, STRANGER)

    expect_quads(station, "ok", 3)
    expect_quads(station, "stop", 1)
    expect_quads(station, "attention", 1)
    expect(station.page.locator("#quads .sl-shape")).to_have_count(5)


def test_the_same_photo_again_counts_nothing_twice(station: Hands) -> None:
    choose(station, *BOXES[:4])
    expect_counted(station, "4")

    choose(station, *BOXES[:5])

    expect_counted(station, "5")
    expect_word(station, "5/14")
    expect_quads(station, "ok", 5)
    expect(station.page.locator("#scans li")).to_have_count(5)


def test_a_photo_that_is_chosen_again_for_a_new_pallet_counts_nothing_twice(station: Hands) -> None:
    choose(station, *BOXES[:4])
    expect_counted(station, "4")
    station.page.get_by_role("button", name="New pallet").click()

    choose(station, *BOXES[:4])

    expect_quads(station, "attention", 4)
    expect_counted(station, "4")


def test_a_closed_photo_leaves_its_count_to_those_that_are_scanned_after_it(
    station: Hands,
) -> None:
    choose(station, *BOXES[:12])
    expect_word(station, "12/14")

    station.page.get_by_role("button", name="Close the photo").click()

    expect(station.page.locator("#shot")).to_be_hidden()
    expect_told(station, "12 of 14 on this pallet")


def test_what_was_taken_back_counts_again_in_the_next_photo(station: Hands) -> None:
    choose(station, *BOXES[:4])
    expect_counted(station, "4")
    station.page.locator("#scans [data-undo]").first.click()
    expect_counted(station, "3")

    choose(station, *BOXES[:4])

    expect_counted(station, "4")


def test_a_stop_on_a_pallet_is_not_hidden_by_the_sum(station: Hands) -> None:
    choose(station, *BOXES[:12], STRAY)

    expect_told(station, "12 of 14 on this pallet")
    expect_word(station, "Wrong place")
    expect(station.page.locator("#acknowledge")).to_be_visible()


def test_a_pallet_makes_one_sound(station: Hands) -> None:
    station.page.evaluate("() => { navigator.vibrate = beat => (window.beats ??= []).push(beat); }")

    choose(station, *BOXES)

    expect_word(station, "14/14")
    assert station.page.evaluate("window.beats") == [[40]]


def test_a_photo_stays_until_another_scan(station: Hands) -> None:
    choose(station, *BOXES[:12])
    expect_word(station, "12/14")

    station.scan(BOXES[12])

    expect(station.page.locator("#shot")).to_be_hidden()
    expect_told(station, "13 of 14 on this pallet")


def test_a_new_pallet_begins_anew(station: Hands) -> None:
    choose(station, *BOXES[:12])
    expect_word(station, "12/14")

    station.page.get_by_role("button", name="New pallet").click()

    expect(station.page.locator("#pallet")).to_be_hidden()
    expect(station.page.locator("#shot")).to_be_hidden()
    expect_quads(station, "ok", 0)


@pytest.mark.parametrize(
    ("hint", "told"),
    [
        ("closer", "Closer"),
        ("hold-still", "Hold still"),
        ("tilt", "Tilt it against the glare"),
        ("dirty", "Wipe the label, or type its number"),
    ],
)
def test_what_would_help_a_label_in_a_photo_is_told(station: Hands, hint: str, told: str) -> None:
    sees_unread(station, hint)

    choose(station, *BOXES[:2])

    expect(station.page.locator("#hint")).to_have_text(told)
    expect_quads(station, "unread", 1)


def test_what_helps_most_of_the_labels_is_told(station: Hands) -> None:
    sees_unread(station, "tilt", "closer", "closer")

    choose(station, *BOXES[:2])

    expect(station.page.locator("#hint")).to_have_text("3 labels unread. Closer")


SHOW_HINTS = """async ([first, second]) => {
  const page = document.querySelector("script[src$='/station.js']");
  const {Hints} = await import(new URL("hints.js", page.src));
  const hints = new Hints(JSON.parse(document.body.dataset.words));
  const box = document.getElementById("hint");
  window.told = [];
  new MutationObserver(() => window.told.push([performance.now(), box.textContent]))
    .observe(box, {childList: true, characterData: true, subtree: true});
  hints.saw([{corners: [], hint: first}]);
  hints.saw([{corners: [], hint: second}]);
}"""


def test_a_hint_stays_long_enough_to_be_read(station: Hands) -> None:
    station.page.evaluate(SHOW_HINTS, ["closer", "tilt"])

    until(station.page, lambda: bool(station.page.evaluate("window.told.length >= 2")))
    (first, text), (second, _), *_ = station.page.evaluate("window.told")
    assert text == "Closer"
    assert second - first >= 1450  # a timer's grain below 1.5 s


def test_a_photo_of_many_labels_at_once_asks_for_their_pallet_once(station: Hands) -> None:
    asked: list[str] = []
    station.page.on(
        "request", lambda one: asked.append(one.url) if one.url.endswith("/pallet") else None
    )

    choose(station, *BOXES)

    expect_word(station, "14/14")
    assert len(asked) == 1
