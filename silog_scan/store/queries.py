"""What pages and services read: nothing here writes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, bindparam, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from silog_scan.core import places
from silog_scan.core.custody import EXTRAS, Outcome
from silog_scan.core.errors import NotFound, say
from silog_scan.core.events import Event, moment
from silog_scan.core.reconcile import Status, status
from silog_scan.core.stock import BLOCK, COUNTING, WHOLE, Condition, Package, Standing, Task
from silog_scan.store import ledger, register
from silog_scan.store.db import chunks, execute
from silog_scan.store.lines import has_begun, stands
from silog_scan.store.tables import (
    BlockRow,
    CountedRow,
    CustodyRow,
    DiscrepancyRow,
    EventRow,
    ExpectedRow,
    ItemRow,
    LineCountRow,
    LineRow,
    ManifestRow,
    MetaRow,
    PackageRow,
    PlaceRow,
    ScanRow,
    SignInRow,
    StationRow,
    StockRow,
    TallyRow,
    table_of,
)

# One thing by its name.


def meta(session: Session, name: str) -> str | None:
    """Return a fact about the data home."""
    return session.scalar(select(MetaRow.value).where(MetaRow.name == name))


def place(session: Session, code: str) -> PlaceRow:
    """Return a place, or refuse one that is not known."""
    row = session.get(PlaceRow, code)
    if row is None:
        raise unknown_place(code)
    return row


def unknown_place(code: str) -> NotFound:
    """Return the refusal of a place that is not known."""
    told = say("The place %(code)s is not known here. Check the code.", code=code)
    return NotFound("unknown-place", told)


def must_know_place(session: Session, code: str) -> None:
    """Refuse a place that is not known."""
    place(session, code)


def manifest(session: Session, number: str) -> ManifestRow:
    """Return a manifest, or refuse one that is not known."""
    row = session.get(ManifestRow, number)
    if row is None:
        raise unknown_manifest(number)
    return row


def unknown_manifest(number: str) -> NotFound:
    """Return the refusal of a manifest that is not here, or not for who asks."""
    return NotFound(
        "unknown-manifest",
        say("There is no manifest %(number)s here. Import it first.", number=number),
    )


def items(session: Session) -> list[ItemRow]:
    """Return the catalogue."""
    return list(session.scalars(select(ItemRow).order_by(ItemRow.code)))


def below(column: Any, top: str) -> Any:  # noqa: ANN401  # a column in, a condition out
    """Return the condition that a place column is at or below a place, as ranges of the index."""
    region = places.region(top)
    if region == places.NATION:
        return column.is_not(None)
    # "/" follows "." in byte order, so the range holds just what lies below the dot.
    inside = and_(column > region + ".", column < region + "/")
    return or_(column == top, column == region, inside)


# Scans and their events.


_EVENT, _SCAN = table_of(EventRow), table_of(ScanRow)
_EVENTS_OF_SCANS = (
    select(_EVENT)
    .join(_SCAN, and_(_SCAN.c.station == _EVENT.c.station, _SCAN.c.sequence == _EVENT.c.sequence))
    .where(_SCAN.c.id.in_(bindparam("some", expanding=True)))
)


def events_of_scans(session: Session, ids: Sequence[str]) -> dict[str, Event]:
    """Return the event of each scan id that was recorded before."""
    return {
        row.id: ledger.event_of(row)
        for some in chunks(ids)
        for row in execute(session, _EVENTS_OF_SCANS, {"some": some})
    }


def undo_of(session: Session, event: Event, child: str | None) -> Event | None:
    """Return the event that took back the scan, or its child, if there is one."""
    undone_by = session.scalar(select(ScanRow.undone_by).where(ScanRow.id == event.id))
    if undone_by:
        return ledger.with_id(session, undone_by)[0]
    if child is None:
        return None
    custody = table_of(CustodyRow).c
    keys = session.execute(
        select(custody.station, custody.sequence).where(
            custody.package == child, custody.changed.is_(False)
        )
    ).all()
    found = (ledger.find(session, *key) for key in keys)
    for candidate in found:
        if candidate and candidate.kind == "undo" and candidate.body["scan"] == event.id:
            return candidate
    return None


def is_taken_out(session: Session, event: Event, code: str | None) -> bool:
    """Say whether a package was taken out of the scan that brought it."""
    custody = table_of(CustodyRow).c
    undone = session.scalar(
        select(custody.undone).where(
            custody.package == code,
            custody.station == event.station,
            custody.sequence == event.sequence,
        )
    )
    return bool(undone)


def last_standings(session: Session, code: str) -> tuple[tuple[str, int] | None, Standing]:
    """Return the newest event (station, sequence) to change a package, and how it stood before."""
    custody = table_of(CustodyRow)
    rows = session.execute(
        select(custody)
        .where(custody.c.package == code, custody.c.changed, custody.c.undone.is_(False))
        .order_by(custody.c.position.desc())
        .limit(2)
    ).all()
    newest = (rows[0].station, rows[0].sequence) if rows else None
    return newest, _standing(rows[1]) if len(rows) > 1 else Standing()


def _standing(row: Any) -> Standing:  # noqa: ANN401  # a row of the custody table
    return Standing(row.place, row.left_on, Condition(row.condition), row.arrived, tuple(row.seals))


def held(session: Session, place_code: str, item: str | None, condition: Condition) -> int:
    """Return the units of an item that lie at a place."""
    stock = table_of(StockRow).c
    return (
        session.scalar(
            select(stock.quantity).where(
                stock.place == place_code, stock.item == item, stock.condition == condition.value
            )
        )
        or 0
    )


@dataclass(frozen=True, slots=True)
class RecentScan:
    """A scan as the station's list shows it."""

    id: str
    text: str
    task: str
    place: str
    manifest: str | None
    package: str | None
    item: str | None
    outcome: str
    station: str
    sequence: int
    position: int
    at: datetime
    undone: bool


