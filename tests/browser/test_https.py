"""HTTPS as a phone meets it: a real station, its certificate installed in a real browser."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import Flask
from playwright.sync_api import Browser, Error, Page, Playwright, expect
from werkzeug.serving import make_server

from silog_scan.services import certificates
from silog_scan.services.certificates import Certificate, Names
from tests.browser.conftest import launched
from tests.test_https import Start, Station, home, start

__all__ = ["home", "start"]

NAME = "gudang-7.local"
"""What the station is called on the warehouse's network."""
OUTSIDE = "bank.example"
MAPPED = f"--host-resolver-rules=MAP {NAME} 127.0.0.1,MAP {OUTSIDE} 127.0.0.1"
CAMERA = """async () => {
  const stream = await navigator.mediaDevices.getUserMedia({video: true});
  const [track] = stream.getVideoTracks();
  return [isSecureContext, track.readyState];
}"""


@pytest.fixture
def station(start: Start) -> Station:
    return start(SILOG_HOSTS=NAME)


@pytest.fixture
def device(playwright: Playwright, tmp_path: Path) -> Iterator[Callable[[str | None], Browser]]:
    """Give a browser of a new device, which installed a certificate or none."""
    opened: list[Browser] = []

    def made(certificate: str | None) -> Browser:
        own = tmp_path / "device"
        store = own / ".pki" / "nssdb"
        store.mkdir(parents=True)
        certutil("-N", "--empty-password", "-d", f"sql:{store}")
        if certificate:
            (own / "silog-scan.crt").write_text(certificate)
            certutil("-A", "-d", f"sql:{store}", "-t", "C,,", "-n", "silog-scan",
                     "-i", str(own / "silog-scan.crt"))  # fmt: skip
        opened.append(
            launched(
                playwright,
                MAPPED,
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                home=own,
            )
        )
        return opened[-1]

    yield made
    for browser in opened:
        browser.close()


def certutil(*words: str) -> None:
    """Run the program that keeps a browser's certificates on Linux."""
    try:
        subprocess.run(["certutil", *words], check=True, capture_output=True)  # noqa: S603, S607
    except FileNotFoundError:
        pytest.fail("certutil is missing. Run: make test, or apt-get install libnss3-tools")


def opened(browser: Browser, address: str) -> Page:
    page = browser.new_context(locale="en-GB").new_page()
    page.goto(address)
    return page


def test_a_phone_that_installed_the_certificate_gets_the_camera(
    station: Station, device: Callable[[str | None], Browser]
) -> None:
    browser = device(station.certificate())

    page = opened(browser, f"https://{NAME}:{station.port}/sign-in")

    assert page.evaluate(CAMERA) == [True, "live"]


def test_an_address_is_trusted_like_a_name(
    station: Station, device: Callable[[str | None], Browser]
) -> None:
    page = opened(device(station.certificate()), f"https://127.0.0.1:{station.port}/sign-in")

    assert page.evaluate("isSecureContext")


def test_a_phone_without_the_certificate_is_warned(
    station: Station, device: Callable[[str | None], Browser]
) -> None:
    with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
        opened(device(None), f"https://{NAME}:{station.port}/sign-in")


def test_the_way_from_the_page_for_devices_to_the_station(
    station: Station, device: Callable[[str | None], Browser]
) -> None:
    page = opened(device(station.certificate()), f"{station.setup}/setup")

    with page.expect_download() as download:
        page.get_by_role("link", name="Certificate").first.click()
    page.get_by_role("link", name="https://127.0.0.1").click()

    assert Path(download.value.path()).read_text() == station.certificate()
    expect(page.get_by_label("Password")).to_be_visible()


@pytest.mark.parametrize("name", [OUTSIDE, NAME])
def test_a_stolen_authority_deceives_no_phone(
    station: Station,
    home: Path,
    tmp_path: Path,
    device: Callable[[str | None], Browser],
    name: str,
) -> None:
    authority = certificates.found(home / "tls")
    assert authority
    browser = device(station.certificate())

    with impostor(authority, name, tmp_path) as address:
        found = shown(browser, address)

    assert found == ("Enter your password" if name == NAME else "ERR_CERT_INVALID")


def shown(browser: Browser, address: str) -> str:
    """Return what a page says, or why the browser does not show it."""
    try:
        return opened(browser, address).locator("body").inner_text()
    except Error as error:
        return next(word for word in error.message.split() if "ERR_" in word).split("::")[-1]


@contextmanager
def impostor(authority: Certificate, name: str, folder: Path) -> Iterator[str]:
    """Serve a page elsewhere with a certificate that a stolen authority made for its name."""
    app = Flask("impostor")
    app.add_url_rule("/", "page", lambda: "Enter your password")
    file = folder / "forged.pem"
    forged = certificates.issued(
        authority, Names(frozenset({name}), frozenset()), datetime.now(UTC)
    )
    file.write_bytes(forged.pem)
    key = folder / "forged.key"
    key.write_bytes(forged.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=(str(file), str(key)))
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    yield f"https://{name}:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()
