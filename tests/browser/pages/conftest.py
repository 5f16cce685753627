"""One station for all tests of pages, which only look at it, and its pages one at a time."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request
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
def window(browser: Browser, origin: str) -> Iterator[Page]:
    """Give a window for one page after the other, with what looks at them; a new one is slow."""
    context = browser.new_context(base_url=origin, locale="id-ID")
    context.set_default_timeout(10_000)
    for script in LOOKS:
        context.add_init_script(path=script)
    yield context.new_page()
    context.close()


@dataclass
class Viewer:
    """A browser in which any page of the station is opened as the person of its scene sees it."""

    page: Page
    app: Flask
    backend: Backend
    origin: str
    complaints: list[str] = field(default_factory=list)
    strayed: list[str] = field(default_factory=list)

    def open(self, scene: str, language: str = "id") -> Page:
        shown = SCENES[scene]
        cookie = gallery.cookie(self.app, self.backend, scene, language)
        self.page.goto("about:blank")  # what the page before still asks for gets no new cookie
        jar = self.page.context
        jar.clear_cookies()
        jar.add_cookies([{"name": "silog", "value": cookie, "url": self.origin}])
        if shown.at_table:
            station = {"name": "silog-station", "value": gallery.TABLE_TOKEN, "url": self.origin}
            jar.add_cookies([station])  # type: ignore[list-item]  # a cookie of theirs
        self.page.goto(shown.path)
        if shown.act:
            shown.act(self.page)
            self.page.wait_for_load_state()  # what a form brings is there before it has its looks
        return self.page

    def listen(self, told: ConsoleMessage) -> None:
        # A refusal is answered with its status, which the browser reports as a failure to load.
        if told.type == "error" and "Failed to load resource" not in told.text:
            self.complaints.append(told.text)

    def mind(self, error: Error) -> None:
        self.complaints.append(str(error))

    def watch(self, request: Request) -> None:
        is_local = urlsplit(request.url).scheme in ("blob", "data")
        if not is_local and not request.url.startswith(f"{self.origin}/"):
            self.strayed.append(request.url)


@pytest.fixture
def viewer(window: Page, app: Flask, backend: Backend, origin: str) -> Iterator[Viewer]:
    width, height = DESKTOP
    window.set_viewport_size({"width": width, "height": height})
    # With motion a change of theme is a change of colours for a while.
    window.emulate_media(media="screen", color_scheme="light", reduced_motion="reduce")
    opened = Viewer(window, app, backend, origin)
    window.on("console", opened.listen)
    window.on("pageerror", opened.mind)
    window.on("request", opened.watch)
    yield opened
    window.remove_listener("console", opened.listen)
    window.remove_listener("pageerror", opened.mind)
    window.remove_listener("request", opened.watch)
    window.unroute_all()
    window.evaluate("localStorage.clear(); sessionStorage.clear()")
