"""Sums of a hundred line numbers: a list of some lines is what a walk over all would find."""

from importlib import import_module
from itertools import count
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update

from silog_scan.core.reconcile import Status
from silog_scan.core.stock import Condition, Task
from silog_scan.store import projections, queries
from silog_scan.store.lines import FOR_GOOD
from silog_scan.store.queries import LineFilter, LineView
from silog_scan.store.tables import BlockRow, LineRow, table_of
from tests.cast import INK, MEDAN
from tests.desk import HENDRA, Desk, box, ink

LINES = 420


@pytest.fixture
def counted(desk: Desk) -> Desk:
    """Give a manifest of several blocks with lines in every status, issued twice."""
    villages = [f"12.71.0{n}.100{m}" for n in (1, 2) for m in (1, 2)]
    boxes = [f"1271-KS-{n:06}" for n in range(LINES)]
    rows = [ink(3, to=MEDAN), *map(box, boxes), *(ink(2, to=place) for place in villages)]
    of = desk.of(HENDRA)
    of.imports(*rows)
    for n, code in enumerate(boxes):
        if n % 7:
            condition = Condition.DAMAGED if n % 50 == 3 else None
            of.sends(of.made(code, condition=condition))
    of.scan(INK, quantity=4)
    of.scan(INK, quantity=9, destination=villages[-1])
    of.undo(of.scan(boxes[0]))
    of.imports(*rows[:50], *rows[80:])
    return of


def blocks(desk: Desk) -> list[tuple[Any, ...]]:
    table = table_of(BlockRow)
    with desk.writing() as session:
        return [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key))]


@pytest.mark.parametrize("task", [Task.RECEIVE, Task.DISPATCH])
@pytest.mark.parametrize("wanted", [*Status, None])
def test_lines_in_a_state_are_those_of_a_walk_over_all(
    counted: Desk, task: Task, wanted: Status | None
) -> None:
    with counted.writing() as session:
        every = queries.lines(session, "SJ-1", task)
        chosen = [
            line
            for line in every
            if (line.status is wanted if wanted else line.status is not Status.MATCHED)
        ]
        assert chosen or (task, wanted) != (Task.RECEIVE, wanted)

        found: list[LineView] = []
        after = 0
        for _ in count():
            only = LineFilter(wanted, after=after, limit=13, attention=wanted is None)
            page = queries.lines(session, "SJ-1", task, only)
            if not page:
                break
            found, after = found + page, page[-1].number

    assert found == chosen


def test_scans_keep_the_sums_as_counting_anew_makes_them(counted: Desk) -> None:
    kept = blocks(counted)

    with counted.writing() as session:
        projections.recount(session, "SJ-1")

    assert kept == blocks(counted)


def test_an_older_database_is_given_the_sums(counted: Desk) -> None:
    kept = blocks(counted)
    migration = import_module("silog_scan.store.migrations.versions.0003_blocks")

    with counted.writing() as session:
        standing = update(LineRow).where(LineRow.last_version == FOR_GOOD)
        session.execute(standing.values(last_version=2))  # as it was kept then
        session.execute(delete(BlockRow))
        session.execute(text(migration.FILL))

    assert kept == blocks(counted)
