"""A camera in the page, in a real browser that takes the sample's film for it."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, FilePayload, Route, ViewportSize, expect

from silog_scan.store import queries
from silog_scan.web.context import Backend
from tests.browser.conftest import FIXTURES, Hands, enter
from tests.browser.test_station import expect_counted, expect_word
from tests.web.conftest import NUMBER, bring

FIRST, SECOND, COMMAND, ASTRAY, STRANGER, NOTHING = 0, 1, 2, 5, 13, 15
"""Steps of the film's belt: labels, and the empty belt at the end."""

ABLE = """
MediaStreamTrack.prototype.getCapabilities = () => ({torch: true, zoom: {min: 1, max: 3}});
MediaStreamTrack.prototype.applyConstraints = async ({advanced}) => {
  (window.applied ??= []).push(...advanced);
};
"""
HIDE = """hidden => {
  Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}"""
PLAYED = """seconds => new Promise(done => {
  const video = document.getElementById("video");
  video.addEventListener("timeupdate", () => video.currentTime > seconds && done());
})"""
LIVE = "#video:not([hidden])"
Play = Callable[..., None]
Show = Callable[..., Hands]


@pytest.fixture
def manifest(backend: Backend) -> str:
    """Import the sample's delivery, whose labels the film shows."""
    bring(backend, (FIXTURES / f"{NUMBER}.csv").read_bytes())
    return NUMBER


@pytest.fixture
def context(filming: Browser, origin: str) -> Iterator[BrowserContext]:
    opened = filming.new_context(base_url=origin, locale="en-GB", permissions=["camera"])
    opened.set_default_timeout(10_000)
    yield opened
    opened.close()


@pytest.fixture
def show(play: Play, hands: Hands, at_work: Callable[..., str]) -> Show:
    """Put labels before the camera, and come to the station's page."""

    def shown(*steps: int) -> Hands:
        play(*steps)
        return enter(hands, at_work())

    return shown


def test_what_the_camera_reads_is_counted_on_the_page_beside(show: Show, backend: Backend) -> None:
    hands = show(FIRST)
    beside = hands.page.context.new_page()
    beside.goto(f"/manifests/{NUMBER}/reconciliation")

    expect_word(hands, "Match")
    expect_counted(hands, "1")
    expect(beside.locator("#totals")).to_contain_text("1 of 128")
    with backend.database.reading() as session:
        scan = queries.recent_scans(session, station="Gudang Medan")[0]
        body = queries.events_of_scans(session, [scan.id])[scan.id].body
    assert (body["source"], body["symbology"]) == ("camera", "code128")


def test_a_label_held_before_the_camera_is_one_scan(show: Show) -> None:
    hands = show(FIRST, SECOND)  # again every 1.3 s: never out of view for 3 s

    hands.page.evaluate(PLAYED, 2)

    expect_counted(hands, "2")
    expect(hands.page.locator("#scans li")).to_have_count(2)


@pytest.mark.parametrize(
    ("step", "kind", "text"),
    [
        (FIRST, "ok", ""),
        (STRANGER, "attention", ""),
        (ASTRAY, "stop", "Kota Binjai"),
        (COMMAND, "waiting", ""),
    ],
    ids=["counted", "unknown", "wrong place", "command"],
)
def test_a_code_in_view_is_drawn_in_the_colour_of_its_answer(
    show: Show, step: int, kind: str, text: str
) -> None:
    hands = show(step)

    drawn = hands.page.locator("#quads .sl-quad")
    expect(drawn).to_have_class(re.compile(rf"\b{kind}\b"))
    expect(drawn).to_contain_text(text)


def test_a_command_before_the_camera_changes_the_next_scan(show: Show) -> None:
    hands = show(COMMAND)

    expect(hands.page.locator("#armed")).to_contain_text("quantity 38")
    expect(hands.page.locator("#scans li")).to_have_count(1)
    expect(hands.page.locator("#none-yet")).to_be_visible()


def test_what_the_page_cannot_read_is_read_by_the_station(show: Show, hands: Hands) -> None:
    sent: list[bytes] = []
    found = {"text": "1271-KS-004501", "symbology": "code128", "corners": [[0, 0]] * 4}

    def read(route: Route) -> None:
        sent.append(route.request.post_data_buffer or b"")
        route.fulfill(json={"readings": [{**found, "stage": "zbar"}], "ms": 1})

    hands.page.route("**/api/v1/readings", read)
    show(NOTHING)

    expect_word(hands, "Match")
    expect_counted(hands, "1")
    assert sent[0].startswith(b"\xff\xd8\xff")


