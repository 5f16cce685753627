"""The page that prepares a device, and its part of the administrators' page, are open to all."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import Flask
from playwright.sync_api import Page

from silog_scan.services import certificates
from silog_scan.web import setup
from silog_scan.web.context import Backend
from silog_scan.web.setup import Setup
from tests.browser.pages.conftest import DESKTOP, PHONE, Viewer
from tests.browser.pages.test_accessibility import COLOURS, EVERYTHING, faults, misfits, unreached


@pytest.fixture
def station(app: Flask, backend: Backend) -> Iterator[Setup]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    names = certificates.wanted("gudang-1", (), ())
    folder = backend.settings.certificates
    authority, _ = certificates.current(folder, names, datetime.now(UTC))
    found = Setup(replace(backend.settings, own_setup_port=port), "127.0.0.1", authority)
    app.extensions[setup.KEY] = found
    yield found
    del app.extensions[setup.KEY]


@pytest.fixture
def page(app: Flask, station: Setup, window: Page) -> Iterator[Page]:
    server = setup.start(app, station)
    window.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    window.goto(station.page)
    window.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    yield window
    server.shutdown()
    server.server_close()


def test_the_page_for_devices_has_no_fault(page: Page) -> None:
    assert faults(page, "light", EVERYTHING) == []
    assert misfits(page, PHONE) == []
    assert misfits(page, DESKTOP) == []
    assert unreached(page) == []


def test_the_part_of_the_administrators_page_has_no_fault(viewer: Viewer, station: Setup) -> None:
    page = viewer.open("stations")

    assert station.page in page.locator("#content").inner_text()
    assert faults(page, "light", EVERYTHING) == []
    assert faults(page, "dark", COLOURS) == []
    assert misfits(page, PHONE) == []
    assert misfits(page, DESKTOP) == []
