"""Who asks: a signed-in person by cookie, a station or a person's program by bearer token."""

from datetime import timedelta
from typing import cast

from flask import g, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from silog_scan.core.errors import Refused
from silog_scan.services import sign_ins, stations
from silog_scan.services.actors import Actor
from silog_scan.services.sign_ins import Device, Kind, SignedIn, Step, Way
from silog_scan.services.stations import Ended
from silog_scan.web import security_log
from silog_scan.web.context import backend, now

_SEEN_EVERY = timedelta(minutes=5)


class _Manager(LoginManager):  # type: ignore[misc]  # Flask-Login has no types
    """Knows of no "remember me": its cookie is nobody's, and fails where it is not ASCII."""

    def _load_user_from_remember_cookie(self, cookie: str) -> None:
        """Return nobody."""


manager = _Manager()

OPEN = {"auth.sign_in", "auth.enter", "auth.enter_demo", "auth.language", "static", "health.alive",
        "health.ready", "ledger.verify", "ledger.verifier", "enrol.ask", "enrol.enrol",
        "enrol.forget"}  # fmt: skip
"""Endpoints that need no sign-in; a test holds the list against the routes."""
STEPS = {
    Step.CODE: "auth.code",
    Step.SECOND_FACTOR: "auth.second_factor",
    Step.PASSWORD: "auth.new_password",
}
"""Where each step on the way in is done; its form is posted to the same address."""
_POLLS = {"station.watch", "station.picture", "manifests.reconciliation_live",
          "manifests.progress_live",
          "manifests.reconciliation_today_live"}  # fmt: skip
"""What pages ask by themselves, whoever is before them."""
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


def ended_device() -> Ended | None:
    """Return why this browser is no station any more, if it was one."""
    try:
        device()
    except Ended as ended:
        return ended
    return None


def identify() -> BaseResponse | None:
    """Say who asks before any page; a stranger is sent to the sign-in."""
    if request.endpoint in OPEN or request.blueprint == "api" or request.endpoint is None:
        return None
    device()
    if not current_user.is_authenticated:
        return redirect(url_for("auth.sign_in", next=_wanted()))
    found = current_user.sign_in
    if found.waits_for and request.endpoint not in {STEPS[found.waits_for], *_ALWAYS}:
        return redirect(url_for(STEPS[found.waits_for], next=_wanted()))
    if found.is_locked and request.endpoint not in _UNLOCKING:
        return redirect(url_for("switch.choose", next=_wanted()))
    g.actor = current_user.actor
    if not found.is_locked:
        _keep_awake()
    return None


def cookie_actor() -> Actor | None:
    """Return who a browser acts for, once the way in is done and while it is not locked."""
    device()
    if not current_user.is_authenticated:
        return None
    found: SignedIn = current_user.sign_in
    if not found.is_open:
        return None
    _keep_awake()
    return found.actor


def _keep_awake() -> None:
    """Note every few minutes that the sign-in is in use; an unused one idles out.

    A page that asks by itself keeps nobody awake, unless it says that hands were at work. No
    cookie is set here: it could overtake that of who takes over the station at this moment.
    """
    if request.endpoint in _POLLS and request.args.get("active") != "1":
        return
    at, token = now(), current_user.id
    if at - current_user.sign_in.seen_at > _SEEN_EVERY:
        backend().writer.run(lambda s: sign_ins.seen(s, token, at=at))


def _wanted() -> str | None:
    return request.full_path.rstrip("?") if request.method == "GET" else None


def bearer_actor() -> Actor | None:
    """Return who holds the request's bearer token."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    with backend().database.glancing() as reading:
        return stations.bearer(reading, token.strip(), at=now())


# Signing in.


def begin(user_id: str, *, waits_for: Step | None = None, kind: Kind = Kind.BROWSER) -> Person:
    """Begin a sign-in in this browser, in place of any other."""
    at, at_device = now(), device()
    before = current_user.id if current_user.is_authenticated else None
    way = Way(_label(), at_device.name if at_device else None, kind, security_log.machine())

    def change(s: Session) -> str:
        if before:
            sign_ins.sign_out(s, before, at=at)
        return sign_ins.begin(s, user_id, at=at, way=way, waits_for=waits_for)

    return _take(backend().writer.run(change), at_device, kind)


def advance() -> Person:
    """Go on after a step on the way in was done."""
    at, token, machine = now(), current_user.id, security_log.machine()
    new = backend().writer.run(lambda s: sign_ins.advance(s, token, machine=machine, at=at))
    return _take(new, device(), Kind.BROWSER)


def _take(token: str, at_device: Device | None, kind: Kind) -> Person:
    """Put a sign-in's token into this browser's cookie; language and work under way stay."""
    kept = {name: session[name] for name in ("language", "work") if name in session}
    session.clear()
    session.update(kept)
    with backend().database.reading() as reading:
        found = sign_ins.signed_in(reading, token, at=now(), device=at_device)
        assert found is not None  # noqa: S101  # it was made in the line above
        person = Person(token, found)
    login_user(person)
    if found.waits_for is None:
        security_log.signed_in(found.user.id, kind)
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
