"""Files between check and confirmation: kept by their digest, and named in forms by a signature."""

from dataclasses import asdict, dataclass
from pathlib import Path

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from silog_scan.core.errors import Conflict, Malformed, say
from silog_scan.core.manifests import Defaults
from silog_scan.services import deliveries
from silog_scan.services.deliveries import Preview
from silog_scan.web.context import actor, backend, now

_KEPT = int(deliveries.UPLOADS_KEPT.total_seconds())


@dataclass(frozen=True, slots=True)
class Upload:
    """A checked file and what was said with it; ``user`` is whose check it was."""

    sha256: str
    name: str
    size: int
    user: str | None
    number: str | None = None
    origin: str | None = None
    receiver: str | None = None

    @property
    def defaults(self) -> Defaults:
        """Return what was said at upload."""
        return Defaults(self.number, self.origin, self.receiver)

    @property
    def token(self) -> str:
        """Return the name of this check in forms and links; only we can make one."""
        return _signer().dumps(asdict(self))


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or b"", salt="manifest-upload")


def _folder() -> Path:
    return backend().settings.home / "uploads"


def check() -> tuple[Upload, Preview]:
    """Read the file that came with the form, or the one that was checked before, and keep it."""
    number, origin, receiver = (_field(name) for name in ("number", "from", "to"))
    file = request.files.get("file")
    data, name = (file.read(), file.filename or "") if file else (b"", "")
    if not data and "upload" in request.form:
        before = named(request.form["upload"])
        data, name = deliveries.kept_upload(_folder(), before.sha256), before.name
    if not data:
        raise Malformed("file-missing", say("No file came with the form. Choose one."))
    seen = _preview(data, Defaults(number, origin, receiver))
    digest = deliveries.keep_upload(_folder(), data, at=now())
    return Upload(digest, name, len(data), actor().user, number, origin, receiver), seen


def _field(name: str) -> str | None:
    return request.form.get(name, "").strip() or None


def _preview(data: bytes, defaults: Defaults) -> Preview:
    with backend().database.reading() as session:
        return deliveries.preview(session, actor(), data, defaults)


def named(token: str) -> Upload:
    """Return the check that a form names; refuse one that is not ours, not theirs, or a day old."""
    gone = say("This check is too old, or is not yours. Choose the file again.")
    try:
        found = Upload(**_signer().loads(token, max_age=_KEPT))
    except BadSignature as error:
        raise Conflict("upload-gone", gone) from error
    if found.user != actor().user:
        raise Conflict("upload-gone", gone)
    return found


def check_again(kept: Upload) -> Preview:
    """Read the kept bytes once more, as they were checked."""
    return _preview(deliveries.kept_upload(_folder(), kept.sha256), kept.defaults)


def drop(kept: Upload) -> None:
    """Forget a checked file."""
    deliveries.drop_upload(_folder(), kept.sha256)
