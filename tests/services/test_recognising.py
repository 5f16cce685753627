"""A label nobody can read is suggested among those that were printed, and among no others."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from silog_scan.core.agreement import Reading
from silog_scan.core.stock import Task
from silog_scan.services import labels
from silog_scan.services.labels import Kind
from silog_scan.services.recognising import Recogniser
from silog_scan.services.watching import Work
from silog_scan.store.db import Database
from silog_scan.vision.frames import Grey
from silog_scan.vision.stills import Still, read_still
from tests.blurred import blurred
from tests.cast import MEDAN, PROVINCE
from tests.conftest import NOON
from tests.desk import RINA, Desk, box

PRINTED = [f"1271-KS-0000{n:02}" for n in range(40)]
RECEIVING = Work(RINA, Task.RECEIVE, MEDAN)
LABEL, BESIDE = "1271-KS-000007", "1271-KS-000047"


@pytest.fixture
def expecting(desk: Desk) -> Desk:
    """Give a desk that expects forty boxes, whose labels were printed here, and one more box."""
    desk.imports(*(box(code) for code in [*PRINTED, BESIDE]))
    with desk.writing() as session:
        labels.make(session, RINA, PRINTED, kind=Kind("code128"), at=NOON)
    return desk


def recogniser(desk: Desk, **options: Any) -> Recogniser:  # noqa: ANN401
    return Recogniser(cast("Database", SimpleNamespace(reading=desk.writing)), **options)


def suggested(desk: Desk, grey: Grey, still: Still, **work: Any) -> list[str]:  # noqa: ANN401
    found = recogniser(desk).suggest(grey, still, replace(RECEIVING, **work))
    return [suggestion.text for suggestion in found]


def test_a_label_no_engine_reads_is_suggested(expecting: Desk) -> None:
    grey = blurred(LABEL)
    still = read_still(grey)

    assert still.readings == ()
    assert suggested(expecting, grey, still) == [LABEL]


def test_a_label_that_was_not_printed_here_is_not_suggested(expecting: Desk) -> None:
    grey = blurred(BESIDE)

    assert suggested(expecting, grey, read_still(grey)) == []


def test_elsewhere_nothing_is_expected(expecting: Desk) -> None:
    grey = blurred(LABEL)

    assert suggested(expecting, grey, read_still(grey), place=PROVINCE) == []


def test_where_something_was_read_nothing_is_suggested(expecting: Desk) -> None:
    grey = blurred(LABEL)
    height, width = grey.shape
    corners = ((90, 90), (width - 90, 90), (width - 90, height - 90), (90, height - 90))
    read = Still((Reading("KPU", "code128", corners, "fast"),))

    assert suggested(expecting, grey, read) == []


def test_what_was_read_beside_it_is_not_suggested(expecting: Desk) -> None:
    grey = blurred(LABEL)
    aside = ((0, 0), (9, 0), (9, 9), (0, 9))
    read = replace(read_still(grey), readings=(Reading(LABEL, "code128", aside, "fast"),))

    assert suggested(expecting, grey, read) == []


@pytest.mark.parametrize("task", [Task.DISPATCH, Task.SEAL, Task.COUNT])
def test_what_authorises_is_never_recognised(expecting: Desk, task: Task) -> None:
    grey = blurred(LABEL)

    assert suggested(expecting, grey, read_still(grey), task=task) == []


def test_what_is_expected_is_asked_for_once_a_minute(desk: Desk) -> None:
    grey, now = blurred(LABEL), [0.0]
    known = recogniser(desk, tick=lambda: now[0])
    desk.imports(box(LABEL))

    def look(at: float) -> int:
        now[0] = at
        return len(known.suggest(grey, Still(()), RECEIVING))

    before = look(0.0)
    with desk.writing() as session:
        labels.make(session, RINA, [LABEL], kind=Kind("code128"), at=NOON)

    assert (before, look(59.0), look(61.0)) == (0, 0, 1)
