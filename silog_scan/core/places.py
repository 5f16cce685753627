"""Places are dotted codes of the Interior Ministry (Kemendagri), and a code tells its ancestors.

``12`` province, ``12.71`` regency, ``12.71.01`` district, ``12.71.01.1001`` village; a polling
station adds three digits, ``12.71.01.1001.012``; a warehouse stands under its region as
``12.71.G01``. Codes are text, never numbers: a spreadsheet that eats zeros destroys them.
"""

import re
from datetime import datetime, timedelta, timezone

NATION = "ID"
LEVELS = ("province", "regency", "district", "village", "polling-station")
REGENCY_LENGTH = 5

_SHAPE = re.compile(r"\d{2}(\.\d{2}(\.\d{2}(\.\d{4}(\.\d{3})?)?)?)?(\.G\d{2})?|ID", re.ASCII)
_WAREHOUSE = re.compile(r"(.*?)[.,\s-]*[Gg](\d{1,2})", re.ASCII)
_WIDTHS = (2, 2, 2, 4, 3)
_LENGTHS = (2, 4, 6, 10, 13)
_REGENCY_PARTS = 2

# Provinces by zone; Indonesia has no daylight saving time (Keppres 41/1987).
_WITA = {"51", "52", "53", "63", "64", "65", "71", "72", "73", "74", "75", "76"}
_WIT = {"81", "82", "91", "92", "93", "94", "95", "96", "97"}


def is_code(text: str) -> bool:
    """Say whether the text has the shape of a place code."""
    return _SHAPE.fullmatch(text) is not None


def level(code: str) -> str:
    """Return the level's name: nation, province … polling-station, or warehouse."""
    if code == NATION:
        return "nation"
    if is_warehouse(code):
        return "warehouse"
    return LEVELS[code.count(".")]


def is_warehouse(code: str) -> bool:
    """Say whether the place is a warehouse of its region."""
    return code.rpartition(".")[2].startswith("G")


def parent(code: str) -> str | None:
    """Return the place above, or None for the nation."""
    if code == NATION:
        return None
    return code.rpartition(".")[0] or NATION


def lineage(code: str) -> list[str]:
    """Return the place and all above it, up to the nation."""
    found = [code]
    while (above := parent(found[-1])) is not None:
        found.append(above)
    return found


def region(code: str) -> str:
    """Return the region a place answers for: a warehouse's is the region it stands in."""
    return code.rpartition(".")[0] if is_warehouse(code) else code


def regency(code: str) -> str:
    """Return the regency's code, or the code itself where it lies above one."""
    return code[:REGENCY_LENGTH]


def is_at_or_below(code: str, above: str) -> bool:
    """Say whether ``code`` is ``above`` or lies below it; below a warehouse is below its region."""
    top = region(above)
    return top == NATION or code in (above, top) or code.startswith(top + ".")


def zone(code: str) -> timezone:
    """Return the zone of the place's province: WIB, WITA or WIT (WIB for the nation)."""
    province = code[:2]
    if province in _WITA:
        return timezone(timedelta(hours=8), "WITA")
    if province in _WIT:
        return timezone(timedelta(hours=9), "WIT")
    return timezone(timedelta(hours=7), "WIB")


def clock(code: str, at: datetime) -> str:
    """Return day and time as a wall clock at the place shows them: ``02/02 14.32.07 WIB``."""
    local = at.astimezone(zone(code))
    return f"{local:%d/%m %H.%M.%S %Z}"


def repaired(text: str) -> str | None:
    """Return the code a spreadsheet probably ate the zeros or dots of, or None.

    ``12.71.1.1001`` gives ``12.71.01.1001``; ``1271011001012`` gives ``12.71.01.1001.012``;
    ``12,71`` gives ``12.71``. A text that is a code already gives None.
    """
    return next(iter(repairs(text)), None)


def repairs(text: str) -> tuple[str, ...]:
    """Return the codes the text may have been before a spreadsheet changed it, likeliest first.

    Only what a spreadsheet does is undone: a code read as a number (dots and end zeros lost,
    thousands marked), as a date or as a time, zeros lost in front of a part. Else it is empty.
    """
    text = text.strip()
    if is_code(text):
        return ()
    stem, warehouse = _without_warehouse(text)
    found = (stem,) if is_code(stem) else _region_repairs(stem)
    return tuple(code + warehouse for code in found if is_code(code + warehouse))


def _without_warehouse(text: str) -> tuple[str, str]:
    match = _WAREHOUSE.fullmatch(text)
    return (match[1], f".G{int(match[2]):02d}") if match else (text, "")


def _region_repairs(text: str) -> tuple[str, ...]:
    digits = _undotted(text)
    if digits is not None:
        return (_dotted(digits),)
    parts = _as_date(text) or [part for part in re.split(r"[.,:\s/_-]+", text) if part]
    if len(parts) > len(_WIDTHS) or not all(part.isascii() and part.isdigit() for part in parts):
        return ()
    padded = tuple(part.zfill(width) for part, width in zip(parts, _WIDTHS, strict=False))
    # Provinces and villages never begin with a zero, so none can have been lost there.
    if any(part.startswith("0") for part in padded[0:1] + padded[3:4]):
        return ()
    codes = (".".join(padded),)
    if len(parts) == _REGENCY_PARTS and len(parts[1]) == 1:
        # Read as a number, 12.10 becomes 12.1; a person may write 12.1 and mean 12.01.
        return (f"{parts[0]}.{parts[1]}0", *codes)
    return codes


def _undotted(text: str) -> str | None:
    """Return the digits of a code read as one whole number, when their count fits a level."""
    number = re.sub(r"[.,]0$", "", text, count=1)
    if re.fullmatch(r"\d{1,3}(?:([.,\s])\d{3})(?:\1\d{3})*", number, re.ASCII):
        number = re.sub(r"\D", "", number)
    is_whole = number.isascii() and number.isdigit() and len(number) in _LENGTHS
    return number if is_whole and not number.startswith("0") else None


def _dotted(digits: str) -> str:
    ends = [end for end in _LENGTHS if end <= len(digits)]
    return ".".join(digits[a:b] for a, b in zip([0, *ends], ends, strict=False))


def _as_date(text: str) -> list[str] | None:
    """Return the parts of a district's code shown as a date: 12.03.01 as 12/03/2001."""
    if match := re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](?:19|20)(\d{2})", text, re.ASCII):
        return list(match.groups())
    iso = r"(?:19|20)(\d{2})-(\d{2})-(\d{2})(?:[T ]00:00:00)?"
    if match := re.fullmatch(iso, text, re.ASCII):
        return [match[3], match[2], match[1]]
    return None
