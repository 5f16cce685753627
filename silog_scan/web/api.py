"""The HTTP API ``/api/v1``: authenticate first, then validate, call one service, answer JSON."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Flask, Response, current_app, g, jsonify, make_response, request
from flask.json.provider import DefaultJSONProvider
from flask_babel import gettext
from flask_openapi3 import APIBlueprint
from flask_openapi3.models.info import Info
from flask_openapi3.models.security_scheme import SecurityScheme
from flask_openapi3.openapi import OpenAPI
from flask_wtf import CSRFProtect
from pydantic import ValidationError

from silog_scan.core.custody import Recognised, Scan
from silog_scan.core.errors import Malformed, Refused, TooMany, say
from silog_scan.core.events import timestamp
from silog_scan.core.manifests import Defaults
from silog_scan.language import translator
from silog_scan.services import (
    clocks,
    deliveries,
    imports,
    intake,
    reports,
    scanning,
    stations,
    uploads,
)
from silog_scan.services.actors import Actor
from silog_scan.services.files import keep
from silog_scan.services.scanning import Answer, Submission
from silog_scan.services.stations import Ended
from silog_scan.services.watching import Work
from silog_scan.store import queries
from silog_scan.store.queries import LineFilter
from silog_scan.web import downloads, enrolling, shapes, suggestions, work
from silog_scan.web.auth import bearer_actor, cookie_actor
from silog_scan.web.context import actor, backend, in_words, language, now
from silog_scan.web.forms import NamedRequest, number

if TYPE_CHECKING:
    from silog_scan.vision.frames import Grey
    from silog_scan.vision.stills import Still

_PROBLEM = "application/problem+json"
_MOST_SCANS = 500
_MOST_UNSENT = 999_999_999
MOST_JSON = 16 * 2**20
"""Bytes of a call; 500 of the longest texts, every letter of them escaped, are 12 MB."""
MOST_PICTURE = 20 * 2**20
"""Bytes of a picture; 24 megapixels of a phone are some 12 MB."""
_TURNS = threading.BoundedSemaphore(4)
_TURN_WITHIN = 2.0
"""Seconds."""
_PAGE = 100
"""Lines in a reconciliation; all of them come page by page from ``lines``."""


class _Json(DefaultJSONProvider):
    """Flask's JSON, in which brackets without end are a wrong body, not a failure of ours."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:  # noqa: ANN401  # Flask's own
        """Return what the text holds; ValueError when it is none."""
        try:
            return super().loads(s, **kwargs)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


def new_application(name: str, **options: Any) -> Flask:  # noqa: ANN401  # Flask's own
    """Return the Flask application that also writes the OpenAPI document."""
    app = OpenAPI(
        name,
        info=Info(title="silog-scan", version="1"),
        security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")},
        doc_ui=False,
        validation_error_status=422,
        validation_error_model=shapes.Problem,
        validation_error_callback=_invalid,
        **options,
    )
    app.json = _Json(app)
    app.request_class = NamedRequest
    return app


def problem(status: int, code: str, detail: str, **more: object) -> Response:
    """Return problem details, RFC 9457."""
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **more,
    }
    answer = jsonify(content)
    answer.status_code = status
    answer.content_type = _PROBLEM
    if status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="silog-scan"'
    return answer


