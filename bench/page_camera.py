"""The camera in the page: from a label in the film to its outcome on the screen, and what it costs.

A label appears with the first frame of the film in which a thorough look can read it; frames carry
their number as squares in a corner, so that the page knows when each of them was shown. Chromium
plays the film of the fixtures for a camera, at 30 frames a second, again and again.

Run: python bench/page_camera.py [rounds of the film]
"""

import gzip
import io
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from playwright.sync_api import BrowserContext, Page, sync_playwright

from silog_scan.vision.engines import read_zxing

ROOT = Path(__file__).parents[1]
PROGRAM = str(Path(sys.executable).with_name("silog-scan"))
PASSWORD = "a long password"  # noqa: S105  # of a home that is gone a minute later
STEP, BITS, SQUARE = 28, 9, 16
FILM_SECONDS = 448 / 30
WATCH = f"""
window.shown = []; window.told = []; window.looks = 0;
const grab = window.createImageBitmap;
window.createImageBitmap = (...rest) => {{ window.looks += 1; return grab(...rest); }};
addEventListener("DOMContentLoaded", () => {{
  const video = document.getElementById("video"), banner = document.getElementById("banner");
  if (!video) return;
  const canvas = new OffscreenCanvas({BITS}, 1);
  const context = canvas.getContext("2d", {{ willReadFrequently: true }});
  const note = (now) => {{
    const top = video.videoHeight - {SQUARE};
    context.drawImage(video, 0, top + 6, {BITS * SQUARE}, 4, 0, 0, {BITS}, 1);
    const pixels = context.getImageData(0, 0, {BITS}, 1).data;
    let number = 0;
    for (let bit = 0; bit < {BITS}; bit++) if (pixels[4 * bit] > 127) number += 2 ** bit;
    window.shown.push([number, now]);
    video.requestVideoFrameCallback(note);
  }};
  video.requestVideoFrameCallback(note);
  new MutationObserver(() => {{
    const lead = banner.querySelector("[data-lead]").textContent;
    window.told.push([lead, performance.now()]);
  }}).observe(banner, {{ subtree: true, childList: true, characterData: true, attributes: true }});
}});
"""


# The film.


def marked(folder: Path) -> tuple[Path, dict[str, list[int]]]:
    """Return the film with numbered frames, and the frame in which each label appears."""
    start = b"\xff\xd8\xff"
    frames = (ROOT / "fixtures" / "film.mjpeg").read_bytes().split(start)[1:]
    film, seen = folder / "film.mjpeg", Appearances()
    with film.open("wb") as file:
        for number, frame in enumerate(frames):
            data = numbered(start + frame, number)
            file.write(data)
            seen.look(data, number)
    return film, seen.first


def numbered(frame: bytes, number: int) -> bytes:
    """Return a frame with its number in its lower left corner, as squares."""
    picture = Image.open(io.BytesIO(frame))
    draw = ImageDraw.Draw(picture)
    for bit in range(BITS):
        place = (bit * SQUARE, picture.height - SQUARE, (bit + 1) * SQUARE - 1, picture.height - 1)
        draw.rectangle(place, fill="white" if number >> bit & 1 else "black")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=50, subsampling="4:2:0")
    return out.getvalue()


class Appearances:
    """When labels come into view: again only after a second without them."""

    def __init__(self) -> None:
        """Start with none."""
        self.first: dict[str, list[int]] = {}
        self._last: dict[str, int] = {}

    def look(self, frame: bytes, number: int) -> None:
        """Note the labels of a frame."""
        grey = np.asarray(Image.open(io.BytesIO(frame)).convert("L"), dtype=np.uint8)
        for reading in read_zxing(grey, thorough=True):
            if number - self._last.get(reading.text, -STEP) >= STEP:
                self.first.setdefault(reading.text, []).append(number)
            self._last[reading.text] = number


# The station.


