"""The ways in: one-time passwords, the second step, enrolled stations, cards and PINs, tokens."""

import re
from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest
from flask import Flask

from silog_scan.core.stock import Task
from silog_scan.services import accounts, passwords, reports, sign_ins, stations
from silog_scan.services.accounts import NewUser
from silog_scan.services.actors import Role
from silog_scan.services.passwords import NewPassword
from silog_scan.services.stations import NewStation
from silog_scan.web.context import Backend
from tests.conftest import PASSWORD
from tests.web.conftest import Clock, Visitor

PIN = "835204"
OWN_PASSWORD = "batu kali hijau"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_SCRYPT", "scrypt:1024:8:1")
    monkeypatch.setattr(passwords, "_OF_NOBODY", "scrypt:1024:8:1$x$00")


@pytest.fixture
def add(backend: Backend) -> Callable[..., str]:
    """Add a person; give the id."""

    def added(name: str, role: Role, *, place: str = "12.71", is_temporary: bool = False) -> str:
        new = NewUser(name, role, place, NewPassword(PASSWORD), is_temporary)
        return backend.writer.run(
            lambda s: accounts.add_user(s, accounts.cli_actor(s), new, at=backend.clock()).id
        )

    return added


@pytest.fixture
def visitor(app: Flask) -> Callable[[], Visitor]:
    return lambda: Visitor(app.test_client())


def enter(visitor: Visitor, name: str, password: str = PASSWORD) -> str:
    answer = visitor.post("/sign-in?lang=en", name=name, password=password)
    visitor._token = None  # noqa: SLF001  # the session is another one now
    return answer.location


def secret_on(page: str) -> str:
    found = re.search(r'id="secret">([A-Z2-7 ]+)<', page)
    assert found
    return found[1].replace(" ", "")


def code(secret: str, clock: Clock) -> str:
    return pyotp.TOTP(secret).at(clock())


# Passwords for once, and the second step.


def test_a_password_from_somebody_else_is_changed_before_anything(
    add: Callable[..., str], stranger: Visitor
) -> None:
    add("rina", Role.STAFF, is_temporary=True)

    assert enter(stranger, "rina") == "/sign-in/password"
    assert stranger.get("/stock").location.startswith("/sign-in/password")
    assert stranger.client.get("/api/v1/stock").status_code == 401
    same = stranger.post("/sign-in/password?lang=en", password=PASSWORD)
    assert (same.status_code, "Choose another" in same.text) == (422, True)
    assert stranger.post("/sign-in/password", password="short").status_code == 422
    assert stranger.post("/sign-in/password", password=OWN_PASSWORD).location == "/"
    assert stranger.get("/stock").status_code == 200


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.ADMINISTRATOR])
def test_who_decides_sets_up_a_second_step_and_is_asked_for_it_from_then_on(
    add: Callable[..., str], visitor: Callable[[], Visitor], clock: Clock, role: Role
) -> None:
    add("hendra", role)
    first = visitor()

    assert enter(first, "hendra") == "/sign-in/second-factor"
    assert first.get("/stock").location.startswith("/sign-in/second-factor")
    secret = secret_on(first.get("/sign-in/second-factor").text)
    assert first.post("/sign-in/second-factor", code="000000").status_code == 401
    shown = first.post("/sign-in/second-factor", code=code(secret, clock))
    recovery = re.findall(r'<li class="sl-code">([^<]+)<', shown.text)
    assert (shown.status_code, len(recovery)) == (200, 10)
    assert first.get("/stock").status_code == 200

    clock.go_on(timedelta(minutes=1))
    second = visitor()
    assert enter(second, "hendra") == "/sign-in/code"
    assert second.get("/stock").location.startswith("/sign-in/code")
    assert second.post("/sign-in/code", code="000000").status_code == 401
    assert second.post("/sign-in/code", code=code(secret, clock)).status_code == 302
    assert second.get("/stock").status_code == 200

    third = visitor()
    enter(third, "hendra")
    assert third.post("/sign-in/code", code=code(secret, clock)).status_code == 401
    assert third.post("/sign-in/code", code=recovery[0]).status_code == 302
    assert "9 recovery codes left" in third.get("/person?lang=en").text


