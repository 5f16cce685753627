"""Whatever happens at two desks, the log alone tells everything, and order does not matter."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from hypothesis import given, note, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from silog_scan.core.custody import Scan
from silog_scan.core.errors import Refused
from silog_scan.core.reconcile import Tally
from silog_scan.core.stock import COUNTING, WHOLE, Condition, Line, Task
from silog_scan.services.actors import Actor, Role
from silog_scan.services.scanning import Result
from silog_scan.store import queries
from silog_scan.store.db import Database
from silog_scan.store.situations import Wanted, load
from silog_scan.store.tables import CountedRow, LineRow, PackageRow, TallyRow
from tests.cast import BOX, INK, KOTA, MEDAN, NEXT_BOX, NEXT_TPS, PALLET, TPS
from tests.desk import HENDRA, RINA, Desk, ink, rehearsal

PPK = Actor("PPK Medan Kota", KOTA, Role.STAFF, device=True)
THIRD_BOX, STRANGE_BOX = "1271-KS-000003", "1271-KS-000004"
HOPS = {"SJ-1": ("12", MEDAN), "SJ-2": (MEDAN, KOTA), "SJ-3": ("12", MEDAN)}

DESTINATIONS = st.sampled_from([TPS, NEXT_TPS])
ITEMS, PARENTS = st.sampled_from(["KOTAK", "BILIK"]), st.sampled_from(["", PALLET])
BOXES = st.dictionaries(
    st.sampled_from([BOX, NEXT_BOX, THIRD_BOX]),
    st.tuples(ITEMS, st.integers(1, 3), DESTINATIONS, PARENTS),
    max_size=3,
)
BULK = st.dictionaries(DESTINATIONS, st.integers(1, 20), max_size=2)
TEXTS = st.sampled_from(
    [BOX, NEXT_BOX, THIRD_BOX, STRANGE_BOX, PALLET, INK, INK, "1275-KS-000001", "?"]
)
DETAILS = st.tuples(TEXTS, st.integers(1, 15), st.sampled_from([None, None, Condition.DAMAGED]))

Boxes = dict[str, tuple[str, int, str, str]]
"""Item, quantity, destination and parent by code."""
Bulk = dict[str, int]
"""Quantities of ink by destination."""
Detail = tuple[str, int, Condition | None]
"""Text, quantity and condition of a scan."""


@dataclass
class Play:
    """Two desks and what was scanned at them."""

    desk: Desk
    scans: list[Result] = field(default_factory=list)


@dataclass(frozen=True)
class Issue:
    """A manifest is imported, anew or again."""

    number: str
    boxes: Boxes
    bulk: Bulk
    by_parent: bool

    def __call__(self, play: Play) -> None:
        origin, receiver = HOPS[self.number]
        rows = [
            f"{code},{item},{quantity},{to},{parent},"
            for code, (item, quantity, to, parent) in self.boxes.items()
        ]
        rows += [ink(quantity, to) for to, quantity in self.bulk.items()]
        play.desk.of(HENDRA).imports(
            *rows, number=self.number, origin=origin, receiver=receiver, by_parent=self.by_parent
        )


@dataclass(frozen=True)
class Scans:
    """Scans that are handed in together."""

    actor: Actor
    task: Task
    manifest: str | None
    details: list[Detail]

    def __call__(self, play: Play) -> None:
        desk = play.desk.of(self.actor)
        made = [
            desk.made(text, self.task, manifest=self.manifest, quantity=quantity, condition=how)
            for text, quantity, how in self.details
        ]
        play.scans += [answer for answer in desk.sends(*made) if isinstance(answer, Result)]


@dataclass(frozen=True)
class Undo:
    """A supervisor takes one of the scans back, or a box out of it."""

    which: int
    child: str | None

    def __call__(self, play: Play) -> None:
        if play.scans:
            scan = play.scans[self.which % len(play.scans)]
            play.desk.of(HENDRA).undo(scan, child=self.child)


@dataclass(frozen=True)
class Turn:
    """A supervisor closes a manifest, or opens it again."""

    number: str
    is_open: bool

    def __call__(self, play: Play) -> None:
        desk = play.desk.of(HENDRA)
        if self.is_open:
            desk.reopen(self.number)
        else:
            desk.close(self.number)


Deed = Issue | Scans | Undo | Turn

NUMBERS = st.sampled_from(sorted(HOPS))
ISSUES = st.builds(Issue, NUMBERS, BOXES, BULK, st.booleans())
SCANS = st.builds(
    Scans,
    st.sampled_from([RINA, RINA, PPK]),
    st.sampled_from([Task.RECEIVE, Task.RECEIVE, Task.DISPATCH, Task.RETURN, Task.LOOKUP]),
    st.none() | NUMBERS,
    st.lists(DETAILS, min_size=1, max_size=4),
)
UNDOS = st.builds(Undo, st.integers(0, 99), st.sampled_from([None, None, BOX]))
TURNS = st.builds(Turn, NUMBERS, st.booleans())
PLAYS = st.tuples(
    st.builds(Issue, st.just("SJ-1"), BOXES, BULK, st.booleans()),
    st.lists(st.one_of(ISSUES, SCANS, SCANS, SCANS, SCANS, UNDOS, TURNS), max_size=14),
).map(lambda found: [found[0], *found[1]])


def played(desk: Desk, deeds: list[Deed]) -> None:
    """Do what is allowed; what is refused changes nothing."""
    note(f"{deeds}")
    play = Play(desk)
    for deed in deeds:
        with suppress(Refused):
            deed(play)


@settings(max_examples=60)
@given(deeds=PLAYS)
def test_the_log_alone_tells_everything(
    database: Database, tmp_path: Path, deeds: list[Deed]
) -> None:
    with rehearsal(database) as writing:
        desk = Desk(writing, tmp_path)

        played(desk, deeds)

        assert desk.differences() == []
        assert desk.broken() == []


@settings(max_examples=60)
@given(deeds=PLAYS)
def test_register_stock_lines_and_sums_agree(
    database: Database, tmp_path: Path, deeds: list[Deed]
) -> None:
    with rehearsal(database) as writing:
        played(Desk(writing, tmp_path), deeds)

        with writing() as session:
            assert pieces_in_stock(session) == pieces_in_register(session)
            assert [row for row in queries.stock(session, within="ID") if row.quantity < 0] == []
            assert sums_kept(session) == sums_of_lines(session)
            assert [line for line in lines(session) if not is_sound(session, line)] == []


def pieces_in_stock(session: Session) -> Counter[tuple[str, str, str]]:
    rows = queries.stock(session, within="ID")
    return +Counter({(row.place, row.item, row.condition): row.packages for row in rows})


def pieces_in_register(session: Session) -> Counter[tuple[str, str, str]]:
    standing = select(PackageRow).where(PackageRow.place.is_not(None), PackageRow.item.is_not(None))
    return Counter(
        (str(row.place), str(row.item), row.condition) for row in session.scalars(standing)
    )


def lines(session: Session) -> list[Line]:
    keys = {(row.manifest, row.number) for row in session.scalars(select(LineRow))}
    known = load(session, Wanted(lines=keys))
    return [line for line in known.lines.values() if not line.withdrawn]


def sums_of_lines(session: Session) -> dict[tuple[str, str, str, str], Tally]:
    sums: dict[tuple[str, str, str, str], Tally] = {}
    for line in lines(session):
        for task in COUNTING:
            for place in (line.destination, WHOLE):
                key = (line.manifest, task.value, place, line.item)
                sums.setdefault(key, Tally()).add(line.tally(task))
    return {key: tally for key, tally in sums.items() if not tally.is_empty}


def sums_kept(session: Session) -> dict[tuple[str, str, str, str], Tally]:
    found = {
        (row.manifest, row.task, row.place, row.item): Tally(
            row.matched, row.short, row.surplus, row.damaged, row.packages, row.units
        )
        for row in session.scalars(select(TallyRow))
    }
    return {key: tally for key, tally in found.items() if not tally.is_empty}


def is_sound(session: Session, line: Line) -> bool:
    """Say whether a line's figures are possible, and a package's count is kept under its key."""
    for task, counted in line.counted.items():
        if not 0 <= line.damaged[task] <= counted:
            return False
        key = (line.package, task.value, line.manifest)
        if line.package and counted and not session.get(CountedRow, key):
            return False
        if line.package and counted > 1:
            return False
    return True


# Order and repetition.


@settings(max_examples=40)
@given(start=ISSUES, details=st.lists(DETAILS, min_size=1, max_size=8), data=st.data())
def test_the_same_scans_in_any_order_and_repetition_count_the_same(
    database: Database, tmp_path: Path, start: Issue, details: list[Detail], data: st.DataObject
) -> None:
    start = replace(start, number="SJ-1")
    made = [
        Desk(database.writing, tmp_path).made(text, quantity=quantity, condition=how)
        for text, quantity, how in details
    ]
    again = data.draw(st.lists(st.sampled_from(made), max_size=4))
    shuffled = data.draw(st.permutations(made + again))

    with rehearsal(database) as writing:
        once = counted(Desk(writing, tmp_path), start, made)
    with rehearsal(database) as writing:
        assert counted(Desk(writing, tmp_path), start, shuffled) == once


def counted(desk: Desk, start: Issue, scans: list[Scan]) -> list[object]:
    """Return stock and line counts after the scans, each handed in alone."""
    played(desk, [start])
    for scan in scans:
        desk.sends(scan)
    counts = [
        row[:4] for row in desk.snapshot()["line_count"]
    ]  # which of them are damaged may vary
    return [desk.stock(), counts]


# Importing.


@settings(max_examples=30)
@given(deeds=PLAYS, last=ISSUES)
def test_importing_twice_equals_once(
    database: Database, tmp_path: Path, deeds: list[Deed], last: Issue
) -> None:
    with rehearsal(database) as writing:
        desk = Desk(writing, tmp_path)
        played(desk, [*deeds, Turn(last.number, is_open=True), last])
        before = desk.snapshot(), desk.events()

        played(desk, [last])

        assert (desk.snapshot(), desk.events()) == before
