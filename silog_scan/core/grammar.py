r"""The grammar of an election's package labels: which texts are labels, and what their parts say.

A form is a small regular expression with named parts, such as
``(?P<region>\d{4})-(?P<item>[A-Z]{2})-(?P<serial>\d{6})``. It is matched against texts of
strangers at every scan, so that only a safe part of the language is taken: letters, digits and
``-._:/`` as themselves, ``\d``, sets, ``{n}``, ``{n,m}``, ``?`` and the parts below. There is no
``*``, ``+``, ``|`` or nesting, and the ways in which a form may match are counted beforehand.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from silog_scan.core import places
from silog_scan.core.errors import Malformed, Sentence, say

PARTS = ("region", "item", "serial", "check_mod10", "check_mod97")
"""What a form may name; a check part comes last and tells its scheme."""

_FEWEST, _MOST = 6, 60
"""Characters of a label: a shorter one is met by chance."""
_MOST_WAYS = 256
"""In how many ways the lengths of a form's pieces may vary: the bound of its backtracking."""
_MOST_FORMS = 8
_DOTLESS = re.compile(r"(\d\d)(\d\d)?(\d\d)?(\d{4})?(\d{3})?", re.ASCII)
_PIECE = re.compile(
    r"(?P<open>\(\?P<(?P<name>[a-z0-9_]+)>)|(?P<close>\))"
    r"|(?:[A-Za-z0-9_:/-]|\\[d./-]|\[[A-Za-z0-9_./:-]{1,40}\])"
    r"(?:\{(?P<least>\d{1,2})(?:,(?P<most>\d{1,2}))?\}|(?P<maybe>\?))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Label:
    """What a text that has the form of a label says; ``item`` is as the label writes it.

    ``body`` is what the check characters stand behind, ``scheme`` how they are reckoned.
    """

    text: str
    region: str | None = None
    item: str | None = None
    body: str = ""
    check: str | None = None
    scheme: str | None = None


@dataclass(frozen=True)
class Form:
    """One form of label; what is no safe pattern is refused."""

    pattern: str

    def __post_init__(self) -> None:
        """Refuse a pattern that is malformed, too vague, or slow to match."""
        problem = _problem(self.pattern)
        if problem:
            raise Malformed(
                "label-form",
                say(
                    "The label pattern %(pattern)s cannot be used: %(problem)s",
                    pattern=self.pattern,
                    problem=problem,
                ),
            )

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.ASCII)

    def read(self, text: str) -> Label | None:
        """Return what the text says as a label of this form, or None where it is none."""
        match = self._compiled.fullmatch(text) if len(text) <= _MOST else None
        if match is None:
            return None
        said = match.groupdict()
        region = _place(said["region"]) if "region" in said else None
        if "region" in said and region is None:
            return None
        scheme = next((part for part in said if part.startswith("check_")), None)
        return Label(
            text,
            region,
            said.get("item"),
            body=text[: match.start(scheme)] if scheme else text,
            check=said[scheme] if scheme else None,
            scheme=scheme and scheme.removeprefix("check_"),
        )


@dataclass(frozen=True, slots=True)
class Grammar:
    """The forms of label of one election."""

    forms: tuple[Form, ...]

    def read(self, text: str) -> Iterator[Label]:
        """Yield what a text says by each form that it has.

        A keyboard's CapsLock turns capitals into small letters, so that capitals are tried too.
        """
        spellings = dict.fromkeys((text, text.upper())) if text.isascii() else (text,)
        for spelling in spellings:
            for form in self.forms:
                label = form.read(spelling)
                if label:
                    yield label


def grammar_of(text: str) -> Grammar:
    """Return the grammar of some patterns parted by spaces, or refuse one that is unsafe."""
    patterns = text.split()
    if not 0 < len(patterns) <= _MOST_FORMS:
        raise Malformed(
            "label-form",
            say("Name 1 to %(most)s label patterns, parted by spaces.", most=_MOST_FORMS),
        )
    return Grammar(tuple(map(Form, patterns)))


def mod97(body: str) -> str:
    """Return the two check digits of ISO/IEC 7064 MOD 97-10; letters are 10 to 35."""
    digits = "".join(str(int(letter, 36)) for letter in body if letter.isalnum())
    return f"{98 - int(digits + '00') % 97:02d}"


def _place(region: str) -> str | None:
    """Return the place of a region written with or without its dots, or None."""
    parts = _DOTLESS.fullmatch(region)
    code = ".".join(filter(None, parts.groups())) if parts else region
    return code if places.is_code(code) else None


@dataclass(slots=True)
class _Measure:
    """How long a match of the pieces so far is, and in how many ways their lengths may vary."""

    least: int = 0
    most: int = 0
    ways: int = 1

    def add(self, piece: re.Match[str]) -> None:
        """Take in a letter or set with its count."""
        least, most = 1, 1
        if piece["maybe"]:
            least = 0
        elif piece["least"]:
            least = int(piece["least"])
            most = int(piece["most"] or least)
        self.least += least
        self.most += most
        self.ways *= max(most - least + 1, 1)


def _problem(pattern: str) -> Sentence | None:
    """Return the sentence that says why a pattern cannot be used, or None."""
    names: list[str] = []
    measure, is_open, end = _Measure(), False, 0
    while end < len(pattern):
        piece = _PIECE.match(pattern, end)
        is_nested = piece is not None and bool(piece["open"]) and is_open
        is_late = bool(names) and names[-1].startswith("check_") and not is_open
        if piece is None or is_nested or is_late:
            return say(
                "what begins with %(rest)s is not allowed there. Use letters, digits, sets as "
                "[A-Z], counts as {6} and named parts, a check part last.",
                rest=pattern[end : end + 10],
            )
        if piece["open"]:
            names.append(piece["name"])
            is_open = True
        elif piece["close"]:
            is_open = False
        else:
            measure.add(piece)
        end = piece.end()
    return _flaw_of_names(names) or _flaw_of_size(measure) or _flaw_of_syntax(pattern)


def _flaw_of_names(names: list[str]) -> Sentence | None:
    if "serial" in names and set(names) <= set(PARTS) and len(set(names)) == len(names):
        return None
    return say("it needs a part serial, each once, and knows %(parts)s.", parts=", ".join(PARTS))


def _flaw_of_size(measure: _Measure) -> Sentence | None:
    if measure.least < _FEWEST or measure.most > _MOST:
        return say(
            "its labels must have %(fewest)s to %(most)s characters.", fewest=_FEWEST, most=_MOST
        )
    if measure.ways > _MOST_WAYS:
        return say("it can match in too many ways. Give fixed lengths, as {6}.")
    return None


def _flaw_of_syntax(pattern: str) -> Sentence | None:
    try:
        re.compile(pattern, re.ASCII)
    except re.error:
        return say("it is no regular expression.")
    return None


OURS = Grammar((Form(r"(?P<region>\d{4})-(?P<item>[A-Z]{2})-(?P<serial>\d{6})"),))
"""``1271-KS-004512``: regency, two letters for the item, six digits of serial."""
