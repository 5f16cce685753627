"""An import is seen whole or not at all, whatever interrupts it or comes between."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from silog_scan.core.errors import Conflict
from silog_scan.core.stock import Task
from silog_scan.services import imports
from silog_scan.services.intake import Preview
from silog_scan.store import queries
from silog_scan.store.tables import LineRow
from tests.cast import BOX, NEXT_BOX, TPS
from tests.conftest import NOON
from tests.desk import Desk, box, ink

T = TypeVar("T")


class PowerCutError(Exception):
    """The machine stops."""


@dataclass
class Runner:
    """Runs each call in a transaction of its own; the power fails before the one of a number."""

    desk: Desk
    fails_at: int | None = None
    between: Callable[[], object] = lambda: None
    calls: int = 0

    def __call__(self, call: Callable[[Session], T]) -> T:
        self.calls += 1
        if self.calls == self.fails_at:
            raise PowerCutError
        self.between()
        with self.desk.writing() as session:
            return call(session)


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "AT_ONCE", 2)


def store(desk: Desk, seen: Preview, run: Runner | None = None) -> dict[str, str]:
    run = run or Runner(desk)
    return imports.store(run, desk.actor, seen, attachments=desk.attachments, at=NOON)


def boxes(count: int) -> list[str]:
    return [box(f"1271-KS-9{n:05d}") for n in range(count)]


def standing(desk: Desk) -> list[str]:
    """Return the items of the lines that anybody sees."""
    with desk.writing() as session:
        return [line.item for line in queries.lines(session, "SJ-1", Task.RECEIVE)]


def lines(desk: Desk) -> int:
    """Return how many lines are written, seen or not."""
    with desk.writing() as session:
        return session.scalars(select(func.count()).select_from(LineRow)).one()


@pytest.mark.parametrize("moment", [2, 3, 4, 5])
def test_a_power_cut_at_any_moment_leaves_nothing_to_see(desk: Desk, moment: int) -> None:
    before = desk.snapshot(), desk.events()
    seen = desk.preview(*boxes(5))

    with pytest.raises(PowerCutError):
        store(desk, seen, Runner(desk, fails_at=moment))

    assert (desk.snapshot(), desk.events()) == before


def test_what_a_power_cut_left_is_swept_away_by_the_next_import(desk: Desk) -> None:
    with pytest.raises(PowerCutError):
        store(desk, desk.preview(*boxes(5)), Runner(desk, fails_at=5))
    assert lines(desk) == 4

    store(desk, desk.preview(*boxes(3)))

    assert lines(desk) == 3
    assert desk.counted() == {f"1271-KS-9{n:05d}": 0 for n in range(3)}


def test_a_new_issue_is_seen_in_one_moment(desk: Desk) -> None:
    desk.imports(box(), ink(4))
    seen = desk.preview(box(), ink(7), *boxes(5))
    looks: list[int] = []

    store(desk, seen, Runner(desk, between=lambda: looks.append(len(standing(desk)))))

    assert {*looks} == {2}
    assert len(standing(desk)) == 7


def test_scans_count_on_the_old_issue_until_the_new_one_is_there(desk: Desk) -> None:
    desk.imports(box(), box(NEXT_BOX))
    seen = desk.preview(box(NEXT_BOX), *boxes(3))

    store(desk, seen, Runner(desk, between=desk.scan))

    with desk.writing() as session:
        assert [extra.text for extra in queries.extras(session, "SJ-1")] == [BOX]


def test_two_issues_at_the_same_time_are_not_mixed(desk: Desk) -> None:
    late, early = desk.preview(*boxes(5)), desk.preview(ink(4, TPS))
    store(desk, early)

    with pytest.raises(Conflict) as caught:
        store(desk, late)

    assert caught.value.code == "manifest-overtaken"
    assert standing(desk) == ["TINTA"]


def test_a_line_that_only_moves_to_another_row_is_the_same(desk: Desk) -> None:
    desk.imports(box(), box(NEXT_BOX))

    (brought,) = desk.preview(ink(3), box(), box(NEXT_BOX)).manifests

    assert brought.change == "changed"
    assert {name: n for name, n in brought.lines.items() if n} == {"new": 1, "moved": 2}


def test_a_preview_says_what_a_new_issue_changes_and_what_of_it_was_scanned(desk: Desk) -> None:
    desk.imports(box(), box(NEXT_BOX), ink(4))
    desk.scan()

    (brought,) = desk.preview(ink(5), box("1271-KS-000900")).manifests

    assert {name: n for name, n in brought.lines.items() if n} == {
        "new": 1, "changed": 1, "dropped": 2,
    }  # fmt: skip
    assert brought.counted == 1
