"""What a look at several labels leaves missing, on both databases."""

from dataclasses import replace

import pytest

from silog_scan.core.pallets import Tally
from silog_scan.core.stock import Task
from silog_scan.store import pallets
from silog_scan.store.pallets import Awaited
from tests.cast import MEDAN, NEXT_TPS
from tests.desk import Desk, box, ink

PALLET, OTHER = "PALET-1", "PALET-2"
BOXES = [f"1271-KS-00000{n}" for n in range(1, 5)]
STRAY = "1271-KS-000009"
AWAITED = Awaited(Task.RECEIVE, MEDAN, MEDAN, "SJ-1")


@pytest.fixture
def laden(desk: Desk) -> Desk:
    """Give a desk that waits for four boxes on a pallet, one on another, and ink."""
    boxes = [box(code, parent=PALLET) for code in BOXES]
    desk.imports(*boxes, box(STRAY, parent=OTHER), ink(4))
    return desk


@pytest.fixture
def loose(desk: Desk) -> Desk:
    """Give a desk that waits for four boxes that are on no pallet, one of another village."""
    *near, far = BOXES
    desk.imports(*map(box, near), box(far, to="12.71.02.1001.001"))
    return desk


def missing(desk: Desk, *codes: str, awaited: Awaited = AWAITED) -> Tally:
    with desk.writing() as session:
        return pallets.missing_of(session, codes, awaited)


def names(tally: Tally) -> list[str]:
    return [absent.package for absent in tally.absent]


def test_what_is_missing_of_a_pallet_is_named(laden: Desk) -> None:
    tally = missing(laden, BOXES[0], BOXES[2])

    assert (tally.parent, tally.expected, tally.counted) == (PALLET, 4, 2)
    assert names(tally) == [BOXES[1], BOXES[3]]


def test_what_was_counted_before_is_not_missing(laden: Desk) -> None:
    laden.scan(BOXES[1], manifest="SJ-1")

    assert names(missing(laden, BOXES[0], BOXES[2])) == [BOXES[3]]


def test_what_was_taken_back_is_missing_again(laden: Desk) -> None:
    laden.undo(laden.scan(BOXES[1], manifest="SJ-1"))

    assert BOXES[1] in names(missing(laden, BOXES[0], BOXES[2]))


def test_a_stray_does_not_hide_the_pallet(laden: Desk) -> None:
    tally = missing(laden, STRAY, *BOXES[:3])

    assert (tally.parent, names(tally)) == (PALLET, [BOXES[3]])


def test_the_pallets_own_label_tells_which_it_is(laden: Desk) -> None:
    assert missing(laden, PALLET).parent == PALLET


def test_a_sending_counts_for_itself(laden: Desk) -> None:
    laden.scan(BOXES[1], manifest="SJ-1")

    sending = missing(laden, BOXES[0], awaited=replace(AWAITED, task=Task.DISPATCH))

    assert names(sending) == BOXES[1:]


def test_a_line_that_a_new_issue_dropped_is_not_missing(laden: Desk) -> None:
    laden.imports(*(box(code, parent=PALLET) for code in BOXES[:3]))

    assert names(missing(laden, BOXES[0])) == BOXES[1:3]


def test_without_pallets_all_awaited_is_counted_and_the_nearest_named(loose: Desk) -> None:
    loose.scan(BOXES[0], manifest="SJ-1")

    tally = missing(loose, BOXES[0])

    assert (tally.parent, tally.expected, tally.counted) == (None, 4, 1)
    assert names(tally) == BOXES[1:3]


def test_without_a_manifest_all_open_ones_to_the_place_count(loose: Desk) -> None:
    loose.imports(box(STRAY, to=NEXT_TPS), number="SJ-2")

    tally = missing(loose, BOXES[0], awaited=replace(AWAITED, manifest=None))

    assert (tally.expected, STRAY in names(tally)) == (5, True)


def test_a_manifest_of_elsewhere_tells_nothing(laden: Desk) -> None:
    binjai = replace(AWAITED, within="12.75")

    assert missing(laden, *BOXES, awaited=binjai) == Tally(None, 0, 0)


def test_no_more_than_twenty_are_named(desk: Desk) -> None:
    desk.imports(*(box(f"1271-KS-0001{n:02}", parent=PALLET) for n in range(40)))

    tally = missing(desk, "1271-KS-000100")

    assert (tally.expected, tally.counted, len(tally.absent)) == (40, 1, 20)
