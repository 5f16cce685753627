"""POST /readings: the codes in a picture; nothing is recorded."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

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
    assert set(found) == {"readings", "ms"}
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
