"""The station's camera: whose scans it records, and what it tells of the codes before it."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pytest
import zxingcpp

from silog_scan.core.agreement import Reading
from silog_scan.core.custody import Severity
from silog_scan.core.stock import Task
from silog_scan.services.actors import Actor
from silog_scan.services.watching import Watch, Work
from silog_scan.store import queries
from silog_scan.store.db import Database
from silog_scan.store.writer import Writer
from silog_scan.vision.cameras import Camera
from silog_scan.vision.frames import Frame
from tests.conftest import NOON

BOX = ((10, 10), (90, 10), (90, 40), (10, 40))


def label(text: str) -> Reading:
    return Reading(text, "code128", BOX, "fast")


@dataclass
class Ticks:
    """A clock of seconds that goes on when told."""

    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def watch(database: Database, ticks: Ticks) -> Iterator[Watch]:
    writer = Writer(database)
    yield Watch(cast("Camera", None), writer, lambda: NOON, tick=ticks)
    writer.stop()


@pytest.fixture
def work(rina: Actor) -> Work:
    return Work(rina, Task.RECEIVE, "12.71", begun=1.0)


def scanned(database: Database) -> list[str]:
    with database.reading() as session:
        return [scan.text for scan in queries.recent_scans(session, station="Gudang Medan")]


def show(watch: Watch, reading: Reading) -> None:
    watch.view.saw([reading], watch.tick())
    watch._take(reading)  # noqa: SLF001  # the camera's thread would


def test_an_attended_camera_records(watch: Watch, work: Work, database: Database) -> None:
    watch.attend(work)

    show(watch, label("1271-KS-000001"))

    assert scanned(database) == ["1271-KS-000001"]


def test_a_camera_that_nobody_attends_to_records_nothing(
    watch: Watch, work: Work, ticks: Ticks, database: Database
) -> None:
    watch.attend(work)
    ticks.at += 91

    show(watch, label("1271-KS-000001"))

    assert scanned(database) == []


def test_who_came_first_keeps_the_camera(watch: Watch, work: Work, hendra: Actor) -> None:
    watch.attend(work)

    assert not watch.attend(replace(work, actor=hendra, begun=2.0))
    assert watch.work_under_way() == work


def test_a_camera_left_alone_is_free_for_others(
    watch: Watch, work: Work, hendra: Actor, ticks: Ticks
) -> None:
    watch.attend(work)
    ticks.at += 91

    assert watch.attend(replace(work, actor=hendra))


def test_the_last_words_of_an_old_page_do_not_bring_its_work_back(watch: Watch, work: Work) -> None:
    newer = replace(work, task=Task.DISPATCH, begun=2.0)
    watch.attend(newer)

    assert not watch.attend(work)
    assert watch.work_under_way() == newer


@pytest.mark.parametrize(
    "text", ["SLG-PLACE-12.71.01", "SLG-TASK-RETURN", "SJ-1271-0147", "SLG-BADGE-AB2C"]
)
def test_a_card_is_heard_and_not_recorded(
    watch: Watch, work: Work, text: str, database: Database
) -> None:
    watch.attend(work)
    watch.switches = frozenset({"SJ-1271-0147"})

    show(watch, label(text))

    assert watch.heard is not None
    assert (watch.heard.number, watch.heard.text) == (1, text)
    assert scanned(database) == []


def test_a_code_in_view_carries_its_answer(watch: Watch, work: Work) -> None:
    watch.attend(work)

    show(watch, label("1275-KS-000001"))

    [code] = watch.codes()
    assert (code.corners, code.severity) == (BOX, Severity.STOP)
    assert code.place == "Kota Binjai (12.75)"


def test_a_code_out_of_view_is_not_drawn_and_soon_forgotten(
    watch: Watch, work: Work, ticks: Ticks
) -> None:
    watch.attend(work)
    show(watch, label("1271-KS-000001"))

    ticks.at += 1
    assert watch.codes() == []

    ticks.at += 3
    watch.view.saw([label("1271-KS-000001")], ticks.at)
    assert watch.codes()[0].severity is None


def test_a_card_shown_before_a_page_came_is_forgotten(watch: Watch, work: Work) -> None:
    watch.attend(work)
    show(watch, label("SLG-TASK-RETURN"))

    watch.begin_anew({"SJ-1271-0147"})

    assert watch.heard is None
    assert watch.switches == {"SJ-1271-0147"}


class Projector:
    """Plays frames for a camera as fast as they are taken, and says when they are over."""

    def __init__(self, frames: list[Frame]) -> None:
        self.frames = frames
        self.over = threading.Event()

    def start(self) -> "Projector":
        return self

    def stop(self) -> None:
        self.over.set()

    def next(self, after: int) -> Frame | None:
        if after < len(self.frames):
            return self.frames[after]
        self.over.set()
        return None


def glimpses(*seconds: float) -> list[Frame]:
    """Return frames in which one label is seen at these seconds."""
    code = zxingcpp.create_barcode("1271-KS-000001", zxingcpp.BarcodeFormat.Code128)
    label = np.pad(np.array(code.to_image(scale=3), dtype=np.uint8), 40, constant_values=255)
    return [Frame(number, at, label, label) for number, at in enumerate(seconds, start=1)]


@pytest.mark.parametrize(
    ("reread", "times"),
    [
        pytest.param(3.0, 1, id="away for less than the window"),
        pytest.param(1.0, 2, id="away for longer than the window"),
    ],
)
def test_a_label_is_recorded_again_only_after_the_window(
    watch: Watch, work: Work, database: Database, reread: float, times: int
) -> None:
    projector = Projector(glimpses(0.0, 0.1, 2.1, 2.2))
    watch.camera, watch.reread = cast("Camera", projector), reread
    watch.attend(work)

    watch.start()

    assert projector.over.wait(10)
    watch.stop()
    assert scanned(database) == ["1271-KS-000001"] * times