def recent_scans(
    session: Session,
    *,
    station: str,
    limit: int = 20,
    after: int = 0,
    user: str | None = None,
) -> list[RecentScan]:
    """Return a station's newest scans, newest first, or only those of one person."""
    scan = table_of(ScanRow).c
    statement = select(table_of(ScanRow)).where(scan.station == station, scan.position > after)
    if user is not None:
        statement = statement.where(scan.user == user)
    rows = session.execute(statement.order_by(scan.sequence.desc()).limit(limit))
    return [
        RecentScan(
            id=row.id,
            text=row.text,
            task=row.task,
            place=row.place,
            manifest=row.manifest,
            package=row.package,
            item=row.item,
            outcome=row.outcome,
            station=row.station,
            sequence=row.sequence,
            position=row.position,
            at=row.at,
            undone=row.undone_by is not None,
        )
        for row in rows
    ]


def newest_position(session: Session) -> int:
    """Return the position of the newest event, 0 in an empty log: what a poll compares."""
    return session.scalar(select(func.max(EventRow.position))) or 0


# Manifests and reconciliation.


@dataclass(frozen=True, slots=True)
class Totals:
    """Lines by status, and packages, for one task over a whole manifest or a part of it."""

    lines: int = 0
    matched: int = 0
    missing: int = 0
    short: int = 0
    surplus: int = 0
    damaged: int = 0
    extras: int = 0
    packages_expected: int = 0
    packages_counted: int = 0


@dataclass(frozen=True, slots=True)
class ManifestView:
    """A manifest as lists show it."""

    number: str
    origin: str
    receiver: str
    due: date | None
    state: str
    version: int
    by_parent: bool
    imported_at: datetime
    totals: Totals


def manifests(
    session: Session, *, within: str, after: str | None = None, limit: int | None = 100
) -> list[ManifestView]:
    """Return the manifests from or to a place and below, by number."""
    table = table_of(ManifestRow)
    statement = select(table).where(
        or_(below(table.c.receiver, within), below(table.c.origin, within))
    )
    if after:
        statement = statement.where(table.c.number > after)
    rows = session.execute(statement.order_by(table.c.number).limit(limit)).all()
    totals = totals_of(session, [row.number for row in rows], Task.RECEIVE)
    return [_manifest_view(row, totals[row.number]) for row in rows]


def manifest_view(session: Session, number: str, task: Task = Task.RECEIVE) -> ManifestView:
    """Return one manifest with its totals."""
    row = manifest(session, number)
    return _manifest_view(row, totals_of(session, [number], task)[number])


