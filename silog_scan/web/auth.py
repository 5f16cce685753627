"""Who asks: a signed-in person by cookie, a station or person by bearer token."""

import secrets

from flask import Blueprint, g, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from werkzeug.wrappers import Response as BaseResponse

from silog_scan.core.errors import Refused, TooMany
from silog_scan.core.stock import Task
from silog_scan.services import accounts
from silog_scan.services.accounts import WrongPassword
from silog_scan.services.actors import Actor, Role
from silog_scan.services.watching import Work
from silog_scan.store import queries
from silog_scan.web import work
from silog_scan.web.context import backend, in_words, now

bp = Blueprint("auth", __name__)
_SEEN_EVERY = 300.0
"""Seconds."""


class _Manager(LoginManager):  # type: ignore[misc]  # Flask-Login has no types
    """Knows of no "remember me": its cookie is nobody's, and fails where it is not ASCII."""

    def _load_user_from_remember_cookie(self, cookie: str) -> None:
        """Return nobody."""


manager = _Manager()

OPEN = {"auth.sign_in", "auth.enter", "auth.enter_demo", "auth.language", "static", "health.alive",
        "health.ready", "ledger.verify", "ledger.verifier"}  # fmt: skip
"""Endpoints that need no sign-in; a test holds the list against the routes."""


class Person(UserMixin):  # type: ignore[misc]  # Flask-Login has no types
    """A signed-in person as Flask-Login wants it: its id is the sign-in's token."""

    def __init__(self, token: str, actor: Actor, name: str) -> None:
        """Hold what pages show of the person."""
        self.id = token
        self.actor = actor
        self.name = name


@manager.user_loader  # type: ignore[untyped-decorator]  # Flask-Login has no types
def load_person(token: str) -> Person | None:
    """Return the person of a sign-in that still stands."""
    try:
        with backend().database.reading() as reading:
            user = accounts.signed_in(reading, token, at=now())
            return Person(token, accounts.user_actor(reading, user), user.name) if user else None
    except Refused:  # the database is out of reach: nobody is known, and the page must still say so
        return None


def identify() -> BaseResponse | None:
    """Say who asks before any page; a stranger is sent to the sign-in."""
    if request.endpoint in OPEN or request.blueprint == "api" or request.endpoint is None:
        return None
    if not current_user.is_authenticated:
        return redirect(url_for("auth.sign_in", next=_wanted()))
    g.actor = current_user.actor
    _keep_awake(current_user.id)
    return None


def _keep_awake(token: str) -> None:
    """Note every few minutes that the sign-in is in use; an unused one idles out."""
    at = now()
    if at.timestamp() - session.get("seen", 0) > _SEEN_EVERY:
        backend().writer.run(lambda s: accounts.seen(s, token, at=at))
        session["seen"] = at.timestamp()


def _wanted() -> str | None:
    return request.full_path.rstrip("?") if request.method == "GET" else None


def bearer_actor() -> Actor | None:
    """Return who holds the request's bearer token."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    with backend().database.glancing() as reading:
        return accounts.bearer(reading, token.strip(), at=now())


@bp.get("/sign-in")
def sign_in() -> str | BaseResponse:
    """Show the sign-in."""
    if current_user.is_authenticated:
        return redirect(url_for("start.home"))
    return render_template("auth/sign_in.html", demo=backend().settings.demo)


@bp.post("/sign-in")
def enter() -> BaseResponse | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """Sign in by name and password."""
    name, password = request.form.get("name", ""), request.form.get("password", "")
    try:
        user_id = _checked(name, password)
    except Refused as refusal:
        page = render_template("auth/sign_in.html", problem=in_words(refusal.sentence), name=name)
        if isinstance(refusal, TooMany):
            return page, 429, {"Retry-After": str(refusal.wait)}
        return page, 401
    person = _begin(user_id)
    return redirect(_next(person.actor.role))


def _checked(name: str, password: str) -> str:
    """Return whose name and password these are, or refuse them; failures are counted."""
    machine, throttle = request.remote_addr or "", backend().throttle
    throttle.check(machine, name)
    try:
        with backend().database.reading() as reading:
            return accounts.check_password(reading, name, password).id
    except WrongPassword:
        throttle.failed(machine, name)
        raise


def _begin(user_id: str) -> Person:
    at = now()
    token = backend().writer.run(lambda s: accounts.sign_in_by_id(s, user_id, at=at))
    session.clear()
    with backend().database.reading() as reading:
        user = accounts.signed_in(reading, token, at=at)
        assert user is not None  # noqa: S101  # it was made in the line above
        person = Person(token, accounts.user_actor(reading, user), user.name)
    login_user(person)
    return person


_LANDING = {
    Role.STAFF: "start.home",
    Role.SUPERVISOR: "manifests.reconciliation_today",
    Role.ADMINISTRATOR: "admin.index",
    Role.OBSERVER: "manifests.reconciliation_today",
}
"""Where each role's work begins."""


def _next(role: Role = Role.STAFF) -> str:
    """Return the page asked for before the sign-in if it is one of ours, else the role's own."""
    wanted = request.args.get("next", "")
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if is_ours and wanted != "/" else url_for(_LANDING[role])


@bp.post("/sign-in/demo")
def enter_demo() -> BaseResponse | tuple[str, int]:
    """Sign in by the link that ``serve --demo`` printed; each link works once."""
    secret = request.form.get("secret", "")
    known = backend().demo_secrets
    found = next((one for one in known if secrets.compare_digest(one, secret)), None)
    if found is None:
        problem = gettext("This link was used already. Take the new one from the terminal.")
        return render_template("auth/sign_in.html", problem=problem, demo=True), 401
    known.discard(found)
    with backend().database.reading() as reading:
        user_id = accounts.first_administrator(reading)
    person = _begin(user_id)
    begin_demo(person.actor)
    new = secrets.token_urlsafe(24)
    known.add(new)
    print(f"Another browser: {request.host_url}#demo={new}", flush=True)  # noqa: T201
    return redirect(url_for("station.screen"))


def begin_demo(who: Actor) -> None:
    """Put the person before the camera, receiving the sample manifest."""
    with backend().database.reading() as reading:
        waiting = queries.open_manifests(reading, place_code=who.place, task=Task.RECEIVE)
    number = waiting[0].number if waiting else None
    work.take_up(Work(who, Task.RECEIVE, who.place, number))


@bp.post("/sign-out")
def leave() -> BaseResponse:
    """End the sign-in on the server, not only in the browser."""
    token, at = current_user.id, now()
    backend().writer.run(lambda s: accounts.sign_out(s, token, at=at))
    work.lay_down()
    logout_user()
    session.clear()
    answer = redirect(url_for("auth.sign_in"))
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@bp.post("/language")
def language() -> BaseResponse:
    """Remember the reader's language."""
    wanted = request.form.get("language", "id")
    session["language"] = wanted if wanted in ("id", "en") else "id"
    return redirect(_next())
