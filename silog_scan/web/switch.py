"""Another person at the same station: a card and a PIN, while task and manifest stay."""

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from silog_scan.core.errors import Conflict, Refused, TooMany, say
from silog_scan.services import sign_ins, throttle
from silog_scan.services.actors import Role
from silog_scan.services.passwords import PIN_DIGITS
from silog_scan.services.sign_ins import Device, WrongPin
from silog_scan.web import auth, watchbook, words, work
from silog_scan.web.auth import Page
from silog_scan.web.context import backend, in_words, now

bp = Blueprint("switch", __name__)
_BY_CARD = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})


@bp.get("/switch")
def choose() -> Page:
    """Ask who works here now; away from an enrolled station that is done by a new sign-in."""
    return _choose()


def _choose(problem: Refused | None = None) -> str:
    at_device = auth.device()
    with backend().database.reading() as reading:
        people = sign_ins.regulars(reading, at_device, at=now()) if at_device else []
    chosen = request.form.get("user") or request.args.get("user")
    return render_template(
        "switch/choose.html", people=people, chosen=chosen, device=at_device, digits=PIN_DIGITS,
        roles=words.ROLES, role=Role, by_card=_BY_CARD, locked=current_user.sign_in.is_locked,
        problem=in_words(problem.sentence) if problem else None,
    )  # fmt: skip


@bp.post("/switch")
def change() -> Page:
    """Begin the sign-in of whoever shows a card, or a name, and the PIN."""
    at_device = auth.device()
    try:
        if at_device is None:
            raise Conflict(
                "not-enrolled", say("A PIN is good only at an enrolled station. Sign in anew.")
            )
        user_id = _shown(at_device)
    except Refused as refusal:
        page = _choose(refusal)
        if isinstance(refusal, TooMany):
            return page, 429, {"Retry-After": str(refusal.wait)}
        return page, 401
    return _hand_over(user_id)


def _shown(at_device: Device) -> str:
    """Return whose card and PIN these are; a name alone is enough for a few tries only."""
    badge, pin = request.form.get("badge", ""), request.form.get("pin", "")
    named = request.form.get("user", "")
    with backend().database.reading() as reading:
        if badge:
            user = sign_ins.holder(reading, badge)
        else:
            people = sign_ins.regulars(reading, at_device, at=now())
            user = next((one for one in people if one.id == named), None)
            if user and Role(user.role) in _BY_CARD:
                raise WrongPin("card-needed", say("Scan your card: a name is not enough for you."))
    machine = watchbook.machine()
    counts = throttle.tries(machine, f"card {badge}" if badge else f"pin {named}")
    if not badge:
        counts = throttle.tries_of_pin(machine, named)
    try:
        with backend().throttle.trial(counts, WrongPin):
            user = sign_ins.check_pin(user, pin)
    except WrongPin as refusal:
        watchbook.turned_away(refusal)
        raise
    sign_ins.must_work_at(user, at_device)
    return user.id


def _hand_over(user_id: str) -> BaseResponse:
    """End the one sign-in and begin the other; what is being done goes on."""
    work.lay_down()  # the camera of the station must not go on for who went
    auth.begin(user_id, card=True)
    return redirect(url_for("station.screen" if "work" in session else "start.home"))


@bp.post("/lock")
def lock() -> BaseResponse:
    """Lock this sign-in; scans that are not sent yet wait in the browser.

    Where no PIN would open it again, the screen is locked by signing out.
    """
    token = current_user.id
    if auth.device() is None or not current_user.sign_in.user.pin:
        return auth.leave()
    backend().writer.run(lambda s: sign_ins.lock(s, token))
    work.lay_down()
    return redirect(url_for("switch.choose"), 303)