def test_wrong_codes_must_wait_and_stop_nobody_elsewhere(
    add: Callable[..., str], visitor: Callable[[], Visitor], clock: Clock
) -> None:
    add("hendra", Role.SUPERVISOR)
    first = visitor()
    enter(first, "hendra")
    secret = secret_on(first.get("/sign-in/second-factor").text)
    first.post("/sign-in/second-factor", code=code(secret, clock))
    clock.go_on(timedelta(minutes=1))
    thief, owner = visitor(), visitor()
    enter(thief, "hendra")

    statuses = [thief.post("/sign-in/code", code="000000").status_code for _ in range(6)]

    owner.client.environ_base["REMOTE_ADDR"] = "10.0.0.7"
    enter(owner, "hendra")
    assert statuses == [401] * 5 + [429]
    assert owner.post("/sign-in/code", code=code(secret, clock)).status_code == 302


def test_the_session_s_token_is_another_after_every_step(
    add: Callable[..., str], stranger: Visitor
) -> None:
    add("rina", Role.STAFF, is_temporary=True)
    enter(stranger, "rina")
    with stranger.client.session_transaction() as session:
        before = session["_user_id"]

    stranger.post("/sign-in/password", password=OWN_PASSWORD)

    with stranger.client.session_transaction() as session:
        assert session["_user_id"] != before


def test_an_administrator_gives_a_new_password_and_takes_a_lost_phone_away(
    add: Callable[..., str], admin: Visitor, visitor: Callable[[], Visitor], clock: Clock
) -> None:
    add("hendra", Role.SUPERVISOR)
    first = visitor()
    enter(first, "hendra")
    secret = secret_on(first.get("/sign-in/second-factor").text)
    first.post("/sign-in/second-factor", code=code(secret, clock))

    page = admin.post("/admin/users/password", user="hendra").text
    admin.post("/admin/users/second-factor/reset", user="hendra")

    given = re.search(r'id="one-time">([^<]+)<', page)
    assert given
    assert first.get("/stock").location.startswith("/sign-in")
    first._token = None  # noqa: SLF001
    assert enter(first, "hendra", given[1]) == "/sign-in/password"
    assert first.post("/sign-in/password", password=OWN_PASSWORD).location.startswith(
        "/sign-in/second-factor"
    )


# One's own account.


def test_one_sees_and_ends_one_s_own_sign_ins(
    add: Callable[..., str], visitor: Callable[[], Visitor]
) -> None:
    add("rina", Role.STAFF)
    here, there = visitor(), visitor()
    there.client.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (Android 15) Firefox/140.0"
    enter(here, "rina")
    enter(there, "rina")
    page = here.get("/person?lang=en").text
    other = re.search(r'name="id" value="([^"]+)"', page)

    assert other
    assert "Firefox · Android · 127.0.0.1" in page
    here.post("/person/end", id=other[1])
    assert there.get("/person").status_code == 302
    assert here.get("/person").status_code == 200


def test_changing_the_password_wants_the_old_one_and_ends_the_others(
    add: Callable[..., str], visitor: Callable[[], Visitor]
) -> None:
    add("rina", Role.STAFF)
    here, there = visitor(), visitor()
    enter(here, "rina")
    enter(there, "rina")

    refused = here.post("/person/password", old="wrong", password=OWN_PASSWORD)
    changed = here.post("/person/password", old=PASSWORD, password=OWN_PASSWORD)

    assert (refused.status_code, changed.status_code) == (401, 303)
    assert there.get("/person").status_code == 302
    assert here.get("/person").status_code == 200


def test_a_token_for_a_program_is_shown_once_and_does_no_more_than_its_scope(
    add: Callable[..., str], stranger: Visitor
) -> None:
    add("rina", Role.STAFF)
    enter(stranger, "rina")

    page = stranger.post(
        "/person/tokens", old=PASSWORD, name="laporan", scope="read", days="30"
    ).text

    found = re.search(r'id="token">([^<]+)<', page)
    assert found
    assert found[1] not in stranger.get("/person").text
    headers = {"Authorization": f"Bearer {found[1]}"}
    made = {"id": "0199c2d6-0000-7000-8000-000000000001", "text": "?",
            "scanned_at": "2026-02-02T12:00:00+07:00"}  # fmt: skip
    scans = {"task": "receive", "scans": [made]}
    client = stranger.client.application.test_client()
    assert client.get("/api/v1/stock", headers=headers).status_code == 200
    answer = client.post("/api/v1/scans", json=scans, headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "scope-too-small")


