"""Recording scans: each once, each answered, one event with its decision and effects."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select

from silog_scan.core.custody import Outcome, Scan, Severity
from silog_scan.core.errors import Conflict, Malformed, NotFound, NotYours, Refused
from silog_scan.core.stock import Condition, Effect, Task
from silog_scan.services import scanning
from silog_scan.services.actors import Actor
from silog_scan.services.scanning import Counts, Result
from silog_scan.store import queries
from silog_scan.store.db import Database
from silog_scan.store.tables import DiscrepancyRow, ScanRow, StationRow
from tests.cast import BINJAI, BOX, INK, KOTA, MEDAN, NEXT_BOX, NEXT_TPS, PALLET, TPS
from tests.conftest import NOON
from tests.desk import HENDRA, OTHER_DESK, RINA, Desk, box, ink

# One answer.


def test_a_scan_is_answered_with_outcome_counts_and_event(desk: Desk) -> None:
    desk.imports(box(), box(NEXT_BOX))

    answer = desk.scan(manifest="SJ-1")

    assert (answer.outcome, answer.severity) == (Outcome.ACCEPTED, Severity.OK)
    assert answer.counts == Counts(expected=2, counted=1)
    assert desk.events("scan") == [answer.event]


def test_the_answer_is_the_contract_s_object(desk: Desk) -> None:
    desk.imports(box())

    answer = desk.scan()

    assert answer.as_json(str) == {
        "id": answer.id,
        "outcome": "accepted",
        "severity": "ok",
        "message": str(answer.sentence),
        "package": BOX,
        "manifest": "SJ-1",
        "counts": {"expected": 1, "counted": 1, "remaining": 0},
        "event": {
            "station": "Gudang Medan",
            "sequence": answer.event.sequence,
            "digest": answer.event.digest,
        },
    }


def test_a_bulk_scan_is_answered_in_units_of_its_item(desk: Desk) -> None:
    desk.imports(box(), ink(30), ink(10, NEXT_TPS))

    answer = desk.scan(INK, quantity=15)

    assert answer.counts.as_json() == {"expected": 40, "counted": 15, "remaining": 25}


def test_nothing_remains_once_there_is_more_than_expected(desk: Desk) -> None:
    desk.imports(ink(40))

    answer = desk.scan(INK, quantity=41)

    assert answer.counts.as_json() == {"expected": 40, "counted": 41, "remaining": 0}


def test_the_answer_to_an_unknown_text_counts_nothing(desk: Desk) -> None:
    answer = desk.scan("4006381333931")

    assert (answer.outcome, answer.counts, answer.manifest) == (Outcome.UNKNOWN, Counts(), None)


def test_the_event_carries_the_decision_and_its_effects(desk: Desk) -> None:
    desk.imports(box())

    answer = desk.scan(manifest="SJ-1", source="wedge", counter=7, symbology="code128")

    effect = Effect(
        "KOTAK", 1, BOX, to=MEDAN, destination=TPS, manifest="SJ-1", line=1, task=Task.RECEIVE,
        count=1, units=1, arrived="accepted",
    )  # fmt: skip
    body = dict(answer.event.body)
    assert body.pop("sentence") == answer.sentence.template
    assert body.pop("values") == answer.sentence.values
    assert body == {
        "task": "receive", "place": MEDAN, "manifest": "SJ-1", "text": BOX, "symbology": "code128",
        "source": "wedge", "scanned_at": "2026-02-02T05:00:00.000Z", "counter": 7, "user": "rina",
        "outcome": "accepted", "package": BOX, "item": "KOTAK", "decided_on": "SJ-1",
        "counts": {"expected": 1, "counted": 1, "remaining": 0}, "effects": [effect.as_json()],
    }  # fmt: skip


def test_the_station_s_time_and_the_server_s_are_never_mixed_up(desk: Desk) -> None:
    made = replace(desk.made(), scanned_at=NOON - timedelta(hours=1))

    (answer,) = desk.sends(made)

    assert isinstance(answer, Result)
    assert answer.event.at == "2026-02-02T05:00:00.000Z"
    assert answer.event.body["scanned_at"] == "2026-02-02T04:00:00.000Z"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param("A\x00B", "A\\x00B", id="NUL"),
        pytest.param("A\ud800", "A\\ud800", id="half a character"),
        pytest.param("A" * 5_000, "A" * 4_096, id="too long"),
        pytest.param("A\x1dB", "A\x1dB", id="a group separator"),
    ],
)
def test_every_text_is_kept_with_its_scan(desk: Desk, text: str, kept: str) -> None:
    answer = desk.scan(text)

    with desk.writing() as session:
        row = session.get(ScanRow, answer.id)
    assert row is not None
    assert (row.text, row.outcome) == (kept, answer.outcome)


@pytest.mark.parametrize(
    ("text", "manifest", "outcome"),
    [
        ("", None, Outcome.INVALID),
        (BOX, "SJ-CLOSED", Outcome.MANIFEST_CLOSED),
        ("?", None, Outcome.UNKNOWN),
        ("1275-KS-000001", None, Outcome.WRONG_DESTINATION),
        (BOX, "SJ-2", Outcome.OTHER_MANIFEST),
        ("1271-KS-000009", None, Outcome.UNEXPECTED),
    ],
)
def test_refused_scans_are_recorded_too(
    desk: Desk, text: str, manifest: str | None, outcome: Outcome
) -> None:
    desk.imports(box())
    desk.imports(box(NEXT_BOX), number="SJ-2")
    desk.imports(box("1271-KS-000003"), number="SJ-CLOSED")
    desk.of(HENDRA).close("SJ-CLOSED")

    answer = desk.scan(text, manifest=manifest)

    assert answer.outcome is outcome
    assert desk.events("scan") == [answer.event]
    assert set(desk.counted().values()) == {0}


def test_a_sentence_with_a_sentence_in_it_reads_back(desk: Desk) -> None:
    desk.imports(box())
    desk.imports(box(), number="SJ-OUT", origin=MEDAN, receiver=KOTA)

    answer = desk.dispatch(manifest="SJ-OUT")

    assert answer.outcome is Outcome.NOT_HERE
    assert str(scanning.sentence_of(answer.event.body)) == str(answer.sentence)


# Once and never twice.


@pytest.mark.parametrize("actor", [RINA, OTHER_DESK], ids=["same station", "other station"])
def test_a_repeated_id_gets_its_first_answer_and_records_nothing(desk: Desk, actor: Actor) -> None:
    desk.imports(box(), box(NEXT_BOX))
    made = desk.made()
    (first,) = desk.sends(made)
    desk.scan(NEXT_BOX)
    before = desk.events()

    (again,) = desk.of(actor).later(NOON + timedelta(hours=1)).sends(made)

    assert again == first
    assert desk.events() == before


def test_a_repeated_id_in_one_submission_gets_one_event(desk: Desk) -> None:
    desk.imports(ink(40))
    made = desk.made(INK, quantity=10)

    answers = desk.sends(made, made, made)

    assert answers == [answers[0]] * 3
    assert desk.counted() == {"TINTA": 10}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"text": NEXT_BOX}, id="another text"),
        pytest.param({"task": Task.LOOKUP}, id="another task"),
    ],
)
def test_an_id_used_for_another_scan_is_refused_and_that_is_recorded(
    desk: Desk, changes: dict[str, str]
) -> None:
    desk.imports(box(), box(NEXT_BOX))
    made = desk.made()
    desk.sends(made)

    (answer,) = desk.of(OTHER_DESK).sends(replace(made, **changes))  # type: ignore[arg-type]

    assert isinstance(answer, Conflict)
    assert answer.code == "id-reused"
    (refusal,) = desk.events("scan-refused")
    assert (refusal.station, refusal.body["scan"]) == ("Meja 2", made.id)
    assert sum(desk.counted().values()) == 1


def test_a_refused_id_lets_the_rest_of_the_submission_go_on(desk: Desk) -> None:
    desk.imports(box(), box(NEXT_BOX))
    made = desk.made()
    desk.sends(made)

    refused, accepted = desk.sends(replace(made, text="X"), desk.made(NEXT_BOX))

    assert isinstance(refused, Refused)
    assert isinstance(accepted, Result)
    assert accepted.outcome is Outcome.ACCEPTED


def test_a_repeated_answer_keeps_its_counts(desk: Desk) -> None:
    desk.imports(box(), box(NEXT_BOX))
    made = desk.made()
    desk.sends(made)
    desk.scan(NEXT_BOX)

    (again,) = desk.sends(made)

    assert isinstance(again, Result)
    assert again.counts == Counts(expected=2, counted=1)


# A submission as a whole.


@pytest.mark.parametrize(
    ("actor", "details", "refusal", "code"),
    [
        pytest.param(RINA, {"place": BINJAI}, NotYours, "place-not-yours", id="another regency"),
        pytest.param(RINA, {"place": "12"}, NotYours, "place-not-yours", id="the province above"),
        pytest.param(RINA, {"place": "12.71.99"}, NotFound, "unknown-place", id="no such place"),
        pytest.param(RINA, {"manifest": "SJ-9"}, NotFound, "unknown-manifest", id="no manifest"),
        pytest.param(RINA, {"task": Task.PACK}, Malformed, "task-not-offered", id="no such task"),
    ],
)
def test_a_submission_is_refused_in_words_and_nothing_is_recorded(
    desk: Desk, actor: Actor, details: dict[str, str], refusal: type[Refused], code: str
) -> None:
    before = desk.events()

    with pytest.raises(refusal) as caught:
        desk.of(actor).scan(**details)  # type: ignore[arg-type]

    assert caught.value.code == code
    assert desk.events() == before


def test_an_observer_records_nothing(desk: Desk, observer: Actor) -> None:
    with pytest.raises(NotYours):
        desk.of(observer).scan()


def test_a_refused_submission_takes_no_other_with_it(desk: Desk) -> None:
    desk.imports(box())
    foreign = desk.handed_in(desk.made(place=BINJAI))
    own = desk.handed_in(desk.made())

    refused, answered = desk.records(foreign, own)

    assert isinstance(refused, NotYours)
    assert isinstance(answered, list)
    assert desk.counted() == {BOX: 1}


def test_two_stations_in_one_transaction_write_two_chains(desk: Desk) -> None:
    desk.imports(box())
    mine, theirs = desk.handed_in(desk.made()), desk.of(OTHER_DESK).handed_in(desk.made())

    desk.records(mine, theirs)

    outcomes = {event.station: event.body["outcome"] for event in desk.events("scan")}
    assert outcomes == {"Gudang Medan": "accepted", "Meja 2": "duplicate"}
    assert desk.broken() == []


@pytest.mark.parametrize(("device", "kept"), [(True, 3), (False, 0)], ids=["device", "browser"])
def test_only_a_device_tells_what_it_still_holds(desk: Desk, *, device: bool, kept: int) -> None:
    actor = replace(RINA, device=device)

    desk.records(desk.of(actor).handed_in(desk.made("?"), unsent=3))

    with desk.writing() as session:
        assert session.scalar(select(StationRow.unsent)) == kept


# What follows from a scan.


def test_a_receipt_and_a_dispatch_move_stock(desk: Desk) -> None:
    desk.imports(box(), ink(40))
    desk.imports(box(), ink(30), number="SJ-OUT", origin=MEDAN, receiver=KOTA)

    desk.scan()
    desk.scan(INK, quantity=40)
    desk.dispatch()
    desk.dispatch(INK, quantity=30)

    assert desk.stock() == {(MEDAN, "TINTA", "good"): (10, 0)}
    assert desk.counted("SJ-OUT", Task.DISPATCH) == {BOX: 1, "TINTA": 30}


def test_the_whole_way_of_a_box_and_back(desk: Desk) -> None:
    ppk = desk.of(Actor("PPK Medan Kota", KOTA, RINA.role, device=True))
    desk.imports(box(), number="SJ-1")
    desk.imports(box(), number="SJ-2", origin=MEDAN, receiver=KOTA)
    desk.imports(box(), number="SJ-3", origin=KOTA)

    way = [
        desk.scan(),
        desk.dispatch(),
        ppk.scan(),
        ppk.dispatch(),
        desk.scan(task=Task.RETURN),
    ]

    assert [step.outcome for step in way] == [Outcome.ACCEPTED] * 5
    assert [step.manifest for step in way] == ["SJ-1", "SJ-2", "SJ-2", "SJ-3", "SJ-3"]
    assert desk.stock() == {(MEDAN, "KOTAK", "good"): (1, 1)}


def test_a_surprise_counts_once_its_manifest_arrives(desk: Desk) -> None:
    desk.scan()
    desk.imports(box())

    answer = desk.scan()

    assert answer.outcome is Outcome.ACCEPTED
    assert desk.stock() == {(MEDAN, "KOTAK", "good"): (1, 1)}
    assert desk.counted() == {BOX: 1}


def test_another_regency_s_box_is_stopped_wherever_it_was_seen(desk: Desk) -> None:
    province = replace(RINA, place="12")
    desk.of(province).scan("1275-KS-000001", place="12")

    answer = desk.scan("1275-KS-000001")

    assert answer.outcome is Outcome.WRONG_DESTINATION


def test_a_pallet_received_by_parent_counts_its_boxes(desk: Desk) -> None:
    desk.imports(box(parent=PALLET), box(NEXT_BOX, parent=PALLET), by_parent=True)

    answer = desk.scan(PALLET)

    assert answer.counts == Counts(expected=2, counted=2)
    assert desk.counted() == {BOX: 1, NEXT_BOX: 1}
    assert desk.scan(BOX).outcome is Outcome.DUPLICATE


def test_a_lookup_is_recorded_and_changes_nothing(desk: Desk) -> None:
    desk.imports(box())
    before = desk.snapshot() | {"scan": [], "custody": []}

    answer = desk.scan(task=Task.LOOKUP)

    assert answer.outcome is Outcome.ACCEPTED
    assert desk.events("scan") == [answer.event]
    assert desk.snapshot() | {"scan": [], "custody": []} == before


def test_a_stranger_that_is_only_looked_up_is_no_extra(desk: Desk) -> None:
    desk.imports(box())

    desk.scan("4006381333931", Task.LOOKUP, manifest="SJ-1")

    with desk.writing() as session:
        assert queries.extras(session, "SJ-1") == []
        assert queries.manifest_view(session, "SJ-1").totals.extras == 0


def test_damage_is_counted_and_opens_a_discrepancy(desk: Desk) -> None:
    desk.imports(box())

    answer = desk.scan(condition=Condition.DAMAGED)

    with desk.writing() as session:
        found = session.scalars(select(DiscrepancyRow)).one()
    assert (found.id, found.kind, found.package) == (answer.id, "damaged", BOX)
    assert desk.stock() == {(MEDAN, "KOTAK", "damaged"): (1, 1)}


def test_scans_of_one_submission_know_of_each_other(desk: Desk) -> None:
    desk.imports(ink(30), ink(10, NEXT_TPS))

    answers = desk.sends(*(desk.made(INK, quantity=n) for n in (25, 10, 10)))

    outcomes = [answer.outcome for answer in answers if isinstance(answer, Result)]
    assert outcomes == [Outcome.ACCEPTED, Outcome.ACCEPTED, Outcome.SURPLUS]


# How dear it is.


def statements(desk: Desk, database: Database, scans: list[Scan]) -> int:
    """Return how many statements recording the scans takes."""
    seen: list[str] = []
    listen = (database.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    event.listen(*listen)
    desk.sends(*scans)
    event.remove(*listen)
    return len(seen)


def test_a_hundred_scans_take_no_more_statements_than_two(
    database: Database, tmp_path: Path
) -> None:
    desk = Desk(database.writing, tmp_path)
    codes = [f"1271-KS-{n:06d}" for n in range(102)]
    desk.imports(*map(box, codes), ink(500))
    warm = [desk.made(INK), desk.made("?")]
    desk.sends(*warm)

    few = statements(desk, database, [desk.made(codes[0]), desk.made(INK), desk.made("?")])
    many = [desk.made(text) for code in codes[1:] for text in (code, INK, f"?{code}")]

    assert statements(desk, database, many) == few <= 30


def test_a_package_whose_contents_left_loose_is_stopped_at_the_lorry(desk: Desk) -> None:
    carton = "1271-TN-000001"
    desk.imports(f"{carton},TINTA,10,{TPS},,")
    desk.imports(
        f"{carton},TINTA,10,{TPS},,", ink(10), number="SJ-OUT", origin=MEDAN, receiver=KOTA
    )
    desk.scan(carton, manifest="SJ-1")
    assert desk.dispatch(INK, quantity=10, manifest="SJ-OUT").outcome is Outcome.ACCEPTED

    stopped = desk.dispatch(carton, manifest="SJ-OUT")

    assert stopped.outcome is Outcome.NOT_HERE
    assert "Its contents went out loose" in str(stopped.sentence)


@pytest.mark.parametrize("together", [True, False])
def test_a_child_leaves_on_the_manifest_it_counts_on(desk: Desk, together: bool) -> None:
    desk.imports(box(parent=PALLET), by_parent=True)
    desk.scan(PALLET)
    desk.imports(box(), number="SJ-A", origin=MEDAN, receiver=KOTA)
    desk.imports(box(parent=PALLET), number="SJ-B", origin=MEDAN, receiver=KOTA, by_parent=True)
    scans = [desk.made(PALLET, Task.DISPATCH), desk.made(BOX, Task.DISPATCH)]
    batches = [scans] if together else [[scan] for scan in scans]

    for batch in batches:
        desk.sends(*batch)

    effects = [e for event in desk.events("scan") for e in event.body.get("effects", ())]
    (left,) = [e for e in effects if e.get("left_on") and e["package"] == BOX]
    assert left["left_on"] == left["manifest"] == "SJ-B"
