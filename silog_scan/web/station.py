"""The station: one screen for scanning hands, its live answers and the camera's picture."""

from datetime import timedelta
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    g,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from silog_scan.core.codes import Modifiers
from silog_scan.core.errors import Conflict, Malformed, Refused, say
from silog_scan.services import pallets
from silog_scan.services.sign_ins import LOCK_AFTER
from silog_scan.services.watching import Watch, Work
from silog_scan.store import queries
from silog_scan.web import auth, live, work
from silog_scan.web.context import actor, backend, in_words, language, now, whole
from silog_scan.web.forms import number
from silog_scan.web.words import HINTS, OUTCOMES, TASKS

bp = Blueprint("station", __name__, url_prefix="/station")
MOST_QUANTITY = 9_999_999


@bp.get("")
def screen() -> str | BaseResponse:
    """Show the station, or the start when nothing is chosen yet."""
    doing = work.current()
    if doing is None:
        return redirect(url_for("start.home"))
    with backend().database.reading() as session:
        waiting = queries.open_manifests(session, place_code=doing.place, task=doing.task)
        names = queries.place_names(session, {doing.place, *_ends(session, doing)})
        origin = next(iter(_ends(session, doing)), None)
        progress = live.progress_of(session, doing)
    return render_template(
        "station/screen.html",
        work=doing,
        task=TASKS[doing.task],
        place=names.get(doing.place, doing.place),
        origin=names.get(origin, origin) if origin else None,
        waiting=[view.number for view in waiting],
        progress=progress,
        camera=backend().watch is not None,
        lock_after=_lock_after(),
        reread=backend().settings.reread,
        words=_words(),
    )


def _lock_after() -> int:
    """Return after how many minutes without hands the page locks; 0 where no PIN would open it."""
    found = current_user.sign_in
    return LOCK_AFTER // timedelta(minutes=1) if found.user.pin and auth.device() else 0


def _ends(session: Session, doing: Work) -> list[str]:
    """Return the place the manifest comes from."""
    return [queries.manifest(session, doing.manifest).origin] if doing.manifest else []


def _words() -> dict[str, Any]:
    """Return what the page's scripts say, in the reader's language."""
    return {
        "outcomes": {outcome.value: in_words(word) for outcome, word in OUTCOMES.items()},
        "waiting": gettext("not yet sent"),
        "offline": gettext("not yet sent · offline"),
        "undo": gettext("Undo: %(title)s"),
        "reason": gettext("Taken back at the station"),
        "undone": gettext("taken back"),
        "nothing": gettext("There is nothing to take back."),
        "left": gettext("Left %(n)s"),
        "packages": gettext("packages"),
        "lines": gettext("lines"),
        "stop": gettext("1 stop not dealt with: %(lead)s"),
        "stops": gettext("%(n)s stops not dealt with: %(lead)s"),
        "othersWait": gettext(
            "%(n)s scans of other people wait on this device. "
            "They are sent when those sign in here."
        ),
        "signedOut": gettext("You are signed out. Sign in again; unsent scans are kept here."),
        "damaged": gettext("damaged"),
        "quantity": gettext("quantity %(n)s"),
        "next": gettext("The next scan: %(what)s"),
        "again": gettext("Try again"),
        "remove": gettext("Remove"),
        "ready": gettext("Ready"),
        "noManifest": gettext("Without a manifest"),
        "switch": gettext("Switch to %(manifest)s"),
        "notSwitched": gettext("The station is out of reach, the task stays. Scan the card again."),
        "station": gettext("Camera of the station"),
        "camera": gettext("Camera %(n)s"),
        "technical": gettext("%(error)s · secure: %(secure)s · cameras: %(n)s"),
        "photoSent": gettext("The photo is being read."),
        "photoEmpty": gettext("No code was found in the photo. Go closer, with more light."),
        "photoLost": gettext("The photo did not reach the station. Choose it again."),
        **_pallet_words(),
        "language": language(),
    }


