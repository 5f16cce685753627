"""The log as a whole: gap-free, hashed as the contract says, exported and read back."""

import hashlib
import json
from collections import Counter
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from silog_scan.core.errors import Malformed
from silog_scan.core.events import Event, canonical
from silog_scan.services import ledgers
from tests.cast import INK, MEDAN, NEXT_BOX
from tests.desk import HENDRA, OTHER_DESK, Desk, box, ink


def worked(desk: Desk) -> list[str]:
    """Return the export of a day's work at two desks."""
    desk.imports(box(), box(NEXT_BOX), ink(40))
    desk.scan("kotak é ✓ \x1d")
    scan = desk.scan()
    desk.of(OTHER_DESK).scan(NEXT_BOX)
    desk.of(OTHER_DESK).scan(INK, quantity=40)
    desk.undo(scan)
    desk.scan("1275-KS-000001")
    desk.of(HENDRA).close()
    with desk.writing() as session:
        return list(ledgers.export(session))


def as_bytes(lines: list[str]) -> list[bytes]:
    return [line.encode() for line in lines]


def test_every_station_counts_from_one_without_a_gap(desk: Desk) -> None:
    worked(desk)

    sequences = {name: [event.sequence for event in chain] for name, chain in by_station(desk)}
    assert sequences == {"Gudang Medan": [1, 2, 3, 4, 5, 6, 7, 8], "Meja 2": [1, 2]}


def test_every_event_names_the_digest_of_the_one_before(desk: Desk) -> None:
    worked(desk)

    named = {name: [event.previous for event in chain] for name, chain in by_station(desk)}
    assert named == {
        name: ["0" * 64, *(event.digest for event in chain[:-1])]
        for name, chain in by_station(desk)
    }


def by_station(desk: Desk) -> list[tuple[str, list[Event]]]:
    events = sorted(desk.events(), key=lambda event: event.station)
    return [(name, list(chain)) for name, chain in groupby(events, lambda event: event.station)]


def test_the_export_can_be_checked_with_json_and_sha256_alone(desk: Desk) -> None:
    lines = worked(desk)

    objects = [json.loads(line) for line in lines]
    digests = [item.pop("digest") for item in objects]
    hashed = [
        hashlib.sha256(
            json.dumps(o, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        ).hexdigest()
        for o in objects
    ]
    assert hashed == digests
    assert objects[0].keys() == {"station", "sequence", "id", "kind", "at", "body", "previous"}
    assert [(o["station"], o["sequence"]) for o in objects] == sorted(
        (o["station"], o["sequence"]) for o in objects
    )


def test_the_id_of_a_scan_s_event_is_the_scan_s(desk: Desk) -> None:
    made = desk.made()

    desk.sends(made)

    assert [event.id for event in desk.events("scan")] == [made.id]


def test_export_lines_read_back_as_the_same_events(desk: Desk) -> None:
    lines = worked(desk)

    read = list(ledgers.parse(as_bytes([*lines, ""])))

    assert sorted(read, key=lambda e: (e.station, e.sequence)) == sorted(
        desk.events(), key=lambda e: (e.station, e.sequence)
    )


def test_an_untouched_log_verifies_station_by_station(desk: Desk) -> None:
    lines = worked(desk)

    chains = ledgers.verify(ledgers.parse(as_bytes(lines)))

    assert [chain.broken for chain in chains] == [None, None]
    assert [chain.head.station for chain in chains] == ["Gudang Medan", "Meja 2"]
    with desk.writing() as session:
        assert ledgers.verify_database(session) == chains


@pytest.mark.parametrize("which", [0, 3, -1], ids=["first", "middle", "last"])
def test_the_first_bad_event_of_an_altered_export_is_named(desk: Desk, which: int) -> None:
    objects = [json.loads(line) for line in worked(desk)]
    objects[which]["body"]["note"] = "forged"
    bad = objects[which]

    chains = ledgers.verify(ledgers.parse([canonical(o) for o in objects]))

    (broken,) = [chain.broken for chain in chains if chain.broken]
    assert str(broken).startswith(f"Event {bad['sequence']} of station {bad['station']}")


def test_one_broken_chain_leaves_the_others_whole(desk: Desk) -> None:
    lines = worked(desk)

    chains = ledgers.verify(ledgers.parse(as_bytes(lines[1:])))

    assert {chain.head.station: chain.broken is None for chain in chains} == {
        "Gudang Medan": False, "Meja 2": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"{", id="cut"),
        pytest.param(b"[]", id="no object"),
        pytest.param(b"{}", id="empty"),
        pytest.param(b"\xff\xfe", id="no UTF-8"),
        pytest.param(b"[" * 100_000, id="too deep"),
    ],
)
def test_a_line_that_is_no_event_is_refused(line: bytes) -> None:
    with pytest.raises(Malformed, match="Line 1 is no event"):
        list(ledgers.parse([line]))


