import math
from dataclasses import replace
from typing import Any

import pytest

from silog_scan.vision.expected import Evidence
from silog_scan.vision.expected.evidence import (
    are_bars_accepted,
    is_grid_accepted,
    is_worth_a_challenge,
)

BARS = Evidence(
    share=0.06,
    chi=39.0,
    each=1.1,
    word=15.1,
    second=15.1,
    ratio_any=1.06,
    ratio_word=1.21,
)
GRID = Evidence(share=0.3, ratio=8.1, decoy_sigma=4.1)


def _with(evidence: Evidence, figure: str, value: float | None) -> Evidence:
    changed: dict[str, Any] = {figure: value}
    return replace(evidence, **changed)


def test_bars_within_every_limit_are_accepted() -> None:
    assert is_worth_a_challenge(BARS)
    assert are_bars_accepted(BARS)


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        ("share", 0.07),
        ("chi", 40.0),
        ("each", 1.0),
        ("word", 15.0),
        ("second", 15.0),
        ("ratio_any", 1.05),
        ("ratio_word", 1.2),
    ],
)
def test_bars_beyond_any_one_limit_are_refused(figure: str, value: float) -> None:
    assert not are_bars_accepted(_with(BARS, figure, value))


@pytest.mark.parametrize("figure", ["chi", "each", "word", "second", "ratio_any", "ratio_word"])
def test_bars_of_which_any_figure_is_missing_are_refused(figure: str) -> None:
    assert not are_bars_accepted(_with(BARS, figure, None))


def test_a_grid_within_both_limits_is_accepted() -> None:
    assert is_grid_accepted(GRID)


@pytest.mark.parametrize(
    ("figure", "value"),
    [("ratio", 8.0), ("decoy_sigma", 4.0), ("ratio", None), ("decoy_sigma", None)],
)
def test_a_grid_beyond_either_limit_is_refused(figure: str, value: float | None) -> None:
    assert not is_grid_accepted(_with(GRID, figure, value))


def test_evidence_is_written_in_whole_thousandths_of_what_was_reached() -> None:
    assert GRID.as_json() == {"share": 300, "ratio": 8100, "decoy_sigma": 4100}


def test_evidence_without_bounds_is_written_all_the_same() -> None:
    written = replace(BARS, second=math.inf, each=-math.inf).as_json()

    assert (written["second"], written["each"]) == (10**9, -(10**9))