def test_what_would_help_an_unread_label_before_the_camera_is_told(
    show: Show, hands: Hands
) -> None:
    corners = [[100, 100], [300, 100], [300, 200], [100, 200]]
    found = {"readings": [], "unread": [{"corners": corners, "hint": "hold-still"}], "ms": 1}
    hands.page.route("**/api/v1/readings", lambda route: route.fulfill(json=found))

    show(NOTHING)

    expect(hands.page.locator("#hint")).to_have_text("Hold still")
    expect(hands.page.locator("#quads .sl-quad.unread")).to_have_count(1)


def test_labels_that_pass_the_camera_are_a_running_tally(show: Show) -> None:
    hands = show(FIRST, SECOND)

    expect(hands.page.locator("#pallet [data-told]")).to_have_text("2 of 120 packages are here")
    expect(hands.page.locator("#pallet [data-missing]")).to_contain_text("Of the same kind")


def test_an_unseen_page_lets_the_camera_go_and_takes_it_again(show: Show, play: Play) -> None:
    hands = show(NOTHING)
    hands.page.locator(LIVE).wait_for()

    hands.page.evaluate(HIDE, True)
    expect(hands.page.locator("#video")).to_have_js_property("srcObject", None)
    play(FIRST)
    hands.page.evaluate(HIDE, False)

    expect_word(hands, "Match")


def test_light_and_zoom_are_offered_where_there_are_some(show: Show, hands: Hands) -> None:
    hands.page.add_init_script(ABLE)
    show(NOTHING)

    hands.page.get_by_role("button", name="Light").click()
    hands.page.get_by_role("button", name="Zoom 1×").click()

    expect(hands.page.locator("#torch")).to_have_attribute("aria-pressed", "true")
    expect(hands.page.locator("#zoom")).to_have_text(re.compile("2×"))
    assert hands.page.evaluate("window.applied") == [{"torch": True}, {"zoom": 2}]


def test_a_camera_without_light_offers_none(show: Show) -> None:
    hands = show(NOTHING)
    hands.page.locator(LIVE).wait_for()

    expect(hands.page.locator("#torch")).to_be_hidden()
    expect(hands.page.locator("#zoom")).to_be_hidden()


def test_the_cameras_of_the_device_can_be_chosen(show: Show) -> None:
    hands = show(NOTHING)
    hands.page.locator(LIVE).wait_for()
    hands.page.evaluate("localStorage.clear()")

    hands.page.get_by_role("button", name="Another camera").click()
    hands.page.locator("#cameras-found button").click()

    hands.page.locator(LIVE).wait_for()
    kept = hands.page.evaluate("Object.entries(localStorage).toSorted()")
    used = hands.page.evaluate("video.srcObject.getTracks()[0].getSettings().deviceId")
    assert kept == [["silog-device", used], ["silog-sight", "device"]]


def test_before_it_is_allowed_the_camera_waits_for_a_tap(show: Show, hands: Hands) -> None:
    hands.page.add_init_script("navigator.permissions.query = async () => ({state: 'prompt'})")
    show(FIRST)

    hands.page.get_by_role("button", name="Start scanning").click()

    expect_word(hands, "Match")
    expect(hands.page.locator("#start")).to_be_hidden()


def test_a_camera_at_work_asks_nowhere_else_and_keeps_its_policy(show: Show) -> None:
    hands = show(FIRST)

    expect_word(hands, "Match")

    assert hands.strayed == []
    assert hands.complaints == []


# No camera.


def expect_trouble(hands: Hands, title: str) -> None:
    box = hands.page.locator("#trouble")
    expect(box).to_be_visible()
    expect(box).to_contain_text(title)
    expect(box.get_by_role("button", name="Label photo")).to_be_visible()
    expect(hands.page.locator("#start")).to_be_hidden()


def test_a_camera_denied_is_explained(
    filming: Browser, origin: str, at_work: Callable[..., str]
) -> None:
    with filming.new_context(base_url=origin, locale="en-GB") as context:
        hands = enter(Hands(context.new_page(), origin), at_work())
        hands.page.get_by_role("button", name="Start scanning").click()

        expect_trouble(hands, "The camera is not allowed")
        hands.page.get_by_role("button", name="What to do").click()

        expect(hands.page.locator("#help")).to_contain_text("At Camera, choose Allow.")
        expect(hands.page.locator("#technical")).to_contain_text("cameras: 1")


