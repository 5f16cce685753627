"""What follows from events: each event's rows, and all of them made again from the log."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import and_, delete, func, insert, literal, select, text, update
from sqlalchemy.orm import Session

from silog_scan.core.events import Event, moment
from silog_scan.core.reconcile import Tally
from silog_scan.core.stock import (
    BLOCK,
    COUNTING,
    WHOLE,
    Act,
    BlockKey,
    Effect,
    Line,
    TallyKey,
    Task,
)
from silog_scan.store import ledger
from silog_scan.store.db import chunks, execute
from silog_scan.store.lines import stands
from silog_scan.store.situations import (
    Wanted,
    line_of,
    load,
    save,
    save_blocks,
    save_tallies,
    upsert,
)
from silog_scan.store.tables import (
    PROJECTIONS,
    BlockRow,
    CustodyRow,
    DiscrepancyRow,
    ExpectedRow,
    LineCountRow,
    LineRow,
    ManifestRow,
    ScanRow,
    TallyRow,
    table_of,
)

_AT_ONCE = 500
_INSERT_SCANS, _INSERT_HISTORIES = insert(table_of(ScanRow)), insert(table_of(CustodyRow))

Written = tuple[int, Event]
"""An event with its position."""


def act_of(event: Event) -> Act:
    """Return what the register remembers of an event."""
    body = event.body
    return Act(event.id, event.station, event.sequence, body["place"], event.at, body.get("user"))


def effects_of(event: Event) -> list[Effect]:
    """Return the effects an event carries."""
    return [Effect.from_json(values) for values in event.body.get("effects", ())]


def record(session: Session, written: Sequence[Written]) -> None:
    """Write the rows that follow from the events alone: scans, histories, discrepancies, undo."""
    scans = [(position, event) for position, event in written if event.kind == "scan"]
    if scans:
        execute(session, _INSERT_SCANS, [_scan_row(*pair) for pair in scans])
    rows = [_discrepancy_row(*pair) for pair in scans if "discrepancy" in pair[1].body]
    if rows:
        session.execute(insert(table_of(DiscrepancyRow)), rows)
    histories = [row for pair in written for row in _custody_rows(*pair)]
    if histories:
        execute(session, _INSERT_HISTORIES, histories)
    for _, event in written:
        if event.kind == "undo":
            _mark_undone(session, event)


def _scan_row(position: int, event: Event) -> dict[str, Any]:
    body = event.body
    return {
        "id": event.id,
        "station": event.station,
        "sequence": event.sequence,
        "position": position,
        "task": body["task"],
        "place": body["place"],
        "manifest": body.get("manifest"),
        "text": body["text"],
        "package": body.get("package"),
        "item": body.get("item"),
        "outcome": body["outcome"],
        "user": body.get("user"),
        "scanned_at": moment(body["scanned_at"]),
        "at": moment(event.at),
        "undone_by": None,
    }


def _discrepancy_row(position: int, event: Event) -> dict[str, Any]:
    body = event.body
    return {
        "id": event.id,
        "kind": body["discrepancy"],
        "place": body["place"],
        "manifest": body.get("manifest"),
        "package": body.get("package"),
        "item": body.get("item"),
        "text": body["text"],
        "opened_at": moment(event.at),
        "state": "open",
        "position": position,
    }


def _custody_rows(position: int, event: Event) -> Iterator[dict[str, Any]]:
    """Yield the event's row in the history of each package it touched or was about."""
    if event.kind not in ("scan", "undo"):
        return
    touched = {effect.package: effect for effect in effects_of(event) if effect.package}
    about = event.body.get("package")
    for package in touched.keys() | ({about} if about else set()):
        effect = touched.get(package)
        yield {
            "package": package,
            "position": position,
            "station": event.station,
            "sequence": event.sequence,
            "changed": effect is not None and event.kind == "scan",
            "undone": False,
            "place": effect.to if effect else None,
            "left_on": effect.left_on if effect else None,
            "condition": effect.condition.value if effect else "good",
            "arrived": effect.arrived if effect else None,
            "seals": list(effect.seals) if effect else [],
        }


