"""The server's camera: what it shows is recorded once, and commands change the scan that follows."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from queue import SimpleQueue
from typing import Protocol, cast

import numpy as np
import pytest
import zxingcpp

from silog_scan.core.codes import Modifiers
from silog_scan.core.custody import Severity
from silog_scan.core.stock import Task
from silog_scan.services import scanning
from silog_scan.services.watching import Watch, Work
from silog_scan.store.db import Database
from silog_scan.store.writer import Writer
from silog_scan.vision.cameras import Camera
from silog_scan.vision.frames import Frame
from tests.cast import BINJAI, BOX, INK, MEDAN
from tests.conftest import NOON
from tests.desk import RINA, Desk, box, ink

WORK = Work(RINA, Task.RECEIVE, MEDAN)


class Pictures:
    """A camera that shows one label after the other."""

    def __init__(self) -> None:
        self.labels: SimpleQueue[str | threading.Event] = SimpleQueue()
        self.sequence = 0

    def start(self) -> None:
        """Be a camera."""

    def stop(self) -> None:
        """Be a camera that is let go of."""
        self.labels.put(threading.Event())

    def next(self, _: int) -> Frame | None:
        label = self.labels.get()
        if isinstance(label, threading.Event):
            label.set()
            return None
        self.sequence += 1
        bars = zxingcpp.create_barcode(label, zxingcpp.BarcodeFormat.QRCode).to_image(scale=4)
        grey = np.pad(np.array(bars, dtype=np.uint8), 40, constant_values=255)
        return Frame(self.sequence, float(self.sequence), grey, grey, is_still=True)


class Show(Protocol):
    """Shows labels to the camera, for some work, and waits until all were looked at."""

    def __call__(self, *labels: str, work: Work | None = WORK) -> Watch: ...


@pytest.fixture
def show(database: Database) -> Iterator[Show]:
    camera, writer = Pictures(), Writer(database)
    watch = Watch(cast("Camera", camera), writer, lambda: NOON).start()

    def shown(*labels: str, work: Work | None = WORK) -> Watch:
        watch.work = None
        if work:
            watch.attend(work)
        looked = threading.Event()
        for label in (*labels, looked):
            camera.labels.put(label)
        assert looked.wait(20)
        return watch

    yield shown
    watch.stop()
    writer.stop()


def test_what_is_shown_is_recorded(desk: Desk, show: Show) -> None:
    desk.imports(box())

    watch = show(BOX)

    (event,) = desk.events("scan")
    assert desk.counted() == {BOX: 1}
    assert (event.body["source"], event.body["symbology"]) == ("camera", "qrcode")
    assert watch.problem is None


def test_nothing_is_recorded_without_work(desk: Desk, show: Show) -> None:
    show(BOX, work=None)

    assert desk.events("scan") == []


def test_nothing_is_recorded_once_its_page_is_gone(desk: Desk, show: Show) -> None:
    watch = show()
    now = watch.tick()

    watch.tick = lambda: now + 91.0
    show(BOX, work=None)

    assert watch.work_under_way() is None
    assert desk.events("scan") == []


def test_commands_change_the_next_scan_only(desk: Desk, show: Show) -> None:
    desk.imports(ink(100))

    show("SLG-CMD-QTY-40", "SLG-CMD-DAMAGED", INK, INK)

    said = [(e.body.get("quantity"), e.body.get("condition")) for e in desk.events("scan")]
    assert said == [(40, "damaged"), (None, None)]


def test_a_command_is_no_scan(desk: Desk, show: Show) -> None:
    watch = show("SLG-CMD-DAMAGED", "SLG-CMD-QTY-7")

    assert watch.said == Modifiers(damaged=True, quantity=7)
    assert desk.events("scan") == []


def test_a_card_of_a_place_is_heard_and_not_recorded(desk: Desk, show: Show) -> None:
    watch = show("SLG-PLACE-12.71.01")

    assert watch.heard is not None
    assert watch.heard.text == "SLG-PLACE-12.71.01"
    assert desk.events("scan") == []


def test_a_refusal_is_told_and_the_next_scan_recorded(desk: Desk, show: Show) -> None:
    watch = show(BOX, work=replace(WORK, place=BINJAI))
    told = watch.problem
    show(BOX)

    assert told is not None
    assert str(told).startswith("12.75 is not your place")
    assert (watch.problem, len(desk.events("scan"))) == (None, 1)


def test_a_failure_is_told_and_the_camera_lives_on(
    desk: Desk, show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(scanning, "record", lambda *_: 1 / 0)
        watch = show("SLG-CMD-QTY-7", INK)
        told, said = watch.problem, watch.said

    show(INK)

    assert str(told) == "The last scan was not recorded. Scan it again."
    assert said == Modifiers(quantity=7)
    assert [event.body["quantity"] for event in desk.events("scan")] == [7]


def test_a_code_in_view_is_drawn_with_its_answer(show: Show) -> None:
    watch = show("1275-KS-000001")

    (code,) = watch.codes()
    assert (code.text, code.severity) == ("1275-KS-000001", Severity.STOP)
    assert code.place == "Kota Binjai (12.75)"