def test_a_camera_denied_before_is_not_asked_for_again(
    filming: Browser, origin: str, at_work: Callable[..., str]
) -> None:
    with filming.new_context(base_url=origin, permissions=[], locale="en-GB") as context:
        hands = enter(Hands(context.new_page(), origin), at_work())

        expect_trouble(hands, "The camera is not allowed")


def test_a_camera_that_is_not_there_is_explained(
    browser: Browser, origin: str, at_work: Callable[..., str]
) -> None:
    with browser.new_context(base_url=origin, permissions=["camera"]) as context:
        hands = enter(Hands(context.new_page(), origin), at_work())

        expect_trouble(hands, "No camera is found")


def test_an_address_without_https_is_explained(
    browser: Browser, origin: str, at_work: Callable[..., str]
) -> None:
    named = origin.replace("127.0.0.1", "silog.test")
    with browser.new_context(base_url=named) as context:
        hands = enter(Hands(context.new_page(), named), at_work())

        expect_trouble(hands, "This address is not secure")
        expect(hands.page.locator("#trouble")).to_contain_text(named)


def test_a_camera_in_use_is_explained_and_tried_again(show: Show, hands: Hands) -> None:
    hands.page.add_init_script("""
        const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async () => {
          navigator.mediaDevices.getUserMedia = real;
          throw new DOMException("in use", "NotReadableError");
        };
    """)
    show(FIRST)
    expect_trouble(hands, "The camera is in use")

    hands.page.get_by_role("button", name="What to do").click()
    hands.page.get_by_role("button", name="Try again").click()

    expect_word(hands, "Match")


def test_a_photo_counts_where_there_is_no_camera(
    browser: Browser, origin: str, at_work: Callable[..., str], backend: Backend
) -> None:
    named = origin.replace("127.0.0.1", "silog.test")
    with browser.new_context(base_url=named) as context:
        hands = enter(Hands(context.new_page(), named), at_work())

        with hands.page.expect_file_chooser() as chooser:
            hands.page.locator("#trouble").get_by_role("button", name="Label photo").click()
        chooser.value.set_files(FIXTURES / "photos" / "twelve.jpg")

        expect_counted(hands, "12")
    with backend.database.reading() as session:
        scan = queries.recent_scans(session, station="Gudang Medan")[0]
        assert queries.events_of_scans(session, [scan.id])[scan.id].body["source"] == "photo"


def test_a_photo_without_a_code_is_told(show: Show, frames: list[bytes]) -> None:
    hands = show(NOTHING)
    picture = FilePayload(name="hall.jpg", mimeType="image/jpeg", buffer=frames[0])

    hands.page.set_input_files("#photo", files=picture)

    expect(hands.page.locator("#notice")).to_contain_text("No code was found in the photo")


def test_a_file_that_is_no_photo_is_told(show: Show) -> None:
    hands = show(NOTHING)
    picture = FilePayload(name="hall.jpg", mimeType="image/jpeg", buffer=b"no picture")

    hands.page.set_input_files("#photo", files=picture)

    expect(hands.page.locator("#notice")).to_contain_text("This is not a picture")


# How it looks.


PHONE = ViewportSize(width=360, height=740)
DESKTOP = ViewportSize(width=1440, height=900)
EXCESS = "[scrollWidth - innerWidth, scrollHeight - innerHeight].map(side => Math.max(0, side))"


def excess(hands: Hands) -> list[int]:
    """Return by how many pixels the page is wider and higher than the screen."""
    return list(hands.page.evaluate(f"{{with (document.documentElement) {EXCESS}}}"))


@pytest.mark.parametrize("screen", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_camera_at_work_fits_the_screen(show: Show, hands: Hands, screen: ViewportSize) -> None:
    hands.page.set_viewport_size(screen)

    show(FIRST).page.locator("#quads .ok").wait_for()

    assert excess(hands) == [0, 0]


@pytest.mark.parametrize("screen", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_no_trouble_is_larger_than_the_screen(
    browser: Browser, origin: str, at_work: Callable[..., str], screen: ViewportSize
) -> None:
    with browser.new_context(base_url=origin, viewport=screen) as context:
        hands = enter(Hands(context.new_page(), origin), at_work())
        hands.page.locator("#trouble").wait_for()
        closed = excess(hands)

        hands.page.click("#explain")

        assert [closed, excess(hands)] == [[0, 0], [0, 0]]
