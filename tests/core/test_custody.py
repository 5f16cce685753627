"""The outcome table of the contract as decision tables, and the effects that follow."""

from collections import Counter
from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta

import pytest

from silog_scan.core.custody import Outcome, Scan, Severity, decide
from silog_scan.core.stock import Condition, Manifest, Situation, Standing, Task
from tests.cast import (
    BINJAI,
    BOX,
    INK,
    KOTA,
    MEDAN,
    NEXT_BOX,
    NEXT_TPS,
    PALLET,
    TPS,
    Fact,
    after,
    bulk,
    counted,
    damaged,
    dispatch,
    known,
    line,
    manifest,
    outgoing,
    package,
    scan,
)
from tests.conftest import NOON

case = pytest.param
ACCEPTED, SURPLUS, DAMAGED = Outcome.ACCEPTED, Outcome.SURPLUS, Outcome.DAMAGED
DUPLICATE, UNEXPECTED, UNKNOWN = Outcome.DUPLICATE, Outcome.UNEXPECTED, Outcome.UNKNOWN
INVALID, CLOSED = Outcome.INVALID, Outcome.MANIFEST_CLOSED
WRONG, OTHER, SEAL = Outcome.WRONG_DESTINATION, Outcome.OTHER_MANIFEST, Outcome.SEAL_MISMATCH
LEFT, NOT_HERE = Outcome.ALREADY_DISPATCHED, Outcome.NOT_HERE

SSCC = "106141411234567897"
"""A serial shipping container code whose check digit is right."""

GOOD_INK = (MEDAN, "TINTA", Condition.GOOD)
STANDS_HERE = Standing(MEDAN, arrived="accepted")


def closed(number: str = "SJ-1", state: str = "closed") -> Manifest:
    return manifest(number, state=state)


def received() -> Situation:
    """Give a box that was received on SJ-1."""
    return after(known(line()), scan())


def held(*facts: Fact) -> Situation:
    """Give a box that stands in Medan and is bound for Kota, on an outgoing manifest."""
    leaving = line(number="SJ-OUT")
    return known(outgoing(), leaving, package(standing=STANDS_HERE), *facts)


def loaded() -> Situation:
    """Give a box that left Medan on SJ-OUT."""
    return after(held(), dispatch(manifest="SJ-OUT"))


def of_two_manifests() -> Situation:
    """Give a box on SJ-2 while SJ-1 lists another."""
    return known(line(NEXT_BOX, "SJ-1"), line(BOX, "SJ-2"))


def pallet(*, by_parent: bool = True) -> Situation:
    """Give a pallet with two boxes in it."""
    inside = (line(BOX, parent=PALLET), line(NEXT_BOX, parent=PALLET))
    return known(manifest(by_parent=by_parent), *inside)


