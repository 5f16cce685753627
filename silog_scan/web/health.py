"""Liveness and readiness for whoever watches the process; open to all, and telling nothing."""

from flask import Blueprint

from silog_scan.core.errors import Refused
from silog_scan.store import queries
from silog_scan.web.context import backend

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def alive() -> tuple[str, int]:
    """Say that the process answers."""
    return "ok\n", 200


@bp.get("/readyz")
def ready() -> tuple[str, int]:
    """Say whether database and ledger can be read."""
    try:
        with backend().database.reading() as session:
            queries.newest_position(session)
    except Refused:
        return "database not ready\n", 503
    return "ok\n", 200
