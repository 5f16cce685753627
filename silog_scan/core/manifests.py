"""Expected deliveries: rows of text become lines, or problems that a person can act on.

A sheet may hold several manifests, told apart by number. All problems of all rows are found, not
only the first. A row with a problem gives no line; whether the good rows may be taken without it
is for the caller to ask.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import TypeVar

from silog_scan.core import cells, columns, places
from silog_scan.core.cells import Flaw, ProblemCode
from silog_scan.core.columns import HEADERS, Columns
from silog_scan.core.errors import Sentence, say
from silog_scan.core.items import Catalogue

T = TypeVar("T")

MOST_SUGGESTIONS = 100
"""Unknown items per sheet that are compared with the catalogue; each takes a millisecond."""


@dataclass(frozen=True, slots=True)
class Line:
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


@dataclass(frozen=True, slots=True)
class Draft:
    """One manifest of a file, not yet stored; ``due`` is the earliest day of its lines."""

    number: str
    origin: str
    receiver: str
    due: date | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as text: its header, and its rows with their numbers."""

    header: tuple[str, ...]
    rows: Sequence[tuple[int, tuple[str, ...]]]
    header_row: int = 1


@dataclass(frozen=True, slots=True)
class Defaults:
    """What was said at upload: it fills cells that are empty and columns that are missing.

    ``mapping`` gives a field's column by its header; an empty header leaves the field unused.
    """

    number: str | None = None
    origin: str | None = None
    receiver: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)

    def given(self) -> dict[str, str]:
        """Return the fields that were given."""
        values = {"manifest": self.number, "from": self.origin, "to": self.receiver}
        return {name: value for name, value in values.items() if value}


@dataclass(frozen=True, slots=True)
class Result:
    """What a sheet says; ``rows`` counts its rows that are not empty."""

    drafts: tuple[Draft, ...]
    problems: tuple[Problem, ...]
    rows: int
    refused_rows: frozenset[int]


@dataclass(frozen=True, slots=True)
class Totals:
    """Units expected by (item, destination), and how many packages carry a code."""

    units: Mapping[tuple[str, str], int]
    packages: int


def read(
    sheet: Sheet, *, defaults: Defaults, catalogue: Catalogue, known_place: Callable[[str], bool]
) -> Result:
    """Return the manifests of a sheet and every problem in it; a flawed header refuses all rows."""
    rows = [(row, texts) for row, texts in sheet.rows if "".join(texts).strip(cells.BLANK)]
    found, flaws = columns.match(sheet.header, defaults.mapping, given=defaults.given())
    problems = _Problems(found)
    for name, flaw in flaws:
        problems.add(sheet.header_row, name, text="", flaw=flaw)
    for name, text, flaw in _flawed_defaults(defaults, known_place):
        problems.add(sheet.header_row, name, text=text, flaw=flaw)
    if problems.all:
        return Result((), tuple(problems.all), len(rows), frozenset(row for row, _ in rows))
    marks = _marks(found, rows)
    reader = _Reader(found, problems, catalogue=catalogue, known_place=known_place, marks=marks)
    drafts = _drafts([reader.entry(row, texts) for row, texts in rows], defaults, problems=problems)
    return Result(drafts, problems.by_row(), len(rows), frozenset(problems.rows))