RECEIVING = [
    case(scan(""), known(), INVALID, id="nothing was read"),
    case(scan(" \t\r\n"), known(), INVALID, id="only blanks were read"),
    case(scan("A" * 4_097), known(), INVALID, id="too long for any label"),
    case(scan("A\x07B"), known(), INVALID, id="a control character"),
    case(scan("A\ud800"), known(), INVALID, id="half a character"),
    case(scan("00" + SSCC[:-1] + "0"), known(), INVALID, id="wrong check digit"),
    case(scan("SLG-CMD-DAMAGED"), known(), INVALID, id="a label for the station"),
    case(scan("SLG-PLACE-12.71"), known(), INVALID, id="the label of a place"),
    case(scan("", manifest="SJ-1"), known(closed()), INVALID, id="invalid first"),
    case(scan(manifest="SJ-1"), known(closed(), line()), CLOSED, id="closed"),
    case(scan(manifest="SJ-1"), known(closed(state="void")), CLOSED, id="void"),
    case(scan("?", manifest="SJ-1"), known(closed()), CLOSED, id="closed > unknown"),
    case(scan("4006381333931"), known(), UNKNOWN, id="a text nothing knows"),
    case(scan("1271-XX-000001"), known(), UNKNOWN, id="letters of no item"),
    case(scan("A" * 4_096), known(), UNKNOWN, id="the longest text"),
    case(scan(), known(package(destination=BINJAI)), WRONG, id="bound elsewhere"),
    case(scan("1275-KS-000001"), known(), WRONG, id="another regency's label"),
    case(
        scan("1275-KS-000001", manifest="SJ-1"),
        known(line(), bulk(9, "SJ-2", item="KOTAK", destination=MEDAN)),
        WRONG,
        id="another regency's label > other-manifest",
    ),
    case(
        scan(manifest="SJ-1"),
        known(line(NEXT_BOX), package(destination=BINJAI)),
        WRONG,
        id="bound elsewhere, a manifest named",
    ),
    case(scan(INK, destination=BINJAI), known(bulk(9)), WRONG, id="bulk that goes elsewhere"),
    case(scan(manifest="SJ-1"), of_two_manifests(), OTHER, id="on SJ-2"),
    case(
        scan(manifest="SJ-1"),
        known(line(NEXT_BOX), line(number="SJ-2"), package(destination=BINJAI)),
        OTHER,
        id="listed, whatever its destination",
    ),
    case(scan(INK, manifest="SJ-1"), known(line(), bulk(9, "SJ-2")), OTHER, id="bulk on SJ-2"),
    case(
        scan(manifest="SJ-1"),
        known(line(NEXT_BOX), package(), bulk(9, "SJ-2", item="KOTAK", destination=MEDAN)),
        OTHER,
        id="its item is on SJ-2",
    ),
    case(
        scan(PALLET, manifest="SJ-1"),
        known(manifest(), line(number="SJ-2", parent=PALLET)),
        OTHER,
        id="its boxes are on SJ-2",
    ),
    case(scan(), known(package()), UNEXPECTED, id="on no manifest"),
    case(scan(), known(), UNEXPECTED, id="a label of this regency"),
    case(scan(place=KOTA), known(), UNEXPECTED, id="a label of the regency above"),
    case(scan(), known(manifest(state="closed"), line()), UNEXPECTED, id="its manifest is closed"),
    case(
        scan(),
        known(manifest(receiver=KOTA), line()),
        UNEXPECTED,
        id="its manifest goes to another place",
    ),
    case(scan(INK), known(), UNEXPECTED, id="bulk on no manifest"),
    case(scan(seals=("S9",)), known(line(seals=("S1",))), SEAL, id="another seal"),
    case(scan(seals=("S1",)), known(line(seals=("S1", "S2"))), SEAL, id="one missing"),
    case(scan(seals_required=True), known(line(seals=("S1",))), SEAL, id="none, and required"),
    case(damaged(seals=("S9",)), known(line(seals=("S1",))), SEAL, id="seal > damaged"),
    case(scan(INK, quantity=41), known(bulk(40)), SURPLUS, id="more than expected"),
    case(damaged(INK, quantity=41), known(bulk(40)), SURPLUS, id="surplus > damaged"),
    case(damaged(), known(line()), DAMAGED, id="counted, and damaged"),
    case(damaged(INK), known(bulk(40)), DAMAGED, id="bulk, damaged"),
    case(
        scan(),
        known(line(), package(standing=Standing(condition=Condition.DAMAGED))),
        DAMAGED,
        id="damage stays until it is inspected",
    ),
    case(scan(), known(line()), ACCEPTED, id="expected"),
    case(scan(f" {BOX}\r\n"), known(line()), ACCEPTED, id="as a wedge types"),
    case(scan(manifest="SJ-1"), known(line()), ACCEPTED, id="expected, named"),
    case(scan(), of_two_manifests(), ACCEPTED, id="found without naming it"),
    case(scan("]C100" + SSCC), known(line(SSCC)), ACCEPTED, id="an SSCC as GS1-128"),
    case(scan("PK/7 b"), known(line("PK/7 b")), ACCEPTED, id="plain text"),
    case(scan(seals=("S2", "S1")), known(line(seals=("S1", "S2"))), ACCEPTED, id="sealed"),
    case(scan(), known(line(seals=("S1",))), ACCEPTED, id="seals need not be read"),
    case(scan(INK, quantity=40), known(bulk(40)), ACCEPTED, id="bulk"),
    case(scan("TINTA"), known(bulk(40)), ACCEPTED, id="an item typed by its code"),
    case(
        scan(),
        known(bulk(1, item="KOTAK", destination=KOTA), package()),
        ACCEPTED,
        id="a line without codes takes the item for its destination",
    ),
    case(scan(PALLET), pallet(), ACCEPTED, id="a pallet with its boxes"),
    case(scan(PALLET), pallet(by_parent=False), ACCEPTED, id="a pallet alone"),
]
"""Receipts of what nobody scanned before."""

