"""Taking a scan back: by whom, how long, in which order, and what is left."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from silog_scan.core.custody import Outcome
from silog_scan.core.errors import Conflict, Malformed, NotFound, NotYours
from silog_scan.core.stock import Condition
from silog_scan.services.actors import Actor, Role
from silog_scan.store import queries
from silog_scan.store.tables import DiscrepancyRow
from tests.cast import BINJAI, BOX, INK, KOTA, MEDAN, NEXT_BOX, NEXT_TPS, PALLET, TPS
from tests.conftest import NOON
from tests.desk import HENDRA, OTHER_DESK, RINA, Desk, box, ink

CARTON = "1271-TN-000001"
QUARTER = NOON + timedelta(minutes=15)


def test_an_undo_takes_count_and_stock_back_and_keeps_the_scan(desk: Desk) -> None:
    desk.imports(box())
    scan = desk.scan()

    undone = desk.undo(scan, reason=" salah kotak ")

    assert (desk.counted(), desk.stock()) == ({BOX: 0}, {})
    assert desk.events("scan") == [scan.event]
    assert desk.events("undo") == [undone.event]
    assert undone.event.body["reason"] == "salah kotak"


def test_what_was_taken_back_counts_again_when_it_is_scanned_again(desk: Desk) -> None:
    desk.imports(box())
    desk.undo(desk.scan())

    again = desk.scan()

    assert again.outcome is Outcome.ACCEPTED
    assert (desk.counted(), desk.stock()) == ({BOX: 1}, {(MEDAN, "KOTAK", "good"): (1, 1)})


def test_undoing_twice_gives_the_first_answer(desk: Desk) -> None:
    desk.imports(box())
    scan = desk.scan()
    first = desk.undo(scan)

    again = desk.of(OTHER_DESK).later(NOON + timedelta(days=1)).undo(scan, reason="lagi")

    assert again == first
    assert len(desk.events("undo")) == 1


def test_undoing_twice_gives_the_first_answer_even_after_it_was_scanned_again(desk: Desk) -> None:
    desk.imports(box())
    scan = desk.scan()
    first = desk.undo(scan)
    desk.scan()

    assert desk.undo(scan) == first
    assert desk.counted() == {BOX: 1}


@pytest.mark.parametrize(
    ("actor", "at"),
    [
        pytest.param(RINA, QUARTER, id="the same station, after 15 minutes to the second"),
        pytest.param(HENDRA, NOON + timedelta(days=3), id="a supervisor, days later"),
        pytest.param(
            Actor("Provinsi", "12", Role.ADMINISTRATOR, user="adi"),
            NOON + timedelta(days=3),
            id="an administrator above, at another station",
        ),
    ],
)
def test_who_may_take_a_scan_back(desk: Desk, actor: Actor, at: datetime) -> None:
    desk.imports(box())
    scan = desk.scan()

    desk.of(actor).later(at).undo(scan)

    assert desk.counted() == {BOX: 0}


@pytest.mark.parametrize(
    ("actor", "at", "refusal"),
    [
        pytest.param(RINA, QUARTER + timedelta(seconds=1), NotYours, id="too late"),
        pytest.param(OTHER_DESK, NOON, NotYours, id="another station"),
        pytest.param(
            Actor("Meja 2", MEDAN, Role.SUPERVISOR, device=True), NOON, NotYours, id="its token"
        ),
        pytest.param(
            Actor("Gudang Medan", MEDAN, Role.OBSERVER, user="oki"), NOON, NotYours, id="observer"
        ),
        pytest.param(
            Actor("Gudang Binjai", BINJAI, Role.SUPERVISOR, user="wayan"),
            NOON,
            NotFound,
            id="a supervisor of another regency",
        ),
        pytest.param(
            Actor("PPK", KOTA, Role.SUPERVISOR, user="sari"), NOON, NotFound, id="from below"
        ),
    ],
)
def test_who_may_not(desk: Desk, actor: Actor, at: datetime, refusal: type[Exception]) -> None:
    desk.imports(box())
    scan = desk.scan()

    with pytest.raises(refusal):
        desk.of(actor).later(at).undo(scan)

    assert desk.counted() == {BOX: 1}


def test_an_undo_needs_a_reason(desk: Desk) -> None:
    scan = desk.scan()

    with pytest.raises(Malformed, match="Say why"):
        desk.undo(scan, reason=" ")


def test_a_scan_that_was_built_on_is_not_taken_back(desk: Desk) -> None:
    desk.imports(box())
    desk.imports(box(), number="SJ-2", origin=MEDAN, receiver=KOTA)
    receipt = desk.scan()
    loading = desk.dispatch()

    with pytest.raises(Conflict) as caught:
        desk.undo(receipt)

    assert caught.value.code == "not-last"
    desk.undo(loading)
    desk.undo(receipt)
    assert desk.stock() == {}


def test_taking_back_a_loading_puts_it_where_it_stood(desk: Desk) -> None:
    desk.imports(box())
    desk.imports(box(), number="SJ-2", origin=MEDAN, receiver=KOTA)
    desk.scan(condition=Condition.DAMAGED)
    loading = desk.dispatch()

    desk.undo(loading)

    assert desk.stock() == {(MEDAN, "KOTAK", "damaged"): (1, 1)}
    assert desk.dispatch().outcome is Outcome.DAMAGED


def test_taking_back_damage_makes_it_good_again(desk: Desk) -> None:
    desk.imports(box())
    desk.scan()
    damage = desk.scan(condition=Condition.DAMAGED)

    desk.undo(damage)

    with desk.writing() as session:
        totals = queries.manifest_view(session, "SJ-1").totals
    assert (totals.matched, totals.damaged) == (1, 0)
    assert desk.stock() == {(MEDAN, "KOTAK", "good"): (1, 1)}


def test_taking_back_settles_the_discrepancy_of_the_scan(desk: Desk) -> None:
    surprise = desk.scan()

    desk.undo(surprise)

    with desk.writing() as session:
        assert session.scalars(select(DiscrepancyRow.state)).all() == ["undone"]
        assert queries.discrepancies(session, within=MEDAN) == []


def test_a_taken_back_surprise_is_no_extra(desk: Desk) -> None:
    desk.imports(box())
    surprise = desk.scan("1271-KS-000009", manifest="SJ-1")

    desk.undo(surprise)

    with desk.writing() as session:
        assert queries.extras(session, "SJ-1") == []


def test_a_refused_scan_can_be_taken_back_too(desk: Desk) -> None:
    desk.imports(box())
    scan = desk.scan("?")

    desk.undo(scan)

    assert desk.events("undo")[0].body.get("effects", []) == []


# Bulk.


def test_bulk_is_taken_back_from_all_lines_it_filled(desk: Desk) -> None:
    desk.imports(ink(30), ink(10, NEXT_TPS))
    scan = desk.scan(INK, quantity=45)

    desk.undo(scan)

    with desk.writing() as session:
        totals = queries.manifest_view(session, "SJ-1").totals
    assert totals.missing == 2
    assert desk.stock() == {}


@pytest.mark.parametrize("left", [1, 25, 40])
def test_bulk_is_not_taken_back_once_some_of_it_left(desk: Desk, left: int) -> None:
    desk.imports(ink(20), ink(20, NEXT_TPS))
    desk.imports(ink(40), number="SJ-2", origin=MEDAN, receiver=KOTA)
    scan = desk.scan(INK, quantity=40)
    desk.dispatch(INK, quantity=left)

    with pytest.raises(Conflict, match="moved again"):
        desk.undo(scan)


def test_taking_back_a_bulk_loading_puts_the_quantity_back(desk: Desk) -> None:
    desk.imports(ink(40))
    desk.imports(ink(40), number="SJ-2", origin=MEDAN, receiver=KOTA)
    desk.scan(INK, quantity=40)

    desk.undo(desk.dispatch(INK, quantity=40))

    assert desk.stock() == {(MEDAN, "TINTA", "good"): (40, 0)}


# A pallet's boxes.


def pallet(desk: Desk) -> None:
    desk.imports(box(parent=PALLET), box(NEXT_BOX, parent=PALLET), by_parent=True)


def test_an_absent_box_is_taken_out_of_its_pallet(desk: Desk) -> None:
    pallet(desk)
    scan = desk.scan(PALLET)

    undone = desk.undo(scan, child=BOX)

    assert desk.counted() == {BOX: 0, NEXT_BOX: 1}
    assert desk.undo(scan, child=BOX) == undone
    assert desk.scan(BOX).outcome is Outcome.ACCEPTED


def test_what_did_not_come_with_a_pallet_cannot_be_taken_out(desk: Desk) -> None:
    pallet(desk)
    scan = desk.scan(PALLET)

    with pytest.raises(NotFound) as caught:
        desk.undo(scan, child="1271-KS-000009")

    assert caught.value.code == "not-in-scan"


def test_a_pallet_is_taken_back_with_the_boxes_that_are_left(desk: Desk) -> None:
    pallet(desk)
    scan = desk.scan(PALLET)
    desk.undo(scan, child=BOX)
    found = desk.scan(BOX)

    desk.undo(scan)

    assert desk.counted() == {BOX: 1, NEXT_BOX: 0}
    assert found.outcome is Outcome.ACCEPTED


def test_a_pallet_is_not_taken_back_once_a_box_of_it_left(desk: Desk) -> None:
    pallet(desk)
    desk.imports(box(), number="SJ-2", origin=MEDAN, receiver=KOTA)
    scan = desk.scan(PALLET)
    desk.dispatch(BOX)

    with pytest.raises(Conflict, match=BOX):
        desk.undo(scan)

    assert desk.counted() == {BOX: 1, NEXT_BOX: 1}


def test_a_package_whose_contents_left_loose_is_not_taken_back(desk: Desk) -> None:
    desk.imports(f"{CARTON},TINTA,10,{TPS},,")
    desk.imports(ink(10), number="SJ-OUT", origin=MEDAN, receiver=KOTA)
    received = desk.scan(CARTON)
    desk.dispatch(INK, quantity=10, manifest="SJ-OUT")

    with pytest.raises(Conflict) as caught:
        desk.undo(received)

    assert caught.value.code == "not-last"
    assert desk.stock() == {(MEDAN, "TINTA", "good"): (0, 1)}
