"""One's own account: password, PIN, second factor, and every sign-in and token that stands."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_login import current_user
from sqlalchemy.orm import Session

from silog_scan.core.errors import Malformed, Refused, say
from silog_scan.services import accounts, second_factor, sign_ins
from silog_scan.services.actors import Scope
from silog_scan.services.passwords import LONGEST, PIN_DIGITS, SHORTEST, NewPassword, NewPin
from silog_scan.services.sign_ins import Kind, NewToken
from silog_scan.store import queries
from silog_scan.web import entry, forms
from silog_scan.web.context import Page, actor, answered, backend, in_words, now
from silog_scan.web.words import ROLES, SCOPES

bp = Blueprint("own", __name__, url_prefix="/person")


@bp.get("")
def person() -> Page:
    """Show who is signed in, where else, and the ways out."""
    return _shown()


def _shown(problem: Refused | None = None, **new: Any) -> str:  # noqa: ANN401  # shown once
    who, at = actor(), now()
    with backend().database.reading() as reading:
        place = queries.place(reading, who.place)
        found = sign_ins.of(reading, who.user or "", at=at)
        codes_left = second_factor.recovery_codes_left(reading, who.user or "")
    return render_template(
        "own/person.html", role=ROLES[who.role], place=place, station=who.station, now=at,
        here=current_user.sign_in, user=current_user.sign_in.user, codes_left=codes_left,
        browsers=[row for row in found if row.kind != Kind.TOKEN], scopes=SCOPES,
        tokens=[row for row in found if row.kind == Kind.TOKEN], kinds=Kind,
        problem=in_words(problem.sentence) if problem else None, shortest=SHORTEST,
        longest=LONGEST, digits=PIN_DIGITS, form=request.form, most_days=sign_ins.MOST_DAYS, **new,
    )  # fmt: skip


def _did(act: Callable[[Session], object]) -> Page:
    """Do what a form asks and show the account again, or say why not."""
    try:
        backend().writer.run(act)
    except Refused as refusal:
        return _refused(refusal)
    return redirect(url_for("own.person"), 303)


def _refused(refusal: Refused) -> Page:
    return answered(_shown(refusal), refusal)


def _must_be_oneself() -> None:
    """Refuse who does not know the password: a page left open must not give an account away."""
    entry.checked(current_user.name, request.form.get("old", ""))


@bp.post("/password")
def change_password() -> Page:
    """Change one's password, and end every other sign-in."""
    new, asker, at = NewPassword(request.form.get("password", "")), actor(), now()
    own = current_user.sign_in.id
    try:
        _must_be_oneself()
        new.prepare()
    except Refused as refusal:
        return _refused(refusal)
    return _did(lambda s: sign_ins.change_password(s, asker, new, keep=own, at=at))


@bp.post("/pin")
def change_pin() -> Page:
    """Give oneself a PIN."""
    new, asker, at = NewPin(request.form.get("pin", "")), actor(), now()
    try:
        _must_be_oneself()
        new.prepare()
    except Refused as refusal:
        return _refused(refusal)
    return _did(lambda s: sign_ins.set_pin(s, asker, new, at=at))


@bp.post("/recovery-codes")
def new_recovery_codes() -> Page:
    """Show new recovery codes to who has the second factor in hand."""
    asker, at = actor(), now()
    user_id = asker.user or ""

    def make(s: Session) -> list[str]:
        codes = second_factor.new_recovery_codes(s, user_id)
        accounts.note(s, asker, "recovery-codes", {"subject": user_id}, at=at)
        return codes

    try:
        entry.spend_code(user_id, request.form.get("code", ""))
        codes = backend().writer.run(make)
    except Refused as refusal:
        return _refused(refusal)
    return render_template("auth/recovery.html", codes=codes, next=url_for("own.person"))


@bp.post("/end")
def end() -> Page:
    """End one of one's sign-ins or tokens."""
    asker, at, which = actor(), now(), request.form.get("id", "")
    return _did(lambda s: sign_ins.end(s, asker, which, at=at))


@bp.post("/end-others")
def end_others() -> Page:
    """End every sign-in and token but this one."""
    asker, at, own = actor(), now(), current_user.sign_in.id
    return _did(lambda s: sign_ins.end_others(s, asker, own, at=at))


@bp.post("/tokens")
def make_token() -> Page:
    """Make a token for a program and show it, this once."""
    asker, at = actor(), now()
    try:
        _must_be_oneself()
        new = _new_token()
        token = backend().writer.run(lambda s: sign_ins.make_token(s, asker, new, at=at))
    except Refused as refusal:
        return _refused(refusal)
    return _shown(token=token)


def _new_token() -> NewToken:
    form = request.form
    if form.get("scope") not in list(Scope):
        raise Malformed("scope-unknown", say("Choose what the token may do."))
    days = forms.number(form.get("days", ""), sign_ins.MOST_DAYS) or 0
    return NewToken(form.get("name", ""), Scope(form["scope"]), days)
