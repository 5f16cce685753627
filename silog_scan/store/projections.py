"""What follows from events: each event's rows, and all of them made again from the log."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import and_, case, delete, insert, select, update
from sqlalchemy.orm import Session

from silog_scan.core.events import Event, moment
from silog_scan.core.reconcile import Tally
from silog_scan.core.stock import BLOCK, COUNTING, WHOLE, Act, BlockKey, Effect, Line, Task
from silog_scan.store import ledger
from silog_scan.store.db import chunks, execute
from silog_scan.store.situations import (
    Wanted,
    block_row,
    insert_new,
    inserting,
    line_of,
    load,
    save,
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
    PackageRow,
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
    """Write the manifest's head, register its packages and sum what it expects."""
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
    _register_packages(session, body["number"], body["version"])
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


def _register_packages(session: Session, number: str, version: int) -> None:
    """Make the packages of a manifest known; one that moved keeps the item and quantity it has."""
    line = table_of(LineRow).c
    found = session.execute(
        select(line.package, line.parent, line.item, line.quantity, line.destination).where(
            line.manifest == number, line.first_version <= version, line.last_version >= version
        )
    ).all()
    rows = [
        _package_row(row.package, row.item, row.quantity, row.destination) | {"parent": row.parent}
        for row in found
        if row.package
    ]
    parents = sorted({row.parent for row in found if row.parent} - {r["code"] for r in rows})
    table = table_of(PackageRow)
    for some in chunks(rows, _AT_ONCE):
        made = _registration(session, table)
        session.execute(made, some)
    insert_new(session, table, [_package_row(code, None, 0, None) for code in parents])
    if version > 1:
        _forget_parents(session)


def _forget_parents(session: Session) -> None:
    """Forget parents that no line names since a new issue, unless they were ever moved."""
    package, line, custody = table_of(PackageRow), table_of(LineRow).c, table_of(CustodyRow).c
    named = select(line.number).where(line.parent == package.c.code)
    moved = select(custody.position).where(custody.package == package.c.code, custody.changed)
    session.execute(
        delete(package).where(
            package.c.item.is_(None),
            package.c.place.is_(None),
            package.c.left_on.is_(None),
            ~named.exists(),
            ~moved.exists(),
        )
    )


def _registration(session: Session, table: Any) -> Any:  # noqa: ANN401
    made = inserting(session, table)
    unmoved = and_(table.c.place.is_(None), table.c.left_on.is_(None))
    kept = {
        name: case((unmoved, made.excluded[name]), else_=table.c[name])
        for name in ("item", "quantity")
    }
    changes = kept | {"destination": made.excluded.destination, "parent": made.excluded.parent}
    return made.on_conflict_do_update(index_elements=["code"], set_=changes)


def _package_row(
    code: str, item: str | None, quantity: int, destination: str | None
) -> dict[str, Any]:
    return {
        "code": code,
        "item": item,
        "quantity": quantity,
        "destination": destination,
        "parent": None,
        "place": None,
        "left_on": None,
        "condition": "good",
        "arrived": None,
        "seals": [],
    }


def recount(session: Session, number: str) -> None:
    """Sum a manifest's lines and counts anew, whatever its earlier issues were."""
    for table in (table_of(ExpectedRow), table_of(TallyRow), table_of(BlockRow)):
        session.execute(delete(table).where(table.c.manifest == number))
    expected: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    tallies: dict[tuple[Task, str, str], Tally] = defaultdict(Tally)
    blocks: dict[BlockKey, Tally] = defaultdict(Tally)
    sizes: Counter[int] = Counter()
    for line in lines_with_counts(session, number):
        block = line.number // BLOCK
        sizes[block] += 1
        for task in line.counted:
            blocks[number, task, block].add(line.tally(task))
        for place in (line.destination, WHOLE):
            cell = expected[place, line.item]
            cell[0] += 1
            cell[1] += 1 if line.package else 0
            cell[2] += line.quantity
            for task in line.counted:
                tallies[task, place, line.item].add(line.tally(task))
    _write_sums(session, number, expected, tallies)
    rows = [
        block_row(key, blocks.get(key, Tally()), lines=size)
        for block, size in sizes.items()
        for key in ((number, task, block) for task in COUNTING)
    ]
    if rows:
        session.execute(insert(table_of(BlockRow)), rows)


def _write_sums(
    session: Session,
    number: str,
    expected: dict[tuple[str, str], list[int]],
    tallies: dict[tuple[Task, str, str], Tally],
) -> None:
    rows = [
        {
            "manifest": number,
            "place": place,
            "item": item,
            "lines": lines,
            "packages": packages,
            "units": units,
        }
        for (place, item), (lines, packages, units) in expected.items()
    ]
    if rows:
        session.execute(insert(table_of(ExpectedRow)), rows)
    counted = [
        {"manifest": number, "task": task.value, "place": place, "item": item}
        | {name: getattr(tally, name) for name in Tally.__slots__}
        for (task, place, item), tally in tallies.items()
        if not tally.is_empty
    ]
    if counted:
        session.execute(insert(table_of(TallyRow)), counted)


def lines_with_counts(session: Session, number: str) -> list[Line]:
    """Return the manifest's standing lines with what was counted on each."""
    line, manifest, count = table_of(LineRow), table_of(ManifestRow), table_of(LineCountRow)
    statement = (
        select(line, manifest.c.version, count.c.task, count.c.counted, count.c.damaged)
        .join(manifest, manifest.c.number == line.c.manifest)
        .outerjoin(count, and_(count.c.manifest == line.c.manifest, count.c.line == line.c.number))
        .where(line.c.manifest == number, line.c.last_version == manifest.c.version)
        .order_by(line.c.row, line.c.number)
    )
    found: dict[int, Line] = {}
    for row in session.execute(statement):
        known = found.setdefault(row.number, line_of(row))
        if row.task:
            known.counted[Task(row.task)] = row.counted
            known.damaged[Task(row.task)] = row.damaged
    return list(found.values())


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
