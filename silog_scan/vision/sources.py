"""What a camera may be (device, URL, film, folder of pictures, photo), and every frame of it.

OpenCV plays devices, URLs and films. Photos, folders and ``.mjpeg`` films (JPEG after JPEG) need
only Pillow, so that the sample film plays where OpenCV cannot be loaded.
"""

from __future__ import annotations

import mmap
import os
import re
import sys
import time
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import urlsplit, urlunsplit

from silog_scan.core.errors import Malformed, NotFound, Refused, say
from silog_scan.vision import addresses
from silog_scan.vision.engines import has_opencv
from silog_scan.vision.frames import SUFFIXES, Frame, is_picture, load

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    import cv2

    from silog_scan.vision.frames import Grey, Pixels

    Opener = Callable[["Source"], "Capture"]
    Report = Callable[[Path, Refused], None]

MJPEG_FPS = 30.0
"""Frames a second of a film that does not say: what Chromium plays them at."""

DEVICES = Path("/dev")

SLIDE = 1.0
"""Seconds between the pictures of a folder."""

_PATIENCE_MS = 5_000  # a URL that does not answer would hold its thread for half a minute


class Capture(Protocol):
    """What is used of ``cv2.VideoCapture``."""

    def isOpened(self) -> bool:  # noqa: N802  # OpenCV's name
        """Return whether it can be read."""

    def read(self) -> tuple[bool, Pixels | None]:
        """Return the next frame, or False at the end."""

    def get(self, prop: int, /) -> float:
        """Return a property."""

    def release(self) -> None:
        """Give the device back."""


class Kind(StrEnum):
    """What the text of a source names."""

    DEVICE = "device"
    URL = "url"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Source:
    """Where frames come from: a device's number, a URL, or a path that may appear later."""

    kind: Kind
    where: str

    @property
    def is_live(self) -> bool:
        """Return whether it has no end of its own."""
        return self.kind is not Kind.PATH

    def __str__(self) -> str:
        """Return it for people, a URL without its password."""
        if self.kind is not Kind.URL:
            return self.where
        parts = urlsplit(self.where)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def parse(text: str | int | Path) -> Source:
    """Return what a source's text names: ``0``, ``/dev/video0``, ``rtsp://…``, else a path.

    Refuses an address that can be no camera's; where its host leads is looked up when it is opened.
    """
    text = str(text)
    if text.startswith("/dev/"):
        text = os.path.realpath(text)  # /dev/v4l/by-id/… points to /dev/video…
    if device := re.fullmatch(r"(?:/dev/video)?(\d+)", text, re.ASCII):
        return Source(Kind.DEVICE, device[1])
    if "://" in text:
        addresses.look_at(text)
        return Source(Kind.URL, text)
    return Source(Kind.PATH, text)


def frames(
    source: Source | str | int | Path,
    *,
    fps: float | None = None,
    refused: Report | None = None,
    opener: Opener | None = None,
) -> Generator[Frame]:
    """Return every frame, as fast as they are asked for; refuses what cannot be opened.

    ``fps`` overrides what a film says of its pace. A bad picture in a folder is told to
    ``refused`` and passed over; without it the picture's refusal is raised.
    """
    if not isinstance(source, Source):
        source = parse(source)
    if source.kind is Kind.PATH:
        path = Path(source.where)
        try:
            feed = _by_pillow(path, fps or MJPEG_FPS, refused)
        except OSError as problem:
            raise _unreadable(path, problem) from None
        if feed:
            return feed
    return _captured(source, (opener or video_capture)(source), fps)


def _by_pillow(path: Path, fps: float, refused: Report | None) -> Generator[Frame] | None:
    """Return the frames of what needs no OpenCV, None for other files."""
    if path.is_dir():
        return _folder(_pictures(path), refused)
    suffix = path.suffix.lower()
    if not path.exists():
        raise NotFound(
            "no-such-source",
            say("There is no film, photo or folder at %(path)s. Check its name.", path=path),
        )
    if suffix in (".mjpeg", ".mjpg"):
        return _mjpeg(path, fps)
    return _photo(path) if suffix in SUFFIXES or is_picture(path) else None


def video_capture(source: Source) -> Capture:
    """Return OpenCV's reader of a device, URL or film, open or not; refuses without OpenCV."""
    if not has_opencv():
        raise Refused(
            "no-opencv",
            say(
                "%(source)s needs OpenCV, which cannot be loaded here. Scan by hand scanner or "
                "phone, or run silog-scan doctor to see what to install.",
                source=str(source),
            ),
        )
    return cast("Capture", _opencv_capture(source))


def _opencv_capture(source: Source) -> cv2.VideoCapture:
    import cv2

    if source.kind is Kind.URL:
        addresses.look_up(source.where)
        patience = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _PATIENCE_MS]
        patience += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, _PATIENCE_MS]
        return cv2.VideoCapture(source.where, cv2.CAP_FFMPEG, patience)
    if source.kind is Kind.PATH:
        return cv2.VideoCapture(source.where)
    device = cv2.VideoCapture(int(source.where))
    # USB carries 720p at full rate only as JPEG; a queue of frames would be old ones.
    device.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    device.set(cv2.CAP_PROP_FRAME_WIDTH, 1280)
    device.set(cv2.CAP_PROP_FRAME_HEIGHT, 720)
    device.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return device


