"""How a device comes to trust the station: a page, a certificate and its fingerprint, over HTTP.

A phone that does not trust the station yet cannot be told how over HTTPS. This small server has no
session and no data, and answers from a handful of things that it made itself.
"""

import plistlib
import socket
import socketserver
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from flask import Flask, render_template, url_for
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from silog_scan.config import LANGUAGES, Settings
from silog_scan.core.errors import Sentence, say
from silog_scan.documents import qr
from silog_scan.documents.qr import Drawing
from silog_scan.services import certificates, network
from silog_scan.services.certificates import Certificate, Names

KEY = "silog_setup"
CERTIFICATE, PROFILE = "/silog-scan.crt", "/silog-scan.mobileconfig"
_STYLES = ("vendor/bootstrap.min.css", "css/silog.css", "css/mark.svg")
_TYPES = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language",
    "Connection": "close",
}
_PATIENCE = 10.0
"""Seconds for a whole request and its answer."""
AT_ONCE = 16
"""Connections; more are dropped, so that this page never takes the station's strength."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What people are told of a station that made its own authority; ``listening`` is a number."""

    settings: Settings
    listening: str
    authority: Certificate

    @property
    def wanted(self) -> Names:
        """Return what the certificate should be for."""
        reached = network.addresses(self.listening)
        return certificates.wanted(network.hostname(), self.settings.hosts, reached)

    @property
    def left_out(self) -> Names:
        """Return what the authority may not vouch for."""
        return self.authority.left_out(self.wanted)

    @property
    def hosts(self) -> list[str]:
        """Return the station's addresses, the usual way in first; its own only when alone."""
        found = network.addresses(self.listening) or network.LOOPBACK[:1]
        good = [address for address in found if address not in self.left_out.addresses]
        return [f"[{a}]" if a.version == 6 else str(a) for a in good or found]  # noqa: PLR2004

    @property
    def addresses(self) -> list[str]:
        """Return where the station is, over HTTPS: by address, and by its name on the network."""
        good = (self.wanted - self.left_out).dns
        by_name = [name for name in network.names(network.hostname()) if name.endswith(".local")]
        hosts = [*self.hosts, *(name for name in by_name if name in good)]
        return [f"https://{host}:{self.settings.port}" for host in hosts]

    @property
    def page(self) -> str:
        """Return where this page is: by an address, as a name once seen with HTTPS stays so."""
        return f"http://{self.hosts[0]}:{self.settings.setup_port}/setup"

    @property
    def code(self) -> Drawing | None:
        """Return the page's address as a QR code."""
        return qr.drawn(self.page)

    @property
    def reaches_others(self) -> bool:
        """Say whether anybody but this computer can come."""
        return bool(network.addresses(self.listening))


def register(app: Flask) -> None:
    """Give templates ``setup()``: what devices need, or None where HTTPS is not our own."""
    app.jinja_env.globals["setup"] = lambda: app.extensions.get(KEY)


# What people do.

_CALLED = say("Certificate")


@dataclass(frozen=True, slots=True)
class Device:
    """A kind of device, and how it takes the file; ``command`` does the same on a terminal."""

    name: Sentence
    steps: tuple[Sentence, ...]
    file: str = CERTIFICATE
    called: Sentence = _CALLED
    command: str | None = None
    is_common: bool = False


DEVICES = (
    Device(
        say("Android"),
        (
            say("Tap Certificate. The file is saved under Downloads."),
            say(
                "Open Settings and search for “CA certificate”. It lies under Security, "
                "Encryption and credentials, Install a certificate."
            ),
            say(
                "Choose CA certificate, then Install anyway, and confirm with the PIN of the phone."
            ),
            say("Choose silog-scan.crt."),
        ),
        is_common=True,
    ),
    Device(
        say("iPhone and iPad"),
        (
            say("Open this page in Safari, tap Profile, then Allow."),
            say("Open Settings. Tap Profile Downloaded, then Install, and enter the passcode."),
            say(
                "Go to General, About, Certificate Trust Settings, and switch silog-scan on. "
                "Without this step it does not work."
            ),
        ),
        PROFILE,
        say("Profile"),
        is_common=True,
    ),
    Device(
        say("Windows (Chrome, Edge)"),
        (
            say("Open the file and choose Install Certificate, then Current User."),
            say(
                "Choose “Place all certificates in the following store”, then Trusted Root "
                "Certification Authorities."
            ),
            say("Agree where Windows asks, and close the browser."),
        ),
        command="certutil -user -addstore Root silog-scan.crt",
    ),
    Device(
        say("Mac (Safari, Chrome)"),
        (
            say("Open the file: Keychain Access takes it into the login keychain."),
            say("Open it there, unfold Trust, and choose Always Trust."),
        ),
    ),
    Device(
        say("Linux (Chrome)"),
        (
            say(
                "In Chrome open Settings, Privacy and security, Security, Manage certificates, "
                "and import the file under Custom, Installed by you, Trusted certificates."
            ),
        ),
        command="certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n silog-scan -i silog-scan.crt",
    ),
    Device(
        say("Firefox, on any computer"),
        (
            say(
                "Open Settings, Privacy and Security, View Certificates, Authorities, and import "
                "the file."
            ),
            say("Tick “Trust this CA to identify websites”."),
        ),
    ),
)