# Enrolled stations, cards and PINs.


@pytest.fixture
def table(backend: Backend, app: Flask) -> Visitor:
    """Give a browser that became the station Meja 2, which only receives."""
    at = backend.clock()

    def add(s: object) -> str:
        actor = accounts.cli_actor(s)  # type: ignore[arg-type]
        new = NewStation("Meja 2", "12.71", Task.RECEIVE)
        stations.add(s, actor, new, at=at)  # type: ignore[arg-type]
        return stations.make_code(s, actor, "Meja 2", at=at)  # type: ignore[arg-type]

    shown = backend.writer.run(add)
    visitor = Visitor(app.test_client())
    answer = visitor.post("/enrol", code=shown)
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if "silog-station" in c)
    assert answer.status_code == 302
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    return visitor


def at_table(table: Visitor, name: str) -> None:
    assert enter(table, name) == "/"


def give_pin(backend: Backend, user: str) -> str:
    """Give a person a PIN and a card; return the card's text."""

    def give(s: object) -> str:
        actor = accounts.cli_actor(s)  # type: ignore[arg-type]
        row = next(u for u in accounts.users(s, actor) if u.id == user)  # type: ignore[arg-type]
        row.pin = passwords.NewPin(PIN).hash
        return accounts.give_badge(s, actor, row.name, at=backend.clock())  # type: ignore[arg-type]

    return backend.writer.run(give)


def scan_at(table: Visitor, task: str = "receive", **headers: str) -> tuple[int, str]:
    made = {"id": f"0199c2d6-0000-7000-8000-{id(headers) % 10**12:012}", "text": "?",
            "scanned_at": "2026-02-02T12:00:00+07:00"}  # fmt: skip
    answer = table.client.post(
        "/api/v1/scans",
        json={"task": task, "scans": [made]},
        headers={"X-CSRFToken": table.token, **headers},
    )
    content = answer.get_json()
    if answer.status_code != 200:
        return answer.status_code, content["code"]
    return 200, content["results"][0]["event"]["station"]


def test_a_person_at_an_enrolled_browser_records_in_its_name_and_only_its_task(
    add: Callable[..., str], table: Visitor, backend: Backend
) -> None:
    add("rina", Role.STAFF)
    at_table(table, "rina")

    assert scan_at(table, **{"Silog-Unsent": "3"}) == (200, "Meja 2")
    assert scan_at(table, "dispatch") == (403, "task-not-yours")
    with backend.database.reading() as session:
        found = stations.find(session, accounts.cli_actor(session), "Meja 2")
        assert found.unsent == 3


def test_a_card_and_a_pin_change_who_works_here_and_the_work_goes_on(
    add: Callable[..., str], table: Visitor, backend: Backend
) -> None:
    card = give_pin(backend, add("tono", Role.STAFF))
    add("rina", Role.STAFF)
    at_table(table, "rina")
    table.post("/work", task="receive", place="12.71")

    wrong = table.post("/switch", badge=card, pin="111111")
    right = table.post("/switch", badge=card, pin=PIN)
    table._token = None  # noqa: SLF001

    assert wrong.status_code == 401
    assert (right.status_code, right.location) == (302, "/station")
    page = table.get("/station").text
    assert "tono" in page
    assert "rina" not in page
    assert scan_at(table) == (200, "Meja 2")


def test_after_three_wrong_pins_to_a_name_the_card_is_asked_for(
    add: Callable[..., str], table: Visitor, backend: Backend
) -> None:
    tono = add("tono", Role.STAFF)
    card = give_pin(backend, tono)
    at_table(table, "tono")

    wrong = [table.post("/switch", user=tono, pin="111111").status_code for _ in range(3)]
    by_name = table.post("/switch", user=tono, pin=PIN)
    by_card = table.post("/switch", badge=card, pin=PIN)

    assert wrong == [401] * 3
    assert (by_name.status_code, by_card.status_code) == (429, 302)


