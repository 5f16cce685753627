"""A station in a thread, and a real Chromium before it."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright
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
]
_GAP = 0.005
"""Seconds between a hand scanner's letters."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = next((path for path in _CHROMIUM if path.exists()), None)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=_FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def origin(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
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

    def scan(self, text: str, *, gap: float = _GAP, end: str = "Enter") -> None:
        """Type as a scanner does: the times stand in the keys, whatever this machine's load."""
        self._at = max(self._at, time.time()) + 1
        for letter in text:
            self._at += gap
            self._press(letter, letter)
        self._at += gap
        self._press(end, {"Enter": "\r", "Tab": ""}[end])

    def _press(self, key: str, text: str) -> None:
        down = "keyDown" if text else "rawKeyDown"
        content = {"key": key, "timestamp": self._at}
        self._keys.send("Input.dispatchKeyEvent", {"type": down, "text": text, **content})
        self._keys.send("Input.dispatchKeyEvent", {"type": "keyUp", **content})


@pytest.fixture
def hands(context: BrowserContext, origin: str) -> Hands:
    return Hands(context.new_page(), origin)


@pytest.fixture
def station(
    hands: Hands,
    context: BrowserContext,
    sign_in: Callable[[str], Visitor],
    manifest: str,
) -> Hands:
    """Give hands at the station, receiving the manifest."""
    visitor = sign_in("admin")
    visitor.post("/work", place="12.71", task="receive", manifest=manifest)
    cookie = visitor.client.get_cookie("silog")
    assert cookie is not None
    context.add_cookies([{"name": "silog", "value": cookie.value, "url": hands.origin}])
    hands.page.goto("/station")
    hands.page.locator("[data-word]").first.wait_for()
    return hands
