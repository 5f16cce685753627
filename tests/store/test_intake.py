"""Lines between reading and storing: what is kept comes back, and is written canonically."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silog_scan.core import manifests
from silog_scan.core.errors import say
from silog_scan.core.manifests import Head, Line, Problem
from silog_scan.store.intake import Intake

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
LINES = st.builds(
    Line, st.just(2), TEXTS.filter(bool), st.integers(1, 10**9), TEXTS.filter(bool),
    package=st.none() | TEXTS.filter(bool), parent=st.none() | TEXTS.filter(bool),
    seals=st.lists(TEXTS.filter(bool), max_size=2).map(tuple), due=st.none() | st.dates(),
    note=TEXTS, unit=TEXTS,
    extra=st.dictionaries(TEXTS, TEXTS.filter(bool), max_size=2).map(
        lambda found: tuple(sorted(found.items()))
    ),
)  # fmt: skip


@pytest.fixture
def intake() -> Iterator[Intake]:
    with closing(Intake(Path(":memory:"))) as made:
        made.make()
        yield made


def kept(line: Line) -> tuple[list[Line], list[str]]:
    """Return a line as it is kept, and as it is written."""
    with closing(Intake(Path(":memory:"))) as intake:
        intake.make()
        intake.add([(0, line)])
        return list(intake.of(0).lines()), list(intake.of(0).normal())


@given(LINES)
def test_a_line_comes_back_and_is_written_as_the_rules_write_it(line: Line) -> None:
    lines, written = kept(line)

    assert lines == [line]
    assert written == [manifests.normal(line)]


def test_problems_come_back_from_the_top_with_their_sentences(intake: Intake) -> None:
    advice = say("Choose %(what)s.", what="another")
    told = say("Row %(row)s: %(advice)s", row=3, advice=advice)
    late, early = (Problem(row, "jenis", "x", "item-unknown", told) for row in (3, 2))

    intake.add_problems([late, early])

    assert list(intake.problems()) == [early, late]


def test_lines_of_an_earlier_issue_keep_their_numbers(intake: Intake) -> None:
    old, moved, new = (Line(row, "KOTAK", 1, "12.71", package=f"P{row}") for row in (2, 3, 4))
    dropped = Line(9, "TINTA", 4, "12.71")
    intake.add_heads([Head("SJ-1", "12", "12.71")])
    intake.add([(0, old), (0, moved._replace(due=date(2029, 1, 1))), (0, new)])
    intake.keep(0, [(7, True, old), (8, True, moved), (9, True, dropped)])

    intake.compare(0)

    assert intake.changes(0) == {
        "new": 1, "back": 0, "changed": 1, "moved": 0, "same": 1, "dropped": 1,
    }  # fmt: skip
    assert [number for number, *_ in intake.new(0)] == [10]
    assert list(intake.dropped(0)) == [9]
