"""Small builders that tests share: what is known before a scan, in one line each."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from silog_scan.core.custody import Decision, Scan, decide
from silog_scan.core.events import timestamp
from silog_scan.core.stock import (
    Act,
    Condition,
    Line,
    Manifest,
    Package,
    Situation,
    StockKey,
    Task,
)
from tests.conftest import NOON

PROVINCE, MEDAN, KOTA, BINJAI = "12", "12.71", "12.71.01", "12.75"
TPS, NEXT_TPS = "12.71.01.1001.001", "12.71.01.1001.002"
BOX, NEXT_BOX, PALLET, INK = "1271-KS-000001", "1271-KS-000002", "PALET-1", "SLG-ITEM-TINTA"

Fact = Manifest | Line | Package

_numbers = count(1)


# Values of the core: what is known, and a scan.


def manifest(number: str = "SJ-1", origin: str = PROVINCE, **changes: Any) -> Manifest:  # noqa: ANN401
    return replace(Manifest(number, origin, MEDAN), **changes)


def outgoing(number: str = "SJ-OUT", **changes: Any) -> Manifest:  # noqa: ANN401
    return manifest(number, MEDAN, **({"receiver": KOTA} | changes))


def line(package: str | None = BOX, number: str = "SJ-1", **changes: Any) -> Line:  # noqa: ANN401
    serial = next(_numbers)
    return replace(Line(number, serial, serial, "KOTAK", 1, TPS, package=package), **changes)


def bulk(quantity: int, number: str = "SJ-1", **changes: Any) -> Line:  # noqa: ANN401
    return line(None, number, **({"item": "TINTA", "quantity": quantity} | changes))


def package(code: str = BOX, **changes: Any) -> Package:  # noqa: ANN401
    return replace(Package(code, "KOTAK", 1, TPS), **changes)


def known(*facts: Fact, stock: dict[StockKey, int] | None = None) -> Situation:
    """Return what is known; the manifest of a line is open to Medan, its package bound for it."""
    made = Situation(items={INK: "TINTA", "TINTA": "TINTA"})
    for fact in facts:
        if isinstance(fact, Manifest):
            made.manifests[fact.number] = fact
        elif isinstance(fact, Package):
            made.packages[fact.code] = fact
        else:
            made.add_line(fact)
    for fact in made.lines.values():
        made.manifests.setdefault(fact.manifest, manifest(fact.manifest))
        _register(made, fact)
    for held in made.packages.values():
        if held.standing.place and held.item:
            made.stock[held.standing.place, held.item, held.standing.condition] += held.quantity
    made.stock.update(stock or {})
    return made


def _register(made: Situation, fact: Line) -> None:
    """Make a line's package and the parent it travels in known, as an import does."""
    if fact.package:
        registered = Package(fact.package, fact.item, fact.quantity, fact.destination)
        made.packages.setdefault(fact.package, registered)
    if fact.parent:
        made.packages.setdefault(fact.parent, Package(fact.parent, None, 0, None))


def scan(text: str = BOX, task: Task = Task.RECEIVE, **changes: Any) -> Scan:  # noqa: ANN401
    made = Scan(f"scan-{next(_numbers)}", text, task, MEDAN, "Gudang Medan", NOON)
    return replace(made, **changes)


def dispatch(text: str = BOX, **changes: Any) -> Scan:  # noqa: ANN401
    return scan(text, Task.DISPATCH, **changes)


def damaged(text: str = BOX, task: Task = Task.RECEIVE, **changes: Any) -> Scan:  # noqa: ANN401
    return scan(text, task, condition=Condition.DAMAGED, **changes)


def act(of: Scan, at: datetime = NOON) -> Act:
    return Act(of.id, of.station, next(_numbers), of.place, timestamp(at))


def after(before: Situation, *scans: Scan) -> Situation:
    """Return what is known once the scans were decided and applied, a second after NOON."""
    for one in scans:
        before.apply(decide(one, before).effects, act(one, NOON + timedelta(seconds=1)))
    return before


def counted(decision: Decision) -> dict[tuple[str, int], int]:
    """Return what a decision counts by line."""
    return {(e.manifest, e.line): e.count for e in decision.effects if e.manifest and e.line}
