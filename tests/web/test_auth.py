"""Who gets in, and how the way in ends."""

from collections.abc import Callable

import pytest
from flask import Flask

from silog_scan.services import accounts
from silog_scan.services.accounts import NewUser
from silog_scan.services.actors import Role
from silog_scan.services.passwords import NewPassword
from silog_scan.web import auth
from silog_scan.web.context import Backend
from tests.conftest import PASSWORD
from tests.web.conftest import Visitor


@pytest.fixture
def rina(backend: Backend) -> None:
    """Add a worker whose password is her own."""
    new = NewUser("rina", Role.STAFF, "12.71", NewPassword(PASSWORD), is_temporary=False)
    backend.writer.run(
        lambda s: accounts.add_user(s, accounts.cli_actor(s), new, at=backend.clock()).id
    )


def test_a_stranger_is_led_to_the_sign_in_from_every_page(app: Flask, stranger: Visitor) -> None:
    closed = [
        rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in auth.OPEN and not rule.rule.startswith("/api/")
    ]

    answers = {
        rule.rule: stranger.client.open(
            rule.rule.replace("<", "").replace(">", ""),
            method="GET" if "GET" in (rule.methods or ()) else "POST",
            data={"csrf_token": stranger.token},
        )
        for rule in closed
    }

    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(
        answers, 302
    )
    assert all("/sign-in" in answer.location for answer in answers.values())


@pytest.mark.usefixtures("rina")
def test_the_right_password_leads_to_the_page_asked_for(stranger: Visitor) -> None:
    answer = stranger.post("/sign-in?next=/person", name="rina", password=PASSWORD)

    assert (answer.status_code, answer.location) == (302, "/person")
    assert stranger.get("/person").status_code == 200


def test_a_wrong_password_is_told_in_one_sentence(stranger: Visitor) -> None:
    answer = stranger.post("/sign-in", name="admin", password="wrong horse battery")

    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert 'value="admin"' in answer.text


@pytest.mark.usefixtures("rina")
@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/%09/evil.example",
        "/%0a/evil.example",
        "/%0d%0aX: y",
    ],
)
def test_the_sign_in_leads_nowhere_else(stranger: Visitor, elsewhere: str) -> None:
    answer = stranger.post(f"/sign-in?next={elsewhere}", name="rina", password=PASSWORD)

    assert answer.location == "/"  # where the work of staff begins


def test_a_demonstration_link_works_once(backend: Backend, app: Flask) -> None:
    backend.demo_secrets.add("secret")
    first, second = Visitor(app.test_client()), Visitor(app.test_client())

    answers = [visitor.post("/sign-in/demo", secret="secret") for visitor in (first, second)]

    assert [answer.status_code for answer in answers] == [302, 401]
    assert second.get("/person").status_code == 302


def test_signing_out_ends_the_sign_in_on_the_server(admin: Visitor, app: Flask) -> None:
    with admin.client.session_transaction() as session:
        stolen = dict(session)

    admin.post("/sign-out")

    thief = Visitor(app.test_client())
    with thief.client.session_transaction() as session:
        session.update(stolen)
    assert thief.get("/person").status_code == 302


def test_a_form_from_elsewhere_is_refused(admin: Visitor) -> None:
    answer = admin.client.post("/sign-out")

    assert answer.status_code == 400
    assert admin.get("/person").status_code == 200


def test_the_language_is_remembered(admin: Visitor) -> None:
    answer = admin.post("/language?next=/person", language="id")

    assert answer.location == "/person"
    assert '<html lang="id"' in admin.get("/person").text


def test_the_bar_shows_what_a_role_may_open(
    person: Callable[[str, Role, str], Visitor],
) -> None:
    supervisor = person("hendra", Role.SUPERVISOR, "12.71")
    staff = person("rina", Role.STAFF, "12.71")

    assert 'class="sl-nav"' in supervisor.get("/person").text
    assert 'class="sl-nav"' not in staff.get("/person").text


@pytest.mark.parametrize("address", ["/sign-in", "/work", "/person/end"])
def test_a_character_that_is_no_text_is_refused(admin: Visitor, address: str) -> None:
    answer = admin.post(address, name="a\0", manifest="\0", id="\0")

    assert answer.status_code == 422
    assert admin.get("/start/places?q=%00").status_code == 422
