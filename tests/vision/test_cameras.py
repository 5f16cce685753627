from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from silog_scan.vision import cameras
from silog_scan.vision.cameras import Camera, State
from silog_scan.vision.frames import Grey
from silog_scan.vision.sources import Capture, Source

Film = Callable[..., Path]
NEVER = 1_000_000
"""A frame's number that does not come: to ask for it is to wait for the end."""


def shade(level: int) -> Grey:
    return np.full((48, 64), level, dtype=np.uint8)


class Plugged:
    """A device that gives its pictures, then waits to be told, then gives none: unplugged."""

    def __init__(self, *pictures: Grey, until: threading.Event | None = None) -> None:
        self._pictures = iter(pictures)
        self._until = until
        self.is_released = False

    def isOpened(self) -> bool:  # noqa: N802  # OpenCV's name
        return True

    def read(self) -> tuple[bool, Grey | None]:
        picture = next(self._pictures, None)
        if picture is None and self._until:
            self._until.wait(5)
        return picture is not None, picture

    def get(self, prop: int, /) -> float:
        return 0.0

    def release(self) -> None:
        self.is_released = True


class Unplugged(Plugged):
    def isOpened(self) -> bool:  # noqa: N802  # OpenCV's name
        return False


class Desk:
    """What OpenCV finds at each try; asked once more, it says so and finds nothing."""

    def __init__(self, *found: Capture) -> None:
        self._found: Iterator[Capture] = iter(found)
        self.is_asked_again = threading.Event()

    def open(self, source: Source) -> Capture:
        capture = next(self._found, None)
        if capture is None:
            self.is_asked_again.set()
            return Unplugged()
        return capture


def test_a_film_plays_once_and_then_has_ended(film: Film) -> None:
    path = film([shade(0), shade(100), shade(200)])

    with Camera(path, fps=200) as camera:
        camera.next(NEVER, timeout=5)

    assert camera.status.state is State.ENDED
    last = camera.next()
    assert last is not None
    assert last.sequence == 3
    assert last.grey.mean() == pytest.approx(200, abs=3)


def test_a_film_is_played_at_its_own_pace(film: Film) -> None:
    path = film([shade(0), shade(100), shade(200)])
    start = time.monotonic()

    with Camera(path, fps=20) as camera:
        camera.next(NEVER, timeout=5)

    assert time.monotonic() - start >= 2 / 20


def test_a_folder_and_a_photo_are_shown_as_films_are(tmp_path: Path) -> None:
    Image.fromarray(shade(7)).save(tmp_path / "photo.png")

    with Camera(tmp_path) as of_folder, Camera(tmp_path / "photo.png") as of_photo:
        shown = of_folder.next(timeout=5), of_photo.next(timeout=5)

    assert [frame.is_still for frame in shown if frame] == [True, True]


def test_only_the_latest_frame_is_kept_for_who_is_slow() -> None:
    unplug = threading.Event()
    desk = Desk(Plugged(shade(1), shade(2), shade(3), until=unplug))

    with Camera("0", opener=desk.open) as camera:
        third = camera.next(after=2, timeout=5)
        late = camera.next(after=1, timeout=5)
        unplug.set()

    assert third is not None
    assert third.grey.mean() == 3
    assert late is third


def test_who_asks_too_early_gets_nothing() -> None:
    unplug = threading.Event()
    desk = Desk(Plugged(shade(1), until=unplug))

    with Camera("0", opener=desk.open) as camera:
        camera.next(timeout=5)
        assert camera.next(after=1, timeout=0.01) is None
        assert camera.status.state is State.LIVE
        unplug.set()


def test_an_unplugged_camera_is_lost_and_tried_again() -> None:
    device = Plugged(shade(1))
    desk = Desk(device)

    with Camera("0", opener=desk.open, first_pause=0.01) as camera:
        assert desk.is_asked_again.wait(5)
        frame = camera.next(timeout=5)

    assert frame is not None
    assert device.is_released
    assert camera.status.state in (State.LOST, State.ABSENT)