def test_who_decides_shows_the_card_not_only_the_name(
    add: Callable[..., str], table: Visitor, backend: Backend
) -> None:
    hendra = add("hendra", Role.SUPERVISOR)
    card = give_pin(backend, hendra)
    add("rina", Role.STAFF)
    at_table(table, "rina")
    table.post("/switch", badge=card, pin=PIN)
    table._token = None  # noqa: SLF001

    answer = table.post("/switch?lang=en", user=hendra, pin=PIN)

    assert (answer.status_code, "Scan your card" in answer.text) == (401, True)


def test_cards_and_pins_are_not_taken_away_from_a_station(
    add: Callable[..., str], stranger: Visitor, backend: Backend
) -> None:
    card = give_pin(backend, add("rina", Role.STAFF))
    enter(stranger, "rina")

    assert stranger.post("/switch", badge=card, pin=PIN).status_code == 409


def test_a_locked_screen_shows_nothing_and_takes_no_scan_until_the_pin(
    add: Callable[..., str], table: Visitor, backend: Backend
) -> None:
    rina = add("rina", Role.STAFF)
    give_pin(backend, rina)
    at_table(table, "rina")
    table.post("/work", task="receive", place="12.71")

    table.post("/lock")

    assert table.get("/stock").location.startswith("/switch")
    assert scan_at(table) == (401, "unauthenticated")
    assert "locked" in table.get("/switch?lang=en").text
    assert table.post("/switch", user=rina, pin=PIN).location == "/station"
    table._token = None  # noqa: SLF001
    assert scan_at(table) == (200, "Meja 2")


def test_the_station_locks_by_itself_and_polls_keep_nobody_awake(
    add: Callable[..., str], table: Visitor, backend: Backend, clock: Clock
) -> None:
    give_pin(backend, add("rina", Role.STAFF))
    at_table(table, "rina")
    table.post("/work", task="receive", place="12.71")
    for _ in range(3):
        clock.go_on(timedelta(minutes=6))
        polled = table.get("/station/live")

    assert polled.location.startswith("/switch")


def test_hands_at_work_keep_it_open(
    add: Callable[..., str], table: Visitor, backend: Backend, clock: Clock
) -> None:
    give_pin(backend, add("rina", Role.STAFF))
    at_table(table, "rina")
    table.post("/work", task="receive", place="12.71")
    for _ in range(5):
        clock.go_on(timedelta(minutes=6))
        polled = table.get("/station/live?active=1")
        assert polled.status_code == 200
        assert "Set-Cookie" not in polled.headers  # it could overtake the next person's


def test_a_revoked_browser_is_out_its_scans_are_on_record_and_it_may_begin_anew(
    add: Callable[..., str], table: Visitor, admin: Visitor, backend: Backend
) -> None:
    add("rina", Role.STAFF)
    at_table(table, "rina")

    admin.post("/admin/stations/revoke", name="Meja 2")

    made = {"id": "0199c2d6-0000-7000-8000-000000000009", "text": "1271-KS-000001",
            "scanned_at": "2026-02-02T12:00:00+07:00"}  # fmt: skip
    answer = table.client.post(
        "/api/v1/scans", json={"task": "receive", "scans": [made, "nonsense", {"id": 5}]}
    )
    assert (answer.status_code, answer.get_json()["code"]) == (401, "station-revoked")
    assert table.get("/stock").status_code == 401
    assert "was revoked" in table.get("/sign-in?lang=en").text
    with backend.database.reading() as session:
        found, _ = reports.events(session, accounts.cli_actor(session), after=0, limit=1_000)
    log = [event["body"] for event in found if event["kind"] == "scan-refused"]
    assert [(body["text"], body["code"]) for body in log] == [("1271-KS-000001", "station-revoked")]
    table._token = None  # noqa: SLF001
    table.client.post("/enrol/forget", data={"csrf_token": token_on(table)})
    assert enter(table, "rina") == "/"


def token_on(visitor: Visitor) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', visitor.get("/sign-in").text)
    assert found
    return found[1]


def test_a_sign_in_idles_out_sooner_for_who_decides(admin: Visitor, clock: Clock) -> None:
    clock.go_on(sign_ins.IDLE[Role.ADMINISTRATOR] + timedelta(minutes=1))

    assert admin.get("/stock").location.startswith("/sign-in")
