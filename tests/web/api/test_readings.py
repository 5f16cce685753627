"""POST /readings: the codes in a picture; nothing is recorded."""

import io
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from silog_scan.web import api
from tests.web.api.conftest import Caller, content_of, problem_of

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

PHOTO = Path(__file__).parents[3] / "fixtures" / "photos" / "one.jpg"


def picture(form: str, size: tuple[int, int] = (64, 64)) -> bytes:
    """Return a white picture in a file format."""
    out = io.BytesIO()
    Image.fromarray(np.full(size, 255, dtype=np.uint8)).save(out, form)
    return out.getvalue()


def read(caller: Caller, data: bytes, content_type: str = "image/jpeg") -> object:
    return content_of(caller.open("POST", "/readings", data=data, content_type=content_type))


def test_a_photo_gives_its_readings(meja: Caller) -> None:
    answer = meja.open("POST", "/readings", data=PHOTO.read_bytes(), content_type="image/jpeg")

    found = content_of(answer)
    assert set(found) == {"readings", "unread", "suggestions", "ms"}
    [reading] = found["readings"]
    assert set(reading) == {"text", "symbology", "symbology_identifier", "corners", "stage"}
    assert (reading["text"], reading["symbology"]) == ("1271-KS-004512", "code128")
    assert [len(corner) for corner in reading["corners"]] == [2, 2, 2, 2]


def test_a_photo_may_come_as_a_form(meja: Caller) -> None:
    form = {"file": (io.BytesIO(PHOTO.read_bytes()), "photo.jpg")}

    found = content_of(meja.open("POST", "/readings", data=form))

    assert [reading["text"] for reading in found["readings"]] == ["1271-KS-004512"]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WebP"])
def test_an_empty_picture_has_no_readings(meja: Caller, form: str) -> None:
    answer = meja.open("POST", "/readings", data=picture(form), content_type=f"image/{form}")

    assert content_of(answer)["readings"] == []


def test_a_reading_records_nothing(meja: Caller) -> None:
    before = content_of(meja.get("/events"))

    meja.open("POST", "/readings", data=PHOTO.read_bytes(), content_type="image/jpeg")

    assert content_of(meja.get("/events")) == before


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file-missing"),
        (b"manifest,from\n", "not-a-picture"),
        (PHOTO.read_bytes()[:5_000], "picture-damaged"),
        (picture("PNG", (6_000, 5_000)), "picture-too-large"),
    ],
    ids=["empty", "csv", "cut", "large"],
)
def test_what_is_no_picture_is_refused_in_words(meja: Caller, data: bytes, code: str) -> None:
    answer = meja.open("POST", "/readings", data=data, content_type="image/png")

    assert problem_of(answer) == (422, code)


def passes(times: int) -> bytes:
    """Return a progressive JPEG that says its last pass again and again."""
    out = io.BytesIO()
    Image.new("L", (64, 64)).save(out, "JPEG", progressive=True)
    data = out.getvalue()
    return data[:-2] + data[data.rindex(b"\xff\xda") : -2] * times + data[-2:]


def webp(kind: bytes, sides: bytes) -> bytes:
    """Return the head of a WebP, which says how large its canvas is, and nothing more."""
    return b"RIFF\xff\0\0\0WEBP" + kind + b"\xff\0\0\0" + sides + bytes(20)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (picture("GIF"), "not-a-picture"),
        (picture("BMP"), "not-a-picture"),
        (b"\xff\xd8\xff" + picture("PNG"), "not-a-picture"),
        (webp(b"VP8X", b"\0\0\0\0\xff\xff\xff\xff\xff\xff"), "picture-too-large"),
        (webp(b"VP8L", b"\x2f\xff\xff\xff\xff"), "picture-too-large"),
        (webp(b"VP8 ", bytes(6) + b"\xff\x3f\xff\x3f"), "picture-too-large"),
        (webp(b"ALPH", bytes(6)), "not-a-picture"),
        (passes(500), "picture-too-slow"),
    ],
    ids=["gif", "bmp", "png as jpeg", "canvas", "lossless", "lossy", "no canvas", "passes"],
)
def test_a_picture_is_looked_at_before_it_is_unfolded(meja: Caller, data: bytes, code: str) -> None:
    answer = meja.open("POST", "/readings", data=data, content_type="image/jpeg")

    assert problem_of(answer) == (422, code)


def test_a_picture_of_too_many_bytes_is_not_read(meja: Caller) -> None:
    answer = meja.open("POST", "/readings", data=bytes(21_000_000), content_type="image/jpeg")

    assert problem_of(answer) == (413, "too-large")


def test_a_picture_waits_for_its_turn_no_longer_than_a_moment(
    meja: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("silog_scan.web.api._TURNS", threading.BoundedSemaphore(1))
    monkeypatch.setattr("silog_scan.web.api._TURN_WITHIN", 0.01)
    with api._turn():  # noqa: SLF001  # somebody else's
        answer = meja.open("POST", "/readings", data=picture("PNG"), content_type="image/png")

    assert problem_of(answer) == (429, "readings-busy")
    assert content_of(meja.open("POST", "/readings", data=picture("PNG")))["readings"] == []
