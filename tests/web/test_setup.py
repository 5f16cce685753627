"""How a device comes to trust the station: a small server that knows a handful of answers."""

import hashlib
import plistlib
import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address

import pytest
from flask import Flask

from silog_scan.services import certificates, network
from silog_scan.services.certificates import Certificate
from silog_scan.web import setup
from silog_scan.web.context import Backend
from silog_scan.web.setup import Setup
from tests.web.conftest import Visitor


@pytest.fixture(autouse=True)
def lan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put this computer on a warehouse's network."""
    monkeypatch.setattr(network, "hostname", lambda: "GUDANG-1")
    found = (ip_address("203.0.113.9"), ip_address("192.168.10.20"))
    monkeypatch.setattr(network, "addresses", lambda _: found)


@pytest.fixture
def authority(backend: Backend) -> Certificate:
    names = certificates.wanted("GUDANG-1", (), ())
    return certificates.current(backend.settings.certificates, names, datetime.now(UTC))[0]


@pytest.fixture
def station(backend: Backend, authority: Certificate) -> Setup:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Setup(replace(backend.settings, own_setup_port=port), "127.0.0.1", authority)


@pytest.fixture
def server(app: Flask, station: Setup) -> Iterator[setup.Server]:
    started = setup.start(app, station)
    yield started
    started.shutdown()
    started.server_close()


def said(server: setup.Server, request: bytes) -> bytes:
    """Send bytes and return all that comes."""
    with closing(socket.create_connection(server.server_address[:2], timeout=20)) as connection:  # type: ignore[arg-type]
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


def got(server: setup.Server, path: str, **headers: str) -> tuple[str, dict[str, str], bytes]:
    """Return status, headers and content of a page."""
    lines = [f"GET {path} HTTP/1.1", "Host: x", *(f"{k}: {v}" for k, v in headers.items())]
    head, _, content = said(server, "\r\n".join([*lines, "", ""]).encode()).partition(b"\r\n\r\n")
    status, *rest = head.decode().split("\r\n")
    return status, dict(line.split(": ", 1) for line in rest), content


def page(server: setup.Server, path: str = "/setup", **headers: str) -> str:
    return got(server, path, **headers)[2].decode()


def test_the_page_says_how_each_device_is_prepared(
    server: setup.Server, authority: Certificate
) -> None:
    text = page(server, "/setup?lang=en")

    assert authority.fingerprint.replace(":", " ") in text
    assert re.findall(r'href="(https://[^"]+)"', text) == [
        "https://192.168.10.20:8000",
        "https://gudang-1.local:8000",
    ]
    assert all(name in text for name in ("Android", "iPhone", "Windows", "Mac", "Linux", "Firefox"))


@pytest.mark.parametrize(
    ("path", "accepted", "language"),
    [
        ("/setup", "en-GB,en;q=0.9", "en"),
        ("/", "id-ID,id;q=0.9,en;q=0.8", "id"),
        ("/setup", "fr", "id"),
        ("/setup?lang=en", "id", "en"),
        ("/setup?lang=id", "en", "id"),
        ("/setup?lang=xx", "en", "en"),
    ],
)
def test_the_page_speaks_the_devices_language(
    server: setup.Server, path: str, accepted: str, language: str
) -> None:
    assert f'<html lang="{language}"' in page(server, path, **{"Accept-Language": accepted})


def test_the_certificate_is_the_authoritys_and_without_its_key(
    server: setup.Server, authority: Certificate
) -> None:
    _, headers, content = got(server, "/silog-scan.crt")

    assert headers["Content-Type"] == "application/x-x509-ca-cert"
    assert headers["Content-Disposition"] == "attachment; filename=silog-scan.crt"
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(content.decode())).digest()
    assert digest.hex(":").upper() == authority.fingerprint
    assert b"PRIVATE" not in content