def open_manifests(session: Session, *, place_code: str, task: Task) -> list[ManifestView]:
    """Return the open manifests to a place, or from it for a dispatch, earliest due first."""
    table = table_of(ManifestRow)
    end = table.c.origin if task is Task.DISPATCH else table.c.receiver
    rows = session.execute(
        select(table)
        .where(end == place_code, table.c.state == "open")
        .order_by(table.c.due.is_(None), table.c.due, table.c.number)
    ).all()
    totals = totals_of(session, [row.number for row in rows], task)
    return [_manifest_view(row, totals[row.number]) for row in rows]


def _manifest_view(row: Any, totals: Totals) -> ManifestView:  # noqa: ANN401
    return ManifestView(
        number=row.number,
        origin=row.origin,
        receiver=row.receiver,
        due=row.due,
        state=row.state,
        version=row.version,
        by_parent=row.by_parent,
        imported_at=row.imported_at,
        totals=totals,
    )


def totals_of(session: Session, numbers: Sequence[str], task: Task) -> dict[str, Totals]:
    """Return the totals of manifests, from sums that are kept with each scan."""
    expected, tally = table_of(ExpectedRow).c, table_of(TallyRow).c
    wanted = session.execute(
        select(expected.manifest, func.sum(expected.lines), func.sum(expected.packages))
        .where(expected.manifest.in_(numbers), expected.place == WHOLE)
        .group_by(expected.manifest)
    )
    lines = {number: (int(n), int(p)) for number, n, p in wanted}
    sums = [func.sum(getattr(tally, name)) for name in _SUMMED]
    found = session.execute(
        select(tally.manifest, *sums)
        .where(tally.manifest.in_(numbers), tally.place == WHOLE, tally.task == task.value)
        .group_by(tally.manifest)
    )
    counted = {number: [int(value or 0) for value in values] for number, *values in found}
    extra = _extra_counts(session, numbers)
    return {
        number: _totals(lines.get(number, (0, 0)), counted.get(number), extra.get(number, 0))
        for number in numbers
    }


_SUMMED = ("matched", "short", "surplus", "damaged", "packages")


def _totals(expected: tuple[int, int], counted: list[int] | None, extras: int) -> Totals:
    matched, short, surplus, damaged, packages = counted or [0] * len(_SUMMED)
    return Totals(
        lines=expected[0],
        matched=matched,
        missing=expected[0] - matched - short - surplus - damaged,
        short=short,
        surplus=surplus,
        damaged=damaged,
        extras=extras,
        packages_expected=expected[1],
        packages_counted=packages,
    )


def _extra_conditions(numbers: Sequence[str]) -> Any:  # noqa: ANN401
    scan = table_of(ScanRow).c
    return and_(
        scan.manifest.in_(numbers),
        scan.outcome.in_([outcome.value for outcome in EXTRAS]),
        scan.undone_by.is_(None),
        scan.task != Task.LOOKUP.value,
    )


def _extra_counts(session: Session, numbers: Sequence[str]) -> dict[str, int]:
    scan = table_of(ScanRow).c
    rows = session.execute(
        select(scan.manifest, func.count(func.distinct(scan.text)))
        .where(_extra_conditions(numbers))
        .group_by(scan.manifest)
    )
    found = {row[0]: int(row[1]) for row in rows}
    with_dropped_lines = {line.manifest for line in _dropped_lines(session, numbers)}
    return found | {number: len(extras(session, number)) for number in with_dropped_lines}


def _dropped_lines(session: Session, numbers: Sequence[str]) -> list[Any]:
    """Return the lines that a new issue dropped though something was counted on them."""
    line, count, head = table_of(LineRow).c, table_of(LineCountRow).c, table_of(ManifestRow).c
    # A first issue has dropped none, and to find that out all its counts would be read.
    is_reissue = and_(head.number.in_(numbers), head.version > 1)
    reissued = session.scalars(select(head.number).where(is_reissue)).all()
    if not reissued:
        return []
    rows = session.execute(
        select(line.manifest, line.number, line.package, line.item)
        .join(
            table_of(LineCountRow),
            and_(count.manifest == line.manifest, count.line == line.number, count.counted > 0),
        )
        .join(table_of(ManifestRow), head.number == line.manifest)
        .where(line.manifest.in_(reissued), line.last_version < head.version)
    )
    return list(rows)


