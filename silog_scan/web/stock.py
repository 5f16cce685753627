"""What lies where, and where a package has been."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from silog_scan.core.custody import Outcome
from silog_scan.core.events import moment
from silog_scan.core.stock import Condition, Task
from silog_scan.store import queries
from silog_scan.store.queries import StockView
from silog_scan.web import figures, paths, words
from silog_scan.web.context import actor, backend
from silog_scan.web.manifests import item_names

bp = Blueprint("stock", __name__)
bp.record_once(paths.register)

PAGE = 100
"""Places of a page."""


@dataclass(frozen=True, slots=True)
class Table:
    """Units by place and item in one condition, with what all places have of each item."""

    items: tuple[str, ...]
    rows: tuple[tuple[str, dict[str, int]], ...]
    sums: dict[str, int]


def table(found: Iterable[StockView]) -> Table:
    """Return the rows by place, their items in the order of codes."""
    rows: dict[str, dict[str, int]] = defaultdict(dict)
    sums: dict[str, int] = defaultdict(int)
    for view in found:
        rows[view.place][view.item] = view.quantity
        sums[view.item] += view.quantity
    return Table(tuple(sorted(sums)), tuple(rows.items()), dict(sums))


@bp.get("/stock")
def index() -> str:
    """Show what lies at a place and below, by default the asker's own."""
    place = request.args.get("place", "").strip() or actor().place
    actor().must_hold(place)
    with backend().database.reading() as session:
        top = queries.place(session, place)
        found = queries.stock(session, within=place)
        items = item_names(session)
        shown = _shown(found)
        names = queries.place_names(session, _labelled(shown))
    return render_template(
        "stock/index.html", top=top, found=shown, names=names, items=items, after=_after(),
        page=PAGE, item=request.args.get("item"), damaged=_is_damaged(),
        hurt=sum(view.quantity for view in found if view.condition == Condition.DAMAGED),
    )  # fmt: skip
