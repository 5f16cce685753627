"""At an enrolled station people change by card and PIN, and nothing that was scanned is lost."""

from dataclasses import dataclass

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from silog_scan.services import accounts, passwords, sign_ins, stations
from silog_scan.services.accounts import NewUser
from silog_scan.services.actors import Role
from silog_scan.services.passwords import NewPassword, NewPin
from silog_scan.services.sign_ins import Way
from silog_scan.services.stations import NewStation
from silog_scan.store.tables import EventRow, UserRow
from silog_scan.web.context import Backend
from tests.browser.conftest import Hands, enter, until
from tests.conftest import PASSWORD

PIN = "835204"
TABLE = "Meja 2"


@dataclass
class Table:
    """An enrolled station with two people, and their cards."""

    hands: Hands
    cards: dict[str, str]
    users: dict[str, str]


@pytest.fixture
def table(
    app: Flask, backend: Backend, hands: Hands, manifest: str, monkeypatch: pytest.MonkeyPatch
) -> Table:
    monkeypatch.setattr(passwords, "_SCRYPT", "scrypt:1024:8:1")
    at, users, cards = backend.clock(), {}, {}

    def people(s: Session) -> str:
        head = accounts.cli_actor(s)
        for name in ("rina", "tono"):
            new = NewUser(name, Role.STAFF, "12.71", NewPassword(PASSWORD), is_temporary=False)
            users[name] = accounts.add_user(s, head, new, at=at).id
            cards[name] = accounts.give_badge(s, head, name, at=at)
            s.get_one(UserRow, users[name]).pin = NewPin(PIN).hash
        return stations.add_with_token(s, head, NewStation(TABLE, "12.71"), at=at)

    token = backend.writer.run(people)
    cookie = backend.writer.run(
        lambda s: sign_ins.begin(s, users["rina"], at=at, way=Way("Chrome", TABLE))
    )
    client = app.test_client()
    with client.session_transaction() as session:
        work = {"place": "12.71", "task": "receive", "manifest": manifest}
        session.update({"_user_id": cookie, "_fresh": True, "language": "en", "work": work})
    own = client.get_cookie("silog")
    assert own is not None
    station = {"name": "silog-station", "value": token, "url": hands.origin}
    hands.page.context.add_cookies([station])  # type: ignore[list-item]  # a cookie of theirs
    return Table(enter(hands, own.value), cards, users)


def who_scanned(backend: Backend, text: str) -> tuple[str, str] | None:
    """Return station and person of a text's scan."""
    with backend.database.reading() as session:
        for row in session.scalars(select(EventRow).where(EventRow.kind == "scan")):
            if f'"text":"{text}"' in row.body:
                return row.station, row.body.partition('"user":"')[2].partition('"')[0]
    return None


def test_a_card_before_the_scanner_hands_the_station_over(table: Table, backend: Backend) -> None:
    page = table.hands.page
    table.hands.scan("1271-KS-000001")
    until(page, lambda: who_scanned(backend, "1271-KS-000001") is not None)

    table.hands.scan(table.cards["tono"])
    expect(page.locator("#badge")).to_have_value(table.cards["tono"])
    for digit in PIN:
        page.locator(f"[data-digit='{digit}']").click()
    page.locator(".sl-pad .btn-primary").click()

    page.wait_for_url("**/station")
    page.locator("[data-word]").first.wait_for()
    table.hands.scan("1271-KS-000002")
    until(page, lambda: who_scanned(backend, "1271-KS-000002") is not None)
    assert who_scanned(backend, "1271-KS-000001") == (TABLE, table.users["rina"])
    assert who_scanned(backend, "1271-KS-000002") == (TABLE, table.users["tono"])
    assert table.cards["tono"] not in page.url
    assert not table.hands.complaints


def test_what_is_not_sent_when_the_screen_locks_goes_on_after_the_pin(
    table: Table, backend: Backend
) -> None:
    page = table.hands.page
    page.route("**/api/v1/scans", lambda route: route.abort())
    table.hands.scan("1271-KS-000001")
    expect(page.locator("#unsent [data-count]")).to_have_text("1")

    page.goto(f"{table.hands.origin}/person")
    page.locator("form[action$='/lock'] button").click()
    page.wait_for_url("**/switch")
    page.unroute("**/api/v1/scans")
    page.locator("label.sl-pick", has_text="rina").click()
    page.fill("#pin", PIN)
    page.press("#pin", "Enter")

    page.wait_for_url("**/station")
    until(page, lambda: who_scanned(backend, "1271-KS-000001") is not None)
    assert who_scanned(backend, "1271-KS-000001") == (TABLE, table.users["rina"])


def test_scans_of_somebody_else_wait_for_their_owner_and_are_told(
    table: Table, backend: Backend
) -> None:
    page = table.hands.page
    page.route("**/api/v1/scans", lambda route: route.abort())
    table.hands.scan("1271-KS-000001")
    expect(page.locator("#unsent [data-count]")).to_have_text("1")

    table.hands.scan(table.cards["tono"])
    expect(page.locator("#badge")).to_have_value(table.cards["tono"])
    page.fill("#pin", PIN)
    page.press("#pin", "Enter")

    page.wait_for_url("**/station")
    expect(page.locator("#notice")).to_contain_text("1 scans of other people wait")
    page.unroute("**/api/v1/scans")
    table.hands.scan("1271-KS-000002")
    until(page, lambda: who_scanned(backend, "1271-KS-000002") is not None)
    # A request on its way when the page went may have come through; it is rina's then, too.
    assert who_scanned(backend, "1271-KS-000001") in (None, (TABLE, table.users["rina"]))
    with backend.database.reading() as session:
        held = stations.find(session, accounts.cli_actor(session), TABLE).unsent
    assert held == 1
