"""Expected deliveries: rows of text become lines, or problems that a person can act on.

A sheet may hold several manifests, told apart by number. All problems of all rows are found, not
only the first. A row with a problem gives no line; whether the good rows may be taken without it
is for the caller to ask. Rows are read one by one, and lines are kept wherever there is room: the
rules among them look only at those that could break one.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from silog_scan.core import cells, places
from silog_scan.core.cells import Flaw, ProblemCode, Row
from silog_scan.core.columns import HEADERS, Columns
from silog_scan.core.errors import Sentence, say
from silog_scan.core.items import Catalogue

_Parse = Callable[[str], Any]
"""Reads a cell: a value, or the flaw for which it is refused."""

MOST_SUGGESTIONS = 100
"""Unknown items per sheet that are compared with the catalogue; each takes a millisecond."""

_REMEMBERED = 2**16
"""Texts of a field whose meaning is kept: a hundred thousand rows name a few thousand places."""


class Line(NamedTuple):
    """One expectation: a package by its code, or a quantity of an item, for a final destination."""

    row: int
    item: str
    quantity: int
    destination: str
    package: str | None = None
    parent: str | None = None
    seals: tuple[str, ...] = ()
    due: date | None = None
    note: str = ""
    unit: str = ""
    extra: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row is refused: ``column`` as the file heads it, ``code`` one of ``ProblemCode``.

    ``row`` is the number a spreadsheet shows beside the row: the header is 1, empty rows count,
    and a row with line breaks inside a quoted cell is one row. A ``sep=`` line counts as a row.
    """

    row: int
    column: str
    value: str
    code: str
    message: Sentence


@dataclass(slots=True)
class Head:
    """One manifest of a file, not yet stored, without its lines; ``due`` is their earliest day."""

    number: str
    origin: str = ""
    receiver: str = ""
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Defaults:
    """What was said at upload: it fills cells that are empty and columns that are missing.

    ``mapping`` gives a field's column by its header; an empty header leaves the field unused.
    Without any, one that ``remembers`` takes what was chosen before for the same header.
    """

    number: str | None = None
    origin: str | None = None
    receiver: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    remembers: bool = False

    def given(self) -> dict[str, str]:
        """Return the fields that were given."""
        values = {"manifest": self.number, "from": self.origin, "to": self.receiver}
        return {name: value for name, value in values.items() if value}


NOTHING_SAID = Defaults()


class Problems:
    """The problems found since they were last taken away, and how many in all."""

    def __init__(self, found: Columns) -> None:
        """Begin with none; columns are named as they head the file."""
        self._columns = found
        self._found: list[Problem] = []
        self.count = 0

    def add(self, row: int, name: str, *, text: str, flaw: Flaw) -> None:
        """Note that a row is refused for its cell under a field, or under a column kept as is."""
        title = self._columns.title(name)
        self._found.append(Problem(row, title, cells.shown(text), flaw.code, flaw.message))
        self.count += 1

    def take(self) -> list[Problem]:
        """Return those found since the last time."""
        found, self._found = self._found, []
        return found


def flawed_defaults(
    defaults: Defaults, known_place: Callable[[str], bool]
) -> Iterator[tuple[str, str, Flaw]]:
    """Return what is wrong with the number and the places given at upload."""
    for name, text in defaults.given().items():
        flaw = cells.number(text) if name == "manifest" else cells.place(text, known_place)
        if isinstance(flaw, Flaw):
            yield name, text, flaw


# ---------------------------------------------------------------------------------- written again


def normalised(head: Head, lines: Iterable[str]) -> Iterator[bytes]:
    """Yield canonical JSON of what is expected, the same for every dialect and column order.

    ``lines`` come as ``normal`` writes them. Their order counts, because bulk scans fill lines in
    that order; row numbers do not.
    """
    yield f'{{"from":{_encode(head.origin)},"lines":['.encode()
    comma = ""
    for line in lines:
        yield f"{comma}{line}".encode()
        comma = ","
    yield f'],"number":{_encode(head.number)},"to":{_encode(head.receiver)}}}'.encode()


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def normal(line: Line) -> str:
    """Return a line as canonical JSON, without what is empty and without its row.

    Keys are sorted, numbers are integers, non-ASCII is unescaped.
    """
    values = {
        "item": line.item,
        "quantity": line.quantity,
        "destination": line.destination,
        "package": line.package,
        "parent": line.parent,
        "seals": line.seals,
        "due": line.due and line.due.isoformat(),
        "note": line.note,
        "unit": line.unit,
        "extra": sorted(line.extra),
    }
    return _encode({name: value for name, value in values.items() if value})


