"""A station that serves HTTPS by itself: what it greets with, what it refuses, how it renews."""

import json
import re
import signal
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import HTTPSHandler, build_opener, urlopen

import pytest
from cryptography import x509

from silog_scan import serving
from silog_scan.config import Settings
from silog_scan.services import certificates, network
from tests.cli.conftest import Run, home, run
from tests.test_serving import WITHIN, free_port, is_gone, refused, spawn, until

__all__ = ["home", "run"]


class Station:
    """A running ``silog-scan serve --tls local``; it answers on this computer only."""

    def __init__(self, process: subprocess.Popen[str], port: int, setup_port: int) -> None:
        assert process.stdout
        self.process = process
        self.port = port
        self.greeting = [process.stdout.readline().strip() for _ in range(4)]
        self.setup = f"http://127.0.0.1:{setup_port}"

    def certificate(self) -> str:
        """Return what a device downloads."""
        with urlopen(f"{self.setup}/silog-scan.crt", timeout=WITHIN) as answer:  # noqa: S310
            text: str = answer.read().decode()
        return text

    def get(self, path: str, trusted: str, host: str = "localhost") -> tuple[int, str | None]:
        """Open a page as a device that trusts a certificate: its status and its HSTS."""
        handler = HTTPSHandler(context=ssl.create_default_context(cadata=trusted))
        address = f"https://{host}:{self.port}{path}"
        with build_opener(handler).open(address, timeout=WITHIN) as answer:
            return answer.status, answer.headers["Strict-Transport-Security"]

    def serial(self) -> int:
        """Return the serial number of the certificate that it shows, 0 while it shows none."""
        try:
            pem = ssl.get_server_certificate(("127.0.0.1", self.port), timeout=WITHIN)
        except OSError:
            return 0
        return x509.load_pem_x509_certificate(pem.encode()).serial_number


Start = Callable[..., Station]


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    running: list[Station] = []

    def started(*words: object, **settings: str) -> Station:
        port, setup_port = free_port(), free_port()
        options = ("--port", port, "--setup-port", setup_port, "--tls", "local", *words)
        station = Station(spawn("serve", *options, SILOG_HOME=home, **settings), port, setup_port)
        running.append(station)
        until(station.serial)
        return station

    yield started
    for station in running:
        if station.process.poll() is None:
            station.process.send_signal(signal.SIGKILL)
        station.process.communicate()


def test_a_device_that_installed_the_certificate_trusts_the_station(start: Start) -> None:
    station = start()

    trusted = station.certificate()

    assert station.get("/healthz", trusted) == (200, "max-age=31536000; includeSubDomains")
    assert station.get("/healthz", trusted, host="127.0.0.1")[0] == 200


def test_a_device_without_the_certificate_does_not(start: Start) -> None:
    station = start()

    with pytest.raises(URLError, match="CERTIFICATE_VERIFY_FAILED"):
        build_opener().open(f"https://localhost:{station.port}/healthz", timeout=WITHIN)


def test_the_terminal_names_address_page_and_fingerprint(start: Start, home: Path) -> None:
    station = start()

    authority = certificates.found(home / "tls")
    assert authority
    opened, page, fingerprint, alone = station.greeting
    assert opened == f"Open https://127.0.0.1:{station.port}"
    assert page == f"Once on each device: {station.setup}/setup"
    assert fingerprint == f"SHA-256 of the certificate: {authority.fingerprint}"
    assert "--host 0.0.0.0" in alone


def test_a_renewed_certificate_is_read_without_a_stop(start: Start, home: Path) -> None:
    station = start()
    trusted, before = station.certificate(), station.serial()
    folder = home / "tls"
    (folder / "server.pem").unlink()
    names = certificates.wanted("gudang-9", (), ())
    certificates.current(folder, names, datetime.now(UTC))

    station.process.send_signal(signal.SIGHUP)

    until(lambda: station.serial() not in (0, before))
    assert station.get("/healthz", trusted)[0] == 200
    assert until(station.certificate) == trusted


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """Give what a station looks after each minute, instead of waiting for it."""
    found: list[Callable[[], None]] = []
    monkeypatch.setattr(serving, "_every", lambda _, act, **__: found.append(act))
    return found


