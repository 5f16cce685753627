"""Load what is known about some texts, and write back what effects changed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import Table, and_, bindparam, delete, insert, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from silog_scan.core.events import timestamp
from silog_scan.core.reconcile import Tally
from silog_scan.core.stock import (
    COUNTING,
    WHOLE,
    BlockKey,
    Condition,
    Counted,
    Line,
    Manifest,
    Progress,
    Situation,
    TallyKey,
    Task,
    lineage,
)
from silog_scan.store.db import chunks, dialect_of, execute
from silog_scan.store.fillable import Leg, Need, fillable
from silog_scan.store.lines import has_begun, is_dropped
from silog_scan.store.memory import Memory
from silog_scan.store.register import newest_lines, package_of
from silog_scan.store.tables import (
    BlockRow,
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
_STATUSES = ("missing", "matched", "short", "surplus", "damaged")


@dataclass(slots=True)
class Wanted:
    """What a situation should hold: package codes, items, manifests, lines, stock of places.

    ``guesses`` are items by code, as labels name them: they matter where no register knows better.
    ``legs`` say which lines without package codes may be filled; ``named`` are places that
    sentences may name.
    """

    codes: set[str] = field(default_factory=set)
    guesses: dict[str, str] = field(default_factory=dict)
    items: set[str] = field(default_factory=set)
    manifests: set[str] = field(default_factory=set)
    lines: set[tuple[str, int]] = field(default_factory=set)
    stock_at: set[str] = field(default_factory=set)
    legs: dict[Leg, Need] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)


# The scan path's statements, built once: building one anew costs more than running it.


def _some(column: Any) -> Any:  # noqa: ANN401  # a column in, a condition out
    return column.in_(bindparam("some", expanding=True))


_PACKAGE, _LINE, _MANIFEST = table_of(PackageRow), table_of(LineRow), table_of(ManifestRow)
_COUNT, _COUNTED, _STOCK = table_of(LineCountRow), table_of(CountedRow), table_of(StockRow)
_EXPECTED, _TALLY, _PLACE = table_of(ExpectedRow), table_of(TallyRow), table_of(PlaceRow)
_BLOCK = table_of(BlockRow)

_ITEMS = select(ItemRow.code, ItemRow.barcode)
_PACKAGES = select(_PACKAGE).where(_some(_PACKAGE.c.code))
_HEAD_OF = (_MANIFEST.c.version, _MANIFEST.c.state, _MANIFEST.c.imported_at)
_LINES = (
    select(_LINE, *_HEAD_OF, _COUNT.c.task, _COUNT.c.counted, _COUNT.c.damaged)
    .join(_MANIFEST, and_(_MANIFEST.c.number == _LINE.c.manifest, has_begun(_LINE, _MANIFEST)))
    .outerjoin(_COUNT, and_(_COUNT.c.manifest == _LINE.c.manifest, _COUNT.c.line == _LINE.c.number))
)
# One statement for each condition: SQLite walks the whole table for an OR over a join.
_LISTED, _CARRIED = _LINES.where(_some(_LINE.c.package)), _LINES.where(_some(_LINE.c.parent))
_NUMBERED = _LINES.where(_some(tuple_(_LINE.c.manifest, _LINE.c.number)))
_MANIFESTS = select(_MANIFEST).where(_some(_MANIFEST.c.number))
_COUNTS = select(_COUNTED).where(_some(_COUNTED.c.package))
_SUMS = select(_EXPECTED).where(_some(_EXPECTED.c.manifest), _EXPECTED.c.place == WHOLE)
_TALLIED = select(_TALLY).where(_some(_TALLY.c.manifest), _TALLY.c.place == WHOLE)
_STOCKED = select(_STOCK).where(
    _some(_STOCK.c.place), _STOCK.c.item.in_(bindparam("items", expanding=True))
)
_NAMES = select(_PLACE.c.code, _PLACE.c.name).where(_some(_PLACE.c.code))


def load(session: Session, wanted: Wanted, memory: Memory | None = None) -> Situation:
    """Return what the database knows of what is wanted, in a handful of statements.

    What a writer's ``memory`` holds is not read again, and what is read is added to it.
    """
    memory = memory or Memory()
    if not memory.items:
        memory.items = barcodes(session)
    known = Situation(
        items=memory.items,
        names=memory.names,
        manifests=memory.manifests,
        progress=memory.progress,
    )
    wanted.items |= {known.items[code] for code in wanted.codes if code in known.items}
    _load_packages(session, known, wanted.codes)
    wanted.items |= {i for code, i in wanted.guesses.items() if code not in known.packages}
    _add_lines(known, _rows(session, _NUMBERED, wanted.lines))
    _load_children(session, known)
    _load_manifests(session, known, wanted)
    _add_lines(
        known, _rows(session, _NUMBERED, fillable(session, known, wanted.legs, wanted.items))
    )
    _load_manifests(session, known, wanted)
    _load_counts(session, known)
    _load_stock(session, known, wanted)
    _load_names(session, known, wanted, memory.names)
    return known


def barcodes(session: Session) -> dict[str, str]:
    """Return item codes by their barcode and by themselves."""
    rows = execute(session, _ITEMS).all()
    found = {row.barcode: row.code for row in rows}
    return found | {f"{row.code}": row.code for row in rows}


def _rows(session: Session, statement: Any, values: Iterable[Any], **more: Any) -> Iterator[Any]:  # noqa: ANN401
    """Yield what a statement finds for some values, few at a time as databases bind few."""
    for some in chunks(values):
        yield from execute(session, statement, {"some": some, **more})


def _load_packages(session: Session, known: Situation, codes: Iterable[str]) -> None:
    """Load packages, and the lines of open manifests that list them or what travels in them."""
    fresh = set(codes) - known.packages.keys()
    listed, carried = _listed(session, known, fresh), list(_rows(session, _CARRIED, fresh))
    for code in {row.parent for row in carried} - known.packages.keys():
        known.packages[code] = package_of(code, None, None)
    _add_lines(known, (row for row in listed if row.state == "open"))
    _add_lines(known, (row for row in carried if row.state == "open" and not is_dropped(row)))


def _listed(session: Session, known: Situation, codes: set[str]) -> list[Any]:
    """Make packages known, what each is by its newest line; return all lines that list them."""
    lines = list(_rows(session, _LISTED, codes))
    stood = {row.code: row for row in _rows(session, _PACKAGES, codes)}
    newest = newest_lines(lines)
    for code in stood.keys() | newest.keys():
        known.packages[code] = package_of(code, stood.get(code), newest.get(code))
    return lines


def _add_lines(known: Situation, rows: Iterable[Any]) -> None:
    """Make lines known with what was counted on each."""
    for row in rows:
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
        withdrawn=is_dropped(row),
    )


def _load_children(session: Session, known: Situation) -> None:
    children = {ln.package for lines in known.by_parent.values() for ln in lines if ln.package}
    if fresh := children - known.packages.keys():
        _listed(session, known, fresh)


def _load_manifests(session: Session, known: Situation, wanted: Wanted) -> None:
    """Load the manifests named or found, with the sums that answers show."""
    numbers = wanted.manifests | {line.manifest for line in known.lines.values()}
    fresh = numbers - known.manifests.keys()
    for row in _rows(session, _MANIFESTS, fresh):
        known.manifests[row.number] = Manifest(
            number=row.number,
            origin=row.origin,
            receiver=row.receiver,
            due=row.due,
            state=row.state,
            by_parent=row.by_parent,
            closed_at=timestamp(row.closed_at) if row.closed_at else None,
        )
    _load_progress(session, known, fresh & known.manifests.keys())


def _load_counts(session: Session, known: Situation) -> None:
    for row in _rows(session, _COUNTS, known.packages):
        known.counts[row.package, Task(row.task), row.manifest] = Counted(
            row.scan, row.station, row.sequence, row.place, row.at, row.user
        )


def _load_progress(session: Session, known: Situation, numbers: set[str]) -> None:
    """Load the whole-manifest sums that answers show."""
    for row in _rows(session, _SUMS, numbers):
        for task in COUNTING:
            known.progress[row.manifest, task][row.item] = Progress(row.packages, row.units)
    for row in _rows(session, _TALLIED, numbers):
        counted = known.progress[row.manifest, Task(row.task)][row.item].counted
        for name in _TALLIES:
            setattr(counted, name, getattr(row, name))


def _load_stock(session: Session, known: Situation, wanted: Wanted) -> None:
    items = wanted.items | {p.item for p in known.packages.values() if p.item}
    if not (wanted.stock_at and items):
        return
    for row in _rows(session, _STOCKED, wanted.stock_at, items=list(items)):
        known.stock[row.place, row.item, Condition(row.condition)] = row.quantity


def _load_names(session: Session, known: Situation, wanted: Wanted, names: dict[str, str]) -> None:
    """Add the names that sentences may need."""
    owners = wanted.named | {f"{code[:2]}.{code[2:4]}" for code in wanted.codes}
    owners |= {package.destination or "" for package in known.packages.values()}
    codes = {leg.place for leg in wanted.legs} | {
        above for code in owners for above in lineage(code)
    }
    codes |= {package.standing.place or "" for package in known.packages.values()}
    codes |= {line.destination for line in known.lines.values()}
    codes |= {counted.place for counted in known.counts.values()}
    for row in _rows(session, _NAMES, codes - names.keys() - {""}):
        names[row.code] = row.name


def save(session: Session, known: Situation) -> None:
    """Write what effects changed since the situation was loaded."""
    _save_packages(session, known)
    _save_counts(session, known)
    _save_lines(session, known)
    _save_stock(session, known)
    save_tallies(session, known.tally_delta)
    save_blocks(session, known.block_delta)


def _save_packages(session: Session, known: Situation) -> None:
    rows = []
    for code in sorted(known.touched_packages):
        package, standing = known.packages[code], known.packages[code].standing
        rows.append(
            {
                "code": code,
                "item": package.item,
                "quantity": package.quantity,
                "place": standing.place,
                "left_on": standing.left_on,
                "condition": standing.condition.value,
                "arrived": standing.arrived,
                "seals": list(standing.seals),
            }
        )
    upsert(session, _PACKAGE, rows)


_INSERT_COUNTED = insert(_COUNTED)


def _save_counts(session: Session, known: Situation) -> None:
    for package, task, manifest in known.gone_counts:
        session.execute(
            delete(_COUNTED).where(
                _COUNTED.c.package == package,
                _COUNTED.c.task == task.value,
                _COUNTED.c.manifest == manifest,
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
        execute(session, _INSERT_COUNTED, rows)


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
    upsert(session, _COUNT, rows)


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
    upsert(session, _STOCK, rows, adding=("quantity", "packages"))


def save_tallies(session: Session, changes: Mapping[TallyKey, Tally]) -> None:
    """Add to what was counted, by manifest, task, place and item."""
    rows = [
        {"manifest": manifest, "task": task.value, "place": place, "item": item}
        | {name: getattr(tally, name) for name in _TALLIES}
        for (manifest, task, place, item), tally in changes.items()
        if not tally.is_empty
    ]
    upsert(session, _TALLY, rows, adding=_TALLIES)


def save_blocks(session: Session, changes: Mapping[BlockKey, Tally]) -> None:
    """Add to the lines by status, which were missing before anything was counted on them."""
    rows = [
        _block_row(key, tally)
        for key, tally in changes.items()
        if tally.matched or tally.short or tally.surplus or tally.damaged
    ]
    upsert(session, _BLOCK, rows, adding=_STATUSES)


def _block_row(key: BlockKey, tally: Tally) -> dict[str, Any]:
    manifest, task, block = key
    return {
        "manifest": manifest,
        "task": task.value,
        "block": block,
        "missing": -tally.lines,
        "matched": tally.matched,
        "short": tally.short,
        "surplus": tally.surplus,
        "damaged": tally.damaged,
    }


def upsert(
    session: Session,
    table: Table,
    rows: Sequence[dict[str, Any]],
    *,
    adding: tuple[str, ...] = (),
) -> None:
    """Insert rows of all columns; where one is there, replace its values, or add to those named."""
    if rows:
        execute(session, _upsert(dialect_of(session), table, adding), rows)


@cache
def _upsert(dialect: str, table: Table, adding: tuple[str, ...]) -> Any:  # noqa: ANN401
    made = _INSERTS[dialect](table)
    keys = [column.name for column in table.primary_key]
    changes = {
        name: table.c[name] + made.excluded[name] if name in adding else made.excluded[name]
        for name in table.c.keys()  # noqa: SIM118  # a collection of columns, not a dict
        if name not in keys
    }
    return made.on_conflict_do_update(index_elements=keys, set_=changes)


def insert_new(session: Session, table: Any, rows: Sequence[dict[str, Any]]) -> None:  # noqa: ANN401
    """Insert the rows that are not there yet."""
    if rows:
        session.execute(inserting(session, table).on_conflict_do_nothing(), rows)


_INSERTS: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


def inserting(session: Session, table: Table) -> Any:  # noqa: ANN401  # either dialect's insert
    """Return the insert of the database's own dialect, which knows ON CONFLICT."""
    return _INSERTS[dialect_of(session)](table)