def _scans_of_dropped_lines(session: Session, number: str) -> Iterator[tuple[str, Any]]:
    """Yield (text, scan) of what was counted on lines that a new issue dropped."""
    lines = _dropped_lines(session, [number])
    if not lines:
        return
    packages = {line.package for line in lines if line.package}
    scan, counted = table_of(ScanRow), table_of(CountedRow).c
    for row in session.execute(
        select(counted.package.label("code"), scan)
        .join(scan, scan.c.id == counted.scan)
        .where(counted.manifest == number, counted.package.in_(packages))
    ):
        yield (row.text if row.package == row.code else row.code), row
    bulk = {line.number: line.item for line in lines if line.package is None}
    candidates = session.execute(
        select(scan).where(
            scan.c.item.in_(set(bulk.values())),
            or_(scan.c.manifest == number, scan.c.manifest.is_(None)),
            scan.c.undone_by.is_(None),
        )
    ).all()
    events = events_of_scans(session, [row.id for row in candidates])
    for row in candidates:
        effects = events[row.id].body.get("effects", ())
        if any(e.get("manifest") == number and e.get("line") in bulk for e in effects):
            yield row.text, row


@dataclass(frozen=True, slots=True)
class Extra:
    """A text scanned for the manifest without a line of it."""

    text: str
    outcome: str
    scanned_at: datetime
    station: str
    scans: int


def extras(session: Session, number: str) -> list[Extra]:
    """Return one entry for each text, with its newest scan; a line may have been dropped since."""
    table = table_of(ScanRow)
    rows = session.execute(select(table).where(_extra_conditions([number])))
    scans = [(row.text, row.outcome, row) for row in rows]
    dropped = _scans_of_dropped_lines(session, number)
    scans += [(text, Outcome.UNEXPECTED.value, row) for text, row in dropped]
    found: dict[str, Extra] = {}
    for text, outcome, row in sorted(scans, key=lambda scan: scan[2].position):
        before = found.get(text)
        times = before.scans + 1 if before else 1
        found[text] = Extra(text, outcome, row.scanned_at, row.station, times)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class ItemSum:
    """Units of an item, expected and counted."""

    item: str
    expected: int
    counted: int


@dataclass(frozen=True, slots=True)
class DestinationSum:
    """Lines of a destination, and how many of them match."""

    place: str
    name: str
    lines: int
    matched: int


def item_sums(session: Session, number: str, task: Task) -> list[ItemSum]:
    """Return what each item expects and has, over the whole manifest."""
    expected, tally = table_of(ExpectedRow).c, table_of(TallyRow).c
    found = session.execute(
        select(tally.item, tally.units).where(
            tally.manifest == number, tally.place == WHOLE, tally.task == task.value
        )
    )
    counted = {row.item: row.units for row in found}
    rows = session.execute(
        select(expected.item, expected.units)
        .where(expected.manifest == number, expected.place == WHOLE)
        .order_by(expected.item)
    )
    return [ItemSum(row.item, row.units, counted.get(row.item, 0)) for row in rows]


def destination_sums(session: Session, number: str, task: Task) -> list[DestinationSum]:
    """Return how many lines each destination has, and how many match."""
    expected, tally = table_of(ExpectedRow).c, table_of(TallyRow).c
    matched = {
        row[0]: int(row[1])
        for row in session.execute(
            select(tally.place, func.sum(tally.matched))
            .where(tally.manifest == number, tally.task == task.value, tally.place != WHOLE)
            .group_by(tally.place)
        )
    }
    rows = session.execute(
        select(expected.place, func.sum(expected.lines))
        .where(expected.manifest == number, expected.place != WHOLE)
        .group_by(expected.place)
        .order_by(expected.place)
    ).all()
    names = place_names(session, [row[0] for row in rows])
    return [
        DestinationSum(code, names.get(code, code), int(lines), matched.get(code, 0))
        for code, lines in rows
    ]


def place_names(session: Session, codes: Iterable[str]) -> dict[str, str]:
    """Return the names of places by code; one without a name is left out."""
    table = table_of(PlaceRow).c
    rows = session.execute(select(table.code, table.name).where(table.code.in_(set(codes))))
    return {row.code: row.name for row in rows}


