"""The station's own camera on its page, and the choice between it and the device's."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from silog_scan.core.agreement import Reading
from silog_scan.core.errors import say
from silog_scan.services.watching import Watch
from silog_scan.vision.cameras import Camera, Preview, State, Status
from silog_scan.web.context import Backend
from tests.browser.conftest import Hands, until
from tests.browser.test_camera import NOTHING
from tests.browser.test_station import FIRST, SECOND, expect_counted, expect_word
from tests.browser.test_switch import expect_heading

BOX = ((100, 100), (300, 100), (300, 200), (100, 200))


@dataclass
class StillCamera:
    """The one part of the station that needs hardware: it shows one picture for ever."""

    picture: bytes
    sequence: int = 0

    status: Status = Status(State.LIVE, say("The camera is on."))  # noqa: RUF009  # frozen

    def jpeg(self, after: int = 0, *, timeout: float = 2.0) -> Preview:
        self.sequence = after + 1
        return Preview(self.sequence, 0.0, self.picture)


@pytest.fixture
def watch(backend: Backend, frames: list[bytes]) -> Iterator[Watch]:
    """Give the station a camera whose codes stay in view."""
    camera = cast("Camera", StillCamera(frames[20]))
    backend.watch = Watch(camera, backend.writer, backend.clock, tick=lambda: 1000.0)
    backend.watch.view.size = 768, 432
    yield backend.watch
    backend.watch = None


@pytest.fixture
def context(filming: Browser, origin: str) -> Iterator[BrowserContext]:
    opened = filming.new_context(base_url=origin, locale="en-GB", permissions=["camera"])
    opened.set_default_timeout(10_000)
    yield opened
    opened.close()


def show(watch: Watch, text: str) -> None:
    """Hold a label before the station's camera."""
    label = Reading(text, "code128", BOX, "fast")
    watch.view.saw([label], watch.tick())
    watch._take(label)  # noqa: SLF001  # the camera's thread would


@pytest.fixture
def attended(watch: Watch, play: Callable[..., None], station: Hands) -> Hands:
    """Give hands before the station's camera, which records for them; their own sees nothing."""
    play(NOTHING)
    station.page.locator("#picture:not([hidden])").wait_for()
    until(station.page, lambda: bool(watch.switches))  # its first look is over
    return station


def test_a_label_before_the_stations_camera_is_counted_and_drawn(
    watch: Watch, attended: Hands
) -> None:
    show(watch, FIRST)

    expect_word(attended, "Match")
    expect_counted(attended, "1")
    expect(attended.page.locator("#quads .sl-quad")).to_have_class(re.compile(r"\bok\b"))


def test_a_card_before_the_stations_camera_changes_the_work(watch: Watch, attended: Hands) -> None:
    show(watch, "SLG-TASK-RETURN")

    expect_heading(attended, "Return · Kota Medan")


def test_the_devices_camera_is_chosen_instead_and_remembered(attended: Hands) -> None:
    attended.page.get_by_role("button", name="Another camera").click()
    attended.page.locator("#cameras-found button[aria-pressed=false]").click()
    attended.page.locator("#video:not([hidden])").wait_for()

    attended.page.reload()

    attended.page.locator("#video:not([hidden])").wait_for()
    expect(attended.page.locator("#picture")).to_be_hidden()


def test_the_stations_camera_is_chosen_again(attended: Hands) -> None:
    attended.page.evaluate("localStorage.setItem('silog-sight', 'device')")
    attended.page.reload()
    attended.page.locator("#video:not([hidden])").wait_for()

    attended.page.get_by_role("button", name="Another camera").click()
    attended.page.get_by_role("button", name="Camera of the station").click()

    attended.page.locator("#picture:not([hidden])").wait_for()
    expect(attended.page.locator("#video")).to_have_js_property("srcObject", None)


def test_labels_that_pass_the_stations_camera_are_a_running_tally(
    watch: Watch, attended: Hands
) -> None:
    show(watch, FIRST)
    show(watch, SECOND)

    told = attended.page.locator("#pallet [data-told]")
    expect(told).to_have_text("2 of 3 packages are here")
    expect(attended.page.locator("#pallet [data-ok] [data-count]")).to_have_text("2")


def test_forty_codes_before_the_stations_camera_are_all_drawn(
    watch: Watch, attended: Hands
) -> None:
    labels = [Reading(f"1271-KS-0009{n:02}", "code128", BOX, "fast") for n in range(40)]

    watch.view.saw(labels, watch.tick())

    expect(attended.page.locator("#quads .sl-quad")).to_have_count(40)
