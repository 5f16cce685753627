"""Load what is known about some texts, and write back what effects changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table, and_, delete, insert, or_, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from silog_scan.core.events import timestamp
from silog_scan.core.stock import (
    COUNTING,
    WHOLE,
    Condition,
    Counted,
    Line,
    Manifest,
    Package,
    Progress,
    Situation,
    Standing,
    Task,
    lineage,
)
from silog_scan.store.db import chunks
from silog_scan.store.tables import (
    CountedRow,
    ExpectedRow,
    ItemRow,
    LineCountRow,
    LineRow,
    ManifestRow,
    PackageRow,
    PlaceRow,
    StockRow,
    TallyRow,
    table_of,
)

_TALLIES = ("matched", "short", "surplus", "damaged", "packages", "units")


@dataclass(slots=True)
class Wanted:
    """What a situation should hold: package codes, items, manifests, lines, stock of places.

    ``ends`` are where manifests begin or end, ``named`` are places that sentences may name.
    """

    codes: set[str] = field(default_factory=set)
    items: set[str] = field(default_factory=set)
    manifests: set[str] = field(default_factory=set)
    lines: set[tuple[str, int]] = field(default_factory=set)
    stock_at: set[str] = field(default_factory=set)
    ends: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)


def load(session: Session, wanted: Wanted) -> Situation:
    """Return what the database knows of what is wanted, in a handful of statements."""
    known = Situation(items=barcodes(session))
    wanted.items |= {known.items[code] for code in wanted.codes if code in known.items}
    _load_packages(session, known, wanted.codes)
    wanted.items |= {p.item for p in known.packages.values() if p.item}
    _load_lines(session, known, wanted)
    _load_children(session, known)
    _load_manifests(session, known, wanted)
    _load_counts(session, known)
    _load_progress(session, known)
    _load_stock(session, known, wanted)
    known.names = _names(session, known, wanted)
    return known


def barcodes(session: Session) -> dict[str, str]:
    """Return item codes by their barcode and by themselves."""
    rows = session.execute(select(ItemRow.code, ItemRow.barcode)).all()
    found = {row.barcode: row.code for row in rows}
    return found | {f"{row.code}": row.code for row in rows}


def _load_packages(session: Session, known: Situation, wanted: Iterable[str]) -> None:
    table = table_of(PackageRow)
    found = (
        row
        for some in chunks(set(wanted) - known.packages.keys())
        for row in session.execute(select(table).where(table.c.code.in_(some)))
    )
    for row in found:
        known.packages[row.code] = Package(
            code=row.code,
            item=row.item,
            quantity=row.quantity,
            destination=row.destination,
            parent=row.parent,
            standing=Standing(
                row.place, row.left_on, Condition(row.condition), row.arrived, tuple(row.seals)
            ),
        )


def _load_lines(session: Session, known: Situation, wanted: Wanted) -> None:
    """Load lines of open manifests that list the codes, their children or their items."""
    line, manifest = table_of(LineRow).c, table_of(ManifestRow).c
    is_open = manifest.state == "open"
    standing = and_(is_open, line.last_version == manifest.version)
    conditions: list[Any] = []
    for some in chunks(wanted.codes):
        conditions += [
            and_(is_open, line.package.in_(some)),  # those a new issue dropped, too
            and_(standing, line.parent.in_(some)),
        ]
    if wanted.items:
        ends = or_(manifest.receiver.in_(wanted.ends), manifest.origin.in_(wanted.ends))
        bulk = and_(line.package.is_(None), line.item.in_(wanted.items), ends)
        conditions.append(and_(standing, bulk))
    # One statement for each condition: SQLite walks the whole table for an OR over a join.
    for condition in conditions:
        _read_lines(session, known, condition)
    for keys in chunks(wanted.lines):
        _read_lines(session, known, tuple_(line.manifest, line.number).in_(keys))


def _read_lines(session: Session, known: Situation, condition: Any) -> None:  # noqa: ANN401
    """Load lines with what was counted on each; a bulk item may have one for every destination."""
    table, manifest, count = table_of(LineRow), table_of(ManifestRow), table_of(LineCountRow)
    statement = (
        select(table, manifest.c.version, count.c.task, count.c.counted, count.c.damaged)
        .join(manifest, manifest.c.number == table.c.manifest)
        .outerjoin(
            count, and_(count.c.manifest == table.c.manifest, count.c.line == table.c.number)
        )
        .where(condition)
    )
    for row in session.execute(statement):
        known.add_line(line_of(row))
        if row.task:
            line = known.lines[row.manifest, row.number]
            line.counted[Task(row.task)] = row.counted
            line.damaged[Task(row.task)] = row.damaged


def line_of(row: Any) -> Line:  # noqa: ANN401  # a row of the line table with its manifest's version
    """Return the rules' view of a line."""
    return Line(
        manifest=row.manifest,
        number=row.number,
        row=row.row,
        item=row.item,
        quantity=row.quantity,
        destination=row.destination,
        package=row.package,
        parent=row.parent,
        seals=tuple(row.seals),
        withdrawn=row.last_version != row.version,
    )


