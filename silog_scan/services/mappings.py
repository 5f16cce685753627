"""Which columns somebody chose for a sender's files, remembered for the next with that header."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from silog_scan.core import columns
from silog_scan.store.situations import upsert
from silog_scan.store.tables import MappingRow, table_of


def remembered(session: Session, header: Iterable[str], sender: str | None) -> dict[str, str]:
    """Return the column of each field as it was chosen: of this sender, else of any."""
    digest = _digest(header)
    for name in (sender or "", ""):
        row = session.get(MappingRow, (digest, name))
        if row:
            return dict(row.fields)
    return {}


def remember(
    session: Session,
    header: Iterable[str],
    sender: str | None,
    fields: Mapping[str, str],
    *,
    at: datetime,
) -> None:
    """Keep a choice; the newest of a sender counts for senders of whom nothing was said, too."""
    digest = _digest(header)
    rows = [
        {"header": digest, "sender": name, "fields": dict(fields), "chosen_at": at}
        for name in {sender or "", ""}
    ]
    upsert(session, table_of(MappingRow), rows)


def _digest(header: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(map(columns.key, header)).encode()).hexdigest()