def table(head: Head, lines: Iterable[Line], extras: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield a header and the rows that are read as the same manifest again.

    ``extras`` are the names of the columns that no field uses.
    """
    yield (*HEADERS, *extras)
    for line in lines:
        values = dict(line.extra)
        yield (*_texts(head, line), *(values.get(name, "") for name in extras))


def _texts(head: Head, line: Line) -> tuple[str, ...]:
    """Return the cells of a line in the order of ``HEADERS``."""
    return (
        head.number,
        head.origin,
        head.receiver,
        line.package or "",
        line.item,
        str(line.quantity),
        line.destination,
        line.parent or "",
        " ".join(line.seals),
        line.due.isoformat() if line.due else "",
        line.note,
        line.unit,
    )


# ------------------------------------------------------------------------------ a row by itself


class Entry(NamedTuple):
    """One row as far as it can be read alone; without a line when something in it is wrong.

    Number, origin and receiver are empty where the cell is, and None where it is refused.
    ``quantity`` is the text of one that means nothing before the whole column is known.
    """

    row: int
    number: str | None
    origin: str | None
    receiver: str | None
    line: Line | None
    quantity: str = ""


class Reader:
    """Reads row after row, and remembers what a text meant before."""

    def __init__(
        self,
        found: Columns,
        problems: Problems,
        *,
        catalogue: Catalogue,
        known_place: Callable[[str], bool],
    ) -> None:
        """Read rows under these columns."""
        self.marks = cells.Marks()
        self._problems = problems
        self._extras = found.extras
        self._width = len(found.header)
        # A field without a column reads the empty cell that is put behind every row.
        self._order = tuple(found.fields.get(name, self._width) for name in HEADERS)
        self._suggestions = 0
        self._row = Row(0, ())

        def item(text: str) -> str | Flaw:
            return cells.item(text, catalogue, suggest=self._may_suggest)

        self._number = _remembering(cells.number)
        self._place = _remembering(lambda text: cells.place(text, known_place))
        self._item = _remembering(item)
        self._day = _remembering(cells.day)
        self._parent = _remembering(cells.package)
        self._plain_quantity = _remembering(lambda text: cells.quantity(text, self.marks))

    def _may_suggest(self) -> bool:
        self._suggestions += 1
        return self._suggestions <= MOST_SUGGESTIONS

    def entry(self, row: Row) -> Entry:
        """Return what the row says by itself."""
        before, self._row, texts = self._problems.count, row, row.texts
        if row.flaws:
            self._refuse_flaws(row)
            texts = tuple("" if n in row.flaws else text for n, text in enumerate(texts))
        if len(texts) > self._width:
            self._refuse_surplus(row.number, texts[self._width :])
        within = texts[: self._width]
        padded = (*within, *[""] * (self._width + 1 - len(within)))
        number, origin, receiver, *own = [padded[index] for index in self._order]
        named = self._said("manifest", number, self._number) if number else ""
        start = self._said("from", origin, self._place) if origin else ""
        end = self._said("to", receiver, self._place) if receiver else ""
        line, waiting = self._line(own, padded)
        if self._problems.count != before:
            line = None
        return Entry(row.number, named, start, end, line, waiting)

    def _line(self, own: list[str], padded: tuple[str, ...]) -> tuple[Line | None, str]:
        package, item, units, destination, parent, seals, due, note, unit = own
        code = self._said("package", package, _package) if package else None
        thing = self._needed("item", item, self._item)
        place = self._needed("destination", destination, self._place)
        quantity, waiting = self._quantity(units, is_needed=code == "" or not package)
        inside = self._said("parent", parent, self._parent) if parent else None
        numbers = self._said("seals", seals, _seals) if seals else ()
        day = self._said("due", due, self._day) if due else None
        line = Line(
            self._row.number, thing or "", quantity, place or "", code or None, inside or None,
            numbers or (), day or None, self._words("note", note), self._words("unit", unit),
            self._extra(padded) if self._extras else (),
        )  # fmt: skip
        return line, waiting

    def _said(self, name: str, text: str, parse: _Parse) -> Any:  # noqa: ANN401  # as it says
        """Return what the cell says: empty where it is blank, and None where it is refused."""
        found = parse(text)
        if isinstance(found, Flaw):
            self._problems.add(self._row.number, name, text=cells.bare(text), flaw=found)
            return None
        return found

    def _needed(self, name: str, text: str, parse: _Parse) -> str | None:
        """Return what the cell says, or None where it is refused, as an empty one is too."""
        found: str | None = self._said(name, text, parse) if text else ""
        if found == "":
            self._miss(name)
        return found

    def _miss(self, name: str) -> None:
        if not self._row.flaws:  # what stands in a flawed cell may be what is missed
            self._problems.add(self._row.number, name, text="", flaw=missing(name))

    def _quantity(self, text: str, *, is_needed: bool) -> tuple[int, str]:
        """Return the units, or the text of a quantity that the rest of its column explains."""
        bare = cells.bare(text) if text else ""
        if not bare:
            if is_needed:
                self._miss("quantity")
            return 1, ""
        if cells.has_marks(bare):
            self.marks = self.marks.seen(bare)
            return 1, bare
        return self._said("quantity", bare, self._plain_quantity) or 1, ""

    def _words(self, name: str, text: str) -> str:
        """Return free text, empty where it is refused."""
        bare = text.strip(cells.BLANK) if text else ""
        if not bare:
            return ""
        found = cells.words(bare)
        if isinstance(found, Flaw):
            self._problems.add(self._row.number, name, text=bare, flaw=found)
            return ""
        return found

    def _extra(self, padded: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """Return what stands under columns no field uses, as it is."""
        titled = ((title, self._words(title, padded[index])) for index, title in self._extras)
        return tuple((title, words) for title, words in titled if words)

    def _refuse_flaws(self, row: Row) -> None:
        """Refuse the cells whose text cannot be trusted, if anything uses their column."""
        used = {index: name for name, index in zip(HEADERS, self._order, strict=True)}
        used |= dict(self._extras)
        for index, flaw in row.flaws.items():
            if index in used:
                text = row.texts[index] if index < len(row.texts) else ""
                self._problems.add(row.number, used[index], text=text, flaw=flaw)

    def _refuse_surplus(self, row: int, surplus: tuple[str, ...]) -> None:
        text = "".join(surplus).strip(cells.BLANK)
        if not text:
            return
        message = say(
            "The row has %(count)s cells more than the header. A cell that contains the column "
            "mark must stand between quotation marks.",
            count=len(surplus),
        )
        flaw = Flaw(ProblemCode.TOO_MANY_CELLS, message)
        self._problems.add(row, f"column {self._width + 1}", text=text, flaw=flaw)


def _remembering(parse: _Parse) -> _Parse:
    """Return what reads a cell and remembers what it said; a blank one says nothing."""

    @lru_cache(_REMEMBERED)
    def read(text: str) -> Any:  # noqa: ANN401
        bare = cells.bare(text)
        return parse(bare) if bare else ""

    return read


def _package(text: str) -> str | Flaw:
    bare = cells.bare(text)
    return cells.package(bare) if bare else ""


def _seals(text: str) -> tuple[str, ...] | Flaw:
    return cells.seals(cells.bare(text))


def missing(name: str) -> Flaw:
    """Return why a row is refused that says nothing of a field which every row needs."""
    return Flaw(
        ProblemCode.MISSING_VALUE,
        say("The cell is empty, and every row needs %(field)s. Fill it in.", field=name),
    )


# ------------------------------------------------------------------------- a row among the others


class Heads:
    """The manifests of a sheet in the order in which it first names them."""

    def __init__(self, defaults: Defaults, problems: Problems) -> None:
        """Begin with none."""
        self._given = defaults.given()
        self._problems = problems
        self.all: dict[str, Head] = {}

    def of(self, entry: Entry) -> Head | None:
        """Return the manifest of a row; note where the row says another hop than those before."""
        if entry.number is None:
            return None
        number = entry.number or self._given.get("manifest")
        if not number:
            self._problems.add(entry.row, "manifest", text="", flaw=missing("manifest"))
            return None
        head = self.all.setdefault(number, Head(number))
        head.origin = self._agreed(entry.row, "from", entry.origin, agreed=head.origin)
        head.receiver = self._agreed(entry.row, "to", entry.receiver, agreed=head.receiver)
        return head

    def _agreed(self, row: int, name: str, value: str | None, *, agreed: str) -> str:
        if not value or value == agreed:
            return agreed
        if not agreed:
            return value
        message = say(
            "Other rows of this manifest say %(agreed)s. A manifest has one origin and one "
            "receiver: mend it, or give the row another manifest number.",
            agreed=agreed,
        )
        self._problems.add(row, name, text=value, flaw=Flaw(ProblemCode.HOP_CONFLICT, message))
        return agreed

    def close(self) -> None:
        """Fill in what was given at upload for those of which no row says their hop."""
        for head in self.all.values():
            head.origin = head.origin or self._given.get("from", "")
            head.receiver = head.receiver or self._given.get("to", "")


class Gathered(Protocol):
    """The lines of one manifest, in row order, and those among them that could break a rule."""

    def lines(self) -> Iterable[Line]:
        """Return all of them."""

    def destinations(self) -> Iterable[str]:
        """Return each place that lines are bound for."""

    def bound_for(self, destination: str) -> Iterable[Line]:
        """Return the lines that are bound for a place."""

    def repeated(self) -> Iterable[Line]:
        """Return the lines whose package, or item and destination in bulk, stands on several."""

    def sealed_alike(self) -> Iterable[Line]:
        """Return the packages with a seal that stands on several lines, or twice on one."""

    def nested(self) -> Iterable[Line]:
        """Return the packages whose parent travels in another package itself."""


Finding = tuple[int, str, str, Flaw]
"""A row, the field that is wrong in it, what stands there, and why it is refused."""


def among(head: Head, gathered: Gathered) -> Iterator[Finding]:
    """Find what is wrong with the lines of a manifest beside one another."""
    yield from _without_hop(head, gathered)
    yield from _going_nowhere(head, gathered)
    yield from _bound_elsewhere(head, gathered)
    yield from _repeated(gathered.repeated())
    yield from _sealed_alike(gathered.sealed_alike())
    yield from _misparented(list(gathered.nested()))


def _without_hop(head: Head, gathered: Gathered) -> Iterator[Finding]:
    for name, place in (("from", head.origin), ("to", head.receiver)):
        if not place:
            for line in gathered.lines():
                yield line.row, name, "", missing(name)


def _going_nowhere(head: Head, gathered: Gathered) -> Iterator[Finding]:
    if head.origin != head.receiver or not head.origin:
        return
    place = head.origin
    message = say("The manifest goes from %(place)s to the same place. Mend one.", place=place)
    for line in gathered.lines():
        yield line.row, "to", place, Flaw(ProblemCode.SAME_PLACE, message)


def _bound_elsewhere(head: Head, gathered: Gathered) -> Iterator[Finding]:
    """Find lines whose final place is neither the receiver nor below it."""
    if not head.receiver:
        return
    for destination in gathered.destinations():
        if places.is_at_or_below(destination, head.receiver):
            continue
        message = say(
            "%(destination)s is neither %(receiver)s, which receives this manifest, nor "
            "below it. Check the destination, or put the line on another manifest.",
            destination=destination,
            receiver=head.receiver,
        )
        for line in gathered.bound_for(destination):
            flaw = Flaw(ProblemCode.DESTINATION_ELSEWHERE, message)
            yield line.row, "destination", destination, flaw


def _repeated(lines: Iterable[Line]) -> Iterator[Finding]:
    """Find a package listed twice, and bulk of the same item for the same place."""
    first: dict[object, int] = {}
    for line in lines:
        key = line.package or (line.item, line.destination)
        row = first.setdefault(key, line.row)
        if row == line.row:
            continue
        if line.package:
            message = say(
                "The package stands on row %(row)s already. One package has one code: "
                "check its label.",
                row=row,
            )
            yield line.row, "package", line.package, Flaw(ProblemCode.DUPLICATE_LINE, message)
        else:
            message = say(
                "Row %(row)s has the same item for the same destination. Put the quantities on "
                "one row.",
                row=row,
            )
            yield line.row, "item", line.item, Flaw(ProblemCode.DUPLICATE_LINE, message)


def _sealed_alike(lines: Iterable[Line]) -> Iterator[Finding]:
    """Find a seal that is listed for two packages, or twice for one; bulk may list any."""
    first: dict[str, int] = {}
    for line in lines:
        if line.package is None:
            continue
        again = [seal for seal in line.seals if first.setdefault(seal, line.row) != line.row]
        again += [seal for seal, count in Counter(line.seals).items() if count > 1]
        if again:
            message = say(
                "Seal %(seal)s stands on row %(row)s already. A seal number is used once.",
                seal=again[0],
                row=first[again[0]],
            )
            yield line.row, "seals", again[0], Flaw(ProblemCode.DUPLICATE_SEAL, message)


def _misparented(lines: list[Line]) -> Iterator[Finding]:
    """Find packages that travel in themselves, directly or around others."""
    parents = {line.package: line.parent for line in lines if line.package and line.parent}
    circling = _circling(parents)
    for line in lines:
        if line.package is None or line.package not in circling:
            continue
        if line.parent == line.package:
            message = say("The package cannot travel in itself. Check the parent.")
            yield line.row, "parent", line.package, Flaw(ProblemCode.PARENT_ITSELF, message)
        else:
            message = say(
                "%(package)s and its parent %(parent)s travel in each other, directly or around "
                "others. Check the parents.",
                package=line.package,
                parent=line.parent,
            )
            yield line.row, "parent", line.parent or "", Flaw(ProblemCode.PARENT_CYCLE, message)


def _circling(parents: Mapping[str, str]) -> set[str]:
    """Return the packages from which the parents lead back to themselves."""
    circling: set[str] = set()
    seen: set[str] = set()
    for start in parents:
        path: dict[str, int] = {}
        package = start
        while package in parents and package not in seen and package not in path:
            path[package] = len(path)
            package = parents[package]
        if package in path:
            circling.update(list(path)[path[package] :])
        seen.update(path)
    return circling
