"""Files between check and confirmation: kept on disk, and named in forms by a signature."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.datastructures import FileStorage

from silog_scan.core.columns import HEADERS
from silog_scan.core.errors import Conflict, Malformed, say
from silog_scan.core.manifests import Defaults
from silog_scan.documents.manifest_files import Dialect
from silog_scan.documents.tables import Layout
from silog_scan.services import files, imports, intake, mappings, uploads
from silog_scan.services.imports import Choices
from silog_scan.services.intake import Preview
from silog_scan.services.jobs import Job, Phase
from silog_scan.web.context import actor, backend, now

T = TypeVar("T")

_PATIENCE = 2.0
"""Seconds in which most files are read or stored, before a page shows how far it is."""
_KEPT = int(uploads.KEPT.total_seconds())


@dataclass(frozen=True, slots=True)
class Upload:
    """A checked file and what was said with it; ``user`` is whose check it was."""

    id: str
    sha256: str
    name: str
    size: int
    user: str | None
    number: str | None = None
    origin: str | None = None
    receiver: str | None = None
    mapping: dict[str, str] = field(default_factory=dict)
    dialect: tuple[str, str] | None = None
    sheet: str | None = None
    header_row: int | None = None

    @property
    def defaults(self) -> Defaults:
        """Return what was said at upload."""
        return Defaults(self.number, self.origin, self.receiver, self.mapping, remembers=True)

    @property
    def layout(self) -> Layout:
        """Return how the file is to be read, as far as somebody said so."""
        dialect = Dialect(*self.dialect) if self.dialect else None
        return Layout(dialect, self.sheet, self.header_row)

    @property
    def token(self) -> str:
        """Return the name of this check in forms and links; only we can make one."""
        return _signer().dumps(asdict(self))


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or b"", salt="manifest-upload")


def _folder() -> Path:
    return backend().settings.home / "uploads"


def receive() -> Upload:
    """Keep the file that came with the form, or take the one that was checked before."""
    sent = request.files.get("file")
    if sent and sent.filename:
        before, name = uploads.keep(_folder(), _pieces(sent), at=now()), sent.filename
        how: dict[str, Any] = {}
    elif "upload" in request.form:
        known = named(request.form["upload"])
        before, name, how = known.id, known.name, _read_as()
    else:
        raise Malformed("file-missing", say("No file came with the form. Choose one."))
    file = uploads.kept(_folder(), before)
    digest = hashlib.sha256()
    for piece in files.pieces(file):
        digest.update(piece)
    return Upload(
        before, digest.hexdigest(), name, file.stat().st_size, actor().user, _field("number"),
        _field("from"), _field("to"), **how,
    )  # fmt: skip


def read(kept: Upload) -> bool:
    """Read a file; return whether it is read already, as most are after a moment."""
    database, who, file = backend().database, actor(), uploads.kept(_folder(), kept.id)
    defaults, layout, job = kept.defaults, kept.layout, job_of(kept)

    def look() -> bool:
        with database.reading() as session:
            intake.look(session, who, file, defaults, layout, tell=job.went)
        return True

    return _soon(job.begin(Phase.READING, Phase.CHECKED, look)) or False


def store(kept: Upload, seen: Preview, chosen: Choices) -> dict[str, str] | None:
    """Store a file that was checked; return what became of its manifests, None if it takes long.

    The file is forgotten then, and which columns were chosen for it is remembered.
    """
    who, at, job, folder = actor(), now(), job_of(kept), _folder()
    attachments, write = backend().settings.attachments, backend().writer.run
    run = imports.telling(write, seen, job.went)

    def work() -> dict[str, str]:
        changes = imports.store(run, who, seen, attachments=attachments, at=at, chosen=chosen)
        if kept.mapping:
            write(
                lambda session: mappings.remember(
                    session, seen.header, kept.origin, kept.mapping, at=at
                )
            )
        uploads.drop(folder, kept.id)
        return changes

    return _soon(job.begin(Phase.STORING, Phase.STORED, work))


def _soon(answer: "Future[T]") -> T | None:
    """Return the answer if it comes in a moment, or raise what the work raised."""
    try:
        return answer.result(_PATIENCE)
    except TimeoutError:
        return None


def job_of(kept: Upload) -> Job:
    """Return the work on a file."""
    return uploads.job(_folder(), kept.id)


def seen(kept: Upload) -> Preview:
    """Return what was seen in a file."""
    return intake.seen(uploads.kept(_folder(), kept.id))


def _pieces(sent: FileStorage) -> Iterator[bytes]:
    while piece := sent.stream.read(2**20):
        yield piece


def _read_as() -> dict[str, Any]:
    """Return how the file is to be read, as the form of a check says it."""
    mapping = {
        name: request.form[f"map.{name}"] for name in HEADERS if f"map.{name}" in request.form
    }
    encoding, delimiter = request.form.get("encoding"), request.form.get("delimiter")
    row = request.form.get("header_row", "")
    return {
        "mapping": mapping,
        "dialect": (encoding, delimiter) if encoding and delimiter else None,
        "sheet": _field("sheet"),
        "header_row": int(row) if row.isascii() and row.isdigit() else None,
    }


def _field(name: str) -> str | None:
    return request.form.get(name, "").strip() or None


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
