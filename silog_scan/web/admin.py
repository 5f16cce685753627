"""Keep people and stations: add them, and end their access."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from silog_scan.core.custody import OFFERED
from silog_scan.core.errors import Malformed, Refused, say
from silog_scan.core.stock import Task
from silog_scan.documents import qr
from silog_scan.services import accounts, passwords, sign_ins, stations
from silog_scan.services.actors import Role
from silog_scan.services.passwords import NewPassword
from silog_scan.services.stations import NewStation
from silog_scan.services.tokens import new_code as letters
from silog_scan.store import queries
from silog_scan.web import forms, words, work
from silog_scan.web.context import Page, actor, answered, backend, in_words, now

bp = Blueprint("admin", __name__)


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


def _users(problem: Refused | None = None, **new: Any) -> str:  # noqa: ANN401  # shown once
    with backend().database.reading() as session:
        found = accounts.users(session, actor())
        seen = queries.last_sign_ins(session, [user.id for user in found])
        names = queries.place_names(session, {user.place for user in found})
        asked = _asked_user(session)
        standing = sign_ins.of(session, asked.id, at=now()) if asked else []
    return render_template(
        "admin/users.html", found=found, seen=seen, names=names, roles=words.ROLES, role=Role,
        asked=asked, standing=standing, own=actor().user, form=request.form,
        problem=_told(problem), now=now(), shortest=passwords.SHORTEST, **new,
    )  # fmt: skip


def _asked_user(session: Session) -> Any:  # noqa: ANN401  # a row of the accounts
    """Return the person the asker is about to do something with."""
    name = request.args.get("user") or request.form.get("user")
    return accounts.find_user(session, actor(), name) if name else None


def _told(problem: Refused | None) -> str | None:
    return in_words(problem.sentence) if problem else None


@bp.post("/admin/users")
def add_user() -> Page:
    """Add a person."""
    asker, at = actor(), now()
    try:
        new = _new_user()
        new.password.prepare()
        backend().writer.run(lambda session: accounts.add_user(session, asker, new, at=at))
    except Refused as refusal:
        return answered(_users(refusal), refusal)
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
def disable_user() -> Page:
    """End a person's access."""
    return _done_with(accounts.disable_user)


@bp.post("/admin/users/enable")
def enable_user() -> Page:
    """Give a person's access back."""
    return _done_with(accounts.enable_user)


@bp.post("/admin/users/sign-ins/end")
def end_sign_ins() -> Page:
    """End every sign-in and token of a person."""
    return _done_with(sign_ins.end_all)


@bp.post("/admin/users/second-factor/reset")
def reset_second_factor() -> Page:
    """Let a person who lost the phone begin anew with the second factor."""
    return _done_with(sign_ins.reset_second_factor)


def _done_with(act: Callable[..., object]) -> Page:
    asker, at, name = actor(), now(), request.form.get("user", "")
    try:
        backend().writer.run(lambda session: act(session, asker, name, at=at))
    except Refused as refusal:
        return answered(_users(refusal), refusal)
    return redirect(url_for("admin.users", user=name), 303)


@bp.post("/admin/users/password")
def set_password() -> Page:
    """Give a person a password for once, made by chance and shown this once."""
    asker, at, name = actor(), now(), request.form.get("user", "")
    text = "-".join(letters(_GROUP) for _ in range(_GROUPS))
    new = NewPassword(text)
    new.prepare()
    try:
        backend().writer.run(
            lambda session: accounts.set_password(session, asker, name, password=new, at=at)
        )
    except Refused as refusal:
        return answered(_users(refusal), refusal)
    return _users(one_time=text)


_GROUP, _GROUPS = 4, 4
"""Letters of a one-time password: 80 bits."""


@bp.post("/admin/users/badge")
def give_badge() -> Page:
    """Make a person's card anew, to be printed this once."""
    asker, at, name = actor(), now(), request.form.get("user", "")
    try:
        text = backend().writer.run(
            lambda session: accounts.give_badge(session, asker, name, at=at)
        )
    except Refused as refusal:
        return answered(_users(refusal), refusal)
    return _users(badge=text, drawing=qr.drawn(text))


# Stations.


@bp.get("/admin/stations", endpoint="stations")
def list_stations() -> str:
    """List the stations at the asker's place and below."""
    return _stations()


def _stations(problem: Refused | None = None, code: str | None = None) -> str:
    name = request.form.get("name", "").strip()
    address = f"{request.host_url}enrol#{code}" if code else None
    with backend().database.reading() as session:
        found = stations.stations(session, actor())
        events = queries.newest_events(session)
        names = queries.place_names(session, {station.place for station in found})
        own, _ = accounts.own_station(session)
    return render_template(
        "admin/stations.html", found=found, events=events, names=names, now=now(), own=own,
        name=name, code=code, address=address, drawing=qr.drawn(address) if address else None,
        tasks={one: words.TASKS[one] for one in OFFERED}, task=Task, days=stations.DAYS,
        most_days=stations.MOST_DAYS, form=request.form, problem=_told(problem),
        backup=backend().keeper.state(),
    )  # fmt: skip


@bp.post("/admin/stations")
def add_station() -> Page:
    """Add a station and show the code by which its device enrols."""
    asker, at = actor(), now()

    def add(session: Session) -> str:
        stations.add(session, asker, new, at=at)
        return stations.make_code(session, asker, new.name.strip(), at=at)

    try:
        new = _new_station()
        code = backend().writer.run(add)
    except Refused as refusal:
        return answered(_stations(refusal), refusal)
    return _stations(code=code)


def _new_station() -> NewStation:
    form = request.form
    days = forms.number(form.get("days", str(stations.DAYS)), stations.MOST_DAYS) or 0
    task = work.task_named(form["task"]) if form.get("task") else None
    place = form.get("place", "").strip()
    return NewStation(form.get("name", ""), place, task, days)


@bp.post("/admin/stations/code")
def new_code() -> Page:
    """Show a new code for a station whose device is to be enrolled, or replaced."""
    asker, at, name = actor(), now(), request.form.get("name", "")
    try:
        code = backend().writer.run(lambda s: stations.make_code(s, asker, name, at=at))
    except Refused as refusal:
        return answered(_stations(refusal), refusal)
    return _stations(code=code)


@bp.post("/admin/stations/revoke")
def revoke_station() -> Page:
    """End a station's token, and every sign-in at it."""
    asker, at, name = actor(), now(), request.form.get("name", "")
    try:
        backend().writer.run(lambda session: stations.revoke(session, asker, name, at=at))
    except Refused as refusal:
        return answered(_stations(refusal), refusal)
    return redirect(url_for("admin.stations"), 303)


# Backups.

_PATIENCE = 5.0
"""Seconds a page waits for a backup; a large one goes on, and the page says so."""


@bp.post("/admin/backup")
def make_backup() -> BaseResponse:
    """Make a backup now; the page says what became of it."""
    backend().keeper.ask(_PATIENCE)
    return redirect(url_for("admin.stations"), 303)
