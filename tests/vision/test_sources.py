from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from silog_scan.core.errors import NotFound, Refused
from silog_scan.vision.frames import Grey
from silog_scan.vision.sources import Kind, Source, frames, parse

Film = Callable[..., Path]


def shade(level: int) -> Grey:
    return np.full((48, 64), level, dtype=np.uint8)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        pytest.param("0", Source(Kind.DEVICE, "0"), id="a device's number"),
        pytest.param(2, Source(Kind.DEVICE, "2"), id="as a number"),
        pytest.param("/dev/video1", Source(Kind.DEVICE, "1"), id="a device's path"),
        pytest.param("rtsp://gate/1", Source(Kind.URL, "rtsp://gate/1"), id="a stream"),
        pytest.param("http://gate/1", Source(Kind.URL, "http://gate/1"), id="a phone's camera"),
        pytest.param("film.mjpeg", Source(Kind.PATH, "film.mjpeg"), id="a path"),
        pytest.param(Path("photos"), Source(Kind.PATH, "photos"), id="a folder"),
    ],
)
def test_a_source_is_told_by_its_text(text: str | int | Path, source: Source) -> None:
    assert parse(text) == source


def test_a_password_in_an_address_is_not_shown() -> None:
    assert str(parse("rtsp://admin:rahasia@10.0.0.7:554/1?a=b")) == "rtsp://10.0.0.7:554/1?a=b"


@pytest.mark.parametrize("name", ["film.mjpeg", "film.avi", "film.mkv"])
def test_every_frame_of_a_film_is_given_in_order(name: str, film: Film) -> None:
    path = film([shade(0), shade(100), shade(200)], name)

    shown = list(frames(path))

    assert [frame.sequence for frame in shown] == [1, 2, 3]
    assert [frame.grey.mean() for frame in shown] == pytest.approx([0, 100, 200], abs=3)
    assert {frame.name for frame in shown} == {name}
    assert not any(frame.is_still for frame in shown)


@pytest.mark.parametrize(
    ("name", "fps", "step"),
    [
        pytest.param("film.mjpeg", None, 1 / 30, id="jpegs in a row, as Chromium plays them"),
        pytest.param("film.avi", None, 1 / 25, id="as the film says"),
        pytest.param("film.mjpeg", 10.0, 1 / 10, id="as asked for"),
        pytest.param("film.avi", 10.0, 1 / 10, id="as asked for, against the film"),
    ],
)
def test_frames_carry_the_film_s_own_time(
    name: str, fps: float | None, step: float, film: Film
) -> None:
    path = film([shade(0), shade(100), shade(200)], name)

    times = [frame.at for frame in frames(path, fps=fps)]

    assert times == pytest.approx([0, step, 2 * step])


def test_a_torn_frame_of_a_film_is_passed_over(film: Film) -> None:
    path = film([shade(0), shade(100), shade(200)])
    path.write_bytes(path.read_bytes()[:-50])

    assert [frame.sequence for frame in frames(path)] == [1, 2]


