"""Expected against counted: the status of a line and what it adds to the sums."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silog_scan.core.reconcile import Status, Tally, contribution, status

FIGURES = st.integers(0, 50)
TALLIES = st.builds(Tally, FIGURES, FIGURES, FIGURES, FIGURES, FIGURES, FIGURES)


@pytest.mark.parametrize(
    ("expected", "counted", "damaged", "found"),
    [
        pytest.param(1, 0, 0, Status.MISSING, id="nothing counted"),
        pytest.param(40, 39, 0, Status.SHORT, id="one too few"),
        pytest.param(40, 39, 39, Status.SHORT, id="short > damaged"),
        pytest.param(40, 41, 0, Status.SURPLUS, id="one too many"),
        pytest.param(40, 41, 41, Status.SURPLUS, id="surplus > damaged"),
        pytest.param(1, 1, 1, Status.DAMAGED, id="all there, damaged"),
        pytest.param(40, 40, 1, Status.DAMAGED, id="all there, one damaged"),
        pytest.param(40, 40, 0, Status.MATCHED, id="all there"),
    ],
)
def test_the_first_status_that_fits_is_the_line_s(
    expected: int, counted: int, damaged: int, found: Status
) -> None:
    assert status(expected, counted, damaged) is found


@given(st.integers(1, 50), FIGURES, FIGURES)
def test_a_line_stands_in_one_sum_at_most(expected: int, counted: int, damaged: int) -> None:
    tally = contribution(
        expected=expected, counted=counted, damaged=damaged, is_package=False, units=counted
    )

    kept = tally.matched + tally.short + tally.surplus + tally.damaged
    assert kept == (0 if status(expected, counted, damaged) is Status.MISSING else 1)


def test_only_packages_are_counted_as_packages() -> None:
    box = contribution(expected=1, counted=1, damaged=0, is_package=True, units=4)
    ink = contribution(expected=40, counted=40, damaged=0, is_package=False, units=40)

    assert (box.packages, box.units) == (1, 4)
    assert (ink.packages, ink.units) == (0, 40)


@given(TALLIES, TALLIES)
def test_what_is_added_can_be_taken_away(one: Tally, other: Tally) -> None:
    total = Tally()

    total.add(one)
    total.add(other)
    total.add(one, -1)

    assert total == other
    assert total.is_empty is (other == Tally())
