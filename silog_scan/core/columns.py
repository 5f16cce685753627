"""Which column of a manifest file holds which field."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from silog_scan.core import cells
from silog_scan.core.cells import Flaw, ProblemCode
from silog_scan.core.errors import say

HEADERS: Mapping[str, tuple[str, ...]] = {
    "manifest": ("manifest", "nomor manifest", "no surat jalan", "surat jalan"),
    "from": ("from", "asal", "kode asal"),
    "to": ("to", "penerima", "kode penerima"),
    "package": ("package", "kode koli", "koli", "barcode", "kode kotak", "sscc"),
    "item": ("item", "kode barang", "jenis", "jenis logistik"),
    "quantity": ("quantity", "jumlah", "qty", "banyaknya"),
    "destination": ("destination", "kode tujuan", "tujuan", "kode tps"),
    "parent": ("parent", "kode induk", "palet"),
    "seals": ("seals", "nomor segel", "segel"),
    "due": ("due", "tanggal"),
    "note": ("note", "keterangan"),
    "unit": ("unit", "satuan"),
}
"""Accepted headers of each field, the first being the field's own name."""


def titles(language: str) -> dict[str, str]:
    """Return the header of each field in ``id`` or ``en``, in the order of an empty manifest."""
    which = 0 if language == "en" else 1
    return {name: headers[which] for name, headers in HEADERS.items()}


REASON_HEADER = "refused because / ditolak karena"
"""Heads the reasons in a file of refused rows; ignored when the mended file comes back."""

_REQUIRED = ("manifest", "from", "to", "item", "destination")


def key(header: str) -> str:
    """Return the header without case, spaces, underscores, points, slashes and hyphens."""
    return re.sub(r"[\s_./\u200b\ufeff-]+", "", header).casefold()


_FIELDS = {key(header): name for name, headers in HEADERS.items() for header in headers}
_IGNORED = {key(REASON_HEADER)}


def is_known(header: str) -> bool:
    """Say whether the header names a field of a manifest."""
    return key(header) in _FIELDS


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds which field; the others with the names they are kept under."""

    header: tuple[str, ...]
    fields: Mapping[str, int]
    extras: tuple[tuple[int, str], ...]

    def title(self, name: str) -> str:
        """Return the header of a field's column as the file has it, else the name itself."""
        index = self.fields.get(name)
        return name if index is None else cells.shown(self.header[index].strip(cells.BLANK))


Flaws = list[tuple[str, Flaw]]
"""Columns, and what is wrong with each."""


def match(
    header: tuple[str, ...], mapping: Mapping[str, str], *, given: Collection[str] = ()
) -> tuple[Columns, Flaws]:
    """Return the columns, and what is wrong with the header.

    ``mapping`` gives a field's column by its header, or an empty text to leave the field unused;
    fields ``given`` at upload need no column.
    """
    keys = [key(text) for text in header]
    chosen, flaws = _chosen(keys, mapping)
    fields = dict(chosen)
    for index, name in _named(keys, chosen, mapping=mapping):
        if name in fields:
            flaws.append(_twice(name, header[fields[name]], again=header[index]))
        else:
            fields[name] = index
    flaws += _missing(fields, {*given, *(name for name, column in mapping.items() if column)})
    columns = Columns(header, fields, _extras(header, set(fields.values())))
    flaws += [
        (cells.shown(title), flaw)
        for _, title in columns.extras
        if isinstance(flaw := cells.words(title), Flaw)
    ]
    return columns, flaws


def _chosen(keys: list[str], mapping: Mapping[str, str]) -> tuple[dict[str, int], Flaws]:
    """Return the columns chosen by hand, and which choices cannot be followed."""
    fields = {}
    flaws: Flaws = []
    for name, column in mapping.items():
        if name not in HEADERS:
            message = say(
                "%(field)s is not a field. Choose one of %(fields)s.",
                field=cells.shown(name),
                fields=", ".join(HEADERS),
            )
            flaws.append((cells.shown(name), Flaw(ProblemCode.UNKNOWN_FIELD, message)))
        elif key(column) in keys and column:
            fields[name] = keys.index(key(column))
        elif column:
            message = say(
                "The file has no column %(column)s, which was chosen for %(field)s.",
                column=cells.shown(column),
                field=name,
            )
            flaws.append((name, Flaw(ProblemCode.MISSING_COLUMN, message)))
    return fields, flaws


def _named(
    keys: list[str], chosen: Mapping[str, int], *, mapping: Mapping[str, str]
) -> Iterable[tuple[int, str]]:
    """Return the columns whose header names a field that was not chosen by hand."""
    for index, text in enumerate(keys):
        name = _FIELDS.get(text)
        if name and name not in mapping and index not in chosen.values():
            yield index, name


def _twice(name: str, header: str, *, again: str) -> tuple[str, Flaw]:
    first, second = (cells.shown(text.strip(cells.BLANK)) for text in (header, again))
    message = say(
        "The columns %(first)s and %(second)s both mean %(field)s. Choose one of them.",
        first=first,
        second=second,
        field=name,
    )
    return second, Flaw(ProblemCode.DUPLICATE_COLUMN, message)


def _missing(fields: Mapping[str, int], excused: Collection[str]) -> Flaws:
    """Return the fields that need a column and have none."""
    needed = [*_REQUIRED, *([] if "package" in fields else ["quantity"])]
    return [
        (
            name,
            Flaw(
                ProblemCode.MISSING_COLUMN,
                say(
                    "No column says %(field)s. Head one of them %(headers)s, or choose one.",
                    field=name,
                    headers=", ".join(HEADERS[name]),
                ),
            ),
        )
        for name in needed
        if name not in fields and name not in excused
    ]


def _extras(header: tuple[str, ...], taken: set[int]) -> tuple[tuple[int, str], ...]:
    """Return the columns no field uses, under names of their own so that an export reads back."""
    used = {*_FIELDS, *_IGNORED}
    extras = []
    for index, text in enumerate(header):
        if index in taken or key(text) in _IGNORED:
            continue
        plain = text.strip(cells.BLANK) or f"column {index + 1}"
        title, count = plain, 1
        while key(title) in used:
            count += 1
            title = f"{plain} ({count})"
        used.add(key(title))
        extras.append((index, title))
    return tuple(extras)
