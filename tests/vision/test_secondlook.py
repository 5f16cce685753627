"""The longer look: only at what stays unread, and nobody waits for it."""

import threading
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from silog_scan.core.agreement import Reading
from silog_scan.vision.frames import Frame, Grey
from silog_scan.vision.locate import Hint, Unread
from silog_scan.vision.secondlook import Found, SecondLook
from silog_scan.vision.stills import Still
from silog_scan.vision.watch import Watch
from tests.vision.engine import PACKAGE

Draw = Callable[..., Grey]
HERE = Unread(PACKAGE.corners, Hint.HOLD_STILL)


class Reader:
    """Reads what it is told to, and counts how often it was asked; waits where told to."""

    def __init__(self, *readings: Reading, unread: tuple[Unread, ...] = ()) -> None:
        self.still = Still(readings, unread)
        self.looks = 0
        self.may_go = threading.Event()
        self.may_go.set()

    def __call__(self, grey: Grey, *, patience: float) -> Still:
        self.looks += 1
        assert self.may_go.wait(5)
        return self.still


@pytest.fixture
def blurred(draw: Draw) -> Grey:
    label = draw("1271-KS-004512", "code128", size=(960, 540))
    return np.asarray(cv2.GaussianBlur(label, (0, 0), 4), dtype=np.uint8)


def shown(grey: Grey, at: float) -> Frame:
    return Frame(1, at, grey, grey)


def test_a_code_that_stays_unread_is_looked_at_longer(blurred: Grey) -> None:
    reader = Reader(PACKAGE, unread=(HERE,))
    second = SecondLook(reader)
    second.look(shown(blurred, 0.0), ())

    found = second.look(shown(blurred, 0.2), ())

    assert (found.readings, found.unread) == ((PACKAGE,), (HERE,))


def test_a_code_just_come_into_view_is_left_to_the_frames(blurred: Grey) -> None:
    reader = Reader(PACKAGE)
    second = SecondLook(reader)

    second.look(shown(blurred, 0.0), ())
    second.look(shown(blurred, 0.1), ())

    assert reader.looks == 0


def test_a_code_that_was_read_needs_no_longer_look(blurred: Grey) -> None:
    reader = Reader()
    second = SecondLook(reader)
    read = Reading("1271-KS-004512", "code128", ((0, 0), (959, 0), (959, 539), (0, 539)), "fast")

    second.look(shown(blurred, 0.0), [read])
    second.look(shown(blurred, 0.2), [read])

    assert reader.looks == 0


def test_a_watch_takes_what_the_second_look_found_once(blurred: Grey) -> None:
    second = Ready()
    watch = Watch(second=second)

    given = [watch.saw(shown(blurred, at)) for at in (0.0, 0.1, 0.2)]

    assert given == [[PACKAGE], [], []]
    assert watch.unread == (HERE,)


class Ready(SecondLook):
    """A second look that is over at once, and finds the same every time."""

    def offer(self, frame: Frame, readings: object) -> None:
        pass

    def take(self) -> Found:
        return Found((PACKAGE,), (HERE,))


def test_frames_go_on_while_the_second_look_is_at_work(blurred: Grey) -> None:
    reader = Reader(PACKAGE)
    reader.may_go.clear()
    second = SecondLook(reader, rest=0)
    watch = Watch(second=second)

    given = [watch.saw(shown(blurred, at / 10)) for at in range(5)]

    assert given == [[]] * 5
    reader.may_go.set()
    second.stop()