def test_a_new_address_of_the_computer_comes_into_the_certificate(
    home: Path, looks: list[Callable[[], None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "addresses", lambda _: (ip_address("192.168.10.20"),))
    station = serving.certified(serving.Serving(Settings(home, "", tls="local")), "0.0.0.0")  # noqa: S104
    reloads: list[str] = []
    serving.stay_certified(station, lambda: reloads.append("reload"))

    looks[0]()
    first = list(reloads)
    monkeypatch.setattr(network, "addresses", lambda _: (ip_address("192.168.10.99"),))
    looks[0]()
    looks[0]()

    served = certificates.served(home / "tls")
    assert served
    assert (first, reloads) == ([], ["reload"])
    assert ip_address("192.168.10.99") in served.names.addresses


def test_a_station_that_comes_back_is_still_trusted(start: Start) -> None:
    station = start()
    trusted, serial = station.certificate(), station.serial()
    station.process.terminate()
    station.process.communicate(timeout=WITHIN)
    until(lambda: is_gone(station.process.pid))

    again = start()

    assert again.get("/healthz", trusted)[0] == 200
    assert again.serial() == serial


def test_a_taken_port_of_the_page_is_refused(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]

        told = refused("--port", free_port(), "--setup-port", taken, "--tls", "local",
                       SILOG_HOME=home)  # fmt: skip

    assert f"Port {taken} " in told
    assert "--setup-port" in told


def test_an_authority_that_cannot_be_read_is_told(home: Path) -> None:
    (home / "tls").mkdir()
    (home / "tls" / "authority.pem").write_bytes(b"")

    told = refused("--port", free_port(), "--tls", "local", SILOG_HOME=home)

    assert f"{home / 'tls' / 'authority.pem'} cannot be read" in told


@pytest.mark.parametrize(
    ("words", "settings", "told"),
    [
        (("--tls", "local", "--cert", "a", "--key", "b"), {}, "Leave one of them out"),
        (("--cert", "a", "--key", "b"), {"SILOG_TLS": "local"}, "Leave one of them out"),
        (("--tls", "local", "--port", "9000", "--setup-port", "9000"), {}, "--setup-port"),
        (("--tls", "local", "--port", "65535"), {}, "--setup-port"),
        (("--demo", "--tls", "local"), {}, "for this computer only"),
    ],
)
@pytest.mark.usefixtures("home")
def test_what_does_not_go_together_is_refused(
    run: Run, words: tuple[str, ...], settings: dict[str, str], told: str
) -> None:
    done = run("serve", *words, **settings)

    assert (done.code, told in done.err) == (2, True)


def test_the_option_wins_over_the_setting(home: Path, run: Run) -> None:
    done = run("serve", "--tls", "off", "--cert", home / "none", "--key", "b", SILOG_TLS="local")

    assert "There is no file" in done.err


# doctor


@pytest.fixture
def finding(home: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Make a certificate on one computer, and have doctor look at it on that or another."""

    def found(made_on: str, looked_at_on: str) -> Any:  # noqa: ANN401
        monkeypatch.setattr(network, "hostname", lambda: looked_at_on)
        names = certificates.wanted(made_on, (), [ip_address("192.168.10.20")])
        certificates.current(home / "tls", names, datetime.now(UTC))
        findings = json.loads(run("doctor", "--json").out)["findings"]
        return next(one for one in findings if one["name"] == "certificate")

    return found


def test_doctor_tells_names_days_and_fingerprint(home: Path, finding: Callable[..., Any]) -> None:
    told = finding("gudang-1", "gudang-1")

    authority = certificates.found(home / "tls")
    assert authority
    assert told["ok"]
    assert "gudang-1.local, localhost, 127.0.0.1, 192.168.10.20" in told["message"]
    assert "395 days left" in told["message"]
    assert authority.fingerprint in told["message"]


def test_doctor_tells_a_computer_that_was_renamed(finding: Callable[..., Any]) -> None:
    told = finding("gudang-1", "gudang-2")

    assert not told["ok"]
    assert "gudang-2, gudang-2.local cannot be opened without a warning" in told["message"]


@pytest.mark.usefixtures("home")
def test_doctor_says_what_phones_need(run: Run) -> None:
    line = re.search(r"^ok +certificate +(.*)$", run("doctor").out, re.MULTILINE)

    assert line
    assert "serve --tls local" in line[1]
