"""What people, scripts and the API read, as the contract's JSON."""

import json
from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from silog_scan.core.events import fields, timestamp
from silog_scan.core.places import NATION
from silog_scan.core.stock import Task
from silog_scan.core.visible import visible
from silog_scan.documents import manifest_files
from silog_scan.services.actors import Actor
from silog_scan.store import ledger, queries
from silog_scan.store.queries import LineFilter, LineView, ManifestView, Totals


def manifest(
    session: Session, actor: Actor, number: str, task: Task = Task.RECEIVE
) -> ManifestView:
    """Return a manifest from or to the actor's place or below; any other is not found."""
    view = queries.manifest_view(session, number, task)
    if not actor.may_see_hop(view.origin, view.receiver):
        raise queries.unknown_manifest(number)
    return view


def totals_json(totals: Totals) -> dict[str, int]:
    """Return the contract's ``totals``."""
    names = ("lines", "matched", "missing", "short", "surplus", "damaged", "extras")
    return {name: getattr(totals, name) for name in names}


def manifest_json(view: ManifestView) -> dict[str, Any]:
    """Return a manifest without its lines."""
    return {
        "number": view.number,
        "from": view.origin,
        "to": view.receiver,
        "due": view.due.isoformat() if view.due else None,
        "state": view.state,
        "version": view.version,
        "by_parent": view.by_parent,
        "totals": totals_json(view.totals),
        "packages": {
            "expected": view.totals.packages_expected,
            "counted": view.totals.packages_counted,
        },
    }


def all_manifests(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """Return every manifest from or to the actor's place and below."""
    found = queries.manifests(session, within=actor.place, limit=None)
    return [manifest_json(view) for view in found]


def rendered(found: Any, rows_at: str | None, form: str) -> str:  # noqa: ANN401  # JSON
    """Return a report as JSON, as CSV, or as a table for people; the rows are at ``rows_at``."""
    if form == "json":
        return json.dumps(found, ensure_ascii=False) + "\n"
    rows = found[rows_at] if rows_at else found
    cells = [[_cell(value) for value in row.values()] for row in rows]
    header = list(rows[0]) if rows else []
    if form == "csv":
        return manifest_files.write_csv([header, *cells]).decode()
    cells = [list(map(visible, row)) for row in cells]  # else a text could steer the terminal
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
             for row in [header, *cells]]  # fmt: skip
    if rows_at:
        lines += ["", "  ".join(f"{name} {value}" for name, value in found["totals"].items())]
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def line_json(line: LineView) -> dict[str, Any]:
    """Return the contract's line."""
    return {
        "row": line.row,
        "package": line.package,
        "item": line.item,
        "destination": line.destination,
        "expected": line.expected,
        "counted": line.counted,
        "damaged": line.damaged,
        "status": line.status.value,
    }


def reconciliation(
    session: Session,
    actor: Actor,
    number: str,
    *,
    task: Task = Task.RECEIVE,
    only: LineFilter = LineFilter(),  # noqa: B008  # frozen
) -> dict[str, Any]:
    """Return expected against counted as the contract's object, with the lines asked for."""
    view = manifest(session, actor, number, task)
    found: dict[str, Any] = {
        "manifest": number,
        "place": view.origin if task is Task.DISPATCH else view.receiver,
        "state": view.state,
        "totals": totals_json(view.totals),
        "packages": {
            "expected": view.totals.packages_expected,
            "counted": view.totals.packages_counted,
        },
        "items": [asdict(item) for item in queries.item_sums(session, number, task)],
        "destinations": [asdict(d) for d in queries.destination_sums(session, number, task)],
    }
    found["lines"] = [line_json(line) for line in queries.lines(session, number, task, only)]
    found["extras"] = [
        asdict(extra) | {"scanned_at": timestamp(extra.scanned_at)}
        for extra in queries.extras(session, number)
    ]
    return found


def lines(
    session: Session, actor: Actor, number: str, *, task: Task, only: LineFilter
) -> list[LineView]:
    """Return lines of a manifest the actor may see."""
    manifest(session, actor, number)
    return queries.lines(session, number, task, only)


def stock(session: Session, actor: Actor, place: str | None) -> list[dict[str, Any]]:
    """Return what lies at a place and below, by default the actor's own."""
    within = place or actor.place
    actor.must_hold(within)
    queries.must_know_place(session, within)
    return [asdict(row) for row in queries.stock(session, within=within)]


def trace(session: Session, actor: Actor, code: str) -> dict[str, Any]:
    """Return a package's custody history; one that never touched the actor's place is not found."""
    view = queries.package_view(session, code, within=actor.place)
    found = view.package
    return {
        "package": found.code,
        "item": found.item,
        "destination": found.destination,
        "place": found.standing.place,
        "state": queries.package_state(found),
        "condition": found.standing.condition.value,
        "events": [
            {
                "at": event.at,
                "station": event.station,
                "task": event.task,
                "outcome": event.outcome,
                "place": event.place,
            }
            for event in view.history
        ],
    }


def events(
    session: Session, actor: Actor, *, after: int, limit: int
) -> tuple[list[dict[str, Any]], int]:
    """Return the events of the actor's place and below after a position, and where to go on."""
    found = ledger.after(session, after, limit)
    rows = [
        fields(event) | {"digest": event.digest}
        for _, event in found
        if actor.may_see(event.body.get("place", NATION))
    ]
    return rows, found[-1][0] if found else after
