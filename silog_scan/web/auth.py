"""Who asks: a signed-in person by cookie, a station or a person's program by bearer token."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import cast

from flask import Blueprint, g, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from silog_scan.core.errors import Refused, TooMany, say
from silog_scan.core.stock import Task
from silog_scan.documents import qr
from silog_scan.services import accounts, second_factor, sign_ins, stations, throttle
from silog_scan.services.actors import Actor, Role
from silog_scan.services.passwords import LONGEST, SHORTEST, NewPassword
from silog_scan.services.second_factor import WrongCode
from silog_scan.services.sign_ins import Device, SignedIn, Step, Way, WrongPassword
from silog_scan.services.stations import Ended
from silog_scan.services.watching import Work
from silog_scan.store import queries
from silog_scan.web import watchbook, work
from silog_scan.web.context import backend, in_words, now

bp = Blueprint("auth", __name__)
_SEEN_EVERY = 300.0
"""Seconds."""


class _Manager(LoginManager):  # type: ignore[misc]  # Flask-Login has no types
    """Knows of no "remember me": its cookie is nobody's, and fails where it is not ASCII."""

    def _load_user_from_remember_cookie(self, cookie: str) -> None:
        """Return nobody."""


manager = _Manager()

Page = BaseResponse | str | tuple[str, int] | tuple[str, int, dict[str, str]]

OPEN = {"auth.sign_in", "auth.enter", "auth.enter_demo", "auth.language", "static", "health.alive",
        "health.ready", "ledger.verify", "ledger.verifier", "enrol.ask", "enrol.enrol",
        "enrol.forget"}  # fmt: skip
"""Endpoints that need no sign-in; a test holds the list against the routes."""
_STEPS = {
    Step.CODE: "auth.code",
    Step.SECOND_FACTOR: "auth.second_factor",
    Step.PASSWORD: "auth.new_password",
}
"""Where each step on the way in is done; its form is posted to the same address."""
_ALWAYS = {"auth.leave", "auth.language"}
_UNLOCKING = _ALWAYS | {"switch.choose", "switch.change"}


class Person(UserMixin):  # type: ignore[misc]  # Flask-Login has no types
    """A signed-in person as Flask-Login wants it: its id is the sign-in's token."""

    def __init__(self, token: str, found: SignedIn) -> None:
        """Hold what pages show of the person."""
        self.id = token
        self.sign_in = found
        self.actor = found.actor
        self.name = found.user.name


@manager.user_loader  # type: ignore[untyped-decorator]  # Flask-Login has no types
def load_person(token: str) -> Person | None:
    """Return the person of a sign-in that still stands."""
    try:
        at_device = device()
        with backend().database.reading() as reading:
            found = sign_ins.signed_in(reading, token, at=now(), device=at_device)
            return Person(token, found) if found else None
    except Refused:  # the database is out of reach: nobody is known, and the page must still say so
        return None


def cookie_name() -> str:
    """Return the name of the cookie that holds an enrolled browser's token."""
    return "__Host-silog-station" if request.is_secure else "silog-station"


def device() -> Device | None:
    """Return the enrolled station this browser is; refuse one that was revoked or has run out."""
    if "device" not in g:
        token = request.cookies.get(cookie_name())
        with backend().database.glancing() as reading:
            g.device = stations.device(reading, token, at=now()) if token else None
    return cast("Device | None", g.device)


def identify() -> BaseResponse | None:
    """Say who asks before any page; a stranger is sent to the sign-in."""
    if request.endpoint in OPEN or request.blueprint == "api" or request.endpoint is None:
        return None
    device()
    if not current_user.is_authenticated:
        return redirect(url_for("auth.sign_in", next=_wanted()))
    found = current_user.sign_in
    if found.waits_for and request.endpoint not in {_STEPS[found.waits_for], *_ALWAYS}:
        return redirect(url_for(_STEPS[found.waits_for], next=_wanted()))
    if found.is_locked and request.endpoint not in _UNLOCKING:
        return redirect(url_for("switch.choose", next=_wanted()))
    g.actor = current_user.actor
    if not found.is_locked:
        _keep_awake(current_user.id)
    return None


