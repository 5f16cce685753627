"""Loading what is known, however many lines, codes and ids there are."""

from sqlalchemy import insert

from silog_scan.core.stock import Task
from silog_scan.store import projections, queries
from silog_scan.store.db import Database
from silog_scan.store.fillable import Leg, Need
from silog_scan.store.lines import FOR_GOOD
from silog_scan.store.situations import Wanted, load
from silog_scan.store.tables import LineRow, table_of
from tests.cast import INK, MEDAN, PALLET, TPS
from tests.desk import Desk, box, ink

AT_MEDAN = Leg(MEDAN, Task.RECEIVE, None)
MANY = 33_000
"""Keys of two columns that are more than PostgreSQL binds in one statement."""


def add_lines(desk: Desk) -> None:
    """Add bulk lines as a manifest for every polling station of a large regency has them."""
    with desk.writing() as session:
        rows: list[dict[str, object]] = [
            {
                "manifest": "SJ-1", "number": n, "row": n, "item": "TINTA", "quantity": 2,
                "destination": TPS, "package": None, "parent": None, "seals": [], "due": None,
                "note": "", "unit": "", "extra": {}, "first_version": 1, "last_version": FOR_GOOD,
            }
            for n in range(2, MANY)
        ]  # fmt: skip
        session.execute(insert(table_of(LineRow)), rows)
        projections.recount(session, "SJ-1")


def test_an_item_may_have_a_line_for_every_polling_station(desk: Desk) -> None:
    desk.imports(ink(2))
    add_lines(desk)

    desk.scan(INK, quantity=3)

    with desk.writing() as session:
        known = load(session, Wanted(codes={INK}, legs={AT_MEDAN: Need(2, {None})}))
    assert {key: line.counted.get(Task.RECEIVE) for key, line in known.lines.items()} == {
        ("SJ-1", 2): 1,
        ("SJ-1", 3): None,
    }


def test_more_codes_and_ids_than_a_statement_binds_are_looked_up(database: Database) -> None:
    texts = [f"no-{n}" for n in range(2 * MANY)]

    with database.reading() as session:
        known = load(session, Wanted(codes=set(texts)))

        assert queries.events_of_scans(session, texts) == {}
    assert known.packages == {}


def test_a_situation_holds_a_pallet_s_boxes_and_their_counts(desk: Desk) -> None:
    desk.imports(box("A", parent=PALLET), box("B", parent=PALLET), by_parent=True)
    desk.scan("A")

    with desk.writing() as session:
        known = load(session, Wanted(codes={PALLET}, legs={AT_MEDAN: Need(1)}))

    assert known.packages.keys() == {PALLET, "A", "B"}
    assert list(known.counts) == [("A", Task.RECEIVE, "SJ-1")]
    assert known.manifests["SJ-1"].by_parent


def test_a_situation_names_a_box_s_way_home(desk: Desk) -> None:
    desk.imports(box("A"))

    with desk.writing() as session:
        known = load(session, Wanted(codes={"A"}, legs={AT_MEDAN: Need(1)}))

    assert known.path(TPS) == "TPS 001, Pasar Baru, Medan Kota, Kota Medan (12.71.01.1001.001)"
