"""How pages write numbers, shares, days and times, and the parts of a whole as a picture."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeVar, cast

from flask.blueprints import BlueprintSetupState
from flask_babel import format_date, format_decimal, ngettext

from silog_scan.core import places
from silog_scan.core.errors import Sentence, say
from silog_scan.core.reconcile import Status
from silog_scan.core.visible import visible
from silog_scan.store.queries import Totals
from silog_scan.web.context import in_words, language
from silog_scan.web.frame import share

STATUSES: dict[Status, Sentence] = {
    Status.MISSING: say("Not here yet"),
    Status.SHORT: say("Short"),
    Status.SURPLUS: say("Surplus"),
    Status.DAMAGED: say("Damaged"),
    Status.MATCHED: say("Match"),
}

PART_NAMES: dict[str, Sentence] = {
    "matched": say("match"),
    "short": say("partly short"),
    "surplus": say("surplus"),
    "damaged": say("damaged"),
    "extras": say("not on the list"),
    "missing": say("not here yet"),
}
"""The parts of a manifest in the order in which they are drawn."""

_LEAST = 0.9
"""Percent: a smaller part could not be seen, nor its pattern be told."""


def number(value: int) -> str:
    """Return a whole number with its thousands marked: 1.284 or 1,284."""
    return cast("str", format_decimal(value))


def signed(value: int) -> str:
    """Return a difference with its sign: +40, 0, or 10 below zero with a true minus."""
    mark = "+" if value > 0 else "\u2212" if value < 0 else ""
    return mark + number(abs(value))


def percent(done: int, whole: int, *, roughly: bool = False) -> str:
    """Return a share, rounded down: 88,4 % or 88.4%; 100 only where nothing is missing."""
    text = share(done, whole)
    if roughly or text in ("0.0", "100.0"):
        text = text.partition(".")[0]
    return f"{text}%" if language() == "en" else text.replace(".", ",") + "\u00a0%"


def size(count: int) -> str:
    """Return the size of a file: 612 KB."""
    return f"{number(-(-count // 1024))} KB"


def day(value: date) -> str:
    """Return a day: 2 Februari 2024."""
    return cast("str", format_date(value, "d MMMM y"))


def short_day(value: date) -> str:
    """Return a day of this year: 2 Feb."""
    return cast("str", format_date(value, "d MMM"))


def weekday(value: date) -> str:
    """Return a day with its name: Jumat, 2 Februari 2024."""
    return cast("str", format_date(value, "EEEE, d MMMM y"))


def clock(at: datetime, place: str) -> str:
    """Return the time of day at a place: 14.32.07, or 14:32:07 in English."""
    mark = ":" if language() == "en" else "."
    return at.astimezone(places.zone(place)).strftime(f"%H{mark}%M{mark}%S")


def moment(at: datetime, place: str) -> str:
    """Return day and time at a place with the name of its zone, as evidence needs it."""
    local = at.astimezone(places.zone(place))
    return f"{day(local.date())}, {clock(at, place)} {local.tzname()}"


def lately(at: datetime, place: str, now: datetime) -> str:
    """Return how long ago something was, as a list of things to watch over needs it."""
    minutes = int((now - at).total_seconds() // 60)
    if minutes < _NOW:
        return in_words(say("now"))
    if minutes < _HOUR:
        return cast("str", ngettext("%(num)s minute ago", "%(num)s minutes ago", minutes))
    local, here = (time.astimezone(places.zone(place)) for time in (at, now))
    time = local.strftime("%H:%M" if language() == "en" else "%H.%M")
    days = (here.date() - local.date()).days
    if days == 0:
        return in_words(say("today, %(time)s", time=time))
    if days == 1:
        return in_words(say("yesterday, %(time)s", time=time))
    return short_day(local.date()) if local.year == here.year else day(local.date())


_NOW, _HOUR = 2, 60
"""Minutes: what was less long ago is now; what was longer ago has a time of day."""


def groups(digest: str) -> str:
    """Return a digest in groups of four, as people compare it."""
    return " ".join(digest[start : start + 4] for start in range(0, len(digest), 4))


def today(now: datetime, place: str) -> date:
    """Return the day it is at a place."""
    return now.astimezone(places.zone(place)).date()


def place_label(code: str, names: Mapping[str, str]) -> str:
    """Return a place's name; a polling station's with its village, since TPS 012 is everywhere."""
    own = names.get(code, code)
    above = places.parent(code)
    if places.level(code) != "polling-station" or above is None:
        return own
    return f"{names.get(above, above)}, {own}"


def label_codes(codes: Iterable[str | None]) -> set[str]:
    """Return the codes whose names ``place_label`` needs."""
    known = {code for code in codes if code}
    return known | {above for code in known if (above := places.parent(code))}


def capital(text: str) -> str:
    """Return the text with a capital first letter; names of items are kept without."""
    return text[:1].upper() + text[1:]


# Parts of a whole.


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a bar: where it begins and how wide it is, in percent."""

    kind: str
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Picture:
    """Parts of a whole side by side; ``widened`` tells that small ones are drawn too wide."""

    parts: tuple[Part, ...]
    widened: bool


def picture(totals: Totals) -> Picture:
    """Return the statuses of a manifest's lines as parts of a bar; empty ones are left out."""
    counts = {kind: getattr(totals, kind) for kind in PART_NAMES}
    whole = sum(counts.values())
    exact = {kind: 100 * count / whole for kind, count in counts.items() if count}
    widths = {kind: max(width, _LEAST) for kind, width in exact.items()}
    if widths:
        largest = max(widths, key=lambda kind: widths[kind])
        widths[largest] -= sum(widths.values()) - 100
    parts, x = [], 0.0
    for kind, width in widths.items():
        parts.append(Part(kind, counts[kind], round(x, 2), round(width, 2)))
        x += width
    return Picture(tuple(parts), any(width < _LEAST for width in exact.values()))


def summed(totals: Iterable[Totals]) -> Totals:
    """Return the sum over several manifests."""
    found = list(totals)
    return Totals(*(sum(getattr(one, name) for one in found) for name in Totals.__slots__))


def differences(totals: Totals) -> int:
    """Return how many lines and texts need a look; what is awaited is not among them."""
    return totals.short + totals.surplus + totals.damaged + totals.extras


class HasTotals(Protocol):
    """A manifest, or a place in one."""

    @property
    def totals(self) -> Totals:
        """Return its lines by status."""


Counted = TypeVar("Counted", bound=HasTotals)


def worst_first(found: Iterable[Counted]) -> list[Counted]:
    """Return them by the share that matches, the least first."""
    return sorted(found, key=lambda one: one.totals.matched / max(one.totals.lines, 1))


FILTERS = {
    "number": number,
    "signed": signed,
    "size": size,
    "day": day,
    "short_day": short_day,
    "weekday": weekday,
    "groups": groups,
    "capital": capital,
    "visible": visible,
}
GLOBALS = {
    "percent": percent,
    "lately": lately,
    "moment": moment,
    "place_label": place_label,
    "picture": picture,
    "differences": differences,
    "statuses": STATUSES,
    "part_names": PART_NAMES,
}


def register(state: BlueprintSetupState) -> None:
    """Give the templates of an application these filters and functions."""
    state.app.jinja_env.filters.update(FILTERS)
    state.app.jinja_env.globals.update(GLOBALS)
