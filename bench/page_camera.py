"""The camera in the page: from a label in the film to its outcome on the screen, and what it costs.

A label appears with the first frame of the film in which a thorough look can read it; frames carry
their number as squares in a corner, so that the page knows when each of them was shown. Chromium
plays the film of the fixtures for a camera, at 30 frames a second, again and again.

Run: python bench/page_camera.py [rounds of the film]
"""

import io
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyotp
from PIL import Image, ImageDraw
from playwright.sync_api import BrowserContext, Page, Request, sync_playwright

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
    window.told.push([banner.textContent, performance.now()]);
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
            fields = (
                Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            )
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(home: Path) -> Iterator[Station]:
    """Found a home with the sample's delivery and serve it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    environment = os.environ | {"SILOG_HOME": str(home)}
    delivery = str(ROOT / "fixtures" / "SJ-1271-0147.csv")
    founding = ["init", "--place", "12.71", "--admin", "bench", "--password-file", "-"]
    for command in (founding, ["manifest", "import", delivery]):
        subprocess.run(
            [PROGRAM, *command],
            input=PASSWORD.encode(),
            env=environment,
            check=True,
            capture_output=True,
        )
    process = subprocess.Popen(
        [PROGRAM, "serve", "--port", port],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
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
    secret = "".join((page.locator("#secret").text_content() or "").split())
    page.fill("#code", pyotp.TOTP(secret).now())
    page.press("#code", "Enter")
    page.locator("#codes").wait_for()
    page.goto(f"{station.address}/")
    page.locator("[data-start] .btn-primary").click()
    page.wait_for_url("**/station")


# The figures.


def delays(page: Page, first: dict[str, list[int]]) -> list[float]:
    """Return the milliseconds from each appearance of a label to its outcome."""
    shown: list[tuple[int, float]] = page.evaluate("window.shown")
    told: list[tuple[str, float]] = page.evaluate("window.told")
    until = shown[-1][1] - 1000  # what appeared in the last second may be under way
    found = []
    for text, numbers in first.items():
        if not text.startswith("SLG-CMD-"):
            times = [at for number, at in shown if number in numbers and at < until]
            found += [soonest(told, text, at) - at for at in times]
    return found


def soonest(told: list[tuple[str, float]], text: str, at: float) -> float:
    """Return when the outcome of a label was told first after a time, endless if it never was."""
    times = (when for words, when in told if text in words and 0 <= when - at < 1000)
    return min(times, default=float("inf"))


def measured(context: BrowserContext, station: Station, rounds: int) -> tuple[Page, list[float]]:
    """Let the film play; return the page, and looks a second and the server's share of a core."""
    page = context.pages[0]
    page.goto(f"{station.address}/station")
    page.locator("#quads .sl-quad").first.wait_for()
    looks, used, begun = page.evaluate("window.looks"), station.seconds(), time.monotonic()
    time.sleep(rounds * FILM_SECONDS)
    seconds = time.monotonic() - begun
    rate = (page.evaluate("window.looks") - looks) / seconds
    return page, [rate, 100 * (station.seconds() - used) / seconds]


def visit(context: BrowserContext, station: Station) -> tuple[int, int]:
    """Return requests and bytes of one look at the station's page, until the camera reads."""
    page = context.new_page()
    sizes: list[int] = []
    page.on("requestfinished", lambda request: sizes.append(transferred(request)))
    page.goto(f"{station.address}/station")
    page.locator("#quads .sl-quad").first.wait_for()
    page.close()
    fetched = [size for size in sizes if size]
    return len(fetched), sum(fetched)


def transferred(request: Request) -> int:
    """Return the bytes of an answer, headers included; none where the browser had it."""
    sizes, answer = request.sizes(), request.response()
    was_kept = answer is not None and answer.ok and not sizes["responseBodySize"]
    if was_kept and answer and answer.status != 204:
        return 0
    return sizes["responseBodySize"] + sizes["responseHeadersSize"]


def main(rounds: int) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        film, first = marked(folder)
        flags = ["--no-sandbox", "--disable-gpu", "--use-fake-device-for-media-stream"]
        flags.append(f"--use-file-for-fake-video-capture={film}")
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        with served(folder / "home") as station:
            context = browser.new_context(permissions=["camera"])
            begin(context.new_page(), station)
            context.pages[0].goto("about:blank")
            known = context.storage_state()
            stranger = browser.new_context(permissions=["camera"], storage_state=known)
            first_visit, second_visit = visit(stranger, station), visit(stranger, station)
            context.add_init_script(WATCH)
            page, (rate, share) = measured(context, station, rounds)
            found = delays(page, first)
        browser.close()
    report(found, rate, share)
    print(f"first visit: {first_visit[1] / 1000:.0f} kB in {first_visit[0]} requests")
    print(f"second visit: {second_visit[1] / 1000:.0f} kB in {second_visit[0]} requests")


def report(found: list[float], rate: float, share: float) -> None:
    """Print what was measured while the film played."""
    answered = sorted(delay for delay in found if delay < float("inf"))
    p95 = answered[round(0.95 * len(answered)) - 1]
    print(f"{len(answered)} of {len(found)} labels were answered within a second")
    print(f"from label to outcome: median {statistics.median(answered):.0f} ms, p95 {p95:.0f} ms")
    print(f"most {answered[-1]:.0f} ms; {rate:.1f} frames looked at a second")
    print(f"the station meanwhile: {share:.1f} % of a core")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4)