def test_a_camera_plugged_in_again_goes_on_with_higher_numbers() -> None:
    unplug = threading.Event()
    desk = Desk(Plugged(shade(1), shade(2)), Unplugged(), Plugged(shade(3), until=unplug))

    with Camera("0", opener=desk.open, first_pause=0.01) as camera:
        third = camera.next(after=2, timeout=5)
        state = camera.status.state
        unplug.set()

    assert third is not None
    assert (third.sequence, third.grey.mean()) == (3, 3)
    assert state is State.LIVE


@pytest.fixture
def devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("silog_scan.vision.sources.DEVICES", tmp_path)
    return tmp_path


@pytest.mark.usefixtures("devices")
def test_an_absent_camera_says_what_to_do() -> None:
    desk = Desk()

    with Camera("7", opener=desk.open, first_pause=0.01) as camera:
        assert camera.status.state in (State.STARTING, State.ABSENT)
        assert desk.is_asked_again.wait(5)

    assert camera.status.state is State.ABSENT
    assert str(camera.status.sentence) == "Camera 7 is not there. Plug it in."


@pytest.mark.skipif("sys.platform != 'linux'", reason="only Linux shows its devices as files")
def test_a_camera_that_another_program_holds_is_busy(devices: Path) -> None:
    (devices / "video7").touch()
    desk = Desk()

    with Camera("7", opener=desk.open, first_pause=0.01) as camera:
        assert desk.is_asked_again.wait(5)

    assert camera.status.state is State.BUSY


@pytest.mark.usefixtures("devices")
def test_a_device_that_opens_and_shows_nothing_is_given_back() -> None:
    dumb = Plugged()
    desk = Desk(dumb)

    with Camera("7", opener=desk.open, first_pause=0.01):
        assert desk.is_asked_again.wait(5)

    assert dumb.is_released


def test_a_live_camera_that_falls_silent_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    unplug = threading.Event()
    desk = Desk(Plugged(shade(1), until=unplug))
    monkeypatch.setattr(cameras, "SILENCE", -1.0)  # any time is too long

    with Camera("0", opener=desk.open) as camera:
        camera.next(timeout=5)
        state = camera.status.state
        unplug.set()

    assert state is State.LOST


def test_a_driver_that_throws_is_a_lost_camera_and_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[str] = []
    monkeypatch.setattr(f"{cameras.__name__}._log.exception", lambda text, _: logged.append(text))
    tried = threading.Semaphore(0)

    def throws(_: Source) -> Capture:
        tried.release()
        raise ValueError("driver")

    with Camera("0", opener=throws, first_pause=0.01) as camera:
        assert tried.acquire(timeout=5)
        assert tried.acquire(timeout=5)

    assert camera.status.state is State.LOST
    assert set(logged) == {"camera %s failed"}


def test_a_film_that_appears_later_is_played(film: Film, tmp_path: Path) -> None:
    with Camera(tmp_path / "later.mjpeg", first_pause=0.01) as camera:
        film([shade(9)]).rename(tmp_path / "later.mjpeg")
        frame = camera.next(timeout=5)

    assert frame is not None


def test_a_preview_is_encoded_once_for_all_who_ask(film: Film) -> None:
    with Camera(film([shade(50)])) as camera:
        one, other = camera.jpeg(width=32), camera.jpeg(width=32)
        smaller = camera.jpeg(width=16)

    assert one is not None
    assert one is other
    assert Image.open(io.BytesIO(one.data)).size == (32, 24)
    assert smaller is not None
    assert Image.open(io.BytesIO(smaller.data)).size == (16, 12)


@pytest.mark.usefixtures("devices")
def test_no_frame_has_no_preview() -> None:
    with Camera("7", opener=Desk().open) as camera:
        assert camera.jpeg(timeout=0.01) is None


def test_a_stopped_camera_frees_who_waits() -> None:
    camera = Camera("0", opener=Desk(Plugged(until=threading.Event())).open)

    camera.stop()

    assert camera.next(timeout=60) is None
