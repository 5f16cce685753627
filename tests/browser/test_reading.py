"""What the page's own scripts read and believe is what the station's camera would."""

import base64
import io
import random
from typing import Any

import numpy as np
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page

from silog_scan.core.agreement import Agreement, Reading
from silog_scan.vision.engines import read_zxing
from silog_scan.vision.frames import Grey
from tests.browser.conftest import Hands

READ = """async ({pngs, url}) => {
  const reader = new Worker(url);
  const looks = [];
  for (const png of pngs) {
    const bytes = Uint8Array.from(atob(png), letter => letter.charCodeAt(0));
    const frame = await createImageBitmap(new Blob([bytes]));
    const answer = new Promise(done => reader.onmessage = ({data}) => done(data));
    reader.postMessage({frame}, [frame]);
    looks.push(await answer);
  }
  reader.terminate();
  return looks;
}"""
JUDGE = """async scenes => {
  const page = document.querySelector("script[src$='/station.js']");
  const {Agreement} = await import(new URL("agreement.js", page.src));
  return scenes.map(frames => {
    const agreement = new Agreement();
    return frames.map(({at, readings}) => agreement.saw(readings, at).map(one => one.text));
  });
}"""
Corners = tuple[tuple[int, int], ...]
BOX = ((10, 10), (110, 10), (110, 40), (10, 40))
ROW = ((10, 410), (110, 410), (110, 412), (10, 412))
APART = ((10, 210), (110, 210), (110, 240), (10, 240))
RETAIL = ("4006381333931", "4006381333948")
PARTS = ("14012345678908", "14012345678901", "12345670", "3456")


LABELS = {
    "1271-KS-004512": "Code128",
    "SLG-CMD-QTY-38": "QRCode",
    "1271-BL-002101": "DataMatrix",
    "SLG-ITEM-TINTA": "Code39",
    "12345678901231": "ITF",
    "4006381333931": "EAN13",
    "96385074": "EAN8",
    "036000291452": "UPCA",
    "04252614": "UPCE",
    "(00)106141412345678908": "Code128",
    "(01)04006381333931(21)AB-12": "QRCode",
}


def test_labels_are_the_same_to_the_page_and_to_the_station(station: Hands) -> None:
    pictures = [drawn(kind, text) for text, kind in LABELS.items()]
    expected = [read_zxing(picture, thorough=True)[0] for picture in pictures]

    found = [looks(station.page, [picture])[0][0] for picture in pictures]

    assert [(one["text"], one["symbology"], one["identifier"]) for one in found] == [
        (one.text, one.symbology, one.symbology_identifier) for one in expected
    ]


def test_micro_qr_is_no_code_as_blurred_ones_look_like_it(station: Hands) -> None:
    tiny, plain = drawn("MicroQRCode", "6686"), drawn("QRCode", "SLG-CMD-UNDO")

    seen, other = (texts(looks(station.page, [picture])[0]) for picture in (tiny, plain))

    assert (seen, other) == (set(), {"SLG-CMD-UNDO"})


def drawn(kind: str, text: str) -> Grey:
    """Return a label's bars with room around them, as grey pixels."""
    form = zxingcpp.BarcodeFormat[kind]
    code = zxingcpp.create_barcode(text, form, gs1=text.startswith("("))
    bars = Image.fromarray(code.to_image(scale=4))
    paper = Image.new("L", (bars.width + 160, bars.height + 160), 255)
    paper.paste(bars, (80, 80))
    return as_grey(paper)


def table(*labels: tuple[Grey, int], light: int = 120) -> Grey:
    """Return a frame of a table, with labels on it so far from its left."""
    frame = np.full((540, 960), light, dtype=np.uint8)
    for label, left in labels:
        height, width = label.shape
        frame[100 : 100 + height, left : left + width] = label
    return frame


def texts(look: list[dict[str, Any]]) -> set[str]:
    return {reading["text"] for reading in look}


def middle_of(reading: dict[str, Any]) -> tuple[float, float]:
    across, down = zip(*reading["corners"], strict=True)
    return sum(across) / 4, sum(down) / 4


def as_grey(picture: Image.Image) -> Grey:
    return np.asarray(picture, dtype=np.uint8)


def looks(page: Page, frames: list[Grey]) -> list[list[dict[str, Any]]]:
    """Return what the page's worker reads in each frame of a film."""
    url = page.evaluate("document.body.dataset.reader")
    seen = page.evaluate(READ, {"pngs": [png(frame) for frame in frames], "url": url})
    return [look["readings"] for look in seen]


