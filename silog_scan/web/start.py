"""The start: choose place, task and manifest once, then only scan; and which there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, redirect, render_template, request, session, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from silog_scan.core import places
from silog_scan.core.custody import OFFERED
from silog_scan.core.errors import Sentence, say
from silog_scan.core.stock import Task
from silog_scan.store import queries
from silog_scan.store.queries import ManifestView
from silog_scan.web import figures, frame, work
from silog_scan.web.context import actor, backend, now
from silog_scan.web.words import TASKS

bp = Blueprint("start", __name__)
frame.register(bp)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the start page offers, and what is chosen so far; ``path`` names the places above."""

    place: str
    path: tuple[str, ...]
    task: Task
    manifests: Sequence[ManifestView]
    names: dict[str, str]
    today: date


@bp.get("/")
def home() -> str | BaseResponse:
    """Offer tasks and the manifests that are waited for; an observer is led to what may be seen."""
    if not actor().may_record:
        return redirect(url_for("manifests.reconciliation_today"))
    work.lay_down()
    kept = session.get("work", {})
    place = request.args.get("place") or kept.get("place") or actor().place
    fixed = actor().task
    named = fixed.value if fixed else request.args.get("task") or kept.get("task")
    task = work.task_named(named or Task.RECEIVE.value)
    with backend().database.reading() as reading:
        choice = _choice(reading, place, task)
    words = {one: TASKS[one] for one in OFFERED if fixed in (None, one) or one is Task.LOOKUP}
    return render_template("start/home.html", choice=choice, tasks=words, due=due_in_words)


def _choice(reading: Session, place: str, task: Task) -> Choice:
    actor().must_hold(place)
    queries.must_know_place(reading, place)
    waiting = queries.open_manifests(reading, place_code=place, task=task)
    ends = {code for view in waiting for code in (view.origin, view.receiver)}
    above = (places.lineage(place)[:-1] or [place])[::-1]  # from the province down
    names = queries.place_names(reading, ends | set(above))
    path = tuple(names.get(code, code) for code in above)
    return Choice(place, path, task, waiting, names, figures.today(now(), place))


def due_in_words(due: date | None, today: date) -> Sentence:
    """Return when a delivery is due, as seen from today."""
    if due is None:
        return say("no date")
    days = (due - today).days
    if days in _NEAR:
        return _NEAR[days]
    if days < 0:
        return say("late by %(days)s days", days=-days)
    return say("due in %(days)s days", days=days)


_NEAR = {-1: say("late by 1 day"), 0: say("due today"), 1: say("due tomorrow")}


@bp.get("/start/places")
def choose_place() -> str:
    """Offer the person's place and those below it, by code or name."""
    text = request.args.get("q", "").strip()
    with backend().database.reading() as reading:
        found = queries.find_places(reading, within=actor().place, text=text)
        names = queries.place_names(reading, {places.parent(row.code) or "" for row in found})
    task = request.args.get("task", Task.RECEIVE.value)
    return render_template(
        "start/places.html", found=found, names=names, text=text, task=task, above=places.parent
    )


@bp.post("/work")
def begin() -> BaseResponse:
    """Begin the chosen work and go to the station."""
    with backend().database.reading() as reading:
        chosen = work.asked(reading, request.form)
    work.take_up(chosen)
    return redirect(url_for("station.screen"))
