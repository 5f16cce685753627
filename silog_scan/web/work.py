"""What a person is doing: chosen once on the start page, kept in the signed cookie."""

from collections.abc import Mapping

from flask import session
from sqlalchemy.orm import Session

from silog_scan.core.custody import OFFERED
from silog_scan.core.errors import Malformed, say
from silog_scan.core.stock import Task
from silog_scan.services import reports
from silog_scan.services.watching import Work
from silog_scan.store import queries
from silog_scan.web.context import actor, backend, now


def task_named(text: str | None) -> Task:
    """Return the task of a form or address, or refuse one that this station does not offer."""
    found = next((task for task in OFFERED if task.value == text), None)
    if found is None:
        raise Malformed("task-not-offered", say("Choose a task: receive, send, return, look up."))
    return found


def asked(reading: Session, form: Mapping[str, str]) -> Work:
    """Return the work a form asks for, or refuse a place, task or manifest that cannot be."""
    who, place = actor(), form.get("place", "")
    who.must_record()
    who.must_hold(place)
    queries.must_know_place(reading, place)
    number = form.get("manifest") or None
    if number:
        reports.manifest(reading, who, number)
    task = task_named(form.get("task"))
    who.must_do(task)
    return Work(who, task, place, number)


def take_up(work: Work) -> None:
    """Remember the work; the station's camera records for it once its page says it is there."""
    session["work"] = {
        "task": work.task.value,
        "place": work.place,
        "manifest": work.manifest,
        "begun": now().timestamp(),
    }


def lay_down() -> None:
    """Let the camera rest while its person chooses anew: it would record for the wrong place."""
    watch = backend().watch
    if watch is not None and watch.work is not None and watch.work.actor == actor():
        watch.work = None


def current() -> Work | None:
    """Return the work under way, if the person may still do it."""
    kept = session.get("work")
    if not kept or not actor().may_record or not actor().may_see(kept["place"]):
        return None
    begun = kept.get("begun", 0.0)
    return Work(actor(), Task(kept["task"]), kept["place"], kept["manifest"], begun)
