"""What every page shows around its content: language, way in, who is signed in, where it leads."""

from dataclasses import dataclass

from flask import Blueprint, current_app, request, url_for
from flask_login import current_user

from silog_scan.core.errors import Sentence, say
from silog_scan.services import accounts
from silog_scan.services.actors import DECIDING, Actor, Role
from silog_scan.store import queries
from silog_scan.web.context import backend, language


@dataclass(frozen=True, slots=True)
class Entry:
    """A link of the bar: ``key`` names its drawing and the pages under it."""

    key: str
    endpoint: str
    name: Sentence
    roles: frozenset[Role]


_LOOKING = frozenset({Role.OBSERVER})

ENTRIES = (
    Entry("manifests", "manifests.index", say("Manifests"), DECIDING),
    Entry("reconciliation", "manifests.reconciliation_today", say("Reconciliation"), DECIDING),
    Entry("reconciliation", "manifests.reconciliation_today", say("Progress"), _LOOKING),
    Entry("discrepancies", "discrepancies.index", say("Discrepancies"), DECIDING | _LOOKING),
    Entry("readiness", "readiness.index", say("Readiness"), DECIDING),
    Entry("stock", "stock.index", say("Stock"), DECIDING),
    Entry("evidence", "ledger.index", say("Evidence"), _LOOKING),
)


@dataclass(frozen=True, slots=True)
class Page:
    """What ``base.html`` knows of the page: ``section`` is the entry it belongs to."""

    language: str
    path: str
    nav: tuple[Entry, ...]
    section: str
    manages: bool


def _page() -> Page:
    """Return the frame of the page asked for; a page shown after a form is named by its way in."""
    # Not g.actor: nobody asks who wants a page that does not exist, and its way back is the bar.
    asked: Actor | None = current_user.actor if _is_in() else None
    nav = tuple(
        entry
        for entry in ENTRIES
        if asked and asked.role in entry.roles and entry.endpoint in current_app.view_functions
    )
    path = request.full_path.rstrip("?") if request.method == "GET" else url_for("start.home")
    manages = asked is not None and asked.may_administer
    return Page(language(), path, nav, request.blueprint or "", manages)


def _is_in() -> bool:
    """Say whether somebody is signed in, with every step done and the screen open."""
    return bool(current_user.is_authenticated and current_user.sign_in.is_open)


def share(done: int, whole: int) -> str:
    """Return how much is done in percent, rounded down: 100 only where nothing is missing."""
    if whole <= 0:
        return "0"
    tenths = max(0, min(1000 * done // whole, 1000))
    return f"{tenths // 10}.{tenths % 10}"


@dataclass(frozen=True, slots=True)
class OwnStation:
    """The data home's own station, as the sign-in names it."""

    name: str
    place: str
    place_name: str


def own_station() -> OwnStation:
    """Return whose sign-in this is."""
    with backend().database.reading() as session:
        name, place = accounts.own_station(session)
        return OwnStation(name, place, queries.place(session, place).name)


def register(blueprint: Blueprint) -> None:
    """Give every template of the application ``page``, ``share`` and ``own_station``."""
    blueprint.app_context_processor(lambda: {"page": _page()})
    blueprint.app_template_global("share")(share)
    blueprint.app_template_global("own_station")(own_station)
