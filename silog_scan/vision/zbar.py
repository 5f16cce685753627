"""The one place that knows pyzbar, which has no types and may lack its library.

ZBar is LGPL software of its own; it reads a few pictures that zxing-cpp does not, and makes more
mistakes: it is asked last, and only about still pictures.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from silog_scan.vision.frames import Grey

SYMBOLOGIES = {
    "CODE128": "code128",
    "CODE39": "code39",
    "I25": "itf",
    "QRCODE": "qrcode",
    "EAN13": "ean13",
    "EAN8": "ean8",
    "UPCA": "upca",
    "UPCE": "upce",
}
"""ZBar's names and ours; asked about more, it prints assertions about DataBar to standard error."""


class Rect(Protocol):
    """A box in pixels."""

    left: int
    top: int
    width: int
    height: int


class Found(Protocol):
    """A symbol as pyzbar gives it."""

    data: bytes
    type: str
    rect: Rect


def decode(grey: Grey) -> Sequence[Found]:
    """Return the symbols in the picture; raises ImportError where the library is missing."""
    function, symbols = _decoder()
    return function(grey, symbols=symbols)


@cache
def _decoder() -> tuple[Callable[..., Sequence[Found]], Iterable[object]]:
    from pyzbar import pyzbar

    symbols = [pyzbar.ZBarSymbol[name] for name in SYMBOLOGIES]
    return cast("Callable[..., Sequence[Found]]", pyzbar.decode), symbols
