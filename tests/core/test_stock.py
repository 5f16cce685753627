"""How effects change what is known, and how they are taken back."""

import json
from collections import Counter
from copy import deepcopy
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silog_scan.core.custody import Scan, decide
from silog_scan.core.reconcile import Tally
from silog_scan.core.stock import (
    WHOLE,
    Condition,
    Effect,
    Situation,
    Standing,
    Task,
    lineage,
    where,
)
from tests.cast import (
    BOX,
    INK,
    KOTA,
    MEDAN,
    PALLET,
    TPS,
    act,
    after,
    bulk,
    damaged,
    dispatch,
    known,
    line,
    manifest,
    outgoing,
    package,
    scan,
)

CODES = st.none() | st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=6)
FIGURES = st.integers(-50, 50)
CONDITIONS = st.sampled_from(Condition)
EFFECTS = st.builds(
    Effect,
    item=CODES, quantity=st.integers(0, 50), package=CODES, condition=CONDITIONS, was=CONDITIONS,
    origin=CODES, to=CODES, left_on=CODES, destination=CODES, manifest=CODES,
    line=st.none() | st.integers(1, 9), task=st.none() | st.sampled_from(Task), count=FIGURES,
    units=FIGURES, arrived=CODES, seals=st.lists(st.text("S12", min_size=1), max_size=2).map(tuple),
)  # fmt: skip


def figures(of: Situation) -> dict[str, object]:
    """Return stock, standings, counts and sums, without what is zero."""
    lines = {
        (key, task): (value, row.damaged.get(task, 0))
        for key, row in of.lines.items()
        for task, value in row.counted.items()
        if value
    }
    return {
        "stock": {key: value for key, value in of.stock.items() if value},
        "standings": {code: found.standing for code, found in of.packages.items()},
        "counts": set(of.counts),
        "lines": lines,
        "tallies": {key: tally for key, tally in of.tally_delta.items() if not tally.is_empty},
    }


@given(EFFECTS)
def test_an_effect_reads_back_from_an_event(effect: Effect) -> None:
    assert Effect.from_json(json.loads(json.dumps(effect.as_json()))) == effect


@pytest.mark.parametrize(
    ("before", "one"),
    [
        pytest.param(known(line()), scan(), id="a receipt"),
        pytest.param(known(line()), damaged(), id="a damaged receipt"),
        pytest.param(after(known(line()), scan()), damaged(), id="a change of condition"),
        pytest.param(known(package()), scan(), id="a surprise"),
        pytest.param(known(bulk(5), bulk(5)), damaged(INK, quantity=12), id="bulk over two lines"),
        pytest.param(
            known(manifest(by_parent=True), line(parent=PALLET)), scan(PALLET), id="a pallet"
        ),
        pytest.param(
            after(known(line(), outgoing(), line(number="SJ-OUT")), scan()),
            dispatch(),
            id="loading",
        ),
        pytest.param(
            after(known(bulk(40), outgoing(), bulk(40, "SJ-OUT")), scan(INK, quantity=40)),
            dispatch(INK, quantity=40),
            id="loading bulk",
        ),
        pytest.param(
            after(known(bulk(9, item="KOTAK", destination=MEDAN), package(quantity=4)), scan()),
            damaged(),
            id="damage of a package on a line without codes",
        ),
    ],
)
def test_an_undone_effect_leaves_everything_as_it_was(before: Situation, one: Scan) -> None:
    standing = {code: found.standing for code, found in before.packages.items()}
    unchanged = deepcopy(figures(before))
    effects = decide(one, before).effects

    before.apply(effects, act(one))
    changed = figures(before)
    before.apply([e.undone(standing.get(e.package or "", Standing())) for e in effects], act(one))

    assert changed != unchanged
    assert figures(before) == unchanged


def test_a_package_lies_in_stock_with_its_units_once() -> None:
    before = after(known(line(item="TINTA", quantity=40)), scan(), scan())

    assert +Counter(before.stock) == {(MEDAN, "TINTA", Condition.GOOD): 40}
    assert dict(before.stock_delta) == {(MEDAN, "TINTA", Condition.GOOD): [40, 1]}