@dataclass(frozen=True, slots=True)
class LineView:
    """A line as reconciliation shows it, for one task."""

    number: int
    row: int
    package: str | None
    item: str
    quantity: int
    destination: str
    parent: str | None
    seals: tuple[str, ...]
    due: date | None
    note: str
    unit: str
    extra: dict[str, Any]
    expected: int
    counted: int
    damaged: int
    status: Status


@dataclass(frozen=True, slots=True)
class LineFilter:
    """Which lines to read: by status, item, destination, a text; after a line number; how many."""

    status: Status | None = None
    item: str | None = None
    destination: str | None = None
    after: int = 0
    limit: int | None = None
    attention: bool = False
    text: str | None = None


def lines(
    session: Session,
    number: str,
    task: Task,
    only: LineFilter = LineFilter(),  # frozen
) -> list[LineView]:
    """Return the manifest's standing lines in the order of their numbers."""
    line, head, count = table_of(LineRow), table_of(ManifestRow), table_of(LineCountRow)
    counted, damaged = func.coalesce(count.c.counted, 0), func.coalesce(count.c.damaged, 0)
    statement = (
        select(line, counted.label("counted"), damaged.label("hurt"))
        .join(head, head.c.number == line.c.manifest)
        .outerjoin(
            count,
            and_(
                count.c.manifest == line.c.manifest,
                count.c.line == line.c.number,
                count.c.task == task.value,
            ),
        )
        .where(
            line.c.manifest == number,
            stands(line, head),
            line.c.number > only.after,
        )
        .order_by(line.c.number)
    )
    statement = _filtered(statement, only, counted, damaged)
    if (only.attention or only.status) and task in COUNTING:
        statement = _in_blocks(statement, task, only)
    if only.limit:
        statement = statement.limit(only.limit)
    return [_line_view(row) for row in session.execute(statement)]


def _in_blocks(statement: Any, task: Task, only: LineFilter) -> Any:  # noqa: ANN401
    """Look only where the sums say that there are such lines: else all would be walked."""
    block, line = table_of(BlockRow).c, table_of(LineRow).c
    statuses = [only.status] if only.status else [s for s in Status if s is not Status.MATCHED]
    in_block = and_(
        block.manifest == line.manifest,
        line.number.between(block.block * BLOCK, block.block * BLOCK + BLOCK - 1),
    )
    return (
        statement.join(table_of(BlockRow), in_block)
        .where(
            block.task == task.value,
            block.block >= (only.after + 1) // BLOCK,
            or_(*(block[status.value] > 0 for status in statuses)),
        )
        .order_by(None)
        .order_by(block.block, line.number)
    )


def _filtered(statement: Any, only: LineFilter, counted: Any, damaged: Any) -> Any:  # noqa: ANN401
    line = table_of(LineRow).c
    if only.item:
        statement = statement.where(line.item == only.item)
    if only.destination:
        statement = statement.where(below(line.destination, only.destination))
    if only.text:
        statement = statement.where(_says(only.text))
    expected = func.coalesce(_one_if_package(), line.quantity)
    conditions = {
        Status.MISSING: counted == 0,
        Status.SHORT: and_(counted > 0, counted < expected),
        Status.SURPLUS: counted > expected,
        Status.DAMAGED: and_(counted == expected, damaged > 0),
        Status.MATCHED: and_(counted == expected, damaged == 0),
    }
    if only.status:
        statement = statement.where(conditions[only.status])
    if only.attention:
        statement = statement.where(or_(counted != expected, damaged > 0))
    return statement


_VILLAGE_LENGTH = len("12.71.01.1001")


def _says(text: str) -> Any:  # noqa: ANN401  # a condition
    """Return the condition that a line says a text as pages do: its code, item, or destination.

    A polling station is shown with its village, so it is found by the village's name too.
    """
    line, place, item = table_of(LineRow).c, table_of(PlaceRow).c, table_of(ItemRow).c
    places_named = select(place.code).where(place.name.icontains(text, autoescape=True))
    names = (item.code, item.name_id, item.name_en)
    items_named = select(item.code).where(
        or_(*(name.icontains(text, autoescape=True) for name in names))
    )
    return or_(
        line.package.icontains(text, autoescape=True),
        line.item.in_(items_named),
        line.destination.startswith(text, autoescape=True),
        line.destination.in_(places_named),
        func.substr(line.destination, 1, _VILLAGE_LENGTH).in_(places_named),
    )


