"""Names of files that are handed out: safe in a header and on any disk, whatever made them."""

import re
import unicodedata
from urllib.parse import quote

_LONGEST = 100
"""Letters; a file's name may have 255 bytes, and one letter up to 4."""
_UNSAFE = re.compile(r'[\\/:*?"<>|%\';\s]')


def attachment(name: str) -> str:
    """Return the Content-Disposition of a download (RFC 6266), never to be shown in a page.

    A name that is not ASCII stands beside its ASCII shadow (RFC 8187), for the oldest of clients.
    """
    stem, dot, ending = _safe(name).rpartition(".")
    safe = f"{stem[:_LONGEST]}{dot}{ending}"
    shadow = re.sub(r"[^\x20-\x7e]", "-", safe)
    told = f'attachment; filename="{shadow}"'
    return told if shadow == safe else f"{told}; filename*=UTF-8''{quote(safe, safe='')}"


def _safe(name: str) -> str:
    """Return the name without what parts paths, hides letters, or ends a quotation."""
    seen = "".join("-" if unicodedata.category(letter)[0] == "C" else letter for letter in name)
    return _UNSAFE.sub("-", seen).strip(".") or "-"