@dataclass(frozen=True)
class Station:
    """A served data home."""

    address: str
    process: int

    def seconds(self) -> float:
        """Return the processor time that parent and workers have used."""
        found = subprocess.run(["pgrep", "-P", str(self.process)], capture_output=True, check=False)  # noqa: S607
        ticks = 0
        for pid in [str(self.process), *found.stdout.decode().split()]:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(home: Path) -> Iterator[Station]:
    """Found a home with the sample's delivery and serve it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    environment = os.environ | {"SILOG_HOME": str(home)}
    secret = {"input": PASSWORD.encode(), "env": environment, "check": True}
    told = ["--admin", "bench", "--password-file", "-"]
    subprocess.run([PROGRAM, "init", "--place", "12.71", *told], **secret, capture_output=True)  # type: ignore[call-overload]
    file = str(ROOT / "fixtures" / "SJ-1271-0147.csv")
    imported = [PROGRAM, "manifest", "import", file]
    subprocess.run(imported, env=environment, check=True, capture_output=True)
    process = subprocess.Popen([PROGRAM, "serve", "--port", port], env=environment, stdout=-3)
    while socket.socket().connect_ex(("127.0.0.1", int(port))):
        time.sleep(0.05)
    yield Station(f"http://127.0.0.1:{port}", process.pid)
    process.send_signal(signal.SIGTERM)
    process.wait(10)


def begin(page: Page, station: Station) -> None:
    """Sign in and begin to receive."""
    page.goto(f"{station.address}/sign-in")
    page.fill("#name", "bench")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(lambda url: "sign-in" not in url)
    page.goto(f"{station.address}/")
    page.locator("[data-start] .btn-primary").click()
    page.wait_for_url("**/station")


# The figures.


def delays(page: Page, first: dict[str, list[int]], *, rounds: int) -> list[float]:
    """Return the milliseconds from each appearance of a label to its outcome."""
    shown: list[tuple[int, float]] = page.evaluate("window.shown")
    told: list[tuple[str, float]] = page.evaluate("window.told")
    found = []
    for text in (text for text in first if not text.startswith("SLG-CMD-")):
        for number in first[text]:
            times = [at for frame, at in shown if frame == number][:rounds]
            found += [soonest(told, text, at) - at for at in times]
    return [delay for delay in found if delay < 1000 * FILM_SECONDS]


def soonest(told: list[tuple[str, float]], text: str, at: float) -> float:
    """Return when the outcome of a label was told first after a time; never is infinite."""
    return min((when for lead, when in told if lead == text and when >= at), default=float("inf"))


class Traffic:
    """The bytes of a visit, as they come, and as they would packed by gzip."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        """Listen to the page and its worker."""
        self.total: Counter[str] = Counter()
        keys = context.new_cdp_session(page)
        keys.send("Network.enable")
        keys.on("Network.loadingFinished", self._finished)
        page.on("response", self._answered)

    def _finished(self, told: dict[str, float]) -> None:
        self.total["requests"] += 1
        self.total["wire"] += int(told["encodedDataLength"])

    def _answered(self, response: object) -> None:
        pass


def visit(context: BrowserContext, station: Station) -> tuple[int, int]:
    """Return requests and bytes of one look at the station's page, until the camera reads."""
    page = context.new_page()
    sizes: list[int] = []
    page.on("requestfinished", lambda request: sizes.append(transferred(request)))
    page.goto(f"{station.address}/station")
    page.locator("#video:not([hidden])").wait_for()
    page.wait_for_function("() => window.looks > 3")
    page.close()
    return len(sizes), sum(sizes)


def transferred(request: object) -> int:
    """Return the bytes of an answer, headers included."""
    sizes = request.sizes()  # type: ignore[attr-defined]
    return int(sizes["responseBodySize"]) + int(sizes["responseHeadersSize"])


def packed() -> tuple[int, int]:
    """Return the bytes of the files a first visit needs, plain and by gzip."""
    static = ROOT / "silog_scan" / "web" / "static"
    names = ["vendor/bootstrap.min.css", "vendor/zxing-reader.js", "vendor/zxing_reader.wasm"]
    files = [static / name for name in names] + sorted(static.glob("css/*"))
    files += [path for path in static.glob("js/*.js")]
    data = [path.read_bytes() for path in files]
    return sum(map(len, data)), sum(len(gzip.compress(one, 9)) for one in data)
