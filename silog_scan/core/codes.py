"""What kind of identity a scanned text is: a package, an item, a place, a command, or just text.

Our own labels are ASCII and upper case so that every symbology and keyboard carries them:

* a package ``1271-KS-004512``: regency, two letters for the item, six digits of serial;
* an item of the catalogue ``SLG-ITEM-TINTA``;
* a command ``SLG-CMD-DAMAGED`` or ``SLG-CMD-QTY-40``, which changes the scan that follows;
* a task ``SLG-TASK-RECEIVE``, a place ``SLG-PLACE-12.71.01``.

GS1 element strings (SSCC, GTIN with serial, Digital Link) are read by biip. Everything else is
plain text, which a manifest may still list: KPU's codes of 2024 are plain.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from silog_scan.core.errors import Sentence, say

MAX_TEXT = 4_096
"""Characters; longer than any label of the field, and a QR code holds 7,089 digits."""
BADGE = "SLG-BADGE-"
"""How the text of a person's card begins; the rest is a secret, never kept."""

_ALLOWED_CONTROLS = {"\x1d", "\x1e", "\x04"}  # GS, RS, EOT: ISO/IEC 15434
_PACKAGE = re.compile(r"(\d{2})(\d{2})-([A-Z]{2})-(\d{6})", re.ASCII)
_QUANTITY = re.compile(r"SLG-CMD-QTY-([1-9]\d{0,6})", re.ASCII)
_SSCC_LENGTH = 18
_REMEMBERED = 1_024
"""Texts whose kind is kept: a scan asks for it where it is gathered and where it is decided."""
_GS1_PREFIXES = ("]C1", "]d2", "]Q3", "]e0")

ITEM_LETTERS = {
    "KS": "KOTAK", "BL": "BILIK", "SP": "SURAT-PPWP", "SR": "SURAT-DPR", "SD": "SURAT-DPD",
    "SV": "SURAT-DPRDP", "SK": "SURAT-DPRDK", "SG": "SURAT-PGUB", "SB": "SURAT-PBUP",
    "TN": "TINTA", "SL": "SEGEL", "KT": "KABEL-TIES", "SM": "SAMPUL", "FM": "FORMULIR",
    "AT": "ALAT-TUNANETRA", "AC": "ALAT-COBLOS", "DC": "DCT", "ST": "STIKER-KOTAK",
}  # fmt: skip


class Kind(StrEnum):
    """What a text identifies."""

    PACKAGE = "package"
    ITEM = "item"
    PLACE = "place"
    TASK = "task"
    COMMAND = "command"
    SSCC = "sscc"
    GS1 = "gs1"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Identity:
    """What the rules need to know of a text: its kind, the code it stands for, hints in it."""

    kind: Kind
    code: str
    item: str | None = None
    region: str | None = None


def clean(text: str) -> str:
    """Return the text as the register keeps it: trimmed, without a leading symbology identifier."""
    text = text.strip(" \t\r\n")
    return text[3:] if text.startswith(_GS1_PREFIXES) else text


@lru_cache(maxsize=_REMEMBERED)
def flaw(text: str, symbology: str | None = None) -> Sentence | None:
    """Return why the text cannot be a code, or None."""
    if not clean(text):
        return say("Nothing was read. Hold the label flat and try again.")
    if len(text) > MAX_TEXT:
        return say(
            "The code has %(length)s characters, more than the %(most)s any label has. "
            "Scan the logistics label instead.",
            length=len(text),
            most=MAX_TEXT,
        )
    if is_badge(text):
        return say("This is a person's card, no label. To change who works here, use Switch.")
    if not text.isprintable() and any(map(_is_forbidden, text.strip(" \t\r\n"))):
        return say("The code has control characters that no label has. Scan it again.")
    return _digit_flaw(clean(text), symbology, is_gs1=text.startswith(_GS1_PREFIXES))


def is_badge(text: str) -> bool:
    """Say whether the text is that of a person's card."""
    return BADGE in text.upper()  # whatever a scanner sends before it


def _is_forbidden(letter: str) -> bool:
    if letter in _ALLOWED_CONTROLS:
        return False
    return unicodedata.category(letter) in ("Cc", "Cs")


def _digit_flaw(text: str, symbology: str | None, *, is_gs1: bool) -> Sentence | None:
    """Check the digit of a code that claims one: GS1 element strings, EAN and UPC, SSCC."""
    digits = _checked_digits(text, symbology, is_gs1=is_gs1)
    if digits is None or check_digit(digits[:-1]) == digits[-1]:
        return None
    return say(
        "The check digit of %(text)s is wrong: %(seen)s should be %(right)s. Scan it again.",
        text=text,
        seen=digits[-1],
        right=check_digit(digits[:-1]),
    )