def _load_children(session: Session, known: Situation) -> None:
    children = {ln.package for lines in known.by_parent.values() for ln in lines if ln.package}
    _load_packages(session, known, children)


def _load_manifests(session: Session, known: Situation, wanted: Wanted) -> None:
    numbers = wanted.manifests | {line.manifest for line in known.lines.values()}
    if not numbers:
        return
    table = table_of(ManifestRow)
    for row in session.execute(select(table).where(table.c.number.in_(numbers))):
        known.manifests[row.number] = Manifest(
            number=row.number,
            origin=row.origin,
            receiver=row.receiver,
            due=row.due,
            state=row.state,
            by_parent=row.by_parent,
            closed_at=timestamp(row.closed_at) if row.closed_at else None,
        )


def _load_counts(session: Session, known: Situation) -> None:
    table = table_of(CountedRow)
    found = (
        row
        for some in chunks(known.packages)
        for row in session.execute(select(table).where(table.c.package.in_(some)))
    )
    for row in found:
        known.counts[row.package, Task(row.task), row.manifest] = Counted(
            row.scan, row.station, row.sequence, row.place, row.at, row.user
        )


def _load_progress(session: Session, known: Situation) -> None:
    """Load the whole-manifest sums that answers show."""
    if not known.manifests:
        return
    expected, tally = table_of(ExpectedRow), table_of(TallyRow)
    numbers = list(known.manifests)
    for row in session.execute(
        select(expected).where(expected.c.manifest.in_(numbers), expected.c.place == WHOLE)
    ):
        for task in COUNTING:
            known.progress[row.manifest, task][row.item] = Progress(row.packages, row.units)
    for row in session.execute(
        select(tally).where(tally.c.manifest.in_(numbers), tally.c.place == WHOLE)
    ):
        counted = known.progress[row.manifest, Task(row.task)][row.item].counted
        for name in _TALLIES:
            setattr(counted, name, getattr(row, name))


def _load_stock(session: Session, known: Situation, wanted: Wanted) -> None:
    if not (wanted.stock_at and wanted.items):
        return
    table = table_of(StockRow)
    statement = select(table).where(
        table.c.place.in_(wanted.stock_at), table.c.item.in_(wanted.items)
    )
    for row in session.execute(statement):
        known.stock[row.place, row.item, Condition(row.condition)] = row.quantity


def _names(session: Session, known: Situation, wanted: Wanted) -> dict[str, str]:
    owners = wanted.named | {f"{code[:2]}.{code[2:4]}" for code in wanted.codes}
    owners |= {package.destination or "" for package in known.packages.values()}
    codes = wanted.ends | {above for code in owners for above in lineage(code)}
    codes |= {package.standing.place or "" for package in known.packages.values()}
    codes |= {line.destination for line in known.lines.values()}
    codes |= {counted.place for counted in known.counts.values()}
    return place_names(session, codes)