def test_an_empty_file_is_no_export() -> None:
    with pytest.raises(Malformed):
        list(ledgers.parse([b"\n", b" "]))


def test_altering_any_character_of_an_export_is_noticed(desk: Desk) -> None:
    whole = "\n".join(worked(desk))

    @settings(max_examples=100)
    @given(st.integers(0, len(whole) - 1), st.sampled_from("0a~"))
    def alter(at: int, letter: str) -> None:
        altered = whole[:at] + letter + whole[at + 1 :]
        assert altered == whole or is_noticed(altered.splitlines())

    alter()


def is_noticed(lines: list[str]) -> bool:
    try:
        return any(chain.broken for chain in ledgers.verify(ledgers.parse(as_bytes(lines))))
    except Malformed:
        return True


# Against a replay.


def test_a_healthy_database_equals_a_replay(desk: Desk) -> None:
    worked(desk)

    assert desk.differences() == []


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("UPDATE stock SET quantity = quantity + 1", "stock"),
        ("UPDATE line_count SET counted = 7", "line_count"),
        ("UPDATE tally SET matched = 9", "tally"),
        ("UPDATE package SET place = '12'", "package"),
        ("DELETE FROM scan", "scan"),
        ("DELETE FROM counted", "counted"),
        ("DELETE FROM custody", "custody"),
        ("DELETE FROM discrepancy", "discrepancy"),
        ("DELETE FROM expected", "expected"),
        ("UPDATE manifest SET state = 'open'", "manifest"),
    ],
)
def test_a_tampered_projection_is_named_and_mended(desk: Desk, statement: str, table: str) -> None:
    worked(desk)
    before = desk.snapshot()
    with desk.writing() as session:
        session.execute(text(statement))

    assert desk.differences() == [table]
    with desk.writing() as session:
        ledgers.rebuild(session)
    assert desk.snapshot() == before


def test_comparing_changes_nothing(desk: Desk) -> None:
    worked(desk)
    with desk.writing() as session:
        session.execute(text("UPDATE stock SET quantity = 99"))
    before = desk.snapshot()

    desk.differences()

    assert desk.snapshot() == before


def test_a_rebuild_tells_how_many_events_it_followed(desk: Desk) -> None:
    worked(desk)
    events = desk.events()

    with desk.writing() as session:
        assert ledgers.rebuild(session) == len(events)


def test_stock_follows_from_the_events_of_the_log_alone(desk: Desk) -> None:
    worked(desk)

    effects = [effect for event in desk.events() for effect in event.body.get("effects", ())]
    assert sums(effects, "to") - sums(effects, "from") == {"KOTAK": 1, "TINTA": 40}
    assert {item: n for (_, item, _), (n, _) in desk.stock().items()} == {"KOTAK": 1, "TINTA": 40}


def sums(effects: list[dict[str, Any]], side: str) -> Counter[str]:
    """Return the units that went to Medan, or from it, by item."""
    found: Counter[str] = Counter()
    for effect in effects:
        found[effect["item"]] += effect["quantity"] if effect.get(side) == MEDAN else 0
    return found
