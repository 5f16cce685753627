from collections.abc import Callable
from itertools import islice, repeat

import numpy as np

from silog_scan.vision.film import MOST_SKIPPED, FrameReader
from silog_scan.vision.frames import Grey
from silog_scan.vision.stages import Stage
from tests.vision.engine import BLANK, PACKAGE, Engine


def noise(seed: int) -> Grey:
    return np.random.default_rng(seed).integers(0, 255, (72, 128), dtype=np.uint8)


def test_the_stages_take_turns_over_moving_frames() -> None:
    one, other = Engine(PACKAGE), Engine()
    reader = FrameReader([Stage("one", "raw", one), Stage("other", "raw", other)])

    looks = [reader.read(noise(seed)) for seed in range(4)]

    assert (one.looks, other.looks) == (2, 2)
    assert [len(look.readings) for look in looks] == [1, 0, 1, 0]
    assert all(look.is_fresh for look in looks)


def test_a_frame_in_which_nothing_moved_is_not_read_but_keeps_its_codes() -> None:
    one, other = Engine(PACKAGE), Engine()
    reader = FrameReader([Stage("one", "raw", one), Stage("other", "raw", other)])
    reader.read(BLANK)
    reader.read(BLANK)

    look = reader.read(BLANK)

    assert not look.is_fresh
    assert [reading.text for reading in look.readings] == [PACKAGE.text]
    assert (one.looks, other.looks) == (1, 1)


def test_a_still_view_is_read_now_and_then_as_the_gate_may_miss_a_small_code() -> None:
    engine = Engine()
    reader = FrameReader([Stage("only", "raw", engine)])

    looks = [reader.read(frame) for frame in islice(repeat(BLANK), MOST_SKIPPED + 2)]

    assert [look.is_fresh for look in looks] == [True, *[False] * MOST_SKIPPED, True]


def test_a_small_code_laid_on_a_still_table_is_a_change(draw: Callable[..., Grey]) -> None:
    table = np.full((720, 1280), 120, dtype=np.uint8)
    reader = FrameReader()
    for _ in range(3):
        reader.read(table)
    label = draw("1271-KS-004512", "qrcode")[::2, ::2]
    table[300 : 300 + label.shape[0], 600 : 600 + label.shape[1]] = label

    assert reader.read(table).is_fresh


def test_a_frame_of_another_size_is_a_change() -> None:
    engine = Engine()
    reader = FrameReader([Stage("only", "raw", engine)])
    reader.read(BLANK)

    assert reader.read(BLANK[:40]).is_fresh