def _invalid(error: ValidationError) -> Response:
    """Answer a body of the wrong shape: nothing of it was recorded."""
    errors = [
        {"field": ".".join(str(part) for part in found["loc"]), "message": found["msg"]}
        for found in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    told = say("The request does not have the shape this call wants. Nothing was recorded.")
    return problem(422, "wrong-shape", in_words(told), errors=errors[:50])


_errors: dict[Any, Any] = {
    str(status): {
        "description": HTTPStatus(status).phrase,
        "content": {_PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status in (400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503)
}
bp = APIBlueprint(
    "api",
    __name__,
    url_prefix="/api/v1",
    abp_security=[{"bearer": []}],
    abp_responses=_errors,
)


def register(app: Flask, csrf: CSRFProtect) -> None:
    """Add the API; a bearer token needs no form's token, a cookie does."""
    if isinstance(app, OpenAPI):
        app.register_api(bp)
    # Of the application, not the blueprint: a call that does not exist is told to nobody either.
    app.before_request(authenticate)
    csrf.exempt(bp)
    app.extensions["silog_csrf"] = csrf


def authenticate() -> Response | None:
    """Answer 401 before anything of a call is looked at."""
    if not request.path.startswith("/api/") or request.endpoint == "api.enrol":
        return None
    try:
        found = bearer_actor()
        if found is None and "Authorization" not in request.headers:
            found = _browser()
    except Ended as ended:
        _record_refused(ended)
        return problem(401, ended.code, in_words(ended.sentence))
    if found is None:
        told = in_words(say("Show a valid token: Authorization: Bearer ..."))
        return problem(401, "unauthenticated", told)
    g.actor = found
    if request.is_json:
        request.max_content_length = MOST_JSON
    at, presence = now(), backend().stations
    if presence.is_news(found, at):
        backend().writer.run(lambda session: stations.came(session, found, at=at))
    presence.note(found, at)
    return None


def _browser() -> Actor | None:
    """Return who a page acts for; what changes something must come from a page of ours."""
    found = cookie_actor()
    if found is not None and request.method not in ("GET", "HEAD"):
        current_app.extensions["silog_csrf"].protect()
    return found


def _record_refused(ended: Ended) -> None:
    """Keep what a station sends after its token has ended: it counts nothing, and is known."""
    if request.method != "POST" or not request.path.endswith("/scans"):
        return
    request.max_content_length = MOST_JSON
    content = request.get_json(silent=True)
    sent = content.get("scans") if isinstance(content, dict) else None
    scans = [
        {"scan": str(scan["id"]), "text": scanning.kept(str(scan.get("text", "")))}
        for scan in (sent if isinstance(sent, list) else [])[:_MOST_SCANS]
        if isinstance(scan, dict) and _is_uuid(scan.get("id"))
    ]
    fresh, at = backend().refusals.fresh(ended.station, scans), now()
    if fresh:
        backend().writer.run(lambda s: stations.refuse_scans(s, ended, fresh, at=at))
        backend().refusals.note(ended.station, fresh)


def _is_uuid(text: object) -> bool:
    try:
        return isinstance(text, str) and bool(UUID(text))
    except ValueError:
        return False


@bp.post("/enrol", responses={200: shapes.EnrolledOut}, security=[])
def enrol(body: shapes.EnrolIn) -> Response:
    """Exchange a code for a station's token: once, and within the hour it is good."""
    found = enrolling.exchange(body.code)
    station = found.device
    return jsonify(
        {
            "station": station.name,
            "place": station.place,
            "token": found.token,
            **({"task": station.task.value} if station.task else {}),
            **({"expires_at": timestamp(found.expires_at)} if found.expires_at else {}),
        }
    )


@bp.get("/openapi.json", doc_ui=False)
def document() -> Response:
    """Return this API's OpenAPI 3.1 document."""
    assert isinstance(current_app, Flask)  # noqa: S101
    return jsonify(current_app.api_doc)  # type: ignore[attr-defined]


# Scans.


@bp.post("/scans", responses={200: shapes.ResultsOut})
def scans(body: shapes.ScansIn) -> Response:
    """Record scans; each is recorded whatever its outcome, and a repeated id once only."""
    who, at = actor(), now()
    place = body.place or who.place
    submission = Submission(
        who,
        body.task,
        place,
        tuple(_scan(body, scan, place) for scan in body.scans),
        at,
        body.manifest,
        unsent=_unsent(),
    )
    answers = scanning.submit(backend().writer, submission)
    if isinstance(answers, Refused):
        raise answers
    if len(answers) == 1 and isinstance(answers[0], Refused):
        raise answers[0]
    results = [result_json(str(s.id), a) for s, a in zip(body.scans, answers, strict=True)]
    return jsonify({"results": results, **_clock(body)})


def _clock(body: shapes.ScansIn) -> dict[str, Any]:
    """Return what is wrong with the device's clock, and have it recorded once."""
    who, at = actor(), now()
    scanned = [scan.scanned_at for scan in body.scans]
    seconds = clocks.offset(_device_clock(), scanned, at)
    if backend().clocks.is_news(who, seconds):
        backend().writer.run(lambda s: clocks.record(s, who, seconds=seconds, at=at))
        backend().clocks.note(who, seconds)
    if not seconds:
        return {}
    return {"clock": {"seconds": seconds, "message": in_words(clocks.sentence(seconds))}}


def _device_clock() -> datetime | None:
    """Return what the device says the time is, where it says so in a form that tells the zone."""
    try:
        said = datetime.fromisoformat(request.headers.get("Silog-Clock", ""))
    except ValueError:
        return None
    return said if said.tzinfo else None


def _unsent() -> int | None:
    """Return how many scans the device says it still holds."""
    return number(request.headers.get("Silog-Unsent", ""), _MOST_UNSENT)


def _scan(body: shapes.ScansIn, scan: shapes.ScanIn, place: str) -> Scan:
    return Scan(
        id=str(scan.id),
        text=scan.text,
        task=body.task,
        place=place,
        station=actor().station,
        scanned_at=scan.scanned_at,
        manifest=body.manifest,
        symbology=scan.symbology,
        source=scan.source,
        quantity=scan.quantity,
        condition=scan.condition,
        seals=tuple(scan.seals or ()),
        seals_required=body.task in backend().settings.seals_required,
        parent=scan.parent,
        destination=scan.destination,
        counter=scan.counter,
        recognised=_recognised(body, scan, place),
    )


def _recognised(body: shapes.ScansIn, scan: shapes.ScanIn, place: str) -> Recognised | None:
    """Return what speaks for a label that nobody read, its picture kept before the event is."""
    if scan.recognised is None:
        return None
    doing = Work(actor(), body.task, place, body.manifest)
    found, picture = suggestions.confirmed(scan.text, scan.recognised, doing)
    keep(backend().settings.attachments, [picture], ".png")
    return found


def result_json(scan_id: str, answer: Answer) -> dict[str, Any]:
    """Return the contract's result of one scan."""
    if isinstance(answer, Refused):
        error = {"code": answer.code, "message": in_words(answer.sentence)}
        return {"id": scan_id, "error": error}
    return answer.as_json(translator(language()))


@bp.post("/scans/<uuid:id>/undo", responses={200: shapes.UndoOut})
def undo(path: shapes.ScanPath, body: shapes.UndoIn) -> Response:
    """Take a scan back; asked again, it gives the first answer."""
    who, at = actor(), now()
    undone = backend().writer.run(
        lambda session: scanning.undo(
            session, who, str(path.id), reason=body.reason, at=at, child=body.package
        )
    )
    return jsonify({"id": undone.id, "undone": True, "event": scanning.event_json(undone.event)})


def _file(*mimetypes: str) -> dict[str, Any]:
    """Return what the document says of a file: the raw body, or the field ``file`` of a form."""
    raw = {"schema": {"type": "string", "format": "binary"}}
    form = {
        "schema": {"type": "object", "required": ["file"], "properties": {"file": raw["schema"]}}
    }
    kinds = (*mimetypes, "application/octet-stream")
    return {
        "requestBody": {
            "required": True,
            "content": dict.fromkeys(kinds, raw) | {"multipart/form-data": form},
        }
    }


_PICTURE = _file("image/jpeg", "image/png", "image/webp")


@bp.post("/readings", responses={200: shapes.ReadingsOut}, openapi_extensions=_PICTURE)
def readings() -> Response:
    """Return the codes in a picture; nothing is recorded."""
    from silog_scan.vision import frames, stills  # noqa: PLC0415  # cv2 takes 0.2 s

    request.max_content_length = MOST_PICTURE
    data = _uploaded()
    with _turn():
        begun = time.perf_counter()
        grey = frames.load(data, formats=frames.UPLOADED)
        still = stills.read_still(grey, patience=stills.PATIENCE)
        suggested = _suggested(grey, still)
        ms = round((time.perf_counter() - begun) * 1000, 1)
    return jsonify({**still.as_json(), "suggestions": suggested, "ms": ms})


def _suggested(grey: "Grey", still: "Still") -> list[dict[str, Any]]:
    """Return what unread labels probably are, for who stands at the station's page."""
    doing = work.current()
    if doing is None:
        return []
    found = backend().recogniser.suggest(grey, still, doing)
    return [suggestions.offered(each, doing) for each in found]


@contextmanager
def _turn() -> Iterator[None]:
    """Let few pictures be read at once, so that scans still find a free thread and memory."""
    if not _TURNS.acquire(timeout=_TURN_WITHIN):
        told = say("The station reads too many pictures at once. Send this one again in a moment.")
        raise TooMany("readings-busy", told, wait=1)
    try:
        yield
    finally:
        _TURNS.release()


def _uploaded() -> bytes:
    """Return the bytes of the raw body, or of the multipart field ``file``."""
    if request.mimetype == "multipart/form-data":
        file = request.files.get("file")
        data = file.read() if file else b""
    else:
        data = request.get_data()
    if not data:
        raise Malformed("file-missing", say("No file came with the request. Send one."))
    return data


# Manifests.


@bp.post("/manifests", responses={200: shapes.ImportOut}, openapi_extensions=_file("text/csv"))
def import_manifest(query: shapes.ImportQuery) -> Response:
    """Import a manifest file, all or nothing, or only say what it holds with ``dry_run``."""
    who, at, station = actor(), now(), backend()
    defaults = Defaults(query.number, query.from_, query.to, intake.mapping_of(query.map))
    with uploads.passing([_uploaded()]) as file:
        with station.database.reading() as session:
            seen = intake.look(session, who, file, defaults)
        if query.dry_run or (seen.problem_count and not query.good_rows) or not seen.manifests:
            return jsonify(intake.import_json(seen, gettext, imported=False))
        changes = imports.store(
            station.writer.run,
            who,
            seen,
            attachments=station.settings.attachments,
            at=at,
            chosen=imports.Choices(query.good_rows, query.by_parent),
        )
        return jsonify(intake.import_json(seen, gettext, imported=True, changes=changes))


@bp.get("/manifests", responses={200: shapes.ManifestsOut})
def manifests(query: shapes.PageQuery) -> Response:
    """Return the manifests from or to the asker's place and below."""
    with backend().database.reading() as session:
        found = queries.manifests(
            session, within=actor().place, after=query.after, limit=query.limit
        )
    following = found[-1].number if len(found) == query.limit else None
    return jsonify(
        {"manifests": [reports.manifest_json(view) for view in found], "next": following}
    )


@bp.get("/manifests/<path:number>", responses={200: shapes.ManifestOut})
def manifest(path: shapes.ManifestPath) -> Response:
    """Return one manifest without its lines."""
    with backend().database.reading() as session:
        return jsonify(reports.manifest_json(reports.manifest(session, actor(), path.number)))


@bp.get("/manifests/<path:number>/lines", responses={200: shapes.LinesOut})
def lines(path: shapes.ManifestPath, query: shapes.LinesQuery) -> Response:
    """Return a page of a manifest's lines."""
    only = LineFilter(query.status, query.item, query.destination, query.after, query.limit)
    with backend().database.reading() as session:
        found = reports.lines(session, actor(), path.number, task=query.task, only=only)
    following = found[-1].number if len(found) == query.limit else None
    return jsonify({"lines": [reports.line_json(line) for line in found], "next": following})


_CSV = {"content": {"text/csv": {"schema": {"type": "string"}}}}


@bp.get("/manifests/<path:number>/export", responses={200: _CSV})
def export(path: shapes.ManifestPath) -> Response:
    """Return the manifest as a CSV file that can be imported again."""
    with backend().database.reading() as session:
        reports.manifest(session, actor(), path.number)
        data = deliveries.export_csv(session, path.number)
    return csv_file(data, path.number)


def csv_file(data: bytes, name: str) -> Response:
    """Return a CSV download under a name that is safe in a header and on a disk."""
    answer = make_response(data)
    answer.content_type = "text/csv; charset=utf-8"
    answer.headers["Content-Disposition"] = downloads.attachment(f"{name}.csv")
    return answer


@bp.get("/manifests/<path:number>/reconciliation", responses={200: shapes.ReconciliationOut})
def reconciliation(path: shapes.ManifestPath, query: shapes.TaskQuery) -> Response:
    """Return expected against counted, with the first page of lines."""
    only = LineFilter(limit=_PAGE)
    with backend().database.reading() as session:
        return jsonify(
            reports.reconciliation(session, actor(), path.number, task=query.task, only=only)
        )


@bp.post("/manifests/<path:number>/close", responses={200: shapes.StateOut})
def close(path: shapes.ManifestPath, body: shapes.ReasonIn) -> Response:
    """Close a manifest, and seal what was counted by a checkpoint."""
    answer = _change(deliveries.close, path.number, body)
    backend().seal_closing(now())
    return answer


@bp.post("/manifests/<path:number>/reopen", responses={200: shapes.StateOut})
def reopen(path: shapes.ManifestPath, body: shapes.ReasonIn) -> Response:
    """Open a closed manifest again."""
    return _change(deliveries.reopen, path.number, body)


@bp.post("/manifests/<path:number>/void", responses={200: shapes.StateOut})
def void(path: shapes.ManifestPath, body: shapes.ReasonIn) -> Response:
    """Make a manifest void that nothing was counted on."""
    return _change(deliveries.void, path.number, body)


def _change(call: Any, number: str, body: shapes.ReasonIn) -> Response:  # noqa: ANN401
    who, at = actor(), now()
    backend().writer.run(lambda session: call(session, who, number, at=at, reason=body.reason))
    with backend().database.reading() as session:
        state = queries.manifest(session, number).state
    return jsonify({"number": number, "state": state})


# Stock, packages, discrepancies, events.


@bp.get("/stock", responses={200: shapes.StockListOut})
def stock(query: shapes.PlaceQuery) -> Response:
    """Return what lies at a place and below."""
    with backend().database.reading() as session:
        return jsonify(reports.stock(session, actor(), query.place))


@bp.get("/packages/<path:code>", responses={200: shapes.PackageOut})
def package(path: shapes.PackagePath) -> Response:
    """Return a package's state and custody history."""
    with backend().database.reading() as session:
        return jsonify(reports.trace(session, actor(), path.code))


@bp.get("/discrepancies", responses={200: shapes.DiscrepanciesOut})
def discrepancies(query: shapes.PlaceQuery) -> Response:
    """Return the open discrepancies at a place and below."""
    within = query.place or actor().place
    actor().must_hold(within)
    with backend().database.reading() as session:
        found = queries.discrepancies(session, within=within)
    rows = [
        {
            "id": row.id,
            "kind": row.kind,
            "place": row.place,
            "manifest": row.manifest,
            "package": row.package,
            "item": row.item,
            "text": row.text,
            "opened_at": timestamp(row.opened_at),
            "state": row.state,
        }
        for row in found
    ]
    return jsonify({"discrepancies": rows})


@bp.get("/events", responses={200: shapes.EventsOut})
def events(query: shapes.EventsQuery) -> Response:
    """Return the events of the asker's place and below, in the order they were recorded."""
    with backend().database.reading() as session:
        rows, following = reports.events(session, actor(), after=query.after, limit=query.limit)
    return jsonify({"events": rows, "next": following})