def _mark_undone(session: Session, event: Event) -> None:
    body = event.body
    custody, scan = table_of(CustodyRow), table_of(ScanRow)
    packages = [effect.package for effect in effects_of(event) if effect.package]
    undone = and_(custody.c.station == body["station"], custody.c.sequence == body["sequence"])
    session.execute(
        update(custody).where(undone, custody.c.package.in_(packages)).values(undone=True)
    )
    if body.get("child"):
        return
    session.execute(update(scan).where(scan.c.id == body["scan"]).values(undone_by=event.id))
    table = table_of(DiscrepancyRow)
    session.execute(update(table).where(table.c.id == body["scan"]).values(state="undone"))


# Manifests.


def manifest_imported(session: Session, event: Event) -> None:
    """Write the manifest's head, so that its lines stand, and sum what it expects."""
    body = event.body
    row = {
        "number": body["number"],
        "origin": body["from"],
        "receiver": body["to"],
        "due": date.fromisoformat(body["due"]) if "due" in body else None,
        "state": "open",
        "version": body["version"],
        "by_parent": body["by_parent"],
        "imported_at": moment(event.at),
        "closed_at": None,
        "file_sha256": body["file_sha256"],
        "lines_sha256": body["lines_sha256"],
    }
    upsert(session, table_of(ManifestRow), [row])
    recount(session, body["number"])


def manifest_state(session: Session, event: Event) -> None:
    """Write the state a closing, reopening or voiding gave the manifest."""
    state = {"manifest-closed": "closed", "manifest-reopened": "open", "manifest-voided": "void"}
    closed_at = None if event.kind == "manifest-reopened" else moment(event.at)
    table = table_of(ManifestRow)
    session.execute(
        update(table)
        .where(table.c.number == event.body["number"])
        .values(state=state[event.kind], closed_at=closed_at)
    )