def cookie_actor() -> Actor | None:
    """Return who a browser acts for, once the way in is done and while it is not locked."""
    device()
    if not current_user.is_authenticated:
        return None
    found = current_user.sign_in
    if found.waits_for or found.is_locked:
        return None
    _keep_awake(current_user.id)
    return cast("Actor", found.actor)


def _keep_awake(token: str) -> None:
    """Note every few minutes that the sign-in is in use; an unused one idles out.

    A page that asks by itself keeps nobody awake, unless it says that hands were at work.
    """
    is_poll = request.path.endswith("/live") or request.path.endswith("/picture.jpg")
    if is_poll and request.args.get("active") != "1":
        return
    at = now()
    if at.timestamp() - session.get("seen", 0) > _SEEN_EVERY:
        backend().writer.run(lambda s: sign_ins.seen(s, token, at=at))
        session["seen"] = at.timestamp()


def _wanted() -> str | None:
    return request.full_path.rstrip("?") if request.method == "GET" else None


def bearer_actor() -> Actor | None:
    """Return who holds the request's bearer token."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    with backend().database.glancing() as reading:
        return stations.bearer(reading, token.strip(), at=now())


# Name and password.


@dataclass(frozen=True, slots=True)
class Known:
    """A person whose password was right, and what is asked next."""

    id: str
    waits_for: Step | None


@bp.get("/sign-in")
def sign_in() -> Page:
    """Show the sign-in."""
    ended = ended_device()
    if ended is None and current_user.is_authenticated and "other" not in request.args:
        return redirect(url_for("start.home"))
    return render_template(
        "auth/sign_in.html",
        demo=backend().settings.demo,
        ended=in_words(ended.sentence) if ended else None,
        device=None if ended else device(),
    )


def ended_device() -> Ended | None:
    """Return why this browser is no station any more, if it was one."""
    try:
        device()
    except Ended as ended:
        return ended
    return None


@bp.post("/sign-in")
def enter() -> Page:
    """Sign in by name and password."""
    name, password = request.form.get("name", ""), request.form.get("password", "")
    try:
        at_device = device()
        known = checked(name, password, at_device)
    except Refused as refusal:
        page = render_template("auth/sign_in.html", problem=in_words(refusal.sentence), name=name)
        return _answer(page, refusal)
    person = begin(known.id, waits_for=known.waits_for)
    return _go_on(person)


def _answer(page: str, refusal: Refused) -> tuple[str, int] | tuple[str, int, dict[str, str]]:
    if isinstance(refusal, TooMany):
        return page, 429, {"Retry-After": str(refusal.wait)}
    return page, 401


def checked(name: str, password: str, at_device: Device | None = None) -> Known:
    """Return whose name and password these are, or refuse them; failures are counted."""
    machine = watchbook.machine()
    counts = throttle.tries(machine, name)
    siege = partial(_record_siege, name, machine)
    with backend().throttle.trial(counts, WrongPassword, besieged=siege), _noted():
        with backend().database.reading() as reading:
            user = sign_ins.find(reading, name)
        user = sign_ins.must_be_right(user, password)  # 0.4 s, and no connection is held
    sign_ins.must_work_at(user, at_device)
    return Known(user.id, sign_ins.next_step(user, proved=False))


def _record_siege(name: str, machine: str) -> None:
    """Put on record, once for each time it happens, that somebody's password is being guessed."""
    at = now()

    def record(s: Session) -> None:
        user = sign_ins.find(s, name)
        body = {"machine": machine, **({"subject": user.id} if user else {})}
        accounts.note(s, accounts.house(s), "sign-in-throttled", body, at=at)

    backend().writer.run(record)


