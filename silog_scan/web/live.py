"""What the station's page shows while hands work, as plain values that become JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import blake2s
from typing import Any

from sqlalchemy.orm import Session

from silog_scan.core import items, places
from silog_scan.core.custody import Outcome, Severity
from silog_scan.core.errors import say
from silog_scan.core.events import Event
from silog_scan.core.pallets import Absent, Tally
from silog_scan.core.stock import Condition
from silog_scan.core.visible import isolated, visible
from silog_scan.services.scanning import UNDO_WITHIN, sentence_of
from silog_scan.services.watching import Watch, Work
from silog_scan.store import queries, register
from silog_scan.store.queries import ItemSum, RecentScan
from silog_scan.web import figures, suggestions
from silog_scan.web.context import in_words, language
from silog_scan.web.words import CONDITIONS, OUTCOMES

_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Shown:
    """A scan in words: what it is, whose (``lead``), what to do (``told``), and when.

    ``belongs`` is the right place of what came to a wrong one; ``switch_to`` is the manifest that
    expects what another one was named for.
    """

    id: str
    text: str
    quantity: int | None
    damaged: bool
    outcome: str
    severity: str
    word: str
    title: str
    lead: str
    told: str
    detail: str
    undone: bool
    may_undo: bool
    belongs: str | None
    switch_to: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """How far one item is."""

    name: str
    counted: int
    expected: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the manifest is: in packages, or in lines where it lists none."""

    unit: str
    counted: int
    expected: int
    remaining: int
    items: tuple[Part, ...]


def seen_tag(watch: Watch | None, work: Work) -> str:
    """Return a short text that changes with the work, the camera, and what the camera heard."""
    parts: list[object] = [language(), work.task, work.place, work.manifest]
    if watch is not None:
        is_ours = watch.work_under_way() == work
        parts += [watch.camera.status.state, watch.said, watch.heard, watch.problem, is_ours]
        parts += [suggestion.text for suggestion in watch.view.suggestions]
    return blake2s(repr(parts).encode(), digest_size=6).hexdigest()


def answer(session: Session, work: Work, watch: Watch | None, *, at: datetime) -> dict[str, Any]:
    """Return all the page shows; the position is read first, so that nothing newer is missed."""
    position = queries.newest_position(session)
    progress = progress_of(session, work)
    return {
        "position": position,
        "seen": seen_tag(watch, work),
        "scans": [asdict(shown) for shown in recent(session, work, at=at)],
        "progress": asdict(progress) if progress else None,
        **(_camera(watch, work) if watch else {}),
    }


_RECOGNISED = say("recognised with the manifest's help")
_TAKEN = say(
    "Somebody else is at the station's camera now. Use the camera of this device, or a hand "
    "scanner."
)


def _camera(watch: Watch, work: Work) -> dict[str, Any]:
    """Return what the station's camera does; of another person's work only that it is so."""
    if watch.work_under_way() != work:
        return {"camera": {"state": "taken", "sentence": in_words(_TAKEN)}}
    status = watch.camera.status
    return {
        "camera": {"state": status.state.value, "sentence": in_words(status.sentence)},
        "modifiers": asdict(watch.said),
        "heard": asdict(watch.heard) if watch.heard else None,
        "problem": in_words(watch.problem) if watch.problem else None,
        "suggestions": [suggestions.offered(each, work) for each in watch.view.suggestions],
    }


def drawn(watch: Watch) -> str:
    """Return the codes in the station's picture, as ASCII that a header can carry."""
    codes = [
        {
            "corners": code.corners,
            "severity": code.severity.value if code.severity else "waiting",
            "belongs": _without_code(code.place),
        }
        for code in watch.codes()
    ]
    unread = [code.as_json() for code in watch.view.unread]
    found = {"size": watch.view.size, "codes": codes, "unread": unread}
    return json.dumps(found, separators=(",", ":"))


def _without_code(place: str | None) -> str | None:
    """Return a place's name alone: on a picture there is no room for more."""
    return place and place.partition(" (")[0]


def progress_of(session: Session, work: Work) -> Progress | None:
    """Return how far the work's manifest is, or None when it has none."""
    if work.manifest is None:
        return None
    task = work.task.answers_as
    totals = queries.totals_of(session, [work.manifest], task)[work.manifest]
    names = item_names(session)
    sums = sorted(queries.item_sums(session, work.manifest, task), key=_place_in_catalogue)
    parts = tuple(Part(names.get(one.item, one.item), one.counted, one.expected) for one in sums)
    unit, counted, expected = "packages", totals.packages_counted, totals.packages_expected
    if expected == 0:
        unit, counted, expected = "lines", totals.matched, totals.lines
    return Progress(unit, counted, expected, max(expected - counted, 0), parts)


_CATALOGUE = [item.code for item in items.BUILT_IN]


def _place_in_catalogue(found: ItemSum) -> tuple[int, str]:
    """Return the order in which people know the goods; what was added later comes last."""
    known = _CATALOGUE.index(found.item) if found.item in _CATALOGUE else len(_CATALOGUE)
    return known, found.item


def item_names(session: Session) -> dict[str, str]:
    """Return the catalogue's names in the reader's language, each with a capital."""
    column = "name_en" if language() == "en" else "name_id"
    return {row.code: figures.capital(getattr(row, column)) for row in queries.items(session)}


