"""What lies where, and where a package has been."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from silog_scan.core import codes
from silog_scan.core.custody import Outcome
from silog_scan.core.events import moment
from silog_scan.core.stock import Condition, Task
from silog_scan.store import queries
from silog_scan.store.queries import PackageView, StockView
from silog_scan.web import figures, paths, words
from silog_scan.web.context import actor, backend
from silog_scan.web.manifests import item_names

bp = Blueprint("stock", __name__)
bp.record_once(paths.register)

PAGE = 100
"""Places of a page."""


@dataclass(frozen=True, slots=True)
class Table:
    """Units by place and item in one condition: a page of places, and what all of them have."""

    items: tuple[str, ...]
    rows: tuple[tuple[str, dict[str, int]], ...]
    following: str | None
    places: int
    sums: dict[str, int]


def table(found: Iterable[StockView], *, after: str) -> Table:
    """Return the places behind a code, and the sums over all places."""
    rows: dict[str, dict[str, int]] = defaultdict(dict)
    sums: dict[str, int] = defaultdict(int)
    for view in found:
        rows[view.place][view.item] = view.quantity
        sums[view.item] += view.quantity
    shown = [(code, units) for code, units in sorted(rows.items()) if code > after]
    following = shown[PAGE - 1][0] if len(shown) > PAGE else None
    return Table(tuple(sorted(sums)), tuple(shown[:PAGE]), following, len(rows), dict(sums))


@bp.get("/stock")
def index() -> str:
    """Show what lies at a place and below, by default the asker's own."""
    place = request.args.get("place", "").strip() or actor().place
    actor().must_hold(place)
    condition, item = _condition(), request.args.get("item") or None
    with backend().database.reading() as session:
        top = queries.place(session, place)
        found = queries.stock(session, within=place)
        shown = table(_chosen(found, condition, item), after=request.args.get("after", ""))
        names = queries.place_names(session, figures.label_codes(code for code, _ in shown.rows))
        items = item_names(session)
    damaged = sum(view.quantity for view in found if view.condition == Condition.DAMAGED)
    return render_template(
        "stock/index.html", top=top, shown=shown, names=names, items=items, condition=condition,
        item=item, damaged=damaged,
    )  # fmt: skip


def _condition() -> Condition:
    is_damaged = request.args.get("condition") == Condition.DAMAGED
    return Condition.DAMAGED if is_damaged else Condition.GOOD


def _chosen(found: Iterable[StockView], condition: Condition, item: str | None) -> list[StockView]:
    return [v for v in found if v.condition == condition and item in (None, v.item)]


@bp.get("/packages")
def find() -> BaseResponse:
    """Lead to the package whose code was typed or scanned into a field."""
    code = codes.identify(request.args.get("code", "")).code
    return redirect(url_for("stock.package", code=code) if code else url_for("stock.index"))


@bp.get("/packages/<text:code>")
def package(code: str) -> str:
    """Show where a package is, and each event in its history."""
    with backend().database.reading() as session:
        found = queries.package_view(session, code, within=actor().place)
        names = queries.place_names(session, figures.label_codes(_places(found)))
        items = item_names(session)
    return render_template(
        "stock/package.html", found=found, row=found.row, names=names, items=items, words=words,
        state=queries.package_state(found.row), task=Task, outcome=Outcome, at=moment,
        condition=Condition(found.row.condition),
    )  # fmt: skip


def _places(found: PackageView) -> Iterable[str | None]:
    """Return the places that a package's page names."""
    ends = [end for head in found.manifests for end in (head.receiver, head.origin)]
    return [found.row.destination, found.row.place, *ends, *(e.place for e in found.history)]
