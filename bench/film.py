"""Reading a film: labels near the limit, and what a full HD camera costs, beside zxing-cpp.

Run: python bench/film.py [films, 40 by default]
"""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from _pictures import Picture, approach, dozen, film

from silog_scan.core.agreement import Agreement, Reading
from silog_scan.vision.engines import read_zxing
from silog_scan.vision.film import FrameReader
from silog_scan.vision.frames import Frame, Grey
from silog_scan.vision.secondlook import SecondLook
from silog_scan.vision.watch import Watch

FRAMES, RATE = 12, 30
Look = Callable[[Frame], list[Reading]]


@dataclass(slots=True)
class Score:
    """What one way of reading accepted of the films so far, and what it cost."""

    accepted: int = 0
    wrong: int = 0
    seconds: float = 0.0
    frames: int = 0

    def add(self, look: Look, pictures: list[Picture]) -> None:
        """Show it one film."""
        begun = time.process_time()
        given = {reading.text for frame in framed(pictures) for reading in look(frame)}
        self.seconds += time.process_time() - begun
        self.frames += len(pictures)
        self.accepted += pictures[0].codes[0].text in given
        self.wrong += len(given - {pictures[0].codes[0].text})


def framed(pictures: list[Picture]) -> Iterator[Frame]:
    """Return the pictures as a camera's frames."""
    for number, picture in enumerate(pictures):
        yield Frame(number + 1, number / RATE, picture.grey, picture.grey)


def ours() -> Look:
    """Return this program's way to read a film, without the worker that looks longer."""
    reader, agreement = FrameReader(), Agreement()
    return lambda frame: agreement.saw(reader.read(frame.grey).readings, frame.at)


def every_frame() -> Look:
    """Return zxing-cpp's own way: its default settings on every frame."""
    agreement = Agreement()
    return lambda frame: agreement.saw(read_zxing(frame.grey, thorough=True), frame.at)


def whole() -> Look:
    """Return this program's way, with the worker, at the pace of the films."""
    watch = Watch(second=SecondLook())

    def saw(frame: Frame) -> list[Reading]:
        begun = time.monotonic()
        found = watch.saw(frame)
        time.sleep(max(0.0, 1 / RATE - (time.monotonic() - begun)))
        return found

    return saw


WAYS = {
    "silog-scan, frames alone": ours,
    "silog-scan with its worker": whole,
    "zxing-cpp default, every frame": every_frame,
}


SETS = {
    "a label brought nearer, at the limit of zxing-cpp": approach,
    "labels anyhow: easy, hard and out of reach": film,
}


def near_the_limit(films: int, title: str, draw: Callable[..., list[Picture]]) -> None:
    """Print who accepts how many labels within twelve frames of 960 by 540, and at which cost."""
    scores = {name: Score() for name in WAYS}
    for number in range(films):
        pictures = draw(number, frames=FRAMES)
        for name, way in WAYS.items():
            scores[name].add(way(), pictures)
    print(f"\n| {title} | accepted within 12 frames | wrong | CPU ms a frame |")
    print("|---|---|---|---|")
    for name, score in scores.items():
        share, cost = 100 * score.accepted / films, 1000 * score.seconds / score.frames
        print(f"| {name} | {share:.0f} % | {score.wrong} | {cost:.1f} |")


def panned(codes: int) -> list[Grey]:
    """Return a second of full HD with this many labels, moving a few pixels a frame."""
    picture = dozen(1)
    grey = np.array(picture.grey)
    for code in picture.codes[codes:]:
        points = np.array(code.corners, np.int32)
        cv2.fillConvexPoly(grey, cv2.convexHull(points), 200)
    return [np.roll(grey, 4 * step, axis=1) for step in range(RATE)]


def full_hd() -> None:
    """Print the share of a core that a camera of 1920 by 1080 at 30 frames a second takes."""
    print("\n| labels in view | share of a core |\n|---|---|")
    for codes in (0, 1, 12):
        reader, frames = FrameReader(), panned(codes)
        begun = time.process_time()
        for grey in frames:
            reader.read(grey)
        print(f"| {codes} | {time.process_time() - begun:.2f} |")


if __name__ == "__main__":
    cv2.setNumThreads(1)
    for title, draw in SETS.items():
        near_the_limit(int(sys.argv[1]) if len(sys.argv) > 1 else 40, title, draw)
    full_hd()
