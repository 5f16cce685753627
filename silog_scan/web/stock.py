"""What lies where, and where a package has been."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from silog_scan.core import codes
from silog_scan.core.custody import Outcome
from silog_scan.core.errors import NotFound, Sentence
from silog_scan.core.events import GENESIS, ChainBroken, Head, moment, verify
from silog_scan.core.stock import Condition, Task
from silog_scan.services import reports
from silog_scan.services.scanning import sentence_of
from silog_scan.store import queries
from silog_scan.store.queries import CustodyView, PackageView, StockView, TransitView
from silog_scan.web import figures, paths, words
from silog_scan.web.context import actor, backend, now
from silog_scan.web.manifests import item_names

bp = Blueprint("stock", __name__)
bp.record_once(paths.register)

PAGE = 100
"""Rows of a page."""
UNDER_WAY = "in-transit"
"""What is chosen beside the conditions of what lies somewhere."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Units of an item at a place, or under way on a manifest."""

    row: str
    item: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Table:
    """Units by row and item: a page of rows, and what all of them have."""

    items: tuple[str, ...]
    rows: tuple[tuple[str, dict[str, int]], ...]
    following: str | None
    length: int
    sums: dict[str, int]


def table(found: Iterable[Cell], *, after: str) -> Table:
    """Return the rows behind a key, and the sums over all rows."""
    rows: dict[str, dict[str, int]] = defaultdict(dict)
    sums: dict[str, int] = defaultdict(int)
    for cell in found:
        rows[cell.row][cell.item] = cell.quantity
        sums[cell.item] += cell.quantity
    shown = [(key, units) for key, units in sorted(rows.items()) if key > after]
    following = shown[PAGE - 1][0] if len(shown) > PAGE else None
    return Table(tuple(sorted(sums)), tuple(shown[:PAGE]), following, len(rows), dict(sums))


@bp.get("/stock")
def index() -> str:
    """Show what lies at a place and below, by default the asker's own, or is under way."""
    place = request.args.get("place", "").strip() or actor().place
    actor().must_hold(place)
    with backend().database.reading() as session:
        found = _goods(session, place, _chosen(), item=request.args.get("item") or None)
    return render_template("stock/index.html", **found)


def _goods(session: Session, place: str, chosen: str, *, item: str | None) -> dict[str, object]:
    """Return what the page shows of the goods that are chosen."""
    top = queries.place(session, place)
    lying = queries.stock(session, within=place)
    moving = queries.in_transit(session, within=place)
    cells = (cell for cell in _cells(lying, moving, chosen) if item in (None, cell.item))
    shown = table(cells, after=request.args.get("after", ""))
    damaged = sum(view.quantity for view in lying if view.condition == Condition.DAMAGED)
    counts = {Condition.DAMAGED: damaged, UNDER_WAY: sum(view.quantity for view in moving)}
    return {
        "top": top,
        "chosen": chosen,
        "item": item,
        "shown": shown,
        "counts": counts,
        "ways": {view.manifest: view for view in moving},
        "names": queries.place_names(session, _named(shown, moving)),
        "items": item_names(session),
    }


def _chosen() -> str:
    text = request.args.get("condition")
    return text if text in (Condition.DAMAGED, UNDER_WAY) else Condition.GOOD.value


def _cells(
    lying: Iterable[StockView], moving: Iterable[TransitView], chosen: str
) -> Iterator[Cell]:
    if chosen == UNDER_WAY:
        yield from (Cell(view.manifest, view.item, view.quantity) for view in moving)
    else:
        for view in lying:
            if view.condition == chosen:
                yield Cell(view.place, view.item, view.quantity)


def _named(shown: Table, moving: Iterable[TransitView]) -> set[str]:
    """Return the codes of the places whose names the page needs."""
    ends = [end for view in moving for end in (view.origin, view.receiver)]
    return figures.label_codes([*(key for key, _ in shown.rows), *ends])


@bp.get("/packages")
def find() -> BaseResponse:
    """Lead to the package, or the manifest, whose code was typed or scanned."""
    text = request.args.get("code", "").strip()
    if _is_manifest(text):
        return redirect(url_for("manifests.reconciliation", number=text))
    code = codes.identify(text).code
    return redirect(url_for("stock.package", code=code) if code else url_for("stock.index"))


def _is_manifest(text: str) -> bool:
    try:
        with backend().database.reading() as session:
            reports.manifest(session, actor(), text)
    except NotFound:
        return False
    return True


@bp.get("/packages/<text:code>")
def package(code: str) -> str:
    """Show where a package is, what comes next, and each event in its history."""
    with backend().database.reading() as session:
        found = queries.package_view(session, code, within=actor().place)
        names = queries.place_names(session, figures.label_codes(_places(found)))
        items = item_names(session)
    flaws, today = [flaw(view) for view in found.history], figures.today(now(), actor().place)
    return render_template(
        "stock/package.html", found=found, package=found.package, names=names, items=items,
        words=words, state=queries.package_state(found.package), task=Task, outcome=Outcome,
        at=moment, now=now(), next=next_step(found), told=sentence_of,
        flaws=flaws, broken=next(filter(None, flaws), None), today=today,
        stations={event.station for event in found.history},
    )  # fmt: skip


def _places(found: PackageView) -> Iterable[str | None]:
    """Return the places that a package's page names."""
    ends = [end for head in found.manifests for end in (head.receiver, head.origin)]
    return [
        found.package.destination,
        found.package.standing.place,
        *ends,
        *(e.place for e in found.history),
    ]


@dataclass(frozen=True, slots=True)
class Step:
    """What is awaited of a package: to be received or sent somewhere, on a manifest."""

    task: Task
    place: str
    manifest: str
    due: date | None


def next_step(found: PackageView) -> Step | None:
    """Return what an open manifest awaits of the package, as it stands now."""
    standing = found.package.standing
    for head in found.manifests:
        if head.state != "open":
            continue
        if standing.place == head.origin:
            return Step(Task.DISPATCH, head.receiver, head.number, head.due)
        if standing.place is None and standing.left_on in (None, head.number):
            return Step(Task.RECEIVE, head.receiver, head.number, head.due)
    return None


def flaw(view: CustodyView) -> Sentence | None:
    """Return what is wrong with an event that was altered, or follows from no other, or None.

    Its digest is computed anew, and the one before it in its chain must have the digest it names.
    Whether the chains are whole from end to end is for ``ledger verify`` to say.
    """
    try:
        verify([view.event], Head(view.station, view.sequence - 1, view.before or GENESIS))
    except ChainBroken as problem:
        return problem.sentence
    return None