def test_a_photo_is_one_still_frame(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    Image.fromarray(shade(77)).save(path)

    [frame] = frames(path)

    assert (frame.sequence, frame.name, frame.is_still) == (1, "photo.png", True)
    assert frame.grey.mean() == 77


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.fromarray(shade(1)).save(tmp_path / "b.png")
    Image.fromarray(shade(2)).save(tmp_path / "a.webp", lossless=True)
    (tmp_path / "c.jpg").write_bytes(b"no picture")
    (tmp_path / "truth.jsonl").write_text("{}")
    return tmp_path


def test_the_pictures_of_a_folder_follow_by_name_and_bad_ones_are_told(folder: Path) -> None:
    bad: list[tuple[Path, Refused]] = []

    shown = list(frames(folder, refused=lambda path, refusal: bad.append((path, refusal))))

    assert [frame.name for frame in shown] == ["a.webp", "b.png"]
    assert [(path.name, refusal.code) for path, refusal in bad] == [("c.jpg", "not-a-picture")]
    assert all(later.at > earlier.at for earlier, later in pairwise(shown))


def test_a_bad_picture_in_a_folder_is_refused_when_nobody_is_told(folder: Path) -> None:
    with pytest.raises(Refused) as refusal:
        list(frames(folder))

    assert refusal.value.code == "not-a-picture"


def test_a_missing_path_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as refusal:
        frames(tmp_path / "none.avi")

    assert refusal.value.code == "no-such-source"
    assert "none.avi" in str(refusal.value)


def test_a_folder_without_pictures_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as refusal:
        frames(tmp_path)

    assert refusal.value.code == "no-pictures"


def test_a_path_that_may_not_be_read_is_refused_in_a_sentence(
    film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbid(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = film([shade(0)])
    monkeypatch.setattr(Path, "open", forbid)

    with pytest.raises(Refused) as refusal:
        frames(path)

    assert refusal.value.code == "source-unreadable"
    assert "Permission denied" in str(refusal.value)


@pytest.mark.parametrize("name", ["film.mjpeg", "film.avi", "notes.txt"])
@pytest.mark.parametrize("data", [b"", b"manifest;package\n"])
def test_a_file_that_is_no_film_is_refused_in_a_sentence(
    name: str, data: bytes, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(data)

    with pytest.raises(Refused) as refusal:
        frames(path)

    assert refusal.value.code == "not-a-film"
    assert str(refusal.value).startswith(f"{name} is no film")


class Closed:
    def isOpened(self) -> bool:  # noqa: N802  # OpenCV's name
        return False

    def read(self) -> tuple[bool, Grey | None]:
        raise AssertionError("it is closed")

    def get(self, prop: int, /) -> float:
        raise AssertionError("it is closed")

    def release(self) -> None:
        pass


def refusal_of(source: str) -> Refused:
    with pytest.raises(Refused) as refusal:
        frames(source, opener=lambda _: Closed())
    return refusal.value


def test_an_absent_camera_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("silog_scan.vision.sources.DEVICES", tmp_path)

    refusal = refusal_of("3")

    assert refusal.code == "camera-absent"
    assert str(refusal) == "Camera 3 is not there. Plug it in."


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows its devices as files")
@pytest.mark.parametrize(("is_allowed", "code"), [(True, "busy"), (False, "forbidden")])
def test_a_camera_that_is_there_and_does_not_open_is_busy_or_forbidden(
    is_allowed: bool, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("silog_scan.vision.sources.DEVICES", tmp_path)
    monkeypatch.setattr("silog_scan.vision.sources.os.access", lambda *_: is_allowed)
    (tmp_path / "video3").touch()

    assert refusal_of("3").code == f"camera-{code}"


def test_an_address_that_does_not_answer_is_refused_without_its_password() -> None:
    refusal = refusal_of("rtsp://admin:rahasia@gate/1")

    assert refusal.code == "camera-absent"
    assert "gate" in str(refusal)
    assert "rahasia" not in str(refusal)


def test_opencv_looks_for_an_absent_camera_without_a_word(run_python: Callable[..., str]) -> None:
    told = run_python(
        """
from silog_scan.core.errors import Refused
from silog_scan.vision.sources import frames
for source in ("99", "rtsp://127.0.0.1:9/1"):
    try:
        frames(source)
    except Refused as refusal:
        print(refusal.code)
"""
    )

    assert told.split() == ["camera-absent", "camera-absent"]


def test_without_opencv_jpeg_films_play_and_others_are_refused(
    film: Film, run_python: Callable[..., str]
) -> None:
    jpegs, avi = film([shade(0), shade(100)]), film([shade(0), shade(100)], "film.avi")

    told = run_python(
        f"""
from silog_scan.core.errors import Refused
from silog_scan.vision.sources import frames
print(len(list(frames({str(jpegs)!r}))))
for source in ({str(avi)!r}, "0"):
    try:
        frames(source)
    except Refused as refusal:
        print(refusal.code)
""",
        without="cv2",
    )

    assert told.split() == ["2", "no-opencv", "no-opencv"]
