"""Scripts, styles and pictures of the pages: gzipped, and kept by browsers for a year.

Their address names their content, so an upgrade brings new addresses, those of imported modules
too. Pages themselves are not gzipped: they hold a secret beside text that others choose (BREACH).
"""

import gzip
from functools import lru_cache
from hashlib import blake2s
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Response, request

ENDPOINTS = frozenset({"static", "station.reader"})
_YEAR = 365 * 24 * 3600
_PACKED = ("text/", "application/wasm", "application/javascript", "image/svg+xml")


def options(folder: Path) -> dict[str, Any]:
    """Return what Flask is told of the folder."""
    return {"static_folder": str(folder), "static_url_path": f"/static/{_digest(folder)}"}


def _digest(folder: Path) -> str:
    found = blake2s(digest_size=6)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        found.update(path.relative_to(folder).as_posix().encode() + b"\0")
        found.update(path.read_bytes())
    return found.hexdigest()


def packed(response: Response) -> Response:
    """Let a file be kept, and gzip it for who can read that."""
    if request.endpoint not in ENDPOINTS or response.status_code >= HTTPStatus.BAD_REQUEST:
        return response
    response.cache_control.max_age = _YEAR
    response.cache_control.immutable = True
    if not (response.mimetype or "").startswith(_PACKED):
        return response
    response.vary.add("Accept-Encoding")
    if response.status_code == HTTPStatus.OK and request.accept_encodings["gzip"]:
        response.direct_passthrough = False
        response.set_data(_gzipped(response.get_data()))
        response.content_encoding = "gzip"
        etag, _ = response.get_etag()
        response.set_etag(etag or "", weak=True)  # same content, other bytes
    return response


@lru_cache(maxsize=128)
def _gzipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)
