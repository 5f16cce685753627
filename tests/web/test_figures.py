"""How numbers and parts of a whole are written, and that any text has an address."""

from datetime import timedelta
from urllib.parse import unquote

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.routing import Map, Rule

from silog_scan.store.queries import Totals
from silog_scan.web import figures, paths
from tests.conftest import NOON


@pytest.mark.parametrize(
    ("language", "done", "whole", "written"),
    [
        ("id", 884, 1000, "88,4\u00a0%"),
        ("en", 884, 1000, "88.4%"),
        ("en", 9999, 10000, "99.9%"),
        ("en", 1, 1, "100%"),
        ("en", 0, 7, "0%"),
        ("en", 0, 0, "0%"),
        ("en", 9, 7, "100%"),
    ],
)
def test_a_share_is_rounded_down(
    app: Flask, language: str, done: int, whole: int, written: str
) -> None:
    with app.test_request_context(f"/?lang={language}"):
        assert figures.percent(done, whole) == written


def test_numbers_are_written_as_the_language_does(app: Flask) -> None:
    with app.test_request_context("/?lang=id"):
        assert (figures.number(1284), figures.signed(-18500)) == ("1.284", "\u221218.500")
    with app.test_request_context("/?lang=en"):
        assert (figures.number(1284), figures.signed(40)) == ("1,284", "+40")


counts = st.integers(0, 10**6)


@given(st.tuples(counts, counts, counts, counts, counts, counts))
def test_parts_of_a_bar_fill_it_and_each_can_be_seen(found: tuple[int, ...]) -> None:
    matched, missing, short, surplus, damaged, extras = found
    totals = Totals(sum(found) - extras, matched, missing, short, surplus, damaged, extras)

    drawn = figures.picture(totals).parts

    assert sum(part.width for part in drawn) == pytest.approx(100 if drawn else 0, abs=0.1)
    assert all(part.width >= 0.89 for part in drawn)
    assert {part.kind: part.count for part in drawn}.keys() == {
        kind for kind in figures.PART_NAMES if getattr(totals, kind)
    }


ROUTES = {
    "upload": "/manifests/upload",
    "show": "/manifests/<text:number>",
    "export": "/manifests/<text:number>.csv",
    "close": "/manifests/<text:number>/close",
}
addresses = Map(
    [Rule(path, endpoint=endpoint) for endpoint, path in ROUTES.items()],
    converters={"text": paths.AnyText},
).bind("localhost")


@given(
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1)
    | st.sampled_from([".", "..", "upload", "a.csv", ".csv", "/", "//", "a/close", "%2F", "x y"]),
    st.sampled_from(["show", "export", "close"]),
)
def test_any_text_comes_back_from_its_address(number: str, endpoint: str) -> None:
    path = addresses.build(endpoint, {"number": number})

    found = addresses.match(unquote(path))

    assert found == (endpoint, {"number": number})


@pytest.mark.parametrize(
    ("ago", "language", "told"),
    [
        (timedelta(seconds=90), "en", "now"),
        (timedelta(minutes=5), "en", "5 minutes ago"),
        (timedelta(hours=4), "en", "today, 08:00"),
        (timedelta(hours=4), "id", "hari ini, 08.00"),
        (timedelta(hours=13), "en", "yesterday, 23:00"),
        (timedelta(days=12), "en", "21 Jan"),
        (timedelta(days=40), "en", "24 December 2025"),
    ],
)
def test_what_was_lately_is_told_as_seen_from_now(
    app: Flask, ago: timedelta, language: str, told: str
) -> None:
    with app.test_request_context(f"/?lang={language}"):
        assert figures.lately(NOON - ago, "12.71", NOON) == told
