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

    given = [reading.text for _, reading in read_source(path)]

    assert given == ["1271-KS-004512", "4006381333931"]


def test_a_label_shown_again_after_the_window_is_given_again(film: Film, draw: Draw) -> None:
    label = draw("1271-KS-004512", "qrcode", size=SIZE)
    table = np.full_like(label, 128)
    path = film([label, *[table] * 11, label])

    given = [frame.sequence for frame, _ in read_source(path, fps=10, window=1.0)]

    assert given == [1, 13]


def test_a_label_that_lies_still_stays_in_view(draw: Draw) -> None:
    label = draw("1271-KS-004512", "code128", size=SIZE)
    watch = Watch(window=1.0)
    frames = [Frame(number, number / 10, label, label) for number in range(60)]

    given = [watch.saw(frame) for frame in frames]

    assert [len(readings) for readings in given] == [1, *[0] * 59]


def shown(frames: list[Grey], *, window: float = 3.0) -> list[str]:
    """Return the texts that a camera of ten frames a second gives of these, in their order."""
    watch = Watch(window=window)
    seen = [watch.saw(Frame(n + 1, n / 10, grey, grey)) for n, grey in enumerate(frames)]
    return [reading.text for readings in seen for reading in readings]


def test_a_label_that_flickers_is_given_once(draw: Draw) -> None:
    label = draw("1271-KS-004512", "code128", size=SIZE)
    table = np.full_like(label, 128)

    assert shown([label, table, label, table, table, label] * 5, window=1.0) == ["1271-KS-004512"]


def test_two_labels_of_one_text_are_given_once(draw: Draw) -> None:
    label = draw("1271-KS-004512", "qrcode", size=(480, 540))

    assert shown([np.hstack([label, label])] * 3) == ["1271-KS-004512"]


def test_a_label_in_the_place_of_another_is_given_too(draw: Draw) -> None:
    first = draw("1271-KS-000001", "code128", size=SIZE)
    second = draw("1271-KS-000002", "code128", size=SIZE)

    assert shown([first] * 6 + [second] * 6) == ["1271-KS-000001", "1271-KS-000002"]


def test_a_label_that_leaves_and_comes_back_is_given_again(draw: Draw) -> None:
    label = draw("1271-KS-004512", "code128", size=SIZE)
    away = [np.full_like(label, 128)] * 12

    assert shown([*[label] * 4, *away, *[label] * 4, *away, *[label] * 4], window=1.0) == [
        "1271-KS-004512",
        "1271-KS-004512",
        "1271-KS-004512",
    ]


def test_every_photo_gives_its_codes_however_often_they_were_shown(
    tmp_path: Path, draw: Draw
) -> None:
    Image.fromarray(draw("4006381333931", "ean13")).save(tmp_path / "1.png")
    Image.fromarray(draw("4006381333931", "ean13")).save(tmp_path / "2.png")

    given = [(frame.name, reading.text) for frame, reading in read_source(tmp_path)]

    assert given == [("1.png", "4006381333931"), ("2.png", "4006381333931")]
