"""Curves as SVG that can be read on a light page and on a dark one, in colour and without."""

from dataclasses import dataclass
from xml.sax.saxutils import escape

Points = list[tuple[float, float]]

_WIDTH, _HEIGHT = 520, 300
_LEFT, _TOP, _RIGHT, _BOTTOM = 48, 34, 392, 252
_LINES = (
    ("#2f81f7", ""),
    ("#d9730d", "7 4"),
    ("#2da44e", "2 4"),
    ("#a371f7", "9 3 2 3"),
)
"""Colours of enough contrast on white and on black, and dashes for those who see no colours."""

_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#6e7781}"
    ".axis{stroke:#6e7781}.grid{stroke:#6e7781;stroke-opacity:.25}"
    "@media(prefers-color-scheme:dark){text{fill:#9ea7b3}.axis,.grid{stroke:#9ea7b3}}"
)


@dataclass(frozen=True, slots=True)
class Chart:
    """Percentages against something that gets worse, a line for each engine."""

    title: str
    across: str
    lines: dict[str, Points]

    @property
    def steps(self) -> list[float]:
        """Return the places along the axis, from left to right."""
        return sorted({step for points in self.lines.values() for step, _ in points})


def svg(chart: Chart) -> str:
    """Return the chart as a picture with a title that screen readers tell."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        f"<title>{escape(_told(chart))}</title><style>{_STYLE}</style>",
        f'<text x="{_LEFT}" y="18">{escape(chart.title)}</text>',
        *_axes(chart),
        *_drawn(chart),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _told(chart: Chart) -> str:
    """Return what the lines say in words."""
    lines = (
        f"{name}: " + ", ".join(f"{step:g} → {share:.0f}" for step, share in points)
        for name, points in chart.lines.items()
    )
    return f"{chart.title}, % against {chart.across}. " + "; ".join(lines)


def _axes(chart: Chart) -> list[str]:
    parts = []
    for share in (0, 25, 50, 75, 100):
        y = _y(share)
        look = "grid" if share else "axis"
        parts.append(f'<path class="{look}" d="M{_LEFT} {y:.1f}H{_RIGHT}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{share}</text>')
    for step in chart.steps:
        x = _x(chart, step)
        parts.append(f'<text x="{x:.1f}" y="{_BOTTOM + 18}" text-anchor="middle">{step:g}</text>')
    middle = (_LEFT + _RIGHT) / 2
    parts.append(
        f'<text x="{middle}" y="{_BOTTOM + 38}" text-anchor="middle">{escape(chart.across)}</text>'
    )
    return parts


def _drawn(chart: Chart) -> list[str]:
    """Return each line with its name beside it; names are listed in a column at the right."""
    parts = []
    for number, (name, points) in enumerate(chart.lines.items()):
        colour, dashes = _LINES[number % len(_LINES)]
        look = f'fill="none" stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dashes}"'
        path = " ".join(f"{_x(chart, step):.1f},{_y(share):.1f}" for step, share in points)
        y = _TOP + 14 + 22 * number
        parts.append(f'<polyline {look} points="{path}"/>')
        parts.append(f'<path {look} d="M{_RIGHT + 12} {y}h26"/>')
        parts.append(f'<text x="{_RIGHT + 44}" y="{y + 4}">{escape(name)}</text>')
    return parts


def _x(chart: Chart, step: float) -> float:
    first, last = chart.steps[0], chart.steps[-1]
    return _LEFT + 14 + (_RIGHT - _LEFT - 28) * (step - first) / ((last - first) or 1)


def _y(share: float) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * share / 100
