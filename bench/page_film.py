"""The page's reader on films of labels near the limit: how many it accepts, and what it costs.

The films are those of ``film.py``, read frame by frame by the worker of the station's page in
Chromium, and judged by the page's own rules.

Run: python bench/page_film.py [films, 40 by default]
"""

import base64
import io
import statistics
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from _pictures import Grey, film
from PIL import Image
from playwright.sync_api import Page, sync_playwright

STATIC = Path(__file__).parents[1] / "silog_scan" / "web" / "static"
FRAMES, RATE = 12, 30
READER = (
    "/js/reader.js?engine=/vendor/zxing-reader.js&treatments=/js/treatments.js"
    "&wasm=/vendor/zxing_reader.wasm"
)
READ = f"""async frames => {{
  const {{Agreement}} = await import("/js/agreement.js");
  const agreement = new Agreement(), reader = new Worker("{READER}");
  const answerTo = frame => new Promise((done, fail) => {{
    reader.onmessage = ({{data}}) => data.failure ? fail(data.failure) : done(data);
    reader.postMessage({{frame}}, [frame]);
  }});
  await answerTo(await createImageBitmap(new ImageData(64, 64)));  // the engine is loaded
  const given = [], times = [];
  for (const [number, png] of frames.entries()) {{
    const bytes = Uint8Array.from(atob(png), letter => letter.charCodeAt(0));
    const frame = await createImageBitmap(new Blob([bytes]));
    const begun = performance.now();
    const {{readings}} = await answerTo(frame);
    times.push(performance.now() - begun);
    given.push(...agreement.saw(readings, number / {RATE}).map(({{text}}) => text));
  }}
  reader.terminate();
  return {{given, times}};
}}"""


class Quiet(SimpleHTTPRequestHandler):
    """Hands out files and tells nothing."""

    def log_message(self, *_: object) -> None:
        """Write no line."""


@contextmanager
def opened() -> Iterator[Page]:
    """Give a page of Chromium that may fetch the scripts of the station's page."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=STATIC))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/vendor/versions.txt")
        yield page
        browser.close()
    server.shutdown()


@dataclass(frozen=True, slots=True)
class Score:
    """What the page made of one film: whether its label was accepted, wrong texts, ms a frame."""

    is_accepted: bool
    wrong: int
    times: list[float]


def scored(page: Page, number: int) -> Score:
    """Show the page one film."""
    pictures = film(number, frames=FRAMES)
    found = page.evaluate(READ, [png(picture.grey) for picture in pictures])
    given, expected = set(found["given"]), pictures[0].codes[0].text
    return Score(expected in given, len(given - {expected}), found["times"])


def png(grey: Grey) -> str:
    """Return a frame as the page takes it."""
    out = io.BytesIO()
    Image.fromarray(grey).save(out, "PNG", compress_level=1)
    return base64.b64encode(out.getvalue()).decode()


def main(films: int) -> None:
    """Print the figures."""
    with opened() as page:
        scores = [scored(page, number) for number in range(films)]
    times = sorted(time for score in scores for time in score.times)
    accepted = sum(score.is_accepted for score in scores)
    print(f"accepted within {FRAMES} frames: {accepted} of {films} labels")
    print(f"wrong texts: {sum(score.wrong for score in scores)}")
    p95 = times[round(0.95 * len(times)) - 1]
    print(f"ms a frame: mean {statistics.mean(times):.1f}, p95 {p95:.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