def test_a_change_of_condition_moves_stock_from_good_to_damaged() -> None:
    before = after(known(line()), scan(), damaged())

    assert +Counter(before.stock) == {(MEDAN, "KOTAK", Condition.DAMAGED): 1}


def test_receiving_takes_it_from_where_the_record_had_it() -> None:
    stands = package(standing=Standing(KOTA))
    before = known(line(), stands, stock={(KOTA, "KOTAK", Condition.GOOD): 1})

    after(before, scan())

    assert +Counter(before.stock) == {(MEDAN, "KOTAK", Condition.GOOD): 1}


@pytest.mark.parametrize("first", [scan(), damaged()], ids=["good first", "damaged first"])
def test_the_order_of_good_and_damaged_scans_does_not_matter(first: Scan) -> None:
    expected = bulk(40, item="KOTAK", destination=MEDAN)
    second = damaged() if first.condition is None else scan()

    after(known(expected, package(quantity=40)), first, second)

    assert (expected.counted, expected.damaged) == ({Task.RECEIVE: 40}, {Task.RECEIVE: 40})


def test_a_line_adds_to_its_destination_and_to_the_whole() -> None:
    before = after(known(bulk(5), bulk(40, destination=KOTA)), scan(INK, quantity=8))

    assert before.tally_delta == {
        ("SJ-1", Task.RECEIVE, TPS, "TINTA"): Tally(matched=1, units=5),
        ("SJ-1", Task.RECEIVE, KOTA, "TINTA"): Tally(short=1, units=3),
        ("SJ-1", Task.RECEIVE, WHOLE, "TINTA"): Tally(matched=1, short=1, units=8),
    }


def test_each_task_counts_apart() -> None:
    expected = line()
    before = after(known(expected), scan(), scan(task=Task.RETURN, place=MEDAN))

    assert expected.counted == {Task.RECEIVE: 1}
    assert expected.remaining(Task.DISPATCH) == 1
    assert list(before.counts) == [(BOX, Task.RECEIVE, "SJ-1")]


def test_nothing_more_is_summed_on_a_withdrawn_line() -> None:
    expected = line(counted={Task.RECEIVE: 1})
    before = known(replace(expected, withdrawn=True))
    took_back = Effect("KOTAK", 1, BOX, manifest="SJ-1", line=expected.number, task=Task.RECEIVE)

    before.apply([replace(took_back, count=-1, units=-1)], act(scan()))

    assert before.lines["SJ-1", expected.number].counted == {Task.RECEIVE: 0}
    assert not before.tally_delta


def test_a_count_that_is_made_and_taken_back_at_once_needs_no_row() -> None:
    before = known(line())
    (effect,) = decide(scan(), before).effects

    before.apply([effect, effect.undone(Standing()), effect], act(scan()))
    before.apply([effect.undone(Standing())], act(scan()))

    assert (before.new_counts, before.gone_counts) == ({}, set())


@pytest.mark.parametrize(
    ("place", "codes"),
    [
        ("12.71.01.1001.001", ["12.71.01.1001.001", "12.71.01.1001", "12.71.01", "12.71"]),
        ("12.71.G01", ["12.71.G01", "12.71"]),
        ("12.71", ["12.71"]),
        ("12", []),
        ("ID", []),
        ("", []),
    ],
)
def test_a_place_has_a_lineage_up_to_its_regency(place: str, codes: list[str]) -> None:
    assert lineage(place) == codes


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (Standing(MEDAN), "at Kota Medan (12.71)"),
        (Standing(left_on="SJ-1"), "under way on SJ-1"),
        (Standing(), "not received anywhere yet"),
    ],
)
def test_the_register_says_where_a_package_is(standing: Standing, words: str) -> None:
    before = known()
    before.names = {MEDAN: "Kota Medan"}

    assert str(where(before, package(standing=standing))) == words
