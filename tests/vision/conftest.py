import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zxingcpp

from silog_scan.vision.engines import SYMBOLOGIES
from silog_scan.vision.frames import Grey

Draw = Callable[..., Grey]
Film = Callable[..., Path]
Run = Callable[..., str]


@pytest.fixture(scope="session")
def draw() -> Draw:
    """Draw a code in the middle of a white sheet: ``draw("text", "qrcode", size=(640, 480))``."""

    def on_sheet(text: str, symbology: str, *, size: tuple[int, int] | None = None) -> Grey:
        kind = zxingcpp.BarcodeFormat[SYMBOLOGIES[symbology]]
        is_gs1 = text.startswith("(")
        code = zxingcpp.create_barcode(text, kind, gs1=is_gs1).to_image(scale=4)
        bars = np.pad(np.array(code, dtype=np.uint8), 40, constant_values=255)
        if size is None:
            return bars
        sheet = np.full((size[1], size[0]), 255, dtype=np.uint8)
        top, left = (size[1] - bars.shape[0]) // 2, (size[0] - bars.shape[1]) // 2
        sheet[top : top + bars.shape[0], left : left + bars.shape[1]] = bars
        return sheet

    return on_sheet


@pytest.fixture
def film(tmp_path: Path) -> Film:
    """Write pictures as a film: ``film(frames, "a.avi")``; JPEG after JPEG by default."""
    import cv2

    def written(frames: list[Grey], name: str = "film.mjpeg") -> Path:
        path = tmp_path / name
        if path.suffix == ".mjpeg":
            path.write_bytes(b"".join(cv2.imencode(".jpg", each)[1].tobytes() for each in frames))
            return path
        size = frames[0].shape[::-1]
        film = cv2.VideoWriter(
            str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, size, isColor=False
        )
        for each in frames:
            film.write(each)
        film.release()
        return path

    return written


@pytest.fixture
def run_python() -> Run:
    """Run a script in a Python of its own, silent on standard error; return what it prints."""

    def run(script: str, *, without: str = "no_such_module") -> str:
        program = f"import sys; sys.modules[{without!r}] = None\n{script}"
        done = subprocess.run(  # noqa: S603  # our own script
            [sys.executable, "-W", "error", "-c", program],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.strip()

    return run