def recent(session: Session, work: Work, *, at: datetime) -> list[Shown]:
    """Return the person's own newest scans: nobody sees here what others did."""
    who = work.actor
    scans = queries.recent_scans(session, station=who.station, user=who.user, limit=_MOST_SHOWN)
    events = queries.events_of_scans(session, [scan.id for scan in scans])
    packages = register.packages(session, [scan.package for scan in scans if scan.package])
    bound_for = {code: known.destination for code, known in packages.items() if known.destination}
    codes = {code for place in bound_for.values() for code in (place, places.parent(place) or "")}
    teller = _Teller(item_names(session), bound_for, queries.place_names(session, codes))
    return [
        teller.shown(scan, events[scan.id], may_undo=_may_undo(scan, work, at)) for scan in scans
    ]


def pallet(session: Session, tally: Tally) -> dict[str, Any]:
    """Return what one look at several labels amounts to, what is missing in words."""
    names = queries.place_names(session, {absent.destination for absent in tally.absent})
    goods = item_names(session)
    missing = [
        {"package": visible(absent.package), "title": visible(_whose(goods, names, absent))}
        for absent in tally.absent
    ]
    return {
        "parent": tally.parent and visible(tally.parent),
        "expected": tally.expected,
        "counted": tally.counted,
        "missing": missing,
    }


def _whose(goods: Mapping[str, str], names: Mapping[str, str], absent: Absent) -> str:
    place = names.get(absent.destination, absent.destination)
    return f"{goods.get(absent.item, absent.item)} · {place}"


def _may_undo(scan: RecentScan, work: Work, at: datetime) -> bool:
    """Say whether a button is offered; a scan that changed and listed nothing needs none."""
    if scan.undone or scan.outcome in (Outcome.DUPLICATE, Outcome.INVALID):
        return False
    return work.actor.may_decide or at - scan.at <= UNDO_WITHIN


def _right_place(body: Mapping[str, Any], outcome: Outcome) -> str | None:
    """Return where it belongs, if it came to the wrong place."""
    is_astray = outcome is Outcome.WRONG_DESTINATION
    return body.get("values", {}).get("place") if is_astray else None


@dataclass(frozen=True, slots=True)
class _Teller:
    """Puts scans into words, with the names they need."""

    items: Mapping[str, str]
    bound_for: Mapping[str, str]
    places: Mapping[str, str]

    def shown(self, scan: RecentScan, event: Event, *, may_undo: bool) -> Shown:
        """Return a scan as the page shows it."""
        outcome = Outcome(scan.outcome)
        return Shown(
            id=scan.id,
            text=scan.text,
            quantity=event.body.get("quantity"),
            damaged=event.body.get("condition") == Condition.DAMAGED,
            outcome=scan.outcome,
            severity=outcome.severity.value,
            word=in_words(OUTCOMES[outcome]),
            title=visible(self._title(scan, event.body)),
            lead=self._lead(scan, event.body, outcome),
            told=self._told(scan, event.body, outcome),
            detail=visible(self._detail(scan, event.body, outcome)),
            undone=scan.undone,
            may_undo=may_undo,
            belongs=_without_code(_right_place(event.body, outcome)),
            switch_to=event.body.get("decided_on") if outcome is Outcome.OTHER_MANIFEST else None,
        )

    def _title(self, scan: RecentScan, body: Mapping[str, Any]) -> str:
        """Return what it is and whose: item and polling station, else the text that was read."""
        name = self.items.get(scan.item or "", scan.item)
        parts = [name or scan.text]
        if scan.package and (place := self.bound_for.get(scan.package)):
            parts.append(self.places.get(place, place))
        elif name and not scan.package:
            parts.append(str(body.get("quantity", 1)))
        title = " · ".join(parts)
        if body.get("condition") == Condition.DAMAGED:
            title += f", {in_words(CONDITIONS[Condition.DAMAGED]).lower()}"
        return title

    def _lead(self, scan: RecentScan, body: Mapping[str, Any], outcome: Outcome) -> str:
        """Return the banner's second line: a wrong place is answered by the right one."""
        right = _right_place(body, outcome)
        if right:
            return in_words(say("Belongs to %(place)s", place=right))
        return visible(self._title(scan, body))

    def _told(self, scan: RecentScan, body: Mapping[str, Any], outcome: Outcome) -> str:
        if outcome is Outcome.WRONG_DESTINATION:
            apart = in_words(say("Set it apart and tell the supervisor."))
            title, code = visible(self._title(scan, body)), isolated(scan.package or scan.text)
            return f"{title} · {code}. {apart}"
        if outcome.severity is not Severity.OK:
            return in_words(sentence_of(body))
        counts = body["counts"]
        if not scan.package:
            return f"{counts['counted']} / {counts['expected']}"
        return " · ".join(filter(None, (self._village(scan), scan.package)))

    def _village(self, scan: RecentScan) -> str | None:
        place = self.bound_for.get(scan.package or "")
        if place is None or places.level(place) != "polling-station":
            return None
        return self.places.get(places.parent(place) or "")

    def _detail(self, scan: RecentScan, body: Mapping[str, Any], outcome: Outcome) -> str:
        lead = self._village(scan) if outcome is Outcome.ACCEPTED else in_words(OUTCOMES[outcome])
        at = figures.clock(scan.at, scan.place)
        how = in_words(_RECOGNISED) if body.get("read_by") == "expected" else None
        return " · ".join(filter(None, (lead, at, scan.package or scan.text, how)))
