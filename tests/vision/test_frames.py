from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from silog_scan.core.errors import NotFound, Refused
from silog_scan.vision.frames import MAX_PIXELS, Grey, is_picture, load, preview

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF")


def stored(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def half_black(width: int = 60, height: int = 40) -> Image.Image:
    picture = Image.new("RGB", (width, height), "white")
    picture.paste("black", (0, 0, width // 2, height))
    return picture


def chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def png_that_claims(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1_000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", FORMATS)
def test_pictures_of_every_format_become_grey_pixels(kind: str) -> None:
    grey = load(stored(half_black(), kind))

    assert grey.shape == (40, 60)
    assert grey.dtype == np.uint8
    assert grey[20, 5] < 10
    assert grey[20, 55] > 245


def test_a_picture_may_be_given_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "no suffix"
    path.write_bytes(stored(half_black(), "PNG"))

    assert load(path).shape == (40, 60)
    assert is_picture(path)


def test_a_picture_is_turned_as_its_camera_was_held() -> None:
    held_upright = Image.Exif()
    held_upright[0x0112] = 6  # orientation: turn by 90 degrees

    grey = load(stored(half_black(), "JPEG", exif=held_upright))

    assert grey.shape == (60, 40)
    assert grey[5, 20] < 10


@pytest.mark.parametrize(
    ("picture", "level"),
    [
        pytest.param(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), 255, id="transparent is paper"),
        pytest.param(Image.new("LA", (8, 8), (0, 255)), 0, id="grey with alpha"),
        pytest.param(Image.new("P", (8, 8)), 0, id="palette"),
        pytest.param(Image.new("1", (8, 8), 1), 255, id="one bit"),
        pytest.param(
            Image.fromarray(np.full((8, 8), 0x8000, dtype=np.uint16)), 128, id="sixteen bits"
        ),
    ],
)
def test_unusual_pixels_become_the_grey_a_person_sees(picture: Image.Image, level: int) -> None:
    grey = load(stored(picture, "PNG"))

    assert grey[4, 4] == level


@pytest.mark.parametrize(
    "size",
    [
        pytest.param((30_000, 30_000), id="a bomb"),
        pytest.param((10_000, 10_000), id="above Pillow's warning"),
        pytest.param((MAX_PIXELS // 4_000 + 1, 4_000), id="just above the limit"),
    ],
)
def test_a_picture_too_large_is_refused_before_it_is_unfolded(size: tuple[int, int]) -> None:
    data = png_that_claims(*size)
    tracemalloc.start()

    with pytest.raises(Refused) as refusal:
        load(data)

    assert refusal.value.code == "picture-too-large"
    assert "24 megapixels" in str(refusal.value)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"", "not-a-picture", id="nothing"),
        pytest.param(b"manifest;package\n1;2\n", "not-a-picture", id="text"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n", "not-a-picture", id="a program for printers"),
        pytest.param(png_that_claims(100, 100), "picture-damaged", id="too few pixels"),
        *[
            pytest.param(stored(half_black(), kind)[:-60], "picture-damaged", id=f"cut {kind}")
            for kind in FORMATS
        ],
    ],
)
def test_what_is_no_whole_picture_is_refused_in_a_sentence(data: bytes, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        load(data)

    assert refusal.value.code == code
    assert str(refusal.value).endswith(".")


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as refusal:
        load(tmp_path / "none.png")

    assert refusal.value.code == "no-such-picture"


def test_a_folder_is_refused_as_a_picture(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refusal:
        load(tmp_path)

    assert refusal.value.code == "picture-unreadable"
    assert not is_picture(tmp_path)


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(np.full((400, 800), 200, dtype=np.uint8), id="grey"),
        pytest.param(np.full((400, 800, 3), (0, 0, 255), dtype=np.uint8), id="colours"),
        pytest.param(stored(half_black(800, 400), "PNG"), id="a file's bytes"),
    ],
)
def test_people_are_shown_a_small_jpeg(shown: Grey | bytes) -> None:
    small = Image.open(io.BytesIO(preview(shown, width=160, quality=70)))

    assert (small.format, small.size) == ("JPEG", (160, 80))


def test_people_are_shown_a_camera_s_colours_as_they_are() -> None:
    red = np.full((40, 40, 3), (0, 0, 255), dtype=np.uint8)  # blue, green, red

    pixel = Image.open(io.BytesIO(preview(red, width=40, quality=90))).getpixel((20, 20))

    assert pixel == pytest.approx((254, 0, 0), abs=3)


def test_pictures_are_loaded_and_codes_read_without_opencv(
    run_python: Callable[..., str], draw: Callable[..., Grey], tmp_path: Path
) -> None:
    Image.fromarray(draw("1271-KS-004512", "code128")).save(tmp_path / "label.png")
    Image.fromarray(draw("4006381333931", "ean13")).save(tmp_path / "retail.png")

    texts = run_python(
        f"""
from pathlib import Path
from silog_scan.vision.stills import read_still
from silog_scan.vision.frames import load
for name in ("label.png", "retail.png"):
    print(*[reading.text for reading in read_still(load(Path({str(tmp_path)!r}, name))).readings])
""",
        without="cv2",
    )

    assert texts.split() == ["1271-KS-004512", "4006381333931"]
