"""Another person at the same station: a card and a PIN, while task and manifest stay."""

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from silog_scan.core.errors import Conflict, Refused, say
from silog_scan.services import sign_ins, throttle
from silog_scan.services.actors import DECIDING, Role
from silog_scan.services.passwords import PIN_DIGITS
from silog_scan.services.sign_ins import Device, Kind, WrongPin
from silog_scan.web import auth, entry, security_log, words, work
from silog_scan.web.context import Page, answered, backend, in_words, now

bp = Blueprint("switch", __name__)


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
        roles=words.ROLES, role=Role, by_card=DECIDING, locked=current_user.sign_in.is_locked,
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
        return answered(_choose(refusal), refusal)
    work.lay_down()  # the camera of the station must not go on for who went
    auth.begin(user_id, kind=Kind.CARD)
    return redirect(url_for("station.screen" if "work" in session else "start.home"))


def _shown(at_device: Device) -> str:
    """Return whose card and PIN these are; a name alone is enough for a few tries only."""
    form, machine = request.form, security_log.machine()
    badge, named = form.get("badge", ""), form.get("user", "")
    if badge:
        counts = throttle.tries(machine, f"card {badge}")
    else:
        counts = throttle.tries_of_pin(machine, named)
    with backend().throttle.trial(counts, WrongPin), security_log.turned_away():
        with backend().database.reading() as reading:
            user = sign_ins.shown(reading, at_device, badge=badge, user_id=named, at=now())
        user = sign_ins.check_pin(user, form.get("pin", ""))
    sign_ins.must_work_at(user, at_device)
    return user.id


@bp.post("/lock")
def lock() -> BaseResponse:
    """Lock this sign-in; scans that are not sent yet wait in the browser.

    Where no PIN would open it again, the screen is locked by signing out.
    """
    token = current_user.id
    if auth.device() is None or not current_user.sign_in.user.pin:
        return entry.leave()
    backend().writer.run(lambda s: sign_ins.lock(s, token))
    work.lay_down()
    return redirect(url_for("switch.choose"), 303)