def png(picture: Grey) -> str:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def test_a_code_is_followed_in_its_region_and_the_frames_between_are_searched(
    station: Hands,
) -> None:
    label, other = drawn("QRCode", "1271-KS-004512"), drawn("DataMatrix", "1271-BL-002101")
    pan = [table((label, 400 + 8 * step), (other, 20)) for step in (1, 2)]

    seen = looks(station.page, [table((label, 400)), *pan])

    assert [texts(look) for look in seen] == [
        {"1271-KS-004512"},
        {"1271-KS-004512"},
        {"1271-KS-004512", "1271-BL-002101"},
    ]
    assert seen[1][0]["corners"][0][0] - seen[0][0]["corners"][0][0] == pytest.approx(8, abs=2)


def test_a_frame_in_which_a_followed_code_is_lost_is_searched(station: Hands) -> None:
    bars = as_grey(Image.fromarray(drawn("Code128", "1271-KS-004512")).reduce(2))

    seen = looks(station.page, [table((bars, 20)), table((bars, 480))])

    assert [texts(look) for look in seen] == [{"1271-KS-004512"}] * 2


@pytest.mark.parametrize(("frames_away", "found"), [(2, 1), (6, 0)])
def test_a_code_lost_for_three_frames_is_no_longer_followed(
    station: Hands, frames_away: int, found: int
) -> None:
    only_thorough = 255 - drawn("QRCode", "1271-KS-004512")
    held = table((only_thorough, 400))
    away = [table(light=60 + 60 * (step % 2)) for step in range(frames_away)]

    seen = looks(station.page, [held, *away, held])

    assert [len(look) for look in seen] == [1, *[0] * frames_away, found]


def test_bars_under_noise_are_read_in_the_average_of_their_lines(station: Hands) -> None:
    label = Image.fromarray(drawn("Code128", "1271-KS-004512")).reduce(2)
    frame = table((as_grey(label.rotate(12, fillcolor=255)), 200))
    noise = np.random.default_rng(1).normal(0, 60, frame.shape)

    seen = looks(station.page, [(frame + noise).clip(0, 255).astype(np.uint8)] * 4)

    assert [texts(look) for look in seen] == [{"1271-KS-004512"}, set()] * 2
    assert seen[0][0]["treatment"] == "averaged"
    assert middle_of(seen[0][0]) == pytest.approx((200 + label.width / 2, 190), abs=15)


def test_the_page_believes_what_the_station_believes(station: Hands) -> None:
    scenes = [scene(random.Random(seed)) for seed in range(300)]  # noqa: S311  # no secret

    judged = station.page.evaluate(JUDGE, scenes)

    assert judged == [believed(frames) for frames in scenes]


def scene(chance: random.Random) -> list[dict[str, Any]]:
    """Return some seconds before a camera: labels come and go, some misread."""
    at, frames = 0.0, []
    for _ in range(12):
        at += chance.choice((0.05, 0.05, 0.1, 1.0, 4.0))
        frames.append({"at": at, "readings": chance.sample(SHOWN, chance.randint(0, 3))})
    return frames


def shown(
    text: str, symbology: str, corners: Corners = BOX, treatment: str = "raw"
) -> dict[str, Any]:
    return {
        "text": text,
        "symbology": symbology,
        "corners": corners,
        "identifier": "",
        "treatment": treatment,
    }


SHOWN = [
    shown("1271-KS-004512", "code128"),
    shown("1271-KS-004513", "code128"),
    shown("1271-KS-004512", "code128", treatment="averaged"),
    shown("1271-KS-004514", "code128", APART, "sharpened"),
    shown("1271-KS-004515", "code128", ROW),
    shown("1271-BL-002101", "qrcode"),
    shown("1271-BL-002101", "code128", APART),
    shown("ABC-123", "code39"),
    *(shown(text, "ean13") for text in RETAIL),
    shown("96385074", "ean8", APART),
    shown("01234565", "upce", APART),
    *(shown(text, "itf") for text in PARTS),
]


def believed(frames: list[dict[str, Any]]) -> list[list[str]]:
    """Return what the station's camera makes of it."""
    agreement = Agreement()
    return [
        [reading.text for reading in agreement.saw(map(reading_of, frame["readings"]), frame["at"])]
        for frame in frames
    ]


def reading_of(one: dict[str, Any]) -> Reading:
    return Reading(
        one["text"], one["symbology"], one["corners"], "fast", treatment=one["treatment"]
    )
