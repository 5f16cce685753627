"""The start of a task, and the frame around every page."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from silog_scan.services.actors import Role
from silog_scan.web.start import due_in_words
from tests.web.conftest import Visitor

People = Callable[[str, Role, str], Visitor]
TODAY = date(2026, 2, 2)


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (-2, "late by 2 days"),
        (-1, "late by 1 day"),
        (0, "due today"),
        (1, "due tomorrow"),
        (2, "due in 2 days"),
        (None, "no date"),
    ],
)
def test_a_day_is_told_as_seen_from_today(days: int | None, told: str) -> None:
    due = None if days is None else TODAY + timedelta(days=days)

    assert str(due_in_words(due, TODAY)) == told


@pytest.mark.parametrize(
    ("role", "entries"),
    [
        (Role.STAFF, []),
        (Role.SUPERVISOR, ["Manifests", "Reconciliation", "Stock"]),
        (Role.ADMINISTRATOR, ["Manifests", "Reconciliation", "Stock"]),
        (Role.OBSERVER, ["Progress", "Evidence"]),
    ],
)
def test_the_bar_leads_to_what_a_role_works_with(
    person: People, role: Role, entries: list[str]
) -> None:
    page = person("someone", role, "12.71").get("/person").text

    bar = page.partition('<nav class="sl-nav"')[2].partition("</nav>")[0]
    told = [part.partition("</a>")[0] for part in bar.split("</svg>")[1:]]
    assert told == entries


def test_a_page_that_does_not_exist_keeps_the_way_back(person: People) -> None:
    page = person("hendra", Role.SUPERVISOR, "12.71").get("/no-such-page")

    assert page.status_code == 404
    assert 'class="sl-nav"' in page.text
    assert "<b>There is no such page.</b> Go back to the start." in page.text


def test_an_observer_is_led_to_the_progress(person: People) -> None:
    observer = person("bawaslu", Role.OBSERVER, "12.71")

    assert observer.get("/").location == "/reconciliation"
