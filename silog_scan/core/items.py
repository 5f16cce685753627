"""The catalogue of goods: a code, names and units in both languages, and a barcode of its own."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from silog_scan.core.errors import Conflict, Malformed, say

BARCODE_PREFIX = "SLG-ITEM-"

_CODE = re.compile(r"[A-Z0-9](?:[A-Z0-9-]{0,38}[A-Z0-9])?", re.ASCII)
_BETWEEN_WORDS = re.compile(r"[\s_-]+")


@dataclass(frozen=True, slots=True)
class Item:
    """A kind of goods; ``also`` are other Indonesian or English names a manifest may use."""

    code: str
    name_id: str
    name_en: str
    unit_id: str
    unit_en: str
    also: tuple[str, ...] = ()

    @property
    def barcode(self) -> str:
        """Return the text of the item's own label, upper case ASCII for every symbology."""
        return BARCODE_PREFIX + self.code

    def name(self, language: str) -> str:
        """Return the name in ``id`` or ``en``."""
        return self.name_en if language == "en" else self.name_id

    def unit(self, language: str) -> str:
        """Return the unit one counts it in, in ``id`` or ``en``."""
        return self.unit_en if language == "en" else self.unit_id


BUILT_IN = (
    Item("KOTAK", "kotak suara", "ballot box", "kotak", "box"),
    Item("BILIK", "bilik suara", "voting booth", "bilik", "booth", ("bilik pemungutan suara",)),
    Item("SURAT-PPWP", "surat suara presiden dan wakil presiden",
         "presidential ballot", "lembar", "sheet", ("surat suara PPWP", "surat suara presiden")),
    Item("SURAT-DPR", "surat suara DPR", "DPR ballot", "lembar", "sheet", ("surat suara DPR RI",)),
    Item("SURAT-DPD", "surat suara DPD", "DPD ballot", "lembar", "sheet", ("surat suara DPD RI",)),
    Item("SURAT-DPRDP", "surat suara DPRD provinsi", "provincial DPRD ballot", "lembar", "sheet",
         ("surat suara DPRD prov",)),
    Item("SURAT-DPRDK", "surat suara DPRD kabupaten/kota", "regency DPRD ballot", "lembar", "sheet",
         ("surat suara DPRD kab/kota", "surat suara DPRD kabupaten", "surat suara DPRD kota")),
    Item("SURAT-PGUB", "surat suara gubernur dan wakil gubernur", "governor ballot",
         "lembar", "sheet", ("surat suara gubernur",)),
    Item("SURAT-PBUP", "surat suara bupati/wali kota dan wakilnya", "regent or mayor ballot",
         "lembar", "sheet", ("surat suara bupati", "surat suara wali kota")),
    Item("TINTA", "tinta", "ink", "botol", "bottle"),
    Item("SEGEL", "segel stiker", "sticker seal", "keping", "piece"),
    Item("KABEL-TIES", "segel plastik bernomor", "numbered plastic seal", "buah", "piece",
         ("segel plastik", "plastic seal")),
    Item("SAMPUL", "sampul", "envelope", "lembar", "piece"),
    Item("FORMULIR", "formulir", "form", "set", "set"),
    Item("ALAT-TUNANETRA", "alat bantu tunanetra", "aid for the blind", "buah", "piece"),
    Item("ALAT-COBLOS", "alat coblos", "punching tool", "set", "set"),
    Item("DCT", "daftar calon tetap", "list of candidates", "set", "set", ("daftar calon",)),
    Item("STIKER-KOTAK", "stiker kotak suara", "ballot box sticker", "lembar", "sheet",
         ("stiker nomor kotak",)),
)  # fmt: skip


class Catalogue:
    """The goods one may name, by code, by name in either language, or by barcode."""

    def __init__(self, items: Iterable[Item] = BUILT_IN) -> None:
        """Refuse a code that labels cannot carry, and a code or name two items claim."""
        self.items = tuple(items)
        self._by_key: dict[str, Item] = {}
        for item in self.items:
            self._add(item)

    def _add(self, item: Item) -> None:
        if not _CODE.fullmatch(item.code):
            raise Malformed(
                "item-code",
                say(
                    "%(code)s cannot be an item's code. Use up to 40 capital letters A to Z, "
                    "digits and hyphens.",
                    code=item.code,
                ),
            )
        for name in (item.code, item.name_id, item.name_en, item.barcode, *item.also):
            if self._by_key.setdefault(_key(name), item) is not item:
                raise Conflict(
                    "item-taken",
                    say("Another item is already called %(name)s. Choose another.", name=name),
                )

    def find(self, text: str) -> Item | None:
        """Return the item of a code, name or barcode; case, spaces and hyphens do not matter."""
        return self._by_key.get(_key(text))

    def likely(self, text: str) -> Item | None:
        """Return the item whose code or name is nearly the text, or None when none stands out."""
        near = get_close_matches(_key(text)[:60], self._by_key, n=1, cutoff=0.8)
        return self._by_key[near[0]] if near else None


def _key(text: str) -> str:
    return _BETWEEN_WORDS.sub("", text).casefold()