AGAIN = [
    case(
        scan(manifest="SJ-1"),
        after(known(closed(), line(number="SJ-2")), scan()),
        CLOSED,
        id="closed > duplicate",
    ),
    case(scan(), received(), DUPLICATE, id="counted before"),
    case(scan(manifest="SJ-1"), received(), DUPLICATE, id="counted before, named"),
    case(
        scan(manifest="SJ-2"),
        known(line(number="SJ-2"), package(standing=STANDS_HERE)),
        DUPLICATE,
        id="lies here, though SJ-2 waits for it",
    ),
    case(scan(), after(known(package()), scan()), DUPLICATE, id="came unexpected, comes again"),
    case(
        scan(),
        after(known(line(), package()), scan(), scan()),
        DUPLICATE,
        id="counted before, and again",
    ),
    case(scan(PALLET), after(pallet(), scan(PALLET)), DUPLICATE, id="a pallet twice"),
    case(scan(BOX), after(pallet(), scan(PALLET)), DUPLICATE, id="came on its pallet"),
    case(
        scan("1275-KS-000001"),
        after(known(), scan("1275-KS-000001", place=BINJAI)),
        WRONG,
        id="another regency's label, seen there before",
    ),
    case(
        scan(NEXT_BOX),
        after(known(bulk(1, item="KOTAK", destination=MEDAN)), scan(BOX)),
        SURPLUS,
        id="a package more than a line without codes expects",
    ),
    case(damaged(), received(), DAMAGED, id="damaged > duplicate"),
    case(damaged(), after(known(package()), scan()), DAMAGED, id="damaged, though it lies here"),
    case(
        scan(PALLET),
        after(pallet(), scan(BOX), scan(NEXT_BOX)),
        ACCEPTED,
        id="a pallet whose boxes are counted",
    ),
]
"""Receipts of what was seen here before, or on the way."""

LOADING = [
    case(dispatch(manifest="SJ-OUT"), loaded(), DUPLICATE, id="loaded already"),
    case(dispatch(), loaded(), DUPLICATE, id="loaded already, none named"),
    case(
        dispatch(),
        after(held(outgoing("SJ-3"), line(number="SJ-3")), dispatch(manifest="SJ-OUT")),
        DUPLICATE,
        id="loaded already, none named, though SJ-3 waits for it",
    ),
    case(
        dispatch(manifest="SJ-3"),
        after(
            held(outgoing("SJ-3"), line(number="SJ-3")),
            dispatch(manifest="SJ-OUT"),
        ),
        LEFT,
        id="left on another manifest",
    ),
    case(dispatch(), known(outgoing(), line(number="SJ-OUT")), NOT_HERE, id="unseen"),
    case(
        dispatch(manifest="SJ-OUT"),
        known(outgoing(), line(number="SJ-OUT"), package(standing=Standing(BINJAI))),
        NOT_HERE,
        id="stands elsewhere",
    ),
    case(
        dispatch(manifest="SJ-OUT"),
        known(outgoing(), package(destination=BINJAI)),
        NOT_HERE,
        id="not here > wrong-destination",
    ),
    case(
        dispatch(INK, quantity=41),
        known(outgoing(), bulk(99, "SJ-OUT"), stock={GOOD_INK: 40}),
        NOT_HERE,
        id="more than lies here",
    ),
    case(
        dispatch(INK, condition=Condition.DAMAGED),
        known(outgoing(), bulk(99, "SJ-OUT"), stock={GOOD_INK: 40}),
        NOT_HERE,
        id="none of it is damaged",
    ),
    case(
        dispatch(manifest="SJ-OUT"),
        known(outgoing(), package(standing=STANDS_HERE, destination="12.71.02.1001.001")),
        WRONG,
        id="loading what is not bound for the receiver",
    ),
    case(
        dispatch(manifest="SJ-3"),
        held(outgoing("SJ-3", receiver="12.71.02")),
        OTHER,
        id="beside the wrong lorry",
    ),
    case(
        dispatch(manifest="SJ-OUT"),
        known(outgoing(), package(standing=STANDS_HERE)),
        UNEXPECTED,
        id="loading what no manifest lists",
    ),
    case(
        dispatch(seals=("S9",)),
        known(outgoing(), line(number="SJ-OUT"), package(standing=Standing(MEDAN, seals=("S1",)))),
        SEAL,
        id="another seal than at the last hop",
    ),
    case(dispatch(manifest="SJ-OUT"), held(), ACCEPTED, id="loaded"),
    case(dispatch(), held(), ACCEPTED, id="loaded, none named"),
]
"""Dispatches."""


