"""Lines found by a text, and goods under way, on both databases."""

from pathlib import Path

import pytest

from silog_scan.core.stock import Task
from silog_scan.store import queries
from silog_scan.store.db import Database
from silog_scan.store.queries import LineFilter, TransitView
from tests.cast import BOX, KOTA, MEDAN, NEXT_BOX, NEXT_TPS
from tests.desk import Desk, box, ink


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    """Give a desk with two boxes and ink on SJ-1, of which one box was received and sent on."""
    desk = Desk(database.writing, tmp_path / "attachments")
    desk.imports(box(), box(NEXT_BOX, to=NEXT_TPS), ink(40, KOTA))
    desk.imports(box(), number="SJ-2", origin=MEDAN, receiver=KOTA)
    desk.scan(manifest="SJ-1")
    desk.dispatch(manifest="SJ-2")
    return desk


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (NEXT_BOX[-4:], [NEXT_BOX]),
        ("BALLOT", [BOX, NEXT_BOX]),
        ("tinta", [None]),
        ("pasar baru", [BOX, NEXT_BOX]),
        ("tps 002", [NEXT_BOX]),
        ("_", []),
    ],
)
def test_a_line_is_found_by_what_a_page_says_of_it(
    desk: Desk, text: str, rows: list[str | None]
) -> None:
    with desk.writing() as session:
        found = queries.lines(session, "SJ-1", Task.RECEIVE, LineFilter(text=text))

    assert [line.package for line in found] == rows


@pytest.mark.parametrize("within", ["12", MEDAN, KOTA])
def test_what_was_sent_is_under_way_until_it_arrives(desk: Desk, within: str) -> None:
    with desk.writing() as session:
        before = queries.in_transit(session, within=within)
    desk.scan(place=KOTA, manifest="SJ-2")

    with desk.writing() as session:
        after = queries.in_transit(session, within=within)

    assert before == [TransitView("SJ-2", MEDAN, KOTA, "KOTAK", 1, 1)]
    assert after == []


def test_what_is_under_way_elsewhere_is_not_told(desk: Desk) -> None:
    with desk.writing() as session:
        assert queries.in_transit(session, within="12.71.02") == []


def test_each_event_of_a_history_names_the_one_before_it_in_its_chain(desk: Desk) -> None:
    with desk.writing() as session:
        history = queries.history(session, BOX)

    assert [view.task for view in history] == ["receive", "dispatch"]
    assert [view.before for view in history] == [view.previous for view in history]