def normalised(draft: Draft) -> bytes:
    """Return canonical JSON of what is expected, the same for every dialect and column order.

    The order of lines counts, because bulk scans fill lines in that order; row numbers do not.
    What is empty is left out. Keys are sorted, numbers are integers, non-ASCII is unescaped.
    """
    content = {
        "number": draft.number,
        "from": draft.origin,
        "to": draft.receiver,
        "lines": [_plain(line) for line in draft.lines],
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _plain(line: Line) -> dict[str, object]:
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
    return {name: value for name, value in values.items() if value}


def totals(draft: Draft) -> Totals:
    """Return what the manifest expects in sum."""
    units: Counter[tuple[str, str]] = Counter()
    for line in draft.lines:
        units[line.item, line.destination] += line.quantity
    return Totals(dict(units), sum(line.package is not None for line in draft.lines))


def table(drafts: Iterable[Draft]) -> Iterator[tuple[str, ...]]:
    """Return a header and the rows that ``read`` turns into the same manifests again."""
    drafts = tuple(drafts)
    extras = tuple(dict.fromkeys(n for d in drafts for line in d.lines for n, _ in line.extra))
    yield (*HEADERS, *extras)
    for draft in drafts:
        for line in draft.lines:
            values = dict(line.extra)
            yield (*_texts(draft, line), *(values.get(name, "") for name in extras))


def _texts(draft: Draft, line: Line) -> tuple[str, ...]:
    """Return the cells of a line in the order of ``HEADERS``."""
    return (
        draft.number,
        draft.origin,
        draft.receiver,
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


class _Problems:
    """The problems found so far, and the rows they refuse."""

    def __init__(self, found: Columns) -> None:
        self.all: list[Problem] = []
        self.rows: set[int] = set()
        self._columns = found

    def add(self, row: int, name: str, *, text: str, flaw: Flaw) -> None:
        """Note that a row is refused for its cell under a field, or under a column kept as is."""
        title = self._columns.title(name)
        self.all.append(Problem(row, title, cells.shown(text), flaw.code, flaw.message))
        self.rows.add(row)

    def by_row(self) -> tuple[Problem, ...]:
        """Return the problems from the top of the sheet to its end."""
        return tuple(sorted(self.all, key=lambda problem: problem.row))


def _flawed_defaults(
    defaults: Defaults, known_place: Callable[[str], bool]
) -> Iterator[tuple[str, str, Flaw]]:
    """Return what is wrong with the number and the places given at upload."""
    for name, text in defaults.given().items():
        flaw = cells.number(text) if name == "manifest" else cells.place(text, known_place)
        if isinstance(flaw, Flaw):
            yield name, text, flaw


# ------------------------------------------------------------------------------ a row by itself


@dataclass(frozen=True, slots=True)
class _Entry:
    """One row as far as it can be read alone; without a line when something in it is wrong.

    Number, origin and receiver are empty where the cell is, and None where it is refused.
    """

    row: int
    number: str | None
    origin: str | None
    receiver: str | None
    line: Line | None


class _Reader:
    """Reads row after row, and remembers what a text meant before.

    Places, items, days and quantities repeat: a hundred thousand rows name a few thousand places.
    """

    def __init__(
        self,
        found: Columns,
        problems: _Problems,
        *,
        catalogue: Catalogue,
        known_place: Callable[[str], bool],
        marks: cells.Marks,
    ) -> None:
        self._problems = problems
        self._extras = found.extras
        self._width = len(found.header)
        # A field without a column reads the empty cell that is put behind every row.
        self._order = tuple(found.fields.get(name, self._width) for name in HEADERS)
        self._suggestions = 0
        self._number = cache(cells.number)
        self._place = cache(lambda text: cells.place(text, known_place))
        self._item = cache(lambda text: cells.item(text, catalogue, suggest=self._may_suggest))
        self._quantity = cache(lambda text: cells.quantity(text, marks))
        self._day = cache(cells.day)
        self._parent = cache(cells.package)

    def _may_suggest(self) -> bool:
        self._suggestions += 1
        return self._suggestions <= MOST_SUGGESTIONS

    def entry(self, row: int, texts: tuple[str, ...]) -> _Entry:
        """Return what the row says by itself."""
        if len(texts) > self._width:
            self._refuse_surplus(row, texts[self._width :])
        own = texts[: self._width]
        padded = (*own, *[""] * (self._width + 1 - len(own)))
        line = _Row(row, [padded[index] for index in self._order], problems=self._problems)
        return _Entry(
            row,
            line.shared("manifest", self._number),
            line.shared("from", self._place),
            line.shared("to", self._place),
            self._line(line, self._extra(row, padded)),
        )

    def _line(self, row: "_Row", extra: tuple[tuple[str, str], ...]) -> Line | None:
        package = row.value("package", cells.package)
        item = row.needed("item", self._item)
        destination = row.needed("destination", self._place)
        read_quantity = row.value if row.has("package") else row.needed
        quantity = read_quantity("quantity", self._quantity) or 1
        parent = row.value("parent", self._parent)
        seals = row.value("seals", cells.seals) or ()
        due = row.value("due", self._day)
        note = row.words("note")
        unit = row.words("unit")
        if item is None or destination is None or row.number in self._problems.rows:
            return None
        return Line(
            row=row.number, item=item, quantity=quantity, destination=destination, package=package,
            parent=parent, seals=seals, due=due, note=note, unit=unit, extra=extra,
        )  # fmt: skip

    def _extra(self, row: int, padded: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """Return what stands under columns no field uses, as it is."""
        kept = []
        for index, title in self._extras:
            if text := padded[index].strip(cells.BLANK):
                words = cells.words(text)
                if isinstance(words, Flaw):
                    self._problems.add(row, title, text=text, flaw=words)
                else:
                    kept.append((title, words))
        return tuple(kept)

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


class _Row:
    """The cells of one row by field."""

    __slots__ = ("_cells", "_problems", "_texts", "number")

    def __init__(self, number: int, texts: list[str], *, problems: _Problems) -> None:
        self.number = number
        self._cells = dict(zip(HEADERS, texts, strict=True))
        self._texts = {name: cells.bare(text) for name, text in self._cells.items() if text}
        self._problems = problems

    def has(self, name: str) -> bool:
        """Say whether the cell is filled."""
        return bool(self._texts.get(name))

    def value(self, name: str, parse: Callable[[str], T | Flaw]) -> T | None:
        """Return what the cell says, or None where it is empty or refused."""
        text = self._texts.get(name)
        if not text:
            return None
        found = parse(text)
        if isinstance(found, Flaw):
            self._problems.add(self.number, name, text=text, flaw=found)
            return None
        return found

    def needed(self, name: str, parse: Callable[[str], T | Flaw]) -> T | None:
        """Return what the cell says, or None where it is refused, as an empty one is too."""
        if not self.has(name):
            self._problems.add(self.number, name, text="", flaw=_missing(name))
        return self.value(name, parse)

    def shared(self, name: str, parse: Callable[[str], str | Flaw]) -> str | None:
        """Return what the cell says, empty where another row may say it, None where refused."""
        return self.value(name, parse) if self.has(name) else ""

    def words(self, name: str) -> str:
        """Return free text, empty where it is refused."""
        text = self._cells[name].strip(cells.BLANK)
        found = cells.words(text)
        if isinstance(found, Flaw):
            self._problems.add(self.number, name, text=text, flaw=found)
            return ""
        return found


def _missing(name: str) -> Flaw:
    return Flaw(
        ProblemCode.MISSING_VALUE,
        say("The cell is empty, and every row needs %(field)s. Fill it in.", field=name),
    )


def _marks(found: Columns, rows: Iterable[tuple[int, tuple[str, ...]]]) -> cells.Marks:
    """Return how the column of quantities uses point and comma."""
    index = found.fields.get("quantity")
    if index is None:
        return cells.Marks()
    return cells.marks(cells.bare(texts[index]) for _, texts in rows if len(texts) > index)


# ------------------------------------------------------------------------- a row among the others


_Finding = tuple[int, str, str, Flaw]
"""A row, the field that is wrong in it, what stands there, and why it is refused."""


def _drafts(entries: list[_Entry], defaults: Defaults, *, problems: _Problems) -> tuple[Draft, ...]:
    """Return the manifests in the order in which the sheet first names them."""
    given = defaults.given()
    by_number: dict[str, list[_Entry]] = defaultdict(list)
    for entry in entries:
        if entry.number is None:
            continue
        if number := entry.number or given.get("manifest"):
            by_number[number].append(entry)
        else:
            problems.add(entry.row, "manifest", text="", flaw=_missing("manifest"))
    drafts = [
        _draft(number, of_number, given=given, problems=problems)
        for number, of_number in by_number.items()
    ]
    return tuple(draft for draft in drafts if draft.lines)


def _draft(
    number: str, entries: list[_Entry], *, given: Mapping[str, str], problems: _Problems
) -> Draft:
    """Return the manifest with the lines that no problem refuses."""
    origins = [(entry.row, entry.origin) for entry in entries]
    receivers = [(entry.row, entry.receiver) for entry in entries]
    lines = [entry.line for entry in entries if entry.line]
    origin = _first(origins) or given.get("from", "")
    receiver = _first(receivers) or given.get("to", "")
    for row, name, text, flaw in (
        *_disagreeing("from", origins, agreed=origin),
        *_disagreeing("to", receivers, agreed=receiver),
        *_going_nowhere(lines, origin, receiver=receiver),
        *_bound_elsewhere(lines, receiver),
        *_repeated(lines),
        *_sealed_alike(lines),
        *_misparented(lines),
    ):
        problems.add(row, name, text=text, flaw=flaw)
    good = tuple(line for line in lines if line.row not in problems.rows)
    due = min((line.due for line in good if line.due), default=None)
    return Draft(number, origin, receiver, due, good)


def _first(values: list[tuple[int, str | None]]) -> str | None:
    return next((value for _, value in values if value), None)


def _disagreeing(
    name: str, values: list[tuple[int, str | None]], *, agreed: str
) -> Iterator[_Finding]:
    """Find rows that say another end of the hop than the first one, or none when none does."""
    for row, value in values:
        if value and value != agreed:
            message = say(
                "Other rows of this manifest say %(agreed)s. A manifest has one origin and one "
                "receiver: mend it, or give the row another manifest number.",
                agreed=agreed,
            )
            yield row, name, value, Flaw(ProblemCode.HOP_CONFLICT, message)
        elif not agreed and value == "":
            yield row, name, "", _missing(name)


def _going_nowhere(lines: list[Line], origin: str, *, receiver: str) -> Iterator[_Finding]:
    if origin != receiver or not origin:
        return
    message = say("The manifest goes from %(place)s to the same place. Mend one.", place=origin)
    for line in lines:
        yield line.row, "to", receiver, Flaw(ProblemCode.SAME_PLACE, message)


def _bound_elsewhere(lines: list[Line], receiver: str) -> Iterator[_Finding]:
    """Find lines whose final place is neither the receiver nor below it."""
    if not receiver:
        return
    elsewhere = {
        place
        for place in {line.destination for line in lines}
        if not places.is_at_or_below(place, receiver)
    }
    for line in lines:
        if line.destination in elsewhere:
            message = say(
                "%(destination)s is neither %(receiver)s, which receives this manifest, nor "
                "below it. Check the destination, or put the line on another manifest.",
                destination=line.destination,
                receiver=receiver,
            )
            flaw = Flaw(ProblemCode.DESTINATION_ELSEWHERE, message)
            yield line.row, "destination", line.destination, flaw


def _repeated(lines: list[Line]) -> Iterator[_Finding]:
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


def _sealed_alike(lines: list[Line]) -> Iterator[_Finding]:
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


def _misparented(lines: list[Line]) -> Iterator[_Finding]:
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