def _photo(path: Path) -> Generator[Frame]:
    frame = Frame(1, 0.0, load(path), path, name=path.name, is_still=True)
    return (each for each in (frame,))


def _pictures(folder: Path) -> list[Path]:
    """Return the folder's picture files by name; refuses a folder without any."""
    pictures = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not pictures:
        raise NotFound(
            "no-pictures",
            say("The folder %(path)s holds no JPEG, PNG, WebP, BMP or GIF.", path=folder),
        )
    return pictures


def _folder(pictures: list[Path], refused: Report | None) -> Generator[Frame]:
    for number, path in enumerate(pictures):
        try:
            grey = load(path)
        except Refused as refusal:
            if refused is None:
                raise
            refused(path, refusal)
            continue
        yield Frame(number + 1, number * SLIDE, grey, path, name=path.name, is_still=True)


def _mjpeg(path: Path, fps: float) -> Generator[Frame]:
    """Return the frames of JPEGs in a row; one that is torn is passed over."""
    film = _mjpeg_frames(path, fps)
    try:
        first = next(film)
    except StopIteration:
        raise _not_a_film(path) from None
    return _after(first, film)


def _after(first: Frame, rest: Generator[Frame]) -> Generator[Frame]:
    yield first
    yield from rest


def _mjpeg_frames(path: Path, fps: float) -> Generator[Frame]:
    for number, jpeg in enumerate(_jpegs(path)):
        try:
            grey = load(jpeg)
        except Refused:
            continue
        yield Frame(number + 1, number / fps, grey, jpeg, name=path.name)


def _jpegs(path: Path) -> Iterator[bytes]:
    """Cut where an end of image meets a start of image: inside a JPEG the two never touch."""
    if path.stat().st_size == 0:
        return  # nothing to map
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as film:
        start = 0
        while start < len(film):
            cut = film.find(b"\xff\xd9\xff\xd8", start)
            end = len(film) if cut < 0 else cut + 2
            yield film[start:end]
            start = end


def _captured(source: Source, capture: Capture, fps: float | None) -> Generator[Frame]:
    """Return what OpenCV captures; refuses a source that opens and shows nothing."""
    is_open, pixels = capture.read() if capture.isOpened() else (False, None)
    if not is_open or pixels is None:
        capture.release()
        raise _not_captured(source)
    return _captured_frames(source, capture, pixels, fps)


def _captured_frames(
    source: Source, capture: Capture, first: Pixels, fps: float | None
) -> Generator[Frame]:
    start, name = time.monotonic(), "" if source.is_live else Path(source.where).name
    pace = 0.0 if source.is_live else fps or _pace(capture)
    pixels: Pixels | None = first
    try:
        for number in count(1):
            if pixels is None:
                return
            at = (number - 1) / pace if pace else time.monotonic() - start
            yield Frame(number, at, _grey(pixels), pixels, name=name)
            _, pixels = capture.read()
    finally:
        capture.release()


def _pace(capture: Capture) -> float:
    import cv2

    return capture.get(cv2.CAP_PROP_FPS) or MJPEG_FPS


def _grey(pixels: Pixels) -> Grey:
    if pixels.ndim == 2:  # noqa: PLR2004
        return pixels
    import cv2
    import numpy as np

    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def _not_captured(source: Source) -> Refused:
    match source.kind:
        case Kind.PATH:
            return _not_a_film(Path(source.where))
        case Kind.URL:
            return Refused(
                "camera-absent",
                say(
                    "%(url)s shows no picture. Check the address, and that it is on the network.",
                    url=str(source),
                ),
            )
        case Kind.DEVICE:
            return _no_device(source.where)


def _no_device(number: str) -> Refused:
    """Tell an absent camera from one that others hold; only Linux shows which."""
    path = DEVICES / f"video{number}"
    if sys.platform != "linux" or not path.exists():
        return Refused(
            "camera-absent",
            say("Camera %(number)s is not there. Plug it in.", number=number),
        )
    if not os.access(path, os.R_OK | os.W_OK):
        return Refused(
            "camera-forbidden",
            say(
                "Camera %(number)s may not be used by this user. Add the user to the group video.",
                number=number,
            ),
        )
    return Refused(
        "camera-busy",
        say(
            "Camera %(number)s is in use by another program. Close that program.",
            number=number,
        ),
    )


def _unreadable(path: Path, problem: OSError) -> Refused:
    return Refused(
        "source-unreadable",
        say(
            "%(path)s cannot be opened: %(reason)s. Check its rights.",
            path=path,
            reason=problem.strerror,
        ),
    )


def _not_a_film(path: Path) -> Malformed:
    return Malformed(
        "not-a-film",
        say("%(name)s is no film that can be played. Use MJPEG, AVI, MP4 or MKV.", name=path.name),
    )
