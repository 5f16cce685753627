"""Sheets of labels as SVG in real millimetres: A4, ten labels of 99.1 × 57 mm a page.

That is the grid of common self-adhesive sheets, and plain paper can be cut along its lines. One
page is one SVG, as neither browsers nor printers agree on SVGs of several pages.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from silog_scan.core.labels import Pattern
from silog_scan.core.visible import visible
from silog_scan.documents.labels import drawn
from silog_scan.documents.modules import path_of

PAGE = (210.0, 297.0)  # millimetres, as everything here
LABEL = (99.1, 57.0)
COLUMNS, ROWS = 2, 5
PER_PAGE = COLUMNS * ROWS

_DOT = 25.4 / 300
"""A module is so many whole dots of a printer of 300 (or 600) an inch: all bars alike."""
_DOTS_OF_BARS = (5, 4)  # 0.42 and 0.34 mm
_DOTS_OF_SQUARES = range(20, 9, -1)  # 1.7 to 0.85 mm
_GAP, _PAD = 2.5, 4.0
_BARS_TOP, _SQUARE = 12.6, 42.0
_LINE, _CODE_LINE = 4.2, 53.9
_EM = 0.64
"""Widths of capital letters and digits in sans-serif faces, bold too, in em; on the wide side."""


@dataclass(frozen=True, slots=True)
class Label:
    """What is drawn on one label; item and destination where they are known."""

    code: str
    pattern: Pattern
    item: str = ""
    destination: tuple[str, ...] = ()


def pages(labels: Sequence[Label]) -> Iterator[str]:
    """Yield one SVG for every page of labels, filled row by row."""
    for start in range(0, len(labels), PER_PAGE):
        some = enumerate(labels[start : start + PER_PAGE])
        yield _page("".join(_placed(place, label) for place, label in some))


def _page(content: str) -> str:
    width, height = PAGE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}mm" height="{height:g}mm" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="Arial, Helvetica, sans-serif">'
        "<style>@page { size: A4; margin: 0 }</style>"
        f'<rect width="100%" height="100%" fill="#fff"/>{content}</svg>\n'
    )


def _placed(place: int, label: Label) -> str:
    row, column = divmod(place, COLUMNS)
    left = (PAGE[0] - COLUMNS * LABEL[0] - _GAP) / 2 + column * (LABEL[0] + _GAP)
    top = (PAGE[1] - ROWS * LABEL[1]) / 2 + row * LABEL[1]
    is_linear = len(label.pattern.rows) == 1
    return (
        f'<g transform="translate({left:.2f} {top:.2f})">'
        f'<rect width="{LABEL[0]}" height="{LABEL[1]}" fill="none" stroke="#bbb" '
        f'stroke-width=".1"/>{_with_bars(label) if is_linear else _with_square(label)}'
        f"{_words(label.code, _PAD, _CODE_LINE, most=8.5, is_bold=True)}</g>"
    )


def _with_bars(label: Label) -> str:
    """Return what is above the code's text: item, destination, and the bars in the middle."""
    rows = drawn(label.pattern)
    module = _module(len(rows[0]), _DOTS_OF_BARS, LABEL[0] - 2 * _PAD)
    left = (LABEL[0] - module * len(rows[0])) / 2
    return (
        _words(label.item, _PAD, 6.2, most=5.2, is_bold=True)
        + _words(", ".join(label.destination), _PAD, 10.6, most=3.8)
        + _modules(rows, module, left, _BARS_TOP)
    )


def _with_square(label: Label) -> str:
    """Return what is above the code's text: the square, and beside it item and destination."""
    rows = drawn(label.pattern)
    module = _module(len(rows[0]), _DOTS_OF_SQUARES, _SQUARE)
    left = _PAD + module * len(rows[0]) + 3
    lines = "".join(
        _words(words, left, 18 + 6 * number, most=_LINE)
        for number, words in enumerate(label.destination)
    )
    head = _words(label.item, left, 10, most=6, is_bold=True)
    return head + lines + _modules(rows, module, _PAD, 3)


def _module(modules: int, dots: Sequence[int], room: float) -> float:
    """Return the largest module with which so many fit, else the least one."""
    fitting = (count * _DOT for count in dots if modules * count * _DOT <= room)
    return next(fitting, dots[-1] * _DOT)


def _modules(rows: tuple[str, ...], module: float, left: float, top: float) -> str:
    """Return modules as a path; edges fall on no half pixel."""
    return (
        f'<path shape-rendering="crispEdges" '
        f'transform="translate({left:.3f} {top:g}) scale({module:.5f})" d="{path_of(rows)}"/>'
    )


def _words(text: str, left: float, line: float, *, most: float, is_bold: bool = False) -> str:
    """Return a line of text, smaller where there is no room for it at its most."""
    if not text:
        return ""
    shown = visible(text)
    size = min(most, (LABEL[0] - _PAD - left) / (_EM * len(shown)))
    weight = ' font-weight="bold"' if is_bold else ""
    return (
        f'<text x="{left:.2f}" y="{line:g}" font-size="{size:.2f}"{weight}>{escape(shown)}</text>'
    )
