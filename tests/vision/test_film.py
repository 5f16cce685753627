from collections.abc import Callable
from dataclasses import replace
from itertools import islice, repeat

import cv2
import numpy as np
import pytest

from silog_scan.core.agreement import Reading
from silog_scan.vision.film import MOST_SKIPPED, FrameReader, Locating
from silog_scan.vision.frames import Grey
from silog_scan.vision.stages import Scope, Stage, fast
from tests.vision.engine import BLANK, PACKAGE, Engine


def noise(seed: int) -> Grey:
    return np.random.default_rng(seed).integers(0, 255, (72, 128), dtype=np.uint8)


def test_the_stages_take_turns_over_moving_frames() -> None:
    one, other = Engine(), Engine()
    reader = FrameReader([Stage("one", "raw", one), Stage("other", "raw", other)])

    looks = [reader.read(noise(seed)) for seed in range(4)]

    assert (one.looks, other.looks) == (2, 2)
    assert all(look.is_fresh for look in looks)


def test_a_code_that_was_read_is_followed_in_every_second_frame() -> None:
    search, follow = Engine(PACKAGE), Engine(PACKAGE)
    reader = FrameReader([Stage("one", "raw", search)], Stage("tracked", "raw", follow))

    looks = [reader.read(noise(seed)) for seed in range(6)]

    assert (search.looks, follow.looks) == (3, 3)
    assert [len(look.readings) for look in looks] == [1] * 6


def test_a_code_lost_in_its_region_is_no_longer_followed() -> None:
    follow = Engine()
    once = Once(PACKAGE)
    reader = FrameReader([Stage("one", "raw", once)], Stage("tracked", "raw", follow))

    for seed in range(12):
        reader.read(noise(seed))

    assert follow.looks == 3


def test_many_codes_are_searched_rather_than_followed_one_by_one() -> None:
    copies = [
        replace(PACKAGE, corners=tuple((x + 30 * n, y) for x, y in PACKAGE.corners))
        for n in range(5)
    ]
    search, follow = Engine(*copies), Engine()
    reader = FrameReader([Stage("one", "raw", search)], Stage("tracked", "raw", follow))

    for seed in range(4):
        reader.read(noise(seed))

    assert (search.looks, follow.looks) == (4, 0)


def test_a_followed_code_lies_where_it_is_in_the_whole_frame(draw: Callable[..., Grey]) -> None:
    label = draw("1271-KS-004512", "qrcode")
    reader = FrameReader([Stage("fast", "raw", fast)])
    first, second = (laid(label, left=left) for left in (400, 440))
    [found] = reader.read(first).readings

    [followed] = reader.read(second).readings

    assert followed.stage == "tracked"
    assert abs(followed.corners[0][0] - found.corners[0][0] - 40) <= 2
    assert abs(followed.corners[0][1] - found.corners[0][1]) <= 2


def test_a_code_in_an_enlarged_middle_lies_where_it_is_in_the_frame(
    draw: Callable[..., Grey],
) -> None:
    frame = laid(draw("1271-KS-004512", "qrcode")[::2, ::2], left=600)
    stage = Stage("middle", "enlarged", fast, scope=Scope.MIDDLE)
    [expected] = FrameReader([Stage("fast", "raw", fast)]).read(frame).readings

    [found] = FrameReader([stage]).read(frame).readings

    assert abs(found.corners[0][0] - expected.corners[0][0]) <= 2
    assert abs(found.corners[0][1] - expected.corners[0][1]) <= 2


@pytest.fixture
def moving(draw: Callable[..., Grey]) -> list[Grey]:
    """Return frames of a label too blurred for an engine alone, moving four pixels a frame."""
    label = draw("1271-KS-004512", "code128")[::2, ::2]
    frames = [laid(label, left=400 + 4 * step) for step in range(6)]
    return [np.asarray(cv2.GaussianBlur(frame, (0, 0), 1.2), np.uint8) for frame in frames]


def test_a_code_located_unread_is_read_in_every_frame_from_then_on(moving: list[Grey]) -> None:
    nothing = Stage("nothing", "raw", Engine())
    reader = FrameReader([Locating(3), *[nothing] * 5])

    looks = [reader.read(frame) for frame in moving]

    assert [[one.text for one in look.readings] for look in looks] == [["1271-KS-004512"]] * 6
    lefts = [look.readings[0].corners[0][0] for look in looks]
    assert abs(lefts[5] - lefts[0] - 20) <= 4


def test_the_middle_is_looked_at_only_where_no_code_waits_to_be_read(moving: list[Grey]) -> None:
    spared = Engine()
    reader = FrameReader([Locating(3), Stage("middle", "raw", spared, scope=Scope.MIDDLE)])

    for frame in (*moving[:4], noise(1), noise(2), noise(3), noise(4)):
        reader.read(frame)

    assert spared.looks == 2


def test_a_code_that_is_read_as_it_is_does_not_wait(moving: list[Grey]) -> None:
    corners = ((460, 320), (760, 320), (760, 390), (460, 390))
    engine = Engine(replace(PACKAGE, corners=corners))
    reader = FrameReader([Stage("one", "raw", engine), Locating(3)], Stage("two", "raw", engine))

    looks = [reader.read(frame) for frame in moving]

    assert {one.stage for look in looks for one in look.readings} <= {"one", "two"}


def laid(label: Grey, *, left: int) -> Grey:
    """Return a table with a label on it."""
    table = np.full((720, 1280), 120, dtype=np.uint8)
    table[300 : 300 + label.shape[0], left : left + label.shape[1]] = label
    return table


class Once(Engine):
    """Sees its readings in the first picture only."""

    def __call__(self, grey: Grey) -> list[Reading]:
        self.looks += 1
        return self.readings if self.looks == 1 else []


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