def _one_if_package() -> Any:  # noqa: ANN401
    return case((table_of(LineRow).c.package.is_not(None), 1), else_=None)


def _line_view(row: Any) -> LineView:  # noqa: ANN401
    expected = 1 if row.package else row.quantity
    return LineView(
        number=row.number,
        row=row.row,
        package=row.package,
        item=row.item,
        quantity=row.quantity,
        destination=row.destination,
        parent=row.parent,
        seals=tuple(row.seals),
        due=row.due,
        note=row.note,
        unit=row.unit,
        extra=row.extra,
        expected=expected,
        counted=row.counted,
        damaged=row.hurt,
        status=status(expected, row.counted, row.hurt),
    )


# Stock, packages, discrepancies.


@dataclass(frozen=True, slots=True)
class StockView:
    """Units and packages of an item in one condition at a place."""

    place: str
    item: str
    condition: str
    quantity: int
    packages: int


def stock(session: Session, *, within: str) -> list[StockView]:
    """Return what lies at a place and below."""
    table = table_of(StockRow).c
    rows = session.execute(
        select(table_of(StockRow))
        .where(below(table.place, within), or_(table.quantity != 0, table.packages != 0))
        .order_by(table.place, table.item, table.condition.desc())
    )
    return [
        StockView(row.place, row.item, row.condition, row.quantity, row.packages) for row in rows
    ]


@dataclass(frozen=True, slots=True)
class TransitView:
    """Units and packages of an item that left on a manifest and have not arrived."""

    manifest: str
    origin: str
    receiver: str
    item: str
    quantity: int
    packages: int


def in_transit(session: Session, *, within: str) -> list[TransitView]:
    """Return what is under way from or to a place and below.

    Only packages are known to be under way: what was sent in bulk has no identity until it arrives.
    """
    package, head = table_of(PackageRow).c, table_of(ManifestRow).c
    way = (package.left_on, head.origin, head.receiver, package.item)
    rows = session.execute(
        select(*way, func.sum(package.quantity), func.count(package.code))
        .join_from(table_of(PackageRow), table_of(ManifestRow), head.number == package.left_on)
        .where(
            package.place.is_(None),
            package.item.is_not(None),  # a pallet is none of the goods
            _ends_within(within),
        )
        .group_by(*way)
        .order_by(*way)
    )
    return [
        TransitView(number, origin, receiver, item, int(quantity), packages)
        for number, origin, receiver, item, quantity, packages in rows
    ]


@dataclass(frozen=True, slots=True)
class CustodyView:
    """One event in a package's history; ``before`` is the digest of its chain's event before it."""

    at: str
    station: str
    sequence: int
    digest: str
    previous: str
    task: str
    outcome: str
    place: str
    undone: bool
    event: Event
    before: str | None


def history(session: Session, code: str) -> list[CustodyView]:
    """Return a package's events in the order they were recorded."""
    custody, event = table_of(CustodyRow), table_of(EventRow)
    before = event.alias()
    rows = session.execute(
        select(event, custody.c.undone, before.c.digest.label("before"))
        .join(
            custody,
            and_(custody.c.station == event.c.station, custody.c.sequence == event.c.sequence),
        )
        .outerjoin(
            before,
            and_(before.c.station == event.c.station, before.c.sequence == event.c.sequence - 1),
        )
        .where(custody.c.package == code)
        .order_by(custody.c.position)
    )
    return [_custody_view(row) for row in rows]


def _custody_view(row: Any) -> CustodyView:  # noqa: ANN401  # an event, and what was joined
    event = ledger.event_of(row)
    return CustodyView(
        at=event.at,
        station=event.station,
        sequence=event.sequence,
        digest=event.digest,
        previous=event.previous,
        task=event.body["task"],
        outcome=event.body.get("outcome", "undone"),
        place=event.body["place"],
        undone=row.undone,
        event=event,
        before=row.before,
    )


def package_state(found: Package) -> str:
    """Return expected, stored or in-transit."""
    if found.standing.place:
        return "stored"
    return "in-transit" if found.standing.left_on is not None else "expected"


