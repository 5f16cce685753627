"""The way in: name and password, the steps after them, and the way out."""

import secrets
from dataclasses import dataclass
from functools import partial

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_login import current_user, logout_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from silog_scan.core.errors import Malformed, Refused, say
from silog_scan.core.stock import Task
from silog_scan.documents import qr
from silog_scan.services import accounts, second_factor, sign_ins, throttle
from silog_scan.services.actors import Actor, Role
from silog_scan.services.passwords import LONGEST, SHORTEST, NewPassword
from silog_scan.services.second_factor import WrongCode
from silog_scan.services.sign_ins import Device, Step, WrongPassword
from silog_scan.services.watching import Work
from silog_scan.store import queries
from silog_scan.web import auth, security_log, work
from silog_scan.web.auth import STEPS, Person
from silog_scan.web.context import Page, answered, backend, in_words, now

bp = Blueprint("auth", __name__)

# Name and password.


@dataclass(frozen=True, slots=True)
class Known:
    """A person whose password was right, and what is asked next."""

    id: str
    waits_for: Step | None


@bp.get("/sign-in")
def sign_in() -> Page:
    """Show the sign-in."""
    ended = auth.ended_device()
    if ended is None and current_user.is_authenticated and "other" not in request.args:
        return redirect(url_for("start.home"))
    return render_template(
        "auth/sign_in.html",
        demo=backend().settings.demo,
        ended=in_words(ended.sentence) if ended else None,
        device=None if ended else auth.device(),
    )


@bp.post("/sign-in")
def enter() -> Page:
    """Sign in by name and password."""
    name, password = request.form.get("name", ""), request.form.get("password", "")
    try:
        at_device = auth.device()
        known = checked(name, password, at_device)
    except Refused as refusal:
        page = render_template("auth/sign_in.html", problem=in_words(refusal.sentence), name=name)
        return answered(page, refusal)
    person = auth.begin(known.id, waits_for=known.waits_for)
    return _go_on(person)


def checked(name: str, password: str, at_device: Device | None = None) -> Known:
    """Return whose name and password these are, or refuse them; failures are counted."""
    machine = security_log.machine()
    counts = throttle.tries(machine, name)
    siege = partial(_record_siege, name, machine)
    trial = backend().throttle.trial(counts, WrongPassword, besieged=siege)
    with trial, security_log.turned_away():
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


def _go_on(person: Person) -> BaseResponse:
    """Lead to the next step on the way in, else to what was asked for."""
    step = person.sign_in.waits_for
    if step:
        return redirect(url_for(STEPS[step], next=_ours()))
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
        return answered(page, refusal)
    return _go_on(auth.advance())


def spend_code(user_id: str, typed: str) -> None:
    """Check and spend a code of the second factor; failures are counted."""
    at, counts = now(), throttle.tries_of_code(security_log.machine(), user_id)
    with backend().throttle.trial(counts, WrongCode), security_log.turned_away(user_id):
        backend().writer.run(lambda s: second_factor.spend(s, user_id, typed, at=at))


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
        return answered(_second_factor(in_words(refusal.sentence)), refusal)
    person = auth.advance()
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
    if request.method == "POST":
        new, at, asker = NewPassword(request.form.get("password", "")), now(), current_user.actor
        name, own = current_user.name, current_user.sign_in.id
        try:
            _must_differ(name, new.text)
            new.prepare()
            backend().writer.run(lambda s: sign_ins.change_password(s, asker, new, keep=own, at=at))
        except Refused as refusal:
            return answered(_new_password(in_words(refusal.sentence)), refusal)
        return _go_on(auth.advance())
    return _new_password()


def _new_password(problem: str | None = None) -> str:
    return render_template(
        "auth/new_password.html", problem=problem, shortest=SHORTEST, longest=LONGEST
    )


def _must_differ(name: str, text: str) -> None:
    """Refuse the one-time password as the new one."""
    with backend().database.reading() as reading:
        user = sign_ins.find(reading, name)
    try:
        sign_ins.must_be_right(user, text)
    except WrongPassword:
        return
    raise Malformed("password-same", say("This is the password you were given. Choose another."))


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
    person = auth.begin(user_id)
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
