import cv2
import numpy as np
import pytest

from silog_scan.vision.expected.grid.canvas import canvas
from silog_scan.vision.expected.grid.fit import begun, fitted
from tests.vision.expected.blurred import Shot, expecting, label, shot

TEXT = "1271-KS-004512"
MODULE = 3


def code() -> np.ndarray:
    rows = label(TEXT, "datamatrix").rows
    return np.array([list(map(int, row)) for row in rows], np.float32).ravel()


def askew(picture: Shot, pixels: int) -> Shot:
    """Locate a label wrongly: one corner too far out, the next too far in."""
    (a, b), (c, d), (e, f), (g, h) = picture.corners
    corners = ((a - pixels, b), (c - pixels, d + pixels), (e, f + pixels), (g + pixels, h))
    return Shot(picture.grey, corners)


@pytest.mark.parametrize("defocus", [0.6, 1.0, 3.0])
def test_a_view_that_is_right_stays_where_it_is(defocus: float) -> None:
    picture = shot(label(TEXT, "datamatrix"), module=MODULE, defocus=defocus)
    ink, corners = 255 - picture.grey.astype(np.float32), canvas(16).corners
    quad = np.array(picture.corners, np.float32)
    view = np.asarray(cv2.getPerspectiveTransform(corners, quad), np.float64)

    model = begun(code(), ink, view=view, blur=0.8)
    fit = fitted(code(), ink, view=view, model=model, rounds=1)

    moved = cv2.perspectiveTransform(corners[None], fit.view)[0] - picture.corners
    assert np.abs(moved).max() < MODULE / 3


@pytest.mark.parametrize("symbology", ["datamatrix", "qrcode"])
@pytest.mark.parametrize(
    ("defocus", "noise"),
    [(0.6, 4), (1.0, 4), (0.8, 20)],
    ids=["sharp", "nearly sharp", "noisy"],
)
def test_a_label_located_wrongly_by_a_module_is_recognised(
    symbology: str, defocus: float, noise: float
) -> None:
    texts = [f"1271-KS-{number:06d}" for number in range(4500, 4600)]
    printed = label(TEXT, symbology)
    picture = askew(shot(printed, module=MODULE, defocus=defocus, noise=noise), MODULE)

    expected = expecting(label(text, symbology) for text in texts)
    recognition = expected.recognise(picture.grey, picture.corners)

    assert recognition is not None
    assert (recognition.text, recognition.is_accepted) == (TEXT, True)
