"""Make this browser a station: by the code an administrator was shown, once."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from silog_scan.core.errors import NotFound, Refused
from silog_scan.services import stations, throttle
from silog_scan.services.stations import Enrolled
from silog_scan.web import security_log
from silog_scan.web.auth import cookie_name, ended_device
from silog_scan.web.context import Page, answered, backend, in_words, now

bp = Blueprint("enrol", __name__, url_prefix="/enrol")
_WHO = "enrolment"
"""What wrong codes of a machine are counted under."""


def exchange(code: str) -> Enrolled:
    """Return the station whose code this is; wrong codes are counted for each machine."""
    counts, at = throttle.tries(security_log.machine(), _WHO), now()
    with backend().throttle.trial(counts, NotFound), security_log.turned_away():
        return backend().writer.run(lambda s: stations.enrol(s, code, at=at))


@bp.get("")
def ask() -> str:
    """Ask for the code; the address a QR code shows has it behind ``#``, which no server sees."""
    ended = ended_device()
    return render_template("enrol/ask.html", ended=in_words(ended.sentence) if ended else None)


@bp.post("")
def enrol() -> Page:
    """Keep the station's token in a cookie that no script can read."""
    try:
        found = exchange(request.form.get("code", ""))
    except Refused as refusal:
        page = render_template("enrol/ask.html", problem=in_words(refusal.sentence))
        return answered(page, refusal)
    answer = redirect(url_for("auth.sign_in"))
    answer.set_cookie(
        cookie_name(),
        found.token,
        expires=found.expires_at,
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
    )
    return answer


@bp.post("/forget")
def forget() -> BaseResponse:
    """Take the station's token out of this browser."""
    answer = redirect(url_for("auth.sign_in"))
    answer.delete_cookie(cookie_name(), secure=request.is_secure, httponly=True, samesite="Strict")
    return answer