@pytest.mark.parametrize(("one", "before", "outcome"), RECEIVING + AGAIN + LOADING)
def test_the_first_outcome_that_applies_wins(
    one: Scan, before: Situation, outcome: Outcome
) -> None:
    assert decide(one, before).outcome is outcome


@pytest.mark.parametrize(("one", "before", "outcome"), RECEIVING + AGAIN + LOADING)
def test_deciding_changes_nothing(one: Scan, before: Situation, outcome: Outcome) -> None:
    facts = deepcopy(facts_of(before))

    decided = [decide(one, before).outcome, decide(one, before).outcome]

    assert decided == [outcome, outcome]
    assert facts_of(before) == facts


def facts_of(before: Situation) -> list[object]:
    return [before.packages, before.lines, before.counts, +Counter(before.stock)]


@pytest.mark.parametrize(("one", "before", "outcome"), RECEIVING)
def test_a_return_follows_the_rules_of_receiving(
    one: Scan, before: Situation, outcome: Outcome
) -> None:
    assert decide(replace(one, task=Task.RETURN), before).outcome is outcome


@pytest.mark.parametrize(("one", "before", "outcome"), RECEIVING)
def test_a_lookup_answers_as_receiving_would_and_changes_nothing(
    one: Scan, before: Situation, outcome: Outcome
) -> None:
    decision = decide(replace(one, task=Task.LOOKUP), before)

    assert (decision.outcome, decision.effects, decision.discrepancy) == (outcome, (), None)


@pytest.mark.parametrize(
    ("before", "outcome"),
    [
        case(received(), ACCEPTED, id="counted"),
        case(after(known(line()), damaged()), DAMAGED, id="counted, damaged"),
        case(after(known(package()), scan()), UNEXPECTED, id="came unexpected"),
        case(after(pallet(), scan(PALLET)), ACCEPTED, id="came on its pallet"),
        case(loaded(), UNEXPECTED, id="left"),
    ],
)
def test_a_lookup_is_never_a_duplicate(before: Situation, outcome: Outcome) -> None:
    assert decide(scan(BOX, Task.LOOKUP), before).outcome is outcome


@pytest.mark.parametrize(("one", "before", "outcome"), RECEIVING + AGAIN + LOADING)
def test_only_what_counts_and_a_surprise_at_the_door_move_anything(
    one: Scan, before: Situation, outcome: Outcome
) -> None:
    moves = outcome.counts or (outcome is UNEXPECTED and one.task is Task.RECEIVE)

    assert bool(decide(one, before).effects) is moves


@pytest.mark.parametrize(("one", "before", "outcome"), RECEIVING + AGAIN + LOADING)
def test_stops_surplus_damage_and_surprises_open_a_discrepancy(
    one: Scan, before: Situation, outcome: Outcome
) -> None:
    opening = {CLOSED, LEFT, NOT_HERE, WRONG, SEAL, SURPLUS, DAMAGED, UNEXPECTED}

    assert decide(one, before).discrepancy == (outcome.value if outcome in opening else None)


@pytest.mark.parametrize(
    ("outcome", "severity"),
    [
        (INVALID, "stop"), (CLOSED, "stop"), (UNKNOWN, "attention"), (DUPLICATE, "attention"),
        (LEFT, "stop"), (NOT_HERE, "stop"), (WRONG, "stop"), (OTHER, "attention"),
        (UNEXPECTED, "attention"), (SEAL, "stop"), (SURPLUS, "attention"), (DAMAGED, "attention"),
        (ACCEPTED, "ok"),
    ],
)  # fmt: skip
def test_every_outcome_has_its_severity(outcome: Outcome, severity: str) -> None:
    assert outcome.severity is Severity(severity)


def test_outcomes_stand_in_the_order_in_which_they_are_decided() -> None:
    order = [INVALID, CLOSED, UNKNOWN, DUPLICATE, LEFT, NOT_HERE, WRONG, OTHER, UNEXPECTED, SEAL,
             SURPLUS, DAMAGED, ACCEPTED]  # fmt: skip

    assert list(Outcome) == order


def test_only_accepted_surplus_and_damaged_count() -> None:
    assert {outcome for outcome in Outcome if outcome.counts} == {ACCEPTED, SURPLUS, DAMAGED}


# Duplicates.