def begin(user_id: str, *, waits_for: Step | None = None, card: bool = False) -> Person:
    """Begin a sign-in in this browser, in place of any other."""
    at, at_device = now(), device()
    before = current_user.id if current_user.is_authenticated else None
    kind = sign_ins.Kind.CARD if card else sign_ins.Kind.BROWSER
    way = Way(_label(), at_device.name if at_device else None, kind, watchbook.machine())

    def change(s: Session) -> str:
        if before:
            sign_ins.sign_out(s, before, at=at)
        return sign_ins.begin(s, user_id, at=at, way=way, waits_for=waits_for)

    person = _take(backend().writer.run(change), at_device)
    if waits_for is None:
        watchbook.came(user_id, way.kind.value)
    return person


def _take(token: str, at_device: Device | None) -> Person:
    """Put a sign-in's token into this browser's cookie; language and work under way stay."""
    kept = {name: session[name] for name in ("language", "work") if name in session}
    session.clear()
    session.update(kept)
    with backend().database.reading() as reading:
        found = sign_ins.signed_in(reading, token, at=now(), device=at_device)
        assert found is not None  # noqa: S101  # it was made in the line above
        person = Person(token, found)
    login_user(person)
    return person


def _label() -> str:
    """Return the browser as its owner would know it: its name, system and address."""
    agent = request.headers.get("User-Agent", "")
    browser = next((known for mark, known in _BROWSERS if mark in agent), "?")
    system = next((known for mark, known in _SYSTEMS if mark in agent), "?")
    return f"{browser} · {system} · {request.remote_addr}"


_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"),
             ("Safari/", "Safari"))  # fmt: skip
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
            ("Mac OS X", "macOS"), ("Linux", "Linux"))  # fmt: skip


def _go_on(person: Person) -> BaseResponse:
    """Lead to the next step on the way in, else to what was asked for."""
    step = person.sign_in.waits_for
    if step:
        return redirect(url_for(_STEPS[step], next=_ours()))
    return redirect(_next(person.actor.role))


_LANDING = {
    Role.STAFF: "start.home",
    Role.SUPERVISOR: "manifests.reconciliation_today",
    Role.ADMINISTRATOR: "admin.index",
    Role.OBSERVER: "manifests.reconciliation_today",
}
"""Where each role's work begins."""


def _next(role: Role = Role.STAFF) -> str:
    """Return the page asked for before the sign-in if it is one of ours, else the role's own."""
    return _ours() or url_for(_LANDING[role])


def _ours() -> str | None:
    """Return the address asked for if it is a page of ours other than the start."""
    wanted = request.args.get("next", "")
    is_ours = (
        wanted.startswith("/")
        and not wanted.startswith("//")
        and wanted.isprintable()  # a tab or a line break is dropped by who reads the address
        and "\\" not in wanted
    )
    return wanted if is_ours and wanted != "/" else None


# The steps on the way in.


def _must_wait_for(step: Step) -> BaseResponse | None:
    """Lead away who does not wait for this step."""
    if current_user.sign_in.waits_for is step:
        return None
    return _go_on(current_user)


def _advance() -> Person:
    at, token = now(), current_user.id
    new = backend().writer.run(lambda s: sign_ins.advance(s, token, at=at))
    person = _take(new, device())
    if person.sign_in.waits_for is None:
        watchbook.came(person.sign_in.user.id, sign_ins.Kind.BROWSER)
    return person


@bp.route("/sign-in/code", methods=("GET", "POST"))
def code() -> Page:
    """Ask for the second factor's code, and check it."""
    if away := _must_wait_for(Step.CODE):
        return away
    if request.method == "GET":
        return render_template("auth/code.html")
    try:
        spend_code(current_user.sign_in.user.id, request.form.get("code", ""))
    except Refused as refusal:
        page = render_template("auth/code.html", problem=in_words(refusal.sentence))
        return _answer(page, refusal)
    return _go_on(_advance())