def _checked_digits(text: str, symbology: str | None, *, is_gs1: bool) -> str | None:
    """Return the digits whose last one is a GS1 check digit, or None when nothing claims one."""
    if symbology in ("ean13", "ean8", "upca") and text.isascii() and text.isdigit():
        return text
    sscc = re.match(r"\(00\)(\d{18})", text, re.ASCII)
    if sscc is None and (is_gs1 or len(text) == _SSCC_LENGTH + 2):
        sscc = re.match(r"00(\d{18})", text, re.ASCII)
    gtin = re.match(r"\(0[12]\)(\d{14})", text, re.ASCII)
    found = sscc or gtin
    return found[1] if found else None


def check_digit(digits: str) -> str:
    """Return the GS1 modulo-10 check digit of the digits before it (GS1 General Specifications)."""
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits)))
    return str(-total % 10)


@lru_cache(maxsize=_REMEMBERED)
def identify(text: str) -> Identity:
    """Return what the text identifies; it must have no ``flaw``."""
    cleaned = clean(text)
    if cleaned.startswith("SLG-"):
        return _own(cleaned)
    if match := _PACKAGE.fullmatch(cleaned):
        item = ITEM_LETTERS.get(match[3])
        if item:
            return Identity(Kind.PACKAGE, cleaned, item=item, region=f"{match[1]}.{match[2]}")
    return _gs1(text, cleaned) or Identity(Kind.TEXT, cleaned)


def _own(text: str) -> Identity:
    """Read the labels that are not goods."""
    prefix, _, rest = text.removeprefix("SLG-").partition("-")
    kinds = {"ITEM": Kind.ITEM, "PLACE": Kind.PLACE, "TASK": Kind.TASK, "CMD": Kind.COMMAND}
    kind = kinds.get(prefix)
    if kind is None or not rest:
        return Identity(Kind.TEXT, text)
    return Identity(kind, rest.lower() if kind is Kind.TASK else rest)


def _gs1(text: str, cleaned: str) -> Identity | None:
    """Read GS1: an SSCC gives its 18 digits, any other element string its normal form.

    biip guesses greedily on bare digits, so it is asked only where the symbology identifier,
    brackets, a group separator or a Digital Link say GS1, or the 20 digits can be only an SSCC.
    """
    bare_sscc = re.fullmatch(r"(00)?\d{18}", cleaned, re.ASCII) is not None
    if bare_sscc:
        digits = cleaned[-_SSCC_LENGTH:]
        return Identity(Kind.SSCC, digits) if check_digit(digits[:-1]) == digits[-1] else None
    says_gs1 = text.startswith(_GS1_PREFIXES) or "\x1d" in cleaned
    if not (
        says_gs1 or re.match(r"\(\d{2,4}\)", cleaned) or "/00/" in cleaned or "/01/" in cleaned
    ):
        return None
    return _by_biip(cleaned)


def _by_biip(text: str) -> Identity | None:
    """Ask biip; a text it cannot read stays plain text."""
    from biip import ParseError  # noqa: PLC0415  # 20 ms, and most texts need it never
    from biip.gs1_digital_link_uris import GS1DigitalLinkURI  # noqa: PLC0415
    from biip.gs1_messages import GS1Message  # noqa: PLC0415

    try:
        if text.startswith(("http://", "https://")):
            elements = GS1DigitalLinkURI.parse(text).element_strings
        elif text.startswith("("):
            elements = GS1Message.parse_hri(text).element_strings
        else:
            elements = GS1Message.parse(text).element_strings
    except (ParseError, ValueError):  # ValueError: not even a URL
        return None
    for element in elements:
        if element.ai.ai == "00":
            return Identity(Kind.SSCC, element.value)
    normal = "".join(f"({element.ai.ai}){element.value}" for element in elements)
    return Identity(Kind.GS1, normal) if normal else None


@dataclass(frozen=True, slots=True)
class Modifiers:
    """What command labels said about the scan that follows."""

    damaged: bool = False
    quantity: int | None = None

    def after(self, command: str) -> "Modifiers":
        """Return the modifiers once a command is heard; an unknown one changes nothing."""
        if command == "DAMAGED":
            return Modifiers(damaged=True, quantity=self.quantity)
        if command == "CLEAR":
            return Modifiers()
        if match := _QUANTITY.fullmatch(f"SLG-CMD-{command}"):
            return Modifiers(damaged=self.damaged, quantity=int(match[1]))
        return self
