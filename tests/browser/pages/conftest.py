"""One station for all tests of pages, which only look at it, and its pages one at a time."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page
from werkzeug.serving import make_server

from silog_scan.app import create_app
from silog_scan.web.context import Backend
from tests.browser.pages import gallery
from tests.browser.pages.gallery import SCENES

DESKTOP, PHONE = (1440, 900), (360, 740)
AXE = Path(__file__).parents[3] / "node_modules" / "axe-core" / "axe.min.js"
LOOKS = (AXE, Path(__file__).with_name("look.js"))


@pytest.fixture(scope="session")
def backend(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    home = tmp_path_factory.mktemp("gallery")
    shutil.copy(sqlite_template, home / "silog.db")
    station = gallery.found(home)
    yield station
    station.writer.stop()
    station.database.close()


@pytest.fixture(scope="session")
def app(backend: Backend) -> Flask:
    return create_app(backend)


@pytest.fixture(scope="session")
def origin(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def room(browser: Browser, origin: str) -> Iterator[BrowserContext]:
    """Give a browser that keeps files between pages, as a person's does, and what looks at them."""
    width, height = DESKTOP
    context = browser.new_context(
        base_url=origin,
        locale="id-ID",
        viewport={"width": width, "height": height},
        reduced_motion="reduce",  # else a change of theme is a change of colours for a while
    )
    context.set_default_timeout(10_000)
    for script in LOOKS:
        context.add_init_script(path=script)
    yield context
    context.close()


@dataclass
class Viewer:
    """A browser in which any page of the station is opened as the person of its scene sees it."""

    context: BrowserContext
    app: Flask
    backend: Backend
    origin: str
    pages: list[Page] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    strayed: list[str] = field(default_factory=list)

    def open(self, scene: str, language: str = "id") -> Page:
        shown = SCENES[scene]
        cookie = gallery.cookie(self.app, self.backend, shown.person, language)
        self.context.add_cookies([{"name": "silog", "value": cookie, "url": self.origin}])
        page = self.context.new_page()
        self.pages.append(page)
        page.on("console", lambda told: self._listen(told.type, told.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._look(request.url))
        page.goto(shown.path)
        if shown.act:
            shown.act(page)
            page.wait_for_load_state()  # what came of a form is there before it has its looks
        return page

    def _listen(self, kind: str, text: str) -> None:
        # A refusal is answered with its status, which the browser reports as a failure to load.
        if kind == "error" and "Failed to load resource" not in text:
            self.complaints.append(text)

    def _look(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("blob", "data") and not address.startswith(f"{self.origin}/"):
            self.strayed.append(address)


@pytest.fixture
def viewer(room: BrowserContext, app: Flask, backend: Backend, origin: str) -> Iterator[Viewer]:
    opened = Viewer(room, app, backend, origin)
    yield opened
    for page in opened.pages:
        page.close()