def discrepancies(session: Session, *, within: str, limit: int = 200) -> list[DiscrepancyRow]:
    """Return the open discrepancies at a place and below, newest first."""
    return list(
        session.scalars(
            select(DiscrepancyRow)
            .where(below(DiscrepancyRow.place, within), DiscrepancyRow.state == "open")
            .order_by(DiscrepancyRow.position.desc())
            .limit(limit)
        )
    )


def newest_time(session: Session) -> datetime | None:
    """Return when the newest event was recorded."""
    at = session.scalar(select(EventRow.at).order_by(EventRow.position.desc()).limit(1))
    return datetime.fromisoformat(at) if at else None


# For the station's page.


def find_places(session: Session, *, within: str, text: str, limit: int = 30) -> list[PlaceRow]:
    """Return places at and below one whose code begins with a text or whose name has it."""
    statement = select(PlaceRow).where(below(PlaceRow.code, within))
    if text:
        by_code = PlaceRow.code.startswith(text, autoescape=True)
        by_name = func.lower(PlaceRow.name).contains(text.lower(), autoescape=True)
        statement = statement.where(or_(by_code, by_name))
    return list(session.scalars(statement.order_by(PlaceRow.code).limit(limit)))


# What pages show: each asks for what lies within the reader's place.


@dataclass(frozen=True, slots=True)
class ManifestFilter:
    """Which manifests to list: by state, ``late`` before a day, by a text; from where on."""

    state: str | None = None
    late: date | None = None
    text: str | None = None
    after: str | None = None
    limit: int = 50


def manifests_found(session: Session, only: ManifestFilter, *, within: str) -> list[ManifestView]:
    """Return the manifests from or to a place and below that the filter lets through, by number.

    The text is a part of the number, or the code of a package that the manifest lists.
    """
    table, line = table_of(ManifestRow), table_of(LineRow).c
    statement = select(table).where(_ends_within(within))
    if only.state:
        statement = statement.where(table.c.state == only.state)
    if only.late:
        statement = statement.where(table.c.state == "open", table.c.due < only.late)
    if only.text:
        listing = select(line.manifest).where(line.package == only.text)
        by_number = table.c.number.icontains(only.text, autoescape=True)
        statement = statement.where(or_(by_number, table.c.number.in_(listing)))
    if only.after:
        statement = statement.where(table.c.number > only.after)
    rows = session.execute(statement.order_by(table.c.number).limit(only.limit)).all()
    totals = totals_of(session, [row.number for row in rows], Task.RECEIVE)
    return [_manifest_view(row, totals[row.number]) for row in rows]


def _ends_within(within: str) -> Any:  # noqa: ANN401  # a condition
    table = table_of(ManifestRow).c
    return or_(below(table.receiver, within), below(table.origin, within))


def manifest_counts(session: Session, *, within: str, today: date) -> dict[str, int]:
    """Return how many manifests are ``open``, ``closed``, ``void``, and ``late`` on a day."""
    table = table_of(ManifestRow).c
    late = func.sum(case((and_(table.state == "open", table.due < today), 1), else_=0))
    rows = session.execute(
        select(table.state, func.count(), late).where(_ends_within(within)).group_by(table.state)
    ).all()
    return {state: count for state, count, _ in rows} | {"late": sum(int(row[2]) for row in rows)}


@dataclass(frozen=True, slots=True)
class Branch:
    """Lines bound for a place and below, by status, and the places under it."""

    place: str
    name: str
    totals: Totals
    under: tuple["Branch", ...] = ()


_DISTRICT, _VILLAGE = 3, 4
_Sums = dict[str, list[int]]


def destination_tree(session: Session, number: str, task: Task) -> list[Branch]:
    """Return the lines of a manifest by district, and in each district by village."""
    sums = _destination_sums(session, number, task)
    villages, districts = _rolled_up(sums, _VILLAGE), _rolled_up(sums, _DISTRICT)
    names = place_names(session, {*villages, *districts})
    return [
        Branch(code, names.get(code, code), _as_totals(values), _branches(villages, names, code))
        for code, values in sorted(districts.items())
    ]


