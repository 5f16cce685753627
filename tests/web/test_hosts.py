"""A station answers to its own names and to addresses, and believes forwarding proxies it knows."""

from dataclasses import replace
from ipaddress import ip_network

import pytest
from flask import request
from werkzeug.test import TestResponse

from silog_scan.app import create_app
from silog_scan.services import network
from silog_scan.web.context import Backend
from tests.web.conftest import Visitor

PROXY, CLIENT, STRANGER = "10.0.0.1", "192.168.10.99", "192.168.10.66"
FORWARDED = {
    "X-Forwarded-For": CLIENT,
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "silog.example.go.id",
}


@pytest.fixture
def visitor(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    monkeypatch.setattr(network, "hostname", lambda: "GUDANG-1")
    backend.settings = replace(
        backend.settings, hosts=("silog.example.go.id",), proxies=(ip_network("10.0.0.0/24"),)
    )
    app = create_app(backend)
    app.add_url_rule(
        "/echo",
        "health.echo",
        lambda: {"client": request.remote_addr, "address": request.host_url},
    )
    app.before_request_funcs[None] = [
        check for check in app.before_request_funcs[None] if check.__name__ != "identify"
    ]
    return Visitor(app.test_client())


def ask(visitor: Visitor, host: str, path: str = "/healthz", **more: str) -> TestResponse:
    return visitor.client.get(path, headers={"Host": host}, environ_overrides=more)


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8000", "gudang-1", "GUDANG-1.local", "gudang-1.local.:8000",
     "silog.example.go.id", "192.168.10.20", "203.0.113.9:8000", "[::1]:8000", "[fd00::20]"],
)  # fmt: skip
def test_its_names_and_any_address_are_answered(visitor: Visitor, host: str) -> None:
    assert ask(visitor, host).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "gudang-1.local.evil.example", "xgudang-1", "[::1",
     "127.0.0.1.evil.example", "user@evil.example", "evil.example#localhost", "0x7f000001"],
)  # fmt: skip
def test_another_name_is_refused(visitor: Visitor, host: str) -> None:
    assert ask(visitor, host).status_code == 400


def test_a_refused_name_is_told_on_pages_and_to_programs(visitor: Visitor) -> None:
    page = ask(visitor, "<b>evil.example", "/sign-in?lang=en")
    problem = ask(visitor, "evil.example", "/api/v1/stock").json

    assert "not known by the name &lt;b&gt;evil.example" in page.text
    assert problem is not None
    assert (problem["status"], problem["code"]) == (400, "host-unknown")


def test_a_page_that_does_not_exist_is_refused_by_another_name_too(visitor: Visitor) -> None:
    assert ask(visitor, "evil.example", "/no-such-page").status_code == 400


def echoed(visitor: Visitor, *, at: str) -> tuple[str, str]:
    answer = visitor.client.get(
        "/echo", headers={"Host": "localhost", **FORWARDED}, environ_overrides={"REMOTE_ADDR": at}
    ).json
    assert answer is not None
    return answer["client"], answer["address"]


def test_a_known_proxy_says_who_asks_and_by_which_name(visitor: Visitor) -> None:
    assert echoed(visitor, at=PROXY) == (CLIENT, "https://silog.example.go.id/")


def test_a_stranger_cannot_claim_to_be_another(visitor: Visitor) -> None:
    assert echoed(visitor, at=STRANGER) == (STRANGER, "http://localhost/")


def test_through_a_chain_the_proxys_own_word_counts(visitor: Visitor) -> None:
    answer = visitor.client.get(
        "/echo",
        headers={"Host": "localhost", "X-Forwarded-For": f"6.6.6.6, {CLIENT}"},
        environ_overrides={"REMOTE_ADDR": PROXY},
    ).json

    assert answer is not None
    assert answer["client"] == CLIENT


# HTTPS.


@pytest.mark.parametrize(
    ("scheme", "told"), [("https", "max-age=31536000; includeSubDomains"), ("http", None)]
)
def test_only_https_asks_to_come_by_https_again(
    stranger: Visitor, scheme: str, told: str | None
) -> None:
    answer = stranger.client.get("/sign-in", base_url=f"{scheme}://localhost")

    assert answer.headers.get("Strict-Transport-Security") == told


def test_cookies_of_a_station_with_https_are_for_https_only(backend: Backend) -> None:
    client = create_app(backend, tls=True).test_client()

    answer = client.get("/sign-in", base_url="https://localhost")

    assert answer.headers["Set-Cookie"].startswith("__Host-silog=")
    assert "Secure; HttpOnly; Path=/" in answer.headers["Set-Cookie"]
