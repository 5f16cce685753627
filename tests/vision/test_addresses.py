"""Where a camera on the network may be."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO

import pytest
from PIL import Image

from silog_scan.core.errors import Refused
from silog_scan.vision.addresses import look_up
from silog_scan.vision.sources import frames, parse
from tests.vision.test_sources import shade


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refusal:
        act()
    return refusal.value.code


@pytest.mark.parametrize(
    "text",
    [
        "file:///etc/passwd",
        "concat://a|b",
        "gopher://gate/1",
        "://gate",
        "rtsp://",
        "rtsp://:554/1",
        "http://[::1",
        "http://gate:99999/",
        "http://gate:x/",
        "http://gate/\r\nHost: other",
        "rtsp://gate/ 1",
        "rtsp://gate/\u202e1",
        "http://169.254.169.254/latest/meta-data/",
        "rtsp://169.254.10.1/1",
        "http://[fe80::1%25eth0]/",
        "http://[::ffff:169.254.169.254]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[fd00:ec2::254]/",
        "http://100.100.100.200/",
        "http://0.0.0.0/",
        "http://[::]/",
        "rtsp://224.0.0.1/",
        "http://255.255.255.255/",
    ],
    ids=ascii,
)
def test_an_address_that_can_be_no_camera_s_is_refused(text: str) -> None:
    assert code_of(lambda: parse(text)) == "camera-address"


def test_a_refused_address_is_told_without_its_password() -> None:
    with pytest.raises(Refused) as refusal:
        parse("ftp://admin:rahasia@gate/1")

    assert "rahasia" not in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    ["rtsp://10.0.0.7:554/1", "http://192.168.1.20/video", "http://127.0.0.1:8080/",
     "https://[fd12::7]/", "rtsps://kamera.gudang.local/1", "RTSP://gate/1"],
)  # fmt: skip
def test_a_camera_in_the_house_is_none_of_these(text: str) -> None:
    assert parse(text).where == text


def test_a_name_that_leads_to_a_cloud_s_secrets_is_refused() -> None:
    def resolve(_: str) -> list[str]:
        return ["10.0.0.7", "fe80::1%eth0"]

    assert code_of(lambda: look_up("http://kamera.example/", resolve)) == "camera-address"


@pytest.mark.parametrize(
    "host", ["2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518"]
)
def test_a_number_in_disguise_is_refused_when_it_is_opened(host: str) -> None:
    assert code_of(lambda: frames(f"http://{host}/")) == "camera-address"


class Redirecting(BaseHTTPRequestHandler):
    """A camera as phones are one; sends whoever asks for / on to /film, and notes who asks."""

    asked: list[str]
    film: bytes

    def do_GET(self) -> None:  # the library's name
        self.asked.append(self.path)
        self.send_response(302 if self.path == "/" else 200)
        self.send_header("Location", "/film")
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=f")
        self.end_headers()
        if self.path != "/":
            self.wfile.write(self.film)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def stream() -> bytes:
    picture = BytesIO()
    Image.fromarray(shade(100)).save(picture, "JPEG")
    jpeg = picture.getvalue()
    return b"--f\r\nContent-Type: image/jpeg\r\n\r\n%s\r\n" % jpeg * 60


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    Redirecting.asked, Redirecting.film = [], stream()
    with HTTPServer(("127.0.0.1", 0), Redirecting) as opened:
        thread = threading.Thread(target=opened.serve_forever, args=[0.02])
        thread.start()
        yield opened
        opened.shutdown()
        thread.join()


def test_a_camera_on_the_network_is_shown(server: HTTPServer) -> None:
    shown = frames(f"http://127.0.0.1:{server.server_port}/film")

    assert next(shown).grey.shape == (48, 64)


def test_an_address_leads_to_no_other(server: HTTPServer) -> None:
    code = code_of(lambda: frames(f"http://127.0.0.1:{server.server_port}/"))

    assert code == "camera-absent"
    assert set(Redirecting.asked) == {"/"}
