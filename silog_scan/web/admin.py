"""Keep people and stations: add them, and end their access."""

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from silog_scan.core.errors import Conflict, Malformed, NotFound, NotYours, Refused, say
from silog_scan.services import accounts, passwords
from silog_scan.services.actors import Role
from silog_scan.services.passwords import NewPassword
from silog_scan.store import queries
from silog_scan.web import words
from silog_scan.web.context import actor, backend, in_words, now

bp = Blueprint("admin", __name__)

Answer = str | BaseResponse | tuple[str, int]


@bp.before_request
def only_administrators() -> None:
    """Refuse everybody else, readers too."""
    actor().must_administer()


@bp.get("/admin")
def index() -> BaseResponse:
    """Begin with the stations."""
    return redirect(url_for("admin.stations"))


# People.


@bp.get("/admin/users")
def users() -> str:
    """List the people at the asker's place and below."""
    return _users()


def _users(problem: Refused | None = None) -> str:
    with backend().database.reading() as session:
        found = accounts.users(session, actor())
        seen = queries.last_sign_ins(session, [user.id for user in found])
        names = queries.place_names(session, {user.place for user in found})
        asked = _asked_user(session)
    return render_template(
        "admin/users.html", found=found, seen=seen, names=names, roles=words.ROLES, role=Role,
        asked=asked, own=actor().user, form=request.form, problem=_told(problem), now=now(),
        shortest=passwords.SHORTEST,
    )  # fmt: skip


def _asked_user(session: Session) -> str | None:
    """Return the name of the person whose access the asker is about to end."""
    name = request.args.get("disable")
    return accounts.find_user(session, actor(), name).name if name else None


def _told(problem: Refused | None) -> str | None:
    return in_words(problem.sentence) if problem else None


@bp.post("/admin/users")
def add_user() -> Answer:
    """Add a person."""
    asker, at = actor(), now()
    try:
        new = _new_user()
        new.password.prepare()
        backend().writer.run(lambda session: accounts.add_user(session, asker, new, at=at))
    except Refused as refusal:
        return _users(refusal), _status(refusal)
    return redirect(url_for("admin.users"), 303)


def _new_user() -> accounts.NewUser:
    form = request.form
    if form.get("role") not in list(Role):
        raise Malformed("role-unknown", say("Choose a role."))
    place = form.get("place", "").strip()
    return accounts.NewUser(
        form.get("name", ""), Role(form["role"]), place, NewPassword(form.get("password", ""))
    )


@bp.post("/admin/users/disable")
def disable_user() -> Answer:
    """End a person's access."""
    asker, at, name = actor(), now(), request.form.get("name", "")
    try:
        backend().writer.run(lambda session: accounts.disable_user(session, asker, name, at=at))
    except Refused as refusal:
        return _users(refusal), _status(refusal)
    return redirect(url_for("admin.users"), 303)


def _status(refusal: Refused) -> int:
    return {Conflict: 409, NotFound: 404, NotYours: 403}.get(type(refusal), 422)


# Stations.


@bp.get("/admin/stations")
def stations() -> str:
    """List the stations at the asker's place and below."""
    return _stations()


def _stations(problem: Refused | None = None, token: str | None = None) -> str:
    with backend().database.reading() as session:
        found = accounts.stations(session, actor())
        events = queries.newest_events(session)
        names = queries.place_names(session, {station.place for station in found})
    asked = request.args.get("revoke")
    return render_template(
        "admin/stations.html", found=found, events=events, names=names, now=now(),
        asked=next((s for s in found if s.name == asked and s.token and not s.revoked_at), None),
        form=request.form, token=token, problem=_told(problem), backup=backend().keeper.state(),
    )  # fmt: skip


@bp.post("/admin/stations")
def add_station() -> Answer:
    """Add a station and show its token, which nobody can see again."""
    asker, at, form = actor(), now(), request.form
    name, place = form.get("name", ""), form.get("place", "").strip()
    try:
        token = backend().writer.run(
            lambda session: accounts.add_station(session, asker, name, place=place, at=at)
        )
    except Refused as refusal:
        return _stations(refusal), _status(refusal)
    return _stations(token=token)


@bp.post("/admin/stations/revoke")
def revoke_station() -> Answer:
    """End a station's token."""
    asker, at, name = actor(), now(), request.form.get("name", "")
    try:
        backend().writer.run(lambda session: accounts.revoke_station(session, asker, name, at=at))
    except Refused as refusal:
        return _stations(refusal), _status(refusal)
    return redirect(url_for("admin.stations"), 303)


# Backups.

_PATIENCE = 5.0
"""Seconds a page waits for a backup; a large one goes on, and the page says so."""


@bp.post("/admin/backup")
def make_backup() -> BaseResponse:
    """Make a backup now; the page says what became of it."""
    backend().keeper.ask(_PATIENCE)
    return redirect(url_for("admin.stations"), 303)
