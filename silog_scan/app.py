"""Put the application together."""

import secrets
import time
from http import HTTPStatus
from pathlib import Path

from filelock import FileLock
from flask import Flask, Response, current_app, g, make_response, render_template, request
from flask.globals import request_ctx
from flask_babel import Babel
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from silog_scan.core.errors import (
    Malformed,
    Refused,
    say,
)
from silog_scan.services.files import private
from silog_scan.store.db import Unavailable
from silog_scan.web import (
    admin,
    api,
    assets,
    auth,
    enrolling,
    entry,
    health,
    hosts,
    ledger,
    manifests,
    own,
    security_log,
    setup,
    start,
    station,
    stock,
    switch,
)
from silog_scan.web.context import Backend, answered, in_words, language, status_of

HERE = Path(__file__).parent
KEY_BYTES = 32
_A_MINUTE = 60.0
MOST_UPLOADED = 64 * 2**20
"""Bytes of a request; a manifest of a million rows has 44 MB."""

_PAGES = (entry, enrolling, switch, own, health, start, station, manifests, stock, ledger, admin)

csrf = CSRFProtect()


def folder(name: str) -> Path:
    """Return templates or fixtures: in the package once installed, beside it in a checkout."""
    packaged = HERE / name
    return packaged if packaged.is_dir() else HERE.parent / name


def create_app(backend: Backend, *, tls: bool = False) -> Flask:
    """Make an application around a station's parts; ``tls`` when people come by HTTPS only."""
    app = api.new_application(
        __name__,
        template_folder=str(folder("templates")),
        **assets.options(HERE / "web" / "static"),
    )
    app.extensions["silog"] = backend
    # A proxy that is trusted brings people by HTTPS: that is what it is for.
    app.config.from_mapping(_config(backend, tls=tls or bool(backend.settings.proxies)))
    Babel(app, locale_selector=language)
    csrf.init_app(app)
    auth.manager.init_app(app)
    hosts.register(app, backend.settings)
    app.before_request(_refuse_nul)
    app.before_request(auth.identify)
    app.after_request(_guard)
    app.after_request(assets.packed)
    for blueprint in _PAGES:
        app.register_blueprint(blueprint.bp)
    api.register(app, csrf)
    app.register_error_handler(Refused, _refusal)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _failure)
    app.jinja_env.globals.update(in_words=in_words)
    setup.register(app)
    return app


def _config(backend: Backend, *, tls: bool) -> dict[str, object]:
    return {
        "SECRET_KEY": secret_key(backend.settings.home),
        "SESSION_COOKIE_NAME": "__Host-silog" if tls else "silog",
        "SESSION_COOKIE_SECURE": tls,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "MAX_CONTENT_LENGTH": MOST_UPLOADED,
        "BABEL_DEFAULT_LOCALE": "id",
        "BABEL_TRANSLATION_DIRECTORIES": str(HERE / "translations"),
        "WTF_CSRF_TIME_LIMIT": None,
    }


def secret_key(home: Path) -> bytes:
    """Return the key that signs cookies, made once and readable by its owner only."""
    path = home / "secret.key"
    if not _is_whole(path):
        home.mkdir(parents=True, exist_ok=True)
        with FileLock(home / "secret.lock"):  # two workers may start at once
            if not _is_whole(path):
                _write_key(path)
    return path.read_bytes()


def _is_whole(path: Path) -> bool:
    """Say whether a key was written to its end: a power cut may leave an empty file."""
    return path.exists() and path.stat().st_size == KEY_BYTES


def _write_key(path: Path) -> None:
    path.unlink(missing_ok=True)
    with private(path) as file:
        file.write(secrets.token_bytes(KEY_BYTES))


def _guard(response: Response) -> Response:
    """Send the headers every page needs: nothing inline, nothing from elsewhere, nothing kept."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; font-src 'self'; media-src 'self' blob:; worker-src 'self'; "
        "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    if g.get("wasm"):
        policy = policy.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")
    headers = response.headers
    headers["Content-Security-Policy"] = policy
    headers["X-Content-Type-Options"] = "nosniff"
    # Not no-referrer: Flask-WTF refuses a form over HTTPS that comes without a Referer.
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if request.is_secure:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    if request.endpoint not in assets.ENDPOINTS:
        headers.setdefault("Cache-Control", "no-store")
    return response


def _refuse_nul() -> None:
    """Refuse a character that no keyboard types, and that PostgreSQL cannot hold."""
    if _wants_json():
        return  # calls check their own fields, once they know who asks
    if "\x00" in request.path or any(
        "\x00" in text
        for fields in (request.args, request.form)
        for pair in fields.items(multi=True)
        for text in pair
    ):
        raise Malformed("not-a-text", say("This holds a character that is no text. Type it anew."))


def _wants_json() -> bool:
    return request.path.startswith("/api/")


def _refusal(refusal: Refused) -> BaseResponse:
    """Tell a person, or a program, why not and what to do."""
    if isinstance(refusal, Unavailable):
        _tell_terminal(refusal)
    security_log.refused(refusal)
    status, message = status_of(refusal), in_words(refusal.sentence)
    if _wants_json():
        return answered(api.problem(status, refusal.code, message), refusal)
    return answered(_page(status, message), refusal)


def _tell_terminal(refusal: Unavailable) -> None:
    """Say on the station's terminal that its database fails, once a minute: pages ask often."""
    told, at = current_app.extensions, time.monotonic()
    if at - told.get("silog_told_at", -_A_MINUTE) >= _A_MINUTE:
        told["silog_told_at"] = at
        current_app.logger.error("%s", refusal)


def _page(status: int, message: str) -> Response:
    if request_ctx.url_adapter is None:  # a Host that is none: no address can be made, no page
        return Response(f"{message}\n", status, mimetype="text/plain")
    return make_response(render_template("error.html", status=status, message=message), status)


def _stale_form(_: CSRFError) -> Response:
    told = in_words(say("This page is too old, or came from elsewhere. Open it again and retry."))
    return api.problem(400, "csrf", told) if _wants_json() else _page(400, told)


_HTTP_SENTENCES = {
    404: say("There is no such page. Go back to the start."),
    405: say("This cannot be done that way."),
}
TOO_LARGE = 413


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    told, phrase = _HTTP_SENTENCES.get(status), HTTPStatus(status).phrase
    code = phrase.lower().replace(" ", "-")
    if status == TOO_LARGE:
        most = (request.max_content_length or MOST_UPLOADED) // 2**20
        told = say("This is too large: %(most)s MB are the most. Send less at once.", most=most)
        code = "too-large"
    message = in_words(told) if told else phrase
    return api.problem(status, code, message) if _wants_json() else _page(status, message)


def _failure(error: Exception) -> Response:
    """Log what nobody foresaw, and tell the person no more than what to do."""
    if isinstance(error, HTTPException):
        return _http_error(error)
    current_app.logger.error("unforeseen", exc_info=error)
    told = in_words(
        say("Something failed here. What was acknowledged is safe. Try again, then call for help.")
    )
    return api.problem(500, "failure", told) if _wants_json() else _page(500, told)