def place_names(session: Session, codes: Iterable[str]) -> dict[str, str]:
    """Return the names of places by code; one without a name is left out."""
    table = table_of(PlaceRow)
    found: dict[str, str] = {}
    for some in chunks(set(codes) - {""}):
        rows = session.execute(select(table.c.code, table.c.name).where(table.c.code.in_(some)))
        found |= {row.code: row.name for row in rows}
    return found


def save(session: Session, known: Situation) -> None:
    """Write what effects changed since the situation was loaded."""
    _save_packages(session, known)
    _save_counts(session, known)
    _save_lines(session, known)
    _save_stock(session, known)
    _save_tallies(session, known)


def _save_packages(session: Session, known: Situation) -> None:
    rows = []
    for code in sorted(known.touched_packages):
        package, standing = known.packages[code], known.packages[code].standing
        rows.append(
            {
                "code": code,
                "item": package.item,
                "quantity": package.quantity,
                "destination": package.destination,
                "parent": package.parent,
                "place": standing.place,
                "left_on": standing.left_on,
                "condition": standing.condition.value,
                "arrived": standing.arrived,
                "seals": list(standing.seals),
            }
        )
    upsert(session, table_of(PackageRow), rows)


def _save_counts(session: Session, known: Situation) -> None:
    table = table_of(CountedRow)
    for package, task, manifest in known.gone_counts:
        session.execute(
            delete(table).where(
                table.c.package == package,
                table.c.task == task.value,
                table.c.manifest == manifest,
            )
        )
    rows = [
        {
            "package": package,
            "task": task.value,
            "manifest": manifest,
            "scan": counted.scan,
            "station": counted.station,
            "sequence": counted.sequence,
            "place": counted.place,
            "at": counted.at,
            "user": counted.user,
        }
        for (package, task, manifest), counted in known.new_counts.items()
    ]
    if rows:
        session.execute(insert(table), rows)


def _save_lines(session: Session, known: Situation) -> None:
    rows = [
        {
            "manifest": manifest,
            "line": number,
            "task": task.value,
            "counted": known.lines[manifest, number].counted.get(task, 0),
            "damaged": known.lines[manifest, number].damaged.get(task, 0),
        }
        for manifest, number, task in sorted(known.touched_lines)
    ]
    upsert(session, table_of(LineCountRow), rows)


def _save_stock(session: Session, known: Situation) -> None:
    rows = [
        {
            "place": place,
            "item": item,
            "condition": condition.value,
            "quantity": quantity,
            "packages": packages,
        }
        for (place, item, condition), (quantity, packages) in known.stock_delta.items()
        if quantity or packages
    ]
    upsert(session, table_of(StockRow), rows, adding=("quantity", "packages"))


def _save_tallies(session: Session, known: Situation) -> None:
    rows = [
        {"manifest": manifest, "task": task.value, "place": place, "item": item}
        | {name: getattr(tally, name) for name in _TALLIES}
        for (manifest, task, place, item), tally in known.tally_delta.items()
        if not tally.is_empty
    ]
    upsert(session, table_of(TallyRow), rows, adding=_TALLIES)


def upsert(
    session: Session,
    table: Table,
    rows: Sequence[dict[str, Any]],
    *,
    adding: Sequence[str] = (),
) -> None:
    """Insert rows; where one is there, replace its values, or add to those named."""
    if not rows:
        return
    made = inserting(session, table)
    keys = [column.name for column in table.primary_key]
    changes = {
        name: table.c[name] + made.excluded[name] if name in adding else made.excluded[name]
        for name in rows[0]
        if name not in keys
    }
    session.execute(made.on_conflict_do_update(index_elements=keys, set_=changes), rows)


def insert_new(session: Session, table: Any, rows: Sequence[dict[str, Any]]) -> None:  # noqa: ANN401
    """Insert the rows that are not there yet."""
    if rows:
        session.execute(inserting(session, table).on_conflict_do_nothing(), rows)


def inserting(session: Session, table: Table) -> Any:  # noqa: ANN401  # either dialect's insert
    """Return the insert of the database's own dialect, which knows ON CONFLICT."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
