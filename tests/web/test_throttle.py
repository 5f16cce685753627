"""Wrong passwords are slowed down, and nobody is locked out by another (ASVS 5.0: 6.3.1)."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import NoReturn

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from silog_scan.core.errors import TooMany, say
from silog_scan.services import passwords, throttle
from silog_scan.services.sign_ins import WrongPassword
from silog_scan.services.throttle import Throttle
from tests.conftest import PASSWORD
from tests.web.conftest import Visitor

WRONG = "wrong"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_OF_NOBODY", "scrypt:1024:8:1$x$00")


@pytest.fixture
def stranger(app: Flask) -> Visitor:
    return Visitor(app.test_client())


def tried(
    visitor: Visitor, name: str, password: str = WRONG, machine: str = "10.0.0.66"
) -> TestResponse:
    form = {"name": name, "password": password, "csrf_token": visitor.token}
    return visitor.client.post(
        "/sign-in?lang=en", data=form, environ_overrides={"REMOTE_ADDR": machine}
    )


def test_the_sixth_wrong_try_must_wait(stranger: Visitor) -> None:
    statuses = [tried(stranger, "nobody").status_code for _ in range(6)]

    assert statuses == [401] * 5 + [429]
    refused = tried(stranger, "Nobody ")
    assert "Wait 5 min" in refused.text
    assert 0 < int(refused.headers["Retry-After"]) <= 300


def test_a_thousand_wrong_passwords_stop_nobody_elsewhere(stranger: Visitor) -> None:
    statuses = {tried(stranger, "admin").status_code for _ in range(1_000)}

    right = tried(stranger, "admin", PASSWORD, machine="10.0.0.7")

    assert statuses == {401, 429}
    assert right.status_code == 302


def test_a_machine_that_tries_many_names_must_wait(stranger: Visitor) -> None:
    statuses = [tried(stranger, f"name {number}").status_code for number in range(51)]

    assert statuses == [401] * 50 + [429]


def test_right_passwords_are_not_counted(app: Flask) -> None:
    visitors = [Visitor(app.test_client()) for _ in range(7)]

    assert {tried(visitor, "admin", PASSWORD).status_code for visitor in visitors} == {302}


def test_tries_at_once_gain_nothing() -> None:
    limit, all_are_here = Throttle(), Barrier(16)
    counts = throttle.tries("10.0.0.66", "admin")

    def judge() -> NoReturn:
        all_are_here.wait(10)  # none is counted before every one has come
        raise WrongPassword("sign-in-refused", say("no"))

    def attempt(_: int) -> bool:
        try:
            with limit.trial(counts, WrongPassword):
                judge()
        except TooMany:
            all_are_here.wait(10)
            return False
        except WrongPassword:
            return True

    with ThreadPoolExecutor(16) as pool:
        allowed = sum(pool.map(attempt, range(16)))

    assert allowed == 5


def test_an_ipv6_house_is_one_machine() -> None:
    assert throttle.tries("2001:db8:1:2::1", "a") == throttle.tries("2001:db8:1:2:9::7", "a")
    assert throttle.tries("2001:db8:1:2::1", "a") != throttle.tries("2001:db8:1:3::1", "a")