def _pallet_words() -> dict[str, Any]:
    """Return what is said of many labels in one look, and of those that were not read."""
    return {
        "onPallet": gettext("%(counted)s of %(expected)s on this pallet"),
        "ofDelivery": gettext("%(counted)s of %(expected)s packages are here"),
        "seen": gettext("%(n)s labels seen"),
        "absent": gettext("%(n)s missing"),
        "missing": gettext("%(n)s missing: %(names)s"),
        "andMore": gettext("and %(n)s more"),
        "none": gettext("Nothing is missing."),
        "near": gettext("Of the same kind not yet seen: %(names)s"),
        "unread": gettext("%(n)s labels unread. %(hint)s"),
        "hints": {hint: in_words(told) for hint, told in HINTS.items()},
    }


def _doing() -> Work:
    """Return the work under way, or refuse: the page asks again only while there is some."""
    doing = work.current()
    if doing is None:
        raise Conflict("no-work", say("Nothing is chosen yet. Choose task and place first."))
    return doing


@bp.get("/live")
def watch() -> Response | tuple[str, int]:
    """Return what changed since a position and a tag, or 204: two cheap looks when nothing did."""
    doing, camera = _doing(), _watched()
    with backend().database.reading() as session:
        if camera is not None:
            _attend(session, camera, doing)
        if _is_unchanged(session, camera, doing):
            return "", 204
        return jsonify(live.answer(session, doing, camera, at=now()))


def _watched() -> Watch | None:
    """Return the station's camera where the page shows it, not the camera of its own device."""
    return backend().watch if request.args.get("camera") == "station" else None


def _attend(session: Session, camera: Watch, doing: Work) -> None:
    """Let the camera record for this page, and begin anew at its first look."""
    if camera.attend(doing) and not request.args.get("seen"):
        waiting = queries.open_manifests(session, place_code=doing.place, task=doing.task)
        camera.begin_anew(view.number for view in waiting)


def _is_unchanged(session: Session, camera: Watch | None, doing: Work) -> bool:
    tag = live.seen_tag(camera, doing)
    after = whole("after", -1)
    return request.args.get("seen", tag) == tag and queries.newest_position(session) == after


@bp.post("/pallet")
def pallet() -> Response:
    """Return what the labels of one look leave missing; nothing is recorded."""
    doing, texts = _doing(), request.form.getlist("text")
    with backend().database.reading() as session:
        return jsonify(live.pallet(session, pallets.missing_of(session, doing, texts)))


@bp.post("/work")
def switch() -> tuple[Response | str, int]:
    """Change the work by a scanned card, or tell why not: the page stays as it is."""
    try:
        with backend().database.reading() as session:
            chosen = work.asked(session, request.form)
    except Refused as refusal:
        return jsonify({"message": in_words(refusal.sentence)}), 409
    work.take_up(chosen)
    return "", 204


@bp.get("/reader.js")
def reader() -> Response:
    """Return the worker that reads codes: no other script of ours may compile WebAssembly."""
    g.wasm = True
    return current_app.send_static_file("js/reader.js")


@bp.get("/picture.jpg")
def picture() -> Response | tuple[str, int]:
    """Return the camera's latest picture above a number, or 204: nobody waits here for one."""
    actor().must_record()
    watching, after = backend().watch, whole("after")
    found = watching.camera.jpeg(after, timeout=0) if watching else None
    if watching is None or found is None:
        return "", 204
    answer = Response(found.data, mimetype="image/jpeg")
    answer.headers["Silog-Frame"] = str(found.sequence)
    answer.headers["Silog-Codes"] = live.drawn(watching)
    return answer


@bp.post("/said")
def said() -> tuple[str, int]:
    """Tell the camera what the next scan will be, as the buttons and command labels do."""
    actor().must_record()
    camera = backend().watch
    if camera is not None and camera.work_under_way() == work.current():
        camera.say(Modifiers(request.form.get("damaged") == "1", _quantity()))
    return "", 204


def _quantity() -> int | None:
    text = request.form.get("quantity", "")
    if not text:
        return None
    if found := number(text, MOST_QUANTITY):
        return found
    raise Malformed(
        "quantity", say("The quantity is a number from 1 to %(most)s.", most=MOST_QUANTITY)
    )