@pytest.mark.parametrize(
    ("station", "minutes", "discrepancy"),
    [
        case("PPK Medan Kota", -1, "duplicate", id="two stations that did not know of each other"),
        case("PPK Medan Kota", 1, None, id="another station, afterwards"),
        case("Gudang Medan", -1, None, id="the same station"),
    ],
)
def test_two_stations_that_counted_the_same_box_open_a_discrepancy(
    station: str, minutes: int, discrepancy: str | None
) -> None:
    again = scan(station=station, scanned_at=NOON + timedelta(minutes=minutes))

    decision = decide(again, received())

    assert (decision.outcome, decision.discrepancy) == (DUPLICATE, discrepancy)


def test_a_duplicate_says_when_where_and_by_whom_it_was_counted() -> None:
    decision = decide(scan(station="PPK Medan Kota"), received())

    assert decision.sentence.values == {
        "at": "02/02 12.00.01 WIB",
        "station": "Gudang Medan",
        "place": MEDAN,
    }


def test_what_came_as_a_surprise_counts_once_a_line_waits_for_it() -> None:
    before = after(known(package()), scan())
    before.add_line(line())
    before.manifests["SJ-1"] = manifest()

    decision = decide(scan(), before)

    (effect,) = decision.effects
    assert decision.outcome is ACCEPTED
    assert (effect.origin, effect.to, effect.count) == (MEDAN, MEDAN, 1)


def test_what_came_as_a_surprise_is_a_duplicate_while_no_line_waits_for_it() -> None:
    before = after(known(package()), scan())
    full = bulk(1, item="KOTAK", destination=MEDAN, counted={Task.RECEIVE: 1})
    before.add_line(full)
    before.manifests["SJ-1"] = manifest()

    assert decide(scan(), before).outcome is DUPLICATE


def test_damage_of_a_counted_box_changes_its_condition_and_counts_nothing() -> None:
    (effect,) = decide(damaged(), received()).effects

    assert (effect.condition, effect.was) == (Condition.DAMAGED, Condition.GOOD)
    assert (effect.origin, effect.to, effect.count) == (MEDAN, MEDAN, 0)


def test_damage_is_recorded_once() -> None:
    before = after(known(line()), scan(), damaged())

    assert decide(damaged(), before).outcome is DUPLICATE


# Which manifest, which line.


def test_without_a_manifest_the_earliest_due_is_served_then_the_lowest_number() -> None:
    before = known(
        manifest("SJ-A"),
        manifest("SJ-B", due=date(2026, 2, 9)),
        manifest("SJ-C", due=date(2026, 2, 8)),
        manifest("SJ-D", due=date(2026, 2, 8)),
        *(line(number=number) for number in ("SJ-D", "SJ-C", "SJ-B", "SJ-A")),
    )

    assert decide(scan(), before).manifest == "SJ-C"


def test_another_manifest_is_named_so_that_one_tap_switches() -> None:
    decision = decide(scan(manifest="SJ-1"), of_two_manifests())

    assert decision.manifest == "SJ-2"
    assert decision.sentence.values == {"manifest": "SJ-2"}


def test_a_wrong_destination_is_named_with_code_and_path() -> None:
    before = known(package(destination="12.75.01.1001.001"))
    before.names = {
        "12.75.01.1001.001": "TPS 001",
        "12.75.01.1001": "Pahlawan",
        "12.75.01": "Binjai Utara",
        "12.75": "Kota Binjai",
    }

    decision = decide(scan(), before)

    told = "TPS 001, Pahlawan, Binjai Utara, Kota Binjai (12.75.01.1001.001)"
    assert told in str(decision.sentence)


def test_a_package_counts_one_on_its_line_and_units_of_its_item() -> None:
    expected = line(quantity=40, item="TINTA")

    (effect,) = decide(scan(), known(expected)).effects

    assert (effect.quantity, effect.count, effect.units) == (40, 1, 40)
    assert (effect.manifest, effect.line, effect.task) == ("SJ-1", expected.number, Task.RECEIVE)


def test_a_package_on_a_line_without_codes_counts_its_units() -> None:
    before = known(
        bulk(100, destination=MEDAN), package("A1", item="TINTA", quantity=40, destination=TPS)
    )

    (effect,) = decide(scan("A1"), before).effects

    assert (effect.quantity, effect.count, effect.units) == (40, 40, 40)


def test_loading_moves_a_box_on_its_way() -> None:
    (effect,) = decide(dispatch(), held()).effects

    assert (effect.origin, effect.to, effect.left_on) == (MEDAN, None, "SJ-OUT")


# Bulk.


def test_bulk_adds_one_unless_a_quantity_is_said() -> None:
    before = known(row := bulk(40))

    assert counted(decide(scan(INK), before)) == {("SJ-1", row.number): 1}