# What is served.


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a content and its type; ``name`` makes it a file to be kept."""

    status: HTTPStatus
    content: bytes
    kind: str = "text/plain; charset=utf-8"
    name: str | None = None


def answers(app: Flask, setup: Setup) -> Callable[[str, str], Answer]:
    """Return the function from an address and the languages a browser wants to what is there."""
    fixed = {
        CERTIFICATE: _certificate(setup.authority),
        PROFILE: _profile(setup.authority),
        **_styles(app),
    }

    @lru_cache(maxsize=8)
    def page(language: str, _addresses: tuple[str, ...]) -> Answer:
        return _page(app, setup, language)

    def answer(address: str, accepted: str) -> Answer:
        path, _, query = address.partition("?")
        if path in ("/", "/setup"):
            return page(_language(query, accepted), tuple(setup.addresses))
        absent = Answer(HTTPStatus.NOT_FOUND, b"There is only /setup here.\n")
        return fixed.get(path, absent)

    return answer


def _language(query: str, accepted: str) -> str:
    """Return the language of the link, else of the browser, else Indonesian."""
    if query in ("lang=en", "lang=id"):
        return query[-2:]
    return parse_accept_header(accepted, LanguageAccept).best_match(LANGUAGES) or "id"


def _certificate(authority: Certificate) -> Answer:
    return Answer(HTTPStatus.OK, authority.pem, "application/x-x509-ca-cert", CERTIFICATE[1:])


def _profile(authority: Certificate) -> Answer:
    """Return the certificate as Apple's devices install it: a profile that holds nothing else."""
    mark = uuid.uuid5(uuid.NAMESPACE_URL, f"sha256:{authority.fingerprint}")
    title = authority.public.subject.rfc4514_string().partition(",")[0].removeprefix("CN=")
    shared = {"PayloadVersion": 1, "PayloadDisplayName": title, "PayloadOrganization": "silog-scan"}
    payload = shared | {
        "PayloadType": "com.apple.security.root",
        "PayloadIdentifier": f"silog-scan.{mark}.root",
        "PayloadUUID": str(uuid.uuid5(mark, "root")),
        "PayloadCertificateFileName": CERTIFICATE[1:],
        "PayloadContent": authority.pem,
    }
    profile = shared | {
        "PayloadType": "Configuration",
        "PayloadIdentifier": f"silog-scan.{mark}",
        "PayloadUUID": str(mark),
        "PayloadContent": [payload],
    }
    kind = "application/x-apple-aspen-config"
    return Answer(HTTPStatus.OK, plistlib.dumps(profile), kind, PROFILE[1:])


def _styles(app: Flask) -> dict[str, Answer]:
    """Return the page's styles by the addresses that it names them by."""
    folder = Path(app.static_folder or "")
    with app.test_request_context():
        return {
            url_for("static", filename=name): Answer(
                HTTPStatus.OK, (folder / name).read_bytes(), _TYPES[Path(name).suffix]
            )
            for name in _STYLES
            if (folder / name).exists()
        }


def _page(app: Flask, setup: Setup, language: str) -> Answer:
    with app.test_request_context(query_string={"lang": language}):
        text = render_template("setup.html", station=setup, language=language, devices=DEVICES)
    return Answer(HTTPStatus.OK, text.encode(), "text/html; charset=utf-8")


# The server.


class Server(socketserver.ThreadingTCPServer):
    """Answers each connection once, a few at a time, and waits for nobody long."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], answer: Callable[[str, str], Answer]) -> None:
        """Listen, and answer by a function."""
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.answer = answer
        self._free = threading.BoundedSemaphore(AT_ONCE)
        super().__init__(address, _Device)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Take a connection, or drop it when too many are open."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Answer it, and make room for the next."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()


class _Device(BaseHTTPRequestHandler):
    """Answers once; whoever is too slow, or gone, gets no answer."""

    server: Server
    protocol_version = "HTTP/1.1"

    def handle(self) -> None:
        """Answer within the time there is, or drop the connection."""
        deadline = threading.Timer(_PATIENCE, self._drop)
        deadline.daemon = True
        deadline.start()
        try:
            # A browser that tries HTTPS first must see at once that there is none, and goes on.
            if self.request.recv(1, socket.MSG_PEEK).isalpha():
                self.handle_one_request()
        except OSError:
            return
        finally:
            deadline.cancel()

    def _drop(self) -> None:
        with suppress(OSError):
            self.request.shutdown(socket.SHUT_RDWR)

    def do_GET(self) -> None:
        """Answer what is there."""
        self._send(self.server.answer(self.path, self.headers.get("Accept-Language", "")))

    do_HEAD = do_GET  # noqa: N815  # http.server's name

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Tell what is no request, or wants to change something."""
        del message, explain
        self.request_version = "HTTP/1.1"  # http.server sends no head to what it takes for 0.9
        self._send(Answer(HTTPStatus(code), b"This page is only read.\n"))

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, text in _HEADERS.items():
            self.send_header(name, text)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.content)))
        if answer.name:
            self.send_header("Content-Disposition", f"attachment; filename={answer.name}")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.content)

    def log_message(self, *_: object) -> None:
        """Say nothing: no line of the log is a stranger's."""


def start(app: Flask, setup: Setup) -> Server:
    """Serve the page in a thread of its own for as long as the process lives."""
    server = Server((setup.listening, setup.settings.setup_port), answers(app, setup))
    threading.Thread(target=server.serve_forever, name="setup", daemon=True).start()
    return server
