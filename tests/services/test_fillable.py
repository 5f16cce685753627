"""Only some of an item's lines are read; what a scan means is as if all were."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from silog_scan.core.errors import Refused
from silog_scan.core.stock import Task
from silog_scan.store import situations
from silog_scan.store.db import Database
from silog_scan.store.tables import LineRow
from tests.cast import INK, KOTA, MEDAN, TPS
from tests.desk import HEADER, HENDRA, Desk, box, ink, rehearsal

WAREHOUSE = "12.71.G01"
DESTINATIONS = (TPS, "12.71.01.1001.002", "12.71.01.1001", "12.71.01", MEDAN, WAREHOUSE, "12.71.02")
BOXES = [f"1271-KS-{n:06}" for n in range(8)]


def every_line(session: Session, *_: object) -> set[tuple[str, int]]:
    """Stand in for what is chosen: all lines without package codes."""
    rows = select(LineRow.manifest, LineRow.number).where(LineRow.package.is_(None))
    return {(number, line) for number, line in session.execute(rows)}


def some_rows(random: Random) -> list[str]:
    """Return some lines, each of its item and destination but once."""
    chosen = random.sample(
        [(item, place) for item in ("TINTA", "KOTAK") for place in DESTINATIONS], 7
    )
    rows = [f",{item},{random.randint(1, 4)},{place},," for item, place in chosen]
    return rows + [box(code) for code in random.sample(BOXES, 1)]


HOPS: tuple[dict[str, Any], ...] = (
    {"number": "SJ-1"},
    {"number": "SJ-2"},
    {"number": "SJ-3", "origin": MEDAN, "receiver": KOTA},
)


def play(desk: Desk, seed: int) -> list[object]:
    """Import, scan, undo and issue again as a seed says; return what was answered."""
    random = Random(seed)  # noqa: S311  # no secret
    told: list[object] = []
    for hop in HOPS:
        due = random.choice((",2026-02-03", ",", ","))
        rows = [row for row in some_rows(random) if "receiver" not in hop or KOTA in row]
        rows = [row + due for row in rows or [ink(3, KOTA)]]
        desk.of(HENDRA).imports(*rows, header=HEADER + ",due", good_rows=True, **hop)
    for _ in range(25):
        scans = [
            desk.made(
                random.choice((INK, INK, "SLG-ITEM-KOTAK", *BOXES)),
                (task := random.choice((Task.RECEIVE, Task.RECEIVE, Task.DISPATCH, Task.LOOKUP))),
                quantity=random.choice((None, 1, 2, 5, 30)),
                destination=random.choice((None, None, *DESTINATIONS)),
                manifest=(named := random.choice((None, None, "SJ-1", "SJ-2", "SJ-3"))),
            )
        ]
        scans += [
            desk.made(random.choice((INK, *BOXES)), task, manifest=named)
            for _ in range(random.randint(0, 3))
        ]
        for answer in desk.sends(*scans):
            assert not isinstance(answer, Refused)
            told.append((answer.outcome, str(answer.sentence), answer.counts, answer.manifest,
                         answer.event.body.get("effects")))  # fmt: skip
            if random.random() < 0.1:
                try:
                    desk.of(HENDRA).undo(answer)
                except Refused as refusal:
                    told.append(refusal.code)
    return told


def together(desk: Desk, seed: int) -> list[object]:
    """Hand in scans of several people at once, which share a transaction."""
    random = Random(seed)  # noqa: S311  # no secret
    for number, due in (("SJ-1", ",2026-02-03"), ("SJ-2", ",")):
        rows = [ink(random.choice((1, 1, 2)), place) + due for place in DESTINATIONS[:5]]
        desk.of(HENDRA).imports(*rows, header=HEADER + ",due", good_rows=True, number=number)
    told: list[object] = []
    for _ in range(6):
        submissions = [
            desk.handed_in(
                desk.made(
                    INK,
                    random.choice((Task.RECEIVE, Task.RECEIVE, Task.LOOKUP)),
                    manifest=random.choice((None, "SJ-1", "SJ-2")),
                    quantity=random.choice((1, 1, 2)),
                    destination=random.choice((None, None, TPS)),
                )
            )
            for _ in range(random.randint(2, 4))
        ]
        for answers in desk.records(*submissions):
            assert not isinstance(answers, Refused)
            told += [
                (answer.outcome, answer.manifest, answer.event.body.get("effects"))
                for answer in answers
                if not isinstance(answer, Refused)
            ]
    return told


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("played", [play, together])
def test_scans_are_decided_as_if_every_line_were_read(
    shared: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    played: Callable[[Desk, int], list[object]],
    seed: int,
) -> None:
    with rehearsal(shared) as writing:
        quick = played(Desk(writing, tmp_path), seed)
    monkeypatch.setattr(situations, "fillable", every_line)
    with rehearsal(shared) as writing:
        thorough = played(Desk(writing, tmp_path), seed)

    assert quick == thorough