def test_bulk_is_never_a_duplicate() -> None:
    before = after(known(bulk(40)), scan(INK, quantity=20))

    assert decide(scan(INK, quantity=20), before).outcome is ACCEPTED


def test_bulk_fills_the_lines_in_the_order_of_their_rows() -> None:
    second, first = bulk(5, row=9, destination=NEXT_TPS), bulk(5, row=2)

    decision = decide(scan(INK, quantity=8), known(second, first))

    assert counted(decision) == {("SJ-1", first.number): 5, ("SJ-1", second.number): 3}


def test_bulk_fills_only_the_destination_that_is_named() -> None:
    first, second = bulk(5, row=2), bulk(5, row=9, destination=NEXT_TPS)

    decision = decide(scan(INK, quantity=5, destination=NEXT_TPS), known(first, second))

    assert counted(decision) == {("SJ-1", second.number): 5}


def test_what_is_left_over_counts_as_surplus_on_the_last_line() -> None:
    first, last = bulk(5, row=2), bulk(5, row=9, destination=NEXT_TPS)
    before = known(first, last)

    after(before, scan(INK, quantity=12))

    assert [row.counted[Task.RECEIVE] for row in (first, last)] == [5, 7]


def test_bulk_is_answered_with_the_manifest_it_counts_on() -> None:
    before = after(known(bulk(5, "SJ-1"), bulk(5, "SJ-2")), scan(INK, quantity=5))

    assert decide(scan(INK, quantity=5), before).manifest == "SJ-2"


def test_bulk_leaves_only_as_long_as_it_lasts() -> None:
    before = known(outgoing(), bulk(99, "SJ-OUT"), stock={GOOD_INK: 40})

    after(before, dispatch(INK, quantity=30))

    assert decide(dispatch(INK, quantity=11), before).outcome is NOT_HERE
    assert decide(dispatch(INK, quantity=10), before).outcome is ACCEPTED


# Parents.


def test_a_pallet_alone_leaves_its_boxes_where_they_are() -> None:
    decision = decide(scan(PALLET), pallet(by_parent=False))

    assert [effect.package for effect in decision.effects] == [PALLET]


def test_a_pallet_received_by_parent_brings_its_boxes() -> None:
    decision = decide(scan(PALLET), pallet())

    assert [effect.package for effect in decision.effects] == [PALLET, BOX, NEXT_BOX]
    assert list(counted(decision).values()) == [1, 1]


def test_boxes_that_are_counted_already_are_passed_over() -> None:
    decision = decide(scan(PALLET), after(pallet(), scan(BOX)))

    assert [effect.package for effect in decision.effects] == [PALLET, NEXT_BOX]


def test_a_box_on_two_manifests_comes_once_with_its_pallet() -> None:
    manifests = [manifest(number, by_parent=True) for number in ("SJ-1", "SJ-2")]
    rows = [line(number=number, parent=PALLET) for number in ("SJ-1", "SJ-2")]

    decision = decide(scan(PALLET), known(*manifests, *rows))

    assert [(effect.package, effect.manifest) for effect in decision.effects] == [
        (PALLET, None), (BOX, "SJ-1"),
    ]  # fmt: skip


def test_damage_of_a_pallet_is_not_that_of_its_boxes() -> None:
    decision = decide(damaged(PALLET), pallet())

    assert decision.outcome is DAMAGED
    assert [effect.condition.value for effect in decision.effects] == ["damaged", "good", "good"]


def test_a_pallet_loads_only_the_boxes_that_stand_here() -> None:
    before = known(
        outgoing(by_parent=True),
        line(BOX, "SJ-OUT", parent=PALLET),
        line(NEXT_BOX, "SJ-OUT", parent=PALLET),
        package(PALLET, item=None, standing=STANDS_HERE),
        package(BOX, standing=STANDS_HERE),
    )

    decision = decide(dispatch(PALLET), before)

    assert [(effect.package, effect.left_on) for effect in decision.effects] == [
        (PALLET, "SJ-OUT"), (BOX, "SJ-OUT"),
    ]  # fmt: skip


def test_a_pallet_that_left_already_is_a_duplicate_on_the_same_manifest() -> None:
    before = known(
        outgoing(by_parent=True),
        line(BOX, "SJ-OUT", parent=PALLET),
        package(PALLET, item=None, standing=STANDS_HERE),
        package(BOX, standing=STANDS_HERE),
    )

    after(before, dispatch(PALLET))

    assert decide(dispatch(PALLET, manifest="SJ-OUT"), before).outcome is DUPLICATE