def test_apples_profile_holds_the_certificate_and_nothing_else(
    server: setup.Server, authority: Certificate
) -> None:
    _, headers, content = got(server, "/silog-scan.mobileconfig")

    (payload,) = plistlib.loads(content)["PayloadContent"]
    assert headers["Content-Type"] == "application/x-apple-aspen-config"
    assert payload["PayloadType"] == "com.apple.security.root"
    assert payload["PayloadContent"] == authority.pem


def test_its_styles_are_there(server: setup.Server) -> None:
    sheets = re.findall(r'<link rel="\w+" href="([^"]+)"', page(server))

    assert len(sheets) == 3
    assert all(got(server, sheet)[0] == "HTTP/1.1 200 OK" for sheet in sheets)


def test_it_keeps_no_session_and_lets_nothing_in(server: setup.Server) -> None:
    _, headers, content = got(server, "/setup")

    assert "Set-Cookie" not in headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")
    assert not re.search(rb"<script|<form|csrf| style=", content)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /sign-in HTTP/1.1\r\n\r\n", b"404"),
        (b"GET /api/v1/stock HTTP/1.1\r\n\r\n", b"404"),
        (b"GET /../../authority.pem HTTP/1.1\r\n\r\n", b"404"),
        (b"POST /setup HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", b"501"),
        (b"GET http://evil.example/setup HTTP/1.1\r\n\r\n", b"404"),
        (b"GET\r\n\r\n", b"400"),
        (b"GET /\xff\0 HTTP/9\r\n\r\n", b"400"),
        (b"GET /setup HTTP/1.1\r\nno colon\r\n:\r\nAccept-Language: \xff;q=x\r\n\r\n", b"200"),
    ],
)
def test_whatever_is_asked_gets_an_answer(
    server: setup.Server, request_: bytes, status: bytes
) -> None:
    assert said(server, request_).startswith(b"HTTP/1.1 " + status)


def test_who_tries_https_first_sees_at_once_that_there_is_none(server: setup.Server) -> None:
    begun = time.monotonic()

    answer = said(server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")

    assert answer == b""
    assert time.monotonic() - begun < 2


def test_a_head_has_no_content(server: setup.Server) -> None:
    assert said(server, b"HEAD /setup HTTP/1.1\r\n\r\n").endswith(b"\r\n\r\n")


def test_a_request_without_end_is_dropped(
    server: setup.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "_PATIENCE", 0.2)

    assert said(server, b"GET /" + b"x" * 8192) == b""


def test_a_slow_device_is_dropped_and_the_next_one_served(
    server: setup.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "_PATIENCE", 0.2)
    begun = time.monotonic()

    answer = said(server, b"GET /setup HT")

    assert (answer, time.monotonic() - begun < 5) == (b"", True)
    assert got(server, "/setup")[0] == "HTTP/1.1 200 OK"


def test_too_many_at_once_are_dropped_and_room_comes_again(server: setup.Server) -> None:
    address = server.server_address[:2]
    held = [socket.create_connection(address) for _ in range(setup.AT_ONCE)]  # type: ignore[arg-type]

    dropped = said_or_nothing(server)
    for connection in held:
        connection.close()

    assert dropped == b""
    until = time.monotonic() + 10
    while not said_or_nothing(server):
        assert time.monotonic() < until


def said_or_nothing(server: setup.Server) -> bytes:
    """Ask for the page; whoever is dropped may find the connection closed or reset."""
    try:
        return said(server, b"GET /setup HTTP/1.1\r\n\r\n")
    except ConnectionError:
        return b""


# The administrators' page.


def test_administrators_see_address_code_and_fingerprint(
    admin: Visitor, app: Flask, station: Setup, authority: Certificate
) -> None:
    app.extensions[setup.KEY] = station

    text = admin.get("/admin/stations").text

    assert f"http://192.168.10.20:{station.settings.setup_port}/setup" in text
    assert authority.fingerprint.replace(":", " ") in text
    assert "QR code of the address" in text


def test_without_https_of_its_own_there_is_nothing_to_prepare(admin: Visitor) -> None:
    assert "Prepare a device" not in admin.get("/admin/stations").text
