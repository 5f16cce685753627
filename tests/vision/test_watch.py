from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from silog_scan.vision.frames import Frame, Grey
from silog_scan.vision.watch import Watch, read_source

Draw = Callable[..., Grey]
Film = Callable[..., Path]
SIZE = (960, 540)


def test_each_label_of_a_film_is_given_once(film: Film, draw: Draw) -> None:
    first = draw("1271-KS-004512", "code128", size=SIZE)
    retail = draw("4006381333931", "ean13", size=SIZE)
    table = np.full_like(first, 128)
    path = film([table, *[first] * 6, table, *[retail] * 6, table, *[first] * 6])

    shown = [reading.text for _, reading in read_source(path)]

    assert shown == ["1271-KS-004512", "4006381333931"]


def test_a_label_shown_again_after_the_window_is_given_again(film: Film, draw: Draw) -> None:
    label = draw("1271-KS-004512", "qrcode", size=SIZE)
    table = np.full_like(label, 128)
    path = film([label, *[table] * 11, label])

    shown = [frame.sequence for frame, _ in read_source(path, fps=10, window=1.0)]

    assert shown == [1, 13]


def test_a_label_that_lies_still_stays_in_view(draw: Draw) -> None:
    label = draw("1271-KS-004512", "code128", size=SIZE)
    watch = Watch(window=1.0)
    frames = [Frame(number, number / 10, label, label) for number in range(60)]

    given = [watch.saw(frame) for frame in frames]

    assert [len(readings) for readings in given] == [1, *[0] * 59]


def test_every_photo_gives_its_codes_however_often_they_were_shown(
    tmp_path: Path, draw: Draw
) -> None:
    Image.fromarray(draw("4006381333931", "ean13")).save(tmp_path / "1.png")
    Image.fromarray(draw("4006381333931", "ean13")).save(tmp_path / "2.png")

    shown = [(frame.name, reading.text) for frame, reading in read_source(tmp_path)]

    assert shown == [("1.png", "4006381333931"), ("2.png", "4006381333931")]
