"""A station in a thread, and a real Chromium before it, with and without a camera."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    Request,
    sync_playwright,
)
from werkzeug.serving import make_server

from tests.web.conftest import Visitor, app, backend, clock, manifest, sign_in

__all__ = ["app", "backend", "clock", "manifest", "sign_in"]

_CHROMIUM = [Path("/usr/bin/chromium"), Path("/usr/bin/chromium-browser")]
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP silog.test 127.0.0.1",  # a name of no loopback: not secure
]
_GAP = 0.005
"""Seconds between a hand scanner's letters."""


FIXTURES = Path(__file__).parents[2] / "fixtures"
STEP, MOVING = 28, 8
"""Frames of a step of the film's belt, and of its way there."""


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


def launched(playwright: Playwright, *more: str, home: Path | None = None) -> Browser:
    """Start a browser, which keeps its certificates in a home of its own if given."""
    found = next((path for path in _CHROMIUM if path.exists()), None)
    env: dict[str, str | float | bool] = {**os.environ, **({"HOME": str(home)} if home else {})}
    return playwright.chromium.launch(executable_path=found, args=[*_FLAGS, *more], env=env)


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Give a browser on a machine without a camera."""
    opened = launched(playwright)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def film_slot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the name of the film that is played: read anew whenever a page asks for the camera."""
    slot = tmp_path_factory.mktemp("camera") / "film.mjpeg"
    slot.symlink_to(FIXTURES / "film.mjpeg")
    return slot


@pytest.fixture(scope="session")
def filming(playwright: Playwright, film_slot: Path) -> Iterator[Browser]:
    """Give a browser that takes a film for its camera, and plays it again and again."""
    opened = launched(
        playwright,
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film_slot}",
    )
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def frames() -> list[bytes]:
    """Return the frames of the sample's film: whole JPEGs, one after the other."""
    start = b"\xff\xd8\xff"
    film = (FIXTURES / "film.mjpeg").read_bytes()
    return [start + frame for frame in film.split(start)[1:]]


@pytest.fixture
def play(film_slot: Path, frames: list[bytes], tmp_path: Path) -> Callable[..., None]:
    """Put labels before the camera: those of the belt's steps, each at rest."""

    def shown(*steps: int) -> None:
        at_rest = [frames[STEP * step + MOVING : STEP * (step + 1)] for step in steps]
        # A file of its own: the browser falls over when one that it plays is written anew.
        cut = tmp_path / f"{'-'.join(map(str, steps))}.mjpeg"
        cut.write_bytes(b"".join(frame for step in at_rest for frame in step))
        fresh = film_slot.with_suffix(".new")
        fresh.symlink_to(cut)
        fresh.replace(film_slot)

    return shown


@pytest.fixture
def origin(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])  # a quick end
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def context(browser: Browser, origin: str) -> Iterator[BrowserContext]:
    opened = browser.new_context(base_url=origin, locale="en-GB")
    opened.set_default_timeout(10_000)
    yield opened
    opened.close()


@dataclass
class Hands:
    """A person before the station's page, with a hand scanner."""

    page: Page
    origin: str
    complaints: list[str] = field(default_factory=list)
    strayed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda told: self._listen(told.type, told.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._look)
        self._keys = self.page.context.new_cdp_session(self.page)
        self._at = time.time()

    def _listen(self, kind: str, text: str) -> None:
        if kind == "error" and "Failed to load resource" not in text:
            self.complaints.append(text)

    def _look(self, request: Request) -> None:
        parts = urlsplit(request.url)
        is_ours = f"{parts.scheme}://{parts.netloc}" == self.origin
        if parts.scheme not in ("blob", "data") and not is_ours:
            self.strayed.append(request.url)

    def scan(self, text: Iterable[str], *, gap: float = _GAP, end: str = "Enter") -> None:
        """Type as a scanner does: the times stand in the keys, whatever this machine's load."""
        self._at = max(self._at, time.time()) + 1
        for letter in text:
            self._at += gap
            self._press(letter, letter if len(letter) == 1 else "")
        self._at += gap
        self._press(end, {"Enter": "\r", "Tab": ""}[end])

    def _press(self, key: str, text: str) -> None:
        down = "keyDown" if text else "rawKeyDown"
        content = {"key": key, "timestamp": self._at}
        self._keys.send("Input.dispatchKeyEvent", {"type": down, "text": text, **content})
        self._keys.send("Input.dispatchKeyEvent", {"type": "keyUp", **content})


def until(page: Page, holds: Callable[[], bool], *, within: float = 10) -> None:
    """Wait for something in the station, while the page lives on."""
    last = time.monotonic() + within
    while not holds():
        assert time.monotonic() < last, f"it did not come within {within} s"
        page.wait_for_timeout(20)


@pytest.fixture
def hands(context: BrowserContext, origin: str) -> Hands:
    return Hands(context.new_page(), origin)


@pytest.fixture
def at_work(sign_in: Callable[[str], Visitor], manifest: str) -> Callable[..., str]:
    """Give the cookie of somebody who receives the manifest, or does another task."""

    def begun(task: str = "receive", number: str = manifest) -> str:
        visitor = sign_in("admin")
        with visitor.client.session_transaction() as session:
            session["work"] = {"place": "12.71", "task": task, "manifest": number}
        cookie = visitor.client.get_cookie("silog")
        assert cookie is not None
        return cookie.value

    return begun


def enter(hands: Hands, cookie: str) -> Hands:
    """Come to the station's page with a cookie."""
    hands.page.context.add_cookies([{"name": "silog", "value": cookie, "url": hands.origin}])
    hands.page.goto(f"{hands.origin}/station")
    hands.page.locator("[data-word]").first.wait_for()
    return hands


@pytest.fixture
def station(hands: Hands, at_work: Callable[..., str]) -> Hands:
    """Give hands at the station, receiving the manifest."""
    return enter(hands, at_work())