def spend_code(user_id: str, typed: str) -> None:
    """Check and spend a code of the second factor; failures are counted."""
    at, counts = now(), throttle.tries_of_code(watchbook.machine(), user_id)
    with backend().throttle.trial(counts, WrongCode), _noted(user_id):
        backend().writer.run(lambda s: second_factor.check(s, user_id, typed, at=at))


@contextmanager
def _noted(user_id: str | None = None) -> Iterator[None]:
    """Note it in the program's log when somebody is turned away."""
    try:
        yield
    except Refused as refusal:
        watchbook.turned_away(refusal, user_id)
        raise


@bp.route("/sign-in/second-factor", endpoint="second_factor", methods=("GET", "POST"))
def second_factor_page() -> Page:
    """Show the secret for an authenticator app, and take it on once a code proves it."""
    if away := _must_wait_for(Step.SECOND_FACTOR):
        return away
    session.setdefault("secret", second_factor.new_secret())  # the same in a second tab
    if request.method == "GET":
        return _second_factor()
    at, user_id, secret = now(), current_user.sign_in.user.id, session["secret"]
    typed, asker = request.form.get("code", ""), current_user.actor

    def confirm(s: Session) -> list[str]:
        codes = second_factor.confirm(s, user_id, secret, typed, at=at)
        accounts.note(s, asker, "second-factor", {"subject": user_id}, at=at)
        return codes

    try:
        codes = backend().writer.run(confirm)
    except Refused as refusal:
        return _second_factor(in_words(refusal.sentence)), 401
    person = _advance()
    return render_template("auth/recovery.html", codes=codes, next=_go_on(person).location)


def _second_factor(problem: str | None = None) -> str:
    with backend().database.reading() as reading:
        station, _ = accounts.own_station(reading)
    address = second_factor.address(
        session["secret"], name=current_user.name, station=f"silog-scan {station}"
    )
    return render_template(
        "auth/second_factor.html", drawing=qr.drawn(address), secret=session["secret"],
        address=address, problem=problem,
    )  # fmt: skip


@bp.route("/sign-in/password", methods=("GET", "POST"))
def new_password() -> Page:
    """Ask for a password of one's own in place of one that somebody else gave."""
    if away := _must_wait_for(Step.PASSWORD):
        return away
    problem = None
    if request.method == "POST":
        new, at, asker = NewPassword(request.form.get("password", "")), now(), current_user.actor
        name, own = current_user.name, current_user.sign_in.id
        try:
            _must_differ(name, new.text)
            new.prepare()
            backend().writer.run(lambda s: sign_ins.change_password(s, asker, new, keep=own, at=at))
        except Refused as refusal:
            problem = in_words(refusal.sentence)
        else:
            return _go_on(_advance())
    page = render_template(
        "auth/new_password.html", problem=problem, shortest=SHORTEST, longest=LONGEST
    )
    return (page, 422) if problem else page


def _must_differ(name: str, text: str) -> None:
    """Refuse the one-time password as the new one."""
    with backend().database.reading() as reading:
        user = sign_ins.find(reading, name)
    try:
        sign_ins.must_be_right(user, text)
    except WrongPassword:
        return
    raise Refused("password-same", say("This is the password you were given. Choose another."))


# The demonstration's link, and the way out.


@bp.post("/sign-in/demo")
def enter_demo() -> Page:
    """Sign in by the link that ``serve --demo`` printed; each link works once."""
    secret = request.form.get("secret", "")
    known = backend().demo_secrets
    found = next((one for one in known if secrets.compare_digest(one, secret)), None)
    if found is None:
        problem = gettext("This link was used already. Take the new one from the terminal.")
        return render_template("auth/sign_in.html", problem=problem, demo=True), 401
    known.discard(found)
    with backend().database.reading() as reading:
        user_id = sign_ins.first_administrator(reading)
    person = begin(user_id)
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
    backend().writer.run(lambda s: sign_ins.sign_out(s, token, at=at))
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
