"""Manifests: looked at, imported, issued again, closed, voided, written out again."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from silog_scan.core.custody import Outcome
from silog_scan.core.errors import Conflict, Malformed, NotFound, NotYours
from silog_scan.core.stock import Condition, Task
from silog_scan.services import deliveries, intake
from silog_scan.services.actors import Actor, Role
from silog_scan.store import queries
from silog_scan.store.tables import PlaceRow, StationRow
from tests.cast import BINJAI, BOX, INK, KOTA, MEDAN, NEXT_BOX, NEXT_TPS, PALLET, TPS
from tests.conftest import NOON
from tests.desk import HENDRA, RINA, Desk, box, ink

PPK = Actor("PPK Medan Kota", KOTA, Role.STAFF, device=True)
WAYAN = Actor("Gudang Binjai", BINJAI, Role.SUPERVISOR, user="wayan")
THIRD_BOX = "1271-KS-000003"

# Looking first.


def test_a_preview_writes_nothing(desk: Desk) -> None:
    before = desk.snapshot(), desk.events()

    seen = desk.preview(box(), ink(40))

    assert (seen.changes, seen.accepted, seen.problems) == ({"SJ-1": "new"}, 2, ())
    assert (desk.snapshot(), desk.events()) == before
    assert not desk.attachments.exists()


def test_a_manifest_goes_to_the_reader_s_place_unless_it_says_otherwise(desk: Desk) -> None:
    (brought,) = desk.preview(box(), receiver=None).manifests

    assert brought.head.receiver == MEDAN


def test_a_package_on_another_open_manifest_to_the_same_place_is_warned_of(desk: Desk) -> None:
    desk.imports(box())

    seen = desk.preview(box(NEXT_BOX), box(), number="SJ-2")

    assert [(w.row, w.value, w.code) for w in seen.warnings] == [(3, BOX, "also-on-manifest")]
    assert seen.problems == ()


def test_a_file_with_more_packages_than_a_statement_holds_is_looked_at(desk: Desk) -> None:
    codes = [f"1271-KS-{n:06d}" for n in range(66_000)]

    seen = desk.preview(*map(box, codes))

    assert (seen.accepted, seen.warnings) == (66_000, ())


# Importing.


def test_an_import_is_one_event_with_the_expected_totals(desk: Desk) -> None:
    desk.imports(box(), box(NEXT_BOX), ink(40))

    (event,) = desk.events("manifest-imported")
    assert dict(event.body) | {"file_sha256": "", "lines_sha256": ""} == {
        "number": "SJ-1", "version": 1, "from": "12", "to": MEDAN, "place": MEDAN, "user": "rina",
        "lines": 3, "packages": 2, "by_parent": False, "file_sha256": "", "lines_sha256": "",
        "totals": [
            {"item": "KOTAK", "destination": TPS, "quantity": 2},
            {"item": "TINTA", "destination": TPS, "quantity": 40},
        ],
    }  # fmt: skip


def test_the_file_and_its_lines_are_kept_under_their_sha256(desk: Desk) -> None:
    desk.imports(box())

    (event,) = desk.events("manifest-imported")
    kept = {path.name: path.read_bytes() for path in desk.attachments.iterdir()}
    assert kept.keys() == {
        f"{event.body['file_sha256']}.csv", f"{event.body['lines_sha256']}.json",
    }  # fmt: skip
    assert [hashlib.sha256(data).hexdigest() for data in kept.values()] == [
        name.partition(".")[0] for name in kept
    ]


def test_the_same_file_twice_changes_nothing_and_says_so(desk: Desk) -> None:
    desk.imports(box(), ink(40))
    desk.scan()
    before = desk.snapshot(), desk.events()

    changes = desk.imports(box(), ink(40))

    assert changes == {"SJ-1": "unchanged"}
    assert (desk.snapshot(), desk.events()) == before


def test_a_file_of_several_manifests_makes_several(desk: Desk) -> None:
    header = "manifest,package,item,destination"

    seen = desk.preview(f"A,{BOX},KOTAK,{TPS}", f"B,{NEXT_BOX},KOTAK,{TPS}", header=header)

    assert seen.numbers == ["A", "B"]


def test_a_file_with_problems_imports_nothing(desk: Desk) -> None:
    with pytest.raises(Malformed) as caught:
        desk.imports(box(), box("", to=""))

    assert caught.value.code == "manifest-problems"
    assert desk.events("manifest-imported") == []


def test_the_good_rows_are_taken_when_asked_for(desk: Desk) -> None:
    desk.imports(box(), "X,MOBIL,1,12.71,,", good_rows=True)

    assert desk.counted() == {BOX: 0}


def test_a_file_without_a_good_row_is_refused(desk: Desk) -> None:
    with pytest.raises(Malformed) as caught:
        desk.imports("X,MOBIL,1,12.71,,", good_rows=True)

    assert caught.value.code == "manifest-empty"


def test_refused_rows_are_written_out_with_their_reason(desk: Desk) -> None:
    seen = desk.preview(box(), "X,MOBIL,1,12.71,,")

    text = intake.refused_rows(seen).decode("utf-8-sig")

    assert "MOBIL" in text
    assert BOX not in text


def test_a_polling_station_is_added_when_a_manifest_first_names_it(desk: Desk) -> None:
    desk.imports(box(to=TPS))

    with desk.writing() as session:
        assert session.scalar(select(PlaceRow.name).where(PlaceRow.code == TPS)) == "TPS 001"


def test_an_observer_imports_nothing(desk: Desk, observer: Actor) -> None:
    with pytest.raises(NotYours):
        desk.of(observer).imports(box())


def test_a_manifest_between_other_places_is_not_imported_here(desk: Desk) -> None:
    with pytest.raises(NotYours) as caught:
        desk.of(PPK).imports(box())

    assert caught.value.code == "place-not-yours"


# Issuing again.


def test_a_new_issue_keeps_counts_and_line_numbers(desk: Desk) -> None:
    desk.imports(box(), ink(40))
    desk.scan()
    desk.scan(INK, quantity=30)

    changes = desk.imports(box(NEXT_BOX), ink(50), box())

    with desk.writing() as session:
        rows = queries.lines(session, "SJ-1", Task.RECEIVE)
    assert changes == {"SJ-1": "changed"}
    assert [(r.number, r.row, r.package, r.expected, r.counted) for r in rows] == [
        (1, 4, BOX, 1, 1), (2, 3, None, 50, 30), (3, 2, NEXT_BOX, 1, 0),
    ]  # fmt: skip


def test_a_line_that_comes_back_has_its_number_and_counts_again(desk: Desk) -> None:
    desk.imports(box(), box(NEXT_BOX))
    desk.scan()
    desk.imports(box(NEXT_BOX))

    desk.imports(box(NEXT_BOX), box())

    assert desk.counted() == {BOX: 1, NEXT_BOX: 0}


def test_scans_whose_line_disappeared_become_extras(desk: Desk) -> None:
    desk.imports(box(), box(NEXT_BOX))
    first = desk.scan()

    desk.later(NOON + timedelta(hours=1)).imports(box(NEXT_BOX))

    with desk.writing() as session:
        (extra,) = queries.extras(session, "SJ-1")
        totals = queries.manifest_view(session, "SJ-1").totals
    assert (extra.text, extra.outcome, extra.scans) == (BOX, "unexpected", 1)
    assert (extra.station, extra.scanned_at) == ("Gudang Medan", NOON)
    assert (totals.lines, totals.matched, totals.extras) == (1, 0, 1)
    assert first.event in desk.events("scan")


def test_bulk_whose_lines_disappeared_is_one_extra_with_all_its_scans(desk: Desk) -> None:
    desk.imports(box(), ink(30), ink(10, NEXT_TPS))
    desk.scan(INK, quantity=25, manifest="SJ-1")
    desk.scan(INK, quantity=15, manifest="SJ-1")

    desk.imports(box())

    with desk.writing() as session:
        (extra,) = queries.extras(session, "SJ-1")
        totals = queries.manifest_view(session, "SJ-1").totals
    assert (extra.text, extra.outcome, extra.scans) == (INK, "unexpected", 2)
    assert totals.extras == 1


def test_a_text_that_is_an_extra_twice_is_listed_and_counted_once(desk: Desk) -> None:
    desk.imports(box(NEXT_BOX))
    desk.scan(manifest="SJ-1")
    desk.imports(box(), box(NEXT_BOX))
    desk.scan(manifest="SJ-1")
    desk.imports(box(NEXT_BOX))

    with desk.writing() as session:
        extras = queries.extras(session, "SJ-1")
        totals = queries.manifest_view(session, "SJ-1").totals
    assert [extra.text for extra in extras] == [BOX]
    assert totals.extras == 1


def test_a_box_that_a_new_issue_dropped_is_unexpected(desk: Desk) -> None:
    desk.imports(box(), box(NEXT_BOX))
    desk.imports(box(NEXT_BOX))

    assert desk.scan(manifest="SJ-1").outcome is Outcome.UNEXPECTED


def test_a_counted_box_that_moved_to_another_manifest_counts_there(desk: Desk) -> None:
    desk.imports(box(), box(NEXT_BOX))
    desk.scan()
    desk.imports(box(NEXT_BOX))
    desk.imports(box(), number="SJ-2")

    answers = [desk.scan(), desk.scan()]

    assert [answer.outcome for answer in answers] == [Outcome.ACCEPTED, Outcome.DUPLICATE]
    assert desk.counted("SJ-2") == {BOX: 1}
    assert desk.stock() == {(MEDAN, "KOTAK", "good"): (1, 1)}


def test_a_withdrawn_line_counts_no_more_and_can_be_taken_back(desk: Desk) -> None:
    desk.imports(box(), box(NEXT_BOX))
    scan = desk.scan()
    desk.imports(box(NEXT_BOX))

    desk.undo(scan)

    with desk.writing() as session:
        assert queries.extras(session, "SJ-1") == []
        assert queries.manifest_view(session, "SJ-1").totals.missing == 1
    assert desk.stock() == {}


def test_what_a_box_holds_stays_as_it_was_when_it_moved(desk: Desk) -> None:
    desk.imports(f"{BOX},BILIK,4,{TPS},,")
    desk.scan()

    desk.imports(f"{BOX},BILIK,5,{TPS},,")

    assert desk.stock() == {(MEDAN, "BILIK", "good"): (4, 1)}
    assert desk.differences() == []


def test_a_parent_no_issue_names_any_more_is_forgotten(desk: Desk) -> None:
    desk.imports(box(parent=PALLET))

    desk.imports(box())

    assert desk.scan(PALLET).outcome is Outcome.UNKNOWN
    assert desk.differences() == []


def test_somebody_else_s_manifest_is_not_issued_again(desk: Desk) -> None:
    desk.imports(box())

    with pytest.raises(NotYours) as caught:
        desk.of(PPK).imports(box(NEXT_BOX), origin=KOTA, receiver=MEDAN)

    assert caught.value.code == "place-not-yours"
    assert desk.counted() == {BOX: 0}


@pytest.mark.parametrize("state", ["closed", "void"])
def test_a_manifest_that_is_not_open_is_not_issued_again(desk: Desk, state: str) -> None:
    desk.imports(box())
    hendra = desk.of(HENDRA)
    {"closed": hendra.close, "void": hendra.void}[state]()

    with pytest.raises(Conflict) as caught:
        desk.imports(box(NEXT_BOX))

    assert caught.value.code == "manifest-closed"


# Closing, reopening, voiding.


def test_a_closed_manifest_takes_no_scans_until_it_is_reopened(desk: Desk) -> None:
    desk.imports(box())
    hendra = desk.of(HENDRA)

    hendra.close()
    stopped = desk.scan(manifest="SJ-1")
    hendra.reopen()
    accepted = desk.scan(manifest="SJ-1")

    assert (stopped.outcome, accepted.outcome) == (Outcome.MANIFEST_CLOSED, Outcome.ACCEPTED)
    kinds = [event.kind for event in desk.events() if event.body.get("number") == "SJ-1"]
    assert kinds == ["manifest-imported", "manifest-closed", "manifest-reopened"]


def test_closing_twice_is_one_event(desk: Desk) -> None:
    desk.imports(box())

    desk.of(HENDRA).close()
    desk.of(HENDRA).close()

    assert len(desk.events("manifest-closed")) == 1


@pytest.mark.parametrize(
    "actor",
    [
        pytest.param(RINA, id="staff"),
        pytest.param(replace(HENDRA, device=True), id="a station's token"),
        pytest.param(WAYAN, id="a supervisor of another regency"),
        pytest.param(replace(HENDRA, role=Role.OBSERVER), id="an observer"),
    ],
)
@pytest.mark.parametrize("deed", ["close", "reopen", "void"])
def test_only_a_supervisor_of_its_place_decides(desk: Desk, actor: Actor, deed: str) -> None:
    desk.imports(box())

    with pytest.raises((NotYours, NotFound)):
        getattr(desk.of(actor), deed)()

    assert desk.scan(manifest="SJ-1").outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("deed", ["reopen", "void"])
@pytest.mark.parametrize("reason", [None, "", " "])
def test_reopening_and_voiding_need_a_reason(desk: Desk, deed: str, reason: str | None) -> None:
    desk.imports(box())

    with pytest.raises(Malformed) as caught:
        getattr(desk.of(HENDRA), deed)(reason=reason)

    assert caught.value.code == "reason-missing"


@pytest.mark.parametrize("place", [MEDAN, KOTA, "12"], ids=["its place", "below", "above"])
def test_a_station_with_unsent_scans_blocks_closing_unless_overridden(
    desk: Desk, place: str
) -> None:
    desk.imports(box())
    hold(desk, place, unsent=3)

    with pytest.raises(Conflict, match="Meja 2") as caught:
        desk.of(HENDRA).close()

    assert caught.value.code == "unsent-scans"
    desk.of(HENDRA).close(reason="stasiun rusak")
    assert desk.events("manifest-closed")[0].body["reason"] == "stasiun rusak"


def test_a_station_at_the_sender_s_blocks_closing_too(desk: Desk) -> None:
    desk.imports(box(), origin=MEDAN, receiver=KOTA)
    hold(desk, MEDAN, unsent=1)

    with pytest.raises(Conflict):
        desk.of(HENDRA).close()


@pytest.mark.parametrize(
    ("place", "unsent"), [(BINJAI, 3), (MEDAN, 0)], ids=["elsewhere", "all sent"]
)
def test_other_stations_do_not_block_closing(desk: Desk, place: str, unsent: int) -> None:
    desk.imports(box())
    hold(desk, place, unsent=unsent)

    desk.of(HENDRA).close()

    assert len(desk.events("manifest-closed")) == 1


def hold(desk: Desk, place: str, *, unsent: int) -> None:
    with desk.writing() as session:
        session.add(StationRow(name="Meja 2", place=place, created_at=NOON, unsent=unsent))


def test_a_manifest_with_counts_is_not_voided(desk: Desk) -> None:
    desk.imports(box())
    scan = desk.scan()

    with pytest.raises(Conflict) as caught:
        desk.of(HENDRA).void()

    assert caught.value.code == "manifest-counted"
    desk.undo(scan)
    desk.of(HENDRA).void()
    assert desk.scan(manifest="SJ-1").outcome is Outcome.MANIFEST_CLOSED


def test_a_manifest_with_counts_on_withdrawn_lines_is_not_voided(desk: Desk) -> None:
    desk.imports(box(), box(NEXT_BOX))
    desk.scan()
    desk.imports(box(NEXT_BOX))

    with pytest.raises(Conflict):
        desk.of(HENDRA).void()


def test_a_void_manifest_is_not_closed(desk: Desk) -> None:
    desk.imports(box())
    desk.of(HENDRA).void()

    with pytest.raises(Conflict) as caught:
        desk.of(HENDRA).close()

    assert caught.value.code == "manifest-void"


# Writing out.


def test_what_is_written_out_can_be_imported_again(desk: Desk) -> None:
    header = "package,item,quantity,destination,parent,seals,due,note,unit,Desa"
    rows = (
        f"{BOX},KOTAK,1,{TPS},{PALLET},S1 S2,2026-02-09,=1+1,kotak,Kesawan",
        f",TINTA,40,{TPS},,,,,botol,",
    )
    desk.imports(*rows, header=header)

    with desk.writing() as session:
        written = deliveries.export_csv(session, "SJ-1")
        again = desk.looks(session, written)

    assert (again.problems, again.changes) == ((), {"SJ-1": "unchanged"})


def test_lines_are_written_out_in_the_order_of_the_newest_file(desk: Desk) -> None:
    desk.imports(box(), box(NEXT_BOX))
    desk.imports(box(NEXT_BOX), box())

    with desk.writing() as session:
        written = deliveries.export_csv(session, "SJ-1")
        again = desk.looks(session, written)

    assert again.changes == {"SJ-1": "unchanged"}


# What reconciliation shows.


def test_reconciliation_counts_lines_by_status(desk: Desk) -> None:
    desk.imports(box(), box(NEXT_BOX), box(THIRD_BOX), ink(40), ink(10, NEXT_TPS))
    desk.scan()
    desk.scan(NEXT_BOX, condition=Condition.DAMAGED)
    desk.scan(INK, quantity=39, destination=TPS)
    desk.scan(INK, quantity=11, destination=NEXT_TPS)
    desk.scan("1271-KS-000009", manifest="SJ-1")
    desk.scan("1271-KS-000009", manifest="SJ-1")

    with desk.writing() as session:
        totals = queries.manifest_view(session, "SJ-1").totals

    by_status = (totals.matched, totals.damaged, totals.missing, totals.short, totals.surplus)
    assert by_status == (1, 1, 1, 1, 1)
    assert (totals.lines, totals.extras) == (5, 1)
    assert (totals.packages_expected, totals.packages_counted) == (3, 2)


def test_sums_by_item_and_destination_follow_the_scans(desk: Desk) -> None:
    desk.imports(f"{BOX},BILIK,4,{TPS},,", ink(40), ink(10, NEXT_TPS))
    desk.scan()
    desk.scan(INK, quantity=45)

    with desk.writing() as session:
        sums = queries.item_sums(session, "SJ-1", Task.RECEIVE)
        destinations = queries.destination_sums(session, "SJ-1", Task.RECEIVE)

    assert [(s.item, s.expected, s.counted) for s in sums] == [("BILIK", 4, 4), ("TINTA", 50, 45)]
    assert [(d.place, d.lines, d.matched) for d in destinations] == [(TPS, 2, 2), (NEXT_TPS, 1, 0)]