def recount(session: Session, number: str) -> None:
    """Sum a manifest's lines and counts anew, whatever its earlier issues were."""
    for table in (table_of(ExpectedRow), table_of(TallyRow), table_of(BlockRow)):
        session.execute(delete(table).where(table.c.manifest == number))
    _sum_expected(session, number)
    _sum_blocks(session, number)
    tallies: dict[TallyKey, Tally] = defaultdict(Tally)
    blocks: dict[BlockKey, Tally] = defaultdict(Tally)
    for line in _counted_lines(session, number):
        for task in line.counted:
            blocks[number, task, line.number // BLOCK].add(line.tally(task))
            for place in (line.destination, WHOLE):
                tallies[number, task, place, line.item].add(line.tally(task))
    save_tallies(session, tallies)
    save_blocks(session, blocks)


def _sum_expected(session: Session, number: str) -> None:
    """Sum the lines by destination and item, and by item."""
    line, head, expected = table_of(LineRow), table_of(ManifestRow), table_of(ExpectedRow)
    names = ["manifest", "place", "item", "lines", "packages", "units"]
    sums = (func.count(), func.count(line.c.package), func.sum(line.c.quantity))
    keys = (line.c.manifest, line.c.destination, line.c.item)
    by_place = (
        select(*keys, *sums)
        .join(head, head.c.number == line.c.manifest)
        .where(line.c.manifest == number, stands(line, head))
        .group_by(*keys)
        .order_by(*keys)
    )
    session.execute(insert(expected).from_select(names, by_place))
    added = (func.sum(expected.c[name]) for name in names[3:])
    whole = (
        select(expected.c.manifest, literal(WHOLE), expected.c.item, *added)
        .where(expected.c.manifest == number)
        .group_by(expected.c.manifest, expected.c.item)
    )
    session.execute(insert(expected).from_select(names, whole))


def _sum_blocks(session: Session, number: str) -> None:
    """Write how many lines each block has, all of them missing as long as nothing is counted."""
    line, head, block = table_of(LineRow), table_of(ManifestRow), table_of(BlockRow)
    names = ["manifest", "task", "block", "missing", "matched", "short", "surplus", "damaged"]
    for task in COUNTING:
        sizes = (
            select(
                line.c.manifest,
                literal(task.value),
                (line.c.number // BLOCK).label("block"),
                func.count(),
                *[literal(0)] * 4,
            )
            .join(head, head.c.number == line.c.manifest)
            .where(line.c.manifest == number, stands(line, head))
            .group_by(line.c.manifest, text("block"))
        )
        session.execute(insert(block).from_select(names, sizes))


def _counted_lines(session: Session, number: str) -> Iterator[Line]:
    """Yield the standing lines on which something was counted, once for each task."""
    line, manifest, count = table_of(LineRow), table_of(ManifestRow), table_of(LineCountRow)
    statement = (
        select(line, manifest.c.version, count.c.task, count.c.counted, count.c.damaged)
        .join(manifest, manifest.c.number == line.c.manifest)
        .join(count, and_(count.c.manifest == line.c.manifest, count.c.line == line.c.number))
        .where(count.c.manifest == number, stands(line, manifest))
    )
    for row in session.execute(statement):
        found, task = line_of(row), Task(row.task)
        found.counted[task], found.damaged[task] = row.counted, row.damaged
        yield found


# Rebuilding.


def rebuild(session: Session) -> int:
    """Empty every projection and make it again from the log; return the number of events."""
    for row in PROJECTIONS:
        session.execute(delete(table_of(row)))
    session.execute(update(table_of(ManifestRow)).values(state="open", version=0))
    total = 0
    for some in chunks(ledger.read(session, by_position=True), _AT_ONCE):
        total += len(some)
        _replay(session, some)
    return total


def _replay(session: Session, written: Sequence[Written]) -> None:
    """Apply some events in order: runs of scans together, manifests each on its own."""
    run: list[Written] = []
    for position, event in written:
        if event.kind in ("scan", "undo"):
            run.append((position, event))
            continue
        _replay_scans(session, run)
        run = []
        if event.kind == "manifest-imported":
            manifest_imported(session, event)
        elif event.kind in ("manifest-closed", "manifest-reopened", "manifest-voided"):
            manifest_state(session, event)
    _replay_scans(session, run)


def _replay_scans(session: Session, run: Sequence[Written]) -> None:
    if not run:
        return
    effects = [effect for _, event in run for effect in effects_of(event)]
    known = load(session, Wanted(codes=_packages(effects), lines=_lines(effects)))
    for _, event in run:
        known.apply(effects_of(event), act_of(event))
    save(session, known)
    record(session, run)


def _packages(effects: Iterable[Effect]) -> set[str]:
    return {effect.package for effect in effects if effect.package}


def _lines(effects: Iterable[Effect]) -> set[tuple[str, int]]:
    return {(e.manifest, e.line) for e in effects if e.manifest and e.line is not None}


def snapshot(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    """Return every projection's rows in a fixed order, to compare two states of the database."""
    found = {}
    for row in PROJECTIONS:
        table = table_of(row)
        rows = session.execute(select(table).order_by(*table.primary_key)).all()
        found[table.name] = [tuple(r) for r in rows if not _says_nothing(table.name, r)]
    manifest = table_of(ManifestRow).c
    states = select(manifest.number, manifest.state, manifest.version).order_by(manifest.number)
    found["manifest"] = [tuple(row) for row in session.execute(states)]
    return found


def _says_nothing(table: str, row: Any) -> bool:  # noqa: ANN401
    """Say whether the row is only the trace of something undone: all its figures are zero."""
    if table == "stock":
        return not (row.quantity or row.packages)
    if table == "line_count":
        return not (row.counted or row.damaged)
    if table == "tally":
        return all(getattr(row, name) == 0 for name in Tally.__slots__)
    return False