def _branches(villages: _Sums, names: dict[str, str], district: str) -> tuple[Branch, ...]:
    inside = [code for code in sorted(villages) if _top(code, _DISTRICT) == district]
    if inside == [district]:
        return ()
    return tuple(Branch(code, names.get(code, code), _as_totals(villages[code])) for code in inside)


def _as_totals(values: list[int]) -> Totals:
    lines, *counted = values
    return _totals((lines, 0), [*counted, 0], 0)


def _top(code: str, parts: int) -> str:
    return ".".join(code.split(".")[:parts])


def _rolled_up(sums: _Sums, parts: int) -> _Sums:
    """Return the sums by the first parts of the places' codes."""
    found: _Sums = {}
    for code, values in sums.items():
        top = _top(code, parts)
        found[top] = [a + b for a, b in zip(found.get(top, [0] * len(values)), values, strict=True)]
    return found


def _destination_sums(session: Session, number: str, task: Task) -> _Sums:
    """Return lines, matched, short, surplus and damaged of each destination."""
    expected, tally = table_of(ExpectedRow).c, table_of(TallyRow).c
    wanted = session.execute(
        select(expected.place, func.sum(expected.lines))
        .where(expected.manifest == number, expected.place != WHOLE)
        .group_by(expected.place)
    )
    counted = session.execute(
        select(tally.place, *(func.sum(getattr(tally, name)) for name in _SUMMED[:-1]))
        .where(tally.manifest == number, tally.task == task.value, tally.place != WHOLE)
        .group_by(tally.place)
    )
    found = {row[0]: [int(value) for value in row[1:]] for row in counted}
    return {code: [int(lines), *found.get(code, [0, 0, 0, 0])] for code, lines in wanted}


@dataclass(frozen=True, slots=True)
class PackageView:
    """A package, the manifests that list it or what it holds, its history, what travels in it."""

    package: Package
    manifests: list[ManifestRow]
    history: list[CustodyView]
    holds: list[str]


_MOST_HELD = 100


def package_view(session: Session, code: str, *, within: str) -> PackageView:
    """Return a package, or refuse one that is bound for, lies, was scanned and listed elsewhere."""
    found = register.package(session, code)
    line, head = table_of(LineRow), table_of(ManifestRow)
    is_named = or_(line.c.package == code, line.c.parent == code)
    listing = select(line.c.manifest).where(is_named)
    heads = session.scalars(
        select(ManifestRow)
        .where(ManifestRow.number.in_(listing))
        .order_by(ManifestRow.due, ManifestRow.number)
    ).all()
    events = history(session, code)
    ends = [end for head in heads for end in (head.receiver, head.origin)]
    near = [found.destination, found.standing.place, *ends, *(event.place for event in events)]
    if not any(place and places.is_at_or_below(place, within) for place in near):
        raise NotFound(
            "unknown-package", say("No package %(code)s is known here. Check the code.", code=code)
        )
    inside = (
        select(line.c.package)
        .join(head, head.c.number == line.c.manifest)
        .where(line.c.parent == code, line.c.package.is_not(None), has_begun(line, head))
        .distinct()
    )
    held = session.scalars(inside.order_by(line.c.package).limit(_MOST_HELD))
    return PackageView(found, list(heads), events, [text for text in held if text])


def last_sign_ins(session: Session, users: Iterable[str]) -> dict[str, datetime]:
    """Return when each person was last at work here, by id; who never was is left out."""
    table = table_of(SignInRow).c
    rows = session.execute(
        select(table.user, func.max(table.seen_at))
        .where(table.user.in_(set(users)))
        .group_by(table.user)
    )
    return {user: seen for user, seen in rows if seen}


def newest_events(session: Session) -> dict[str, tuple[int, datetime | None]]:
    """Return how many events each station has recorded, and when the last one."""
    # One look into the index for each station; grouping the events would read all of them.
    own = aliased(EventRow)
    newest = (
        select(func.max(own.sequence))
        .where(own.station == StationRow.name)
        .correlate(StationRow)
        .scalar_subquery()
    )
    rows = session.execute(
        select(StationRow.name, EventRow.sequence, EventRow.at).outerjoin(
            EventRow, and_(EventRow.station == StationRow.name, EventRow.sequence == newest)
        )
    )
    return {name: (count or 0, moment(at) if at else None) for name, count, at in rows}
