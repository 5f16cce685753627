"""Who may call, and what is said to the others."""

from collections.abc import Callable

import pytest
from flask import Flask

from silog_scan.services import accounts, stations
from silog_scan.web.context import Backend
from tests.web.api.conftest import Caller, content_of, problem_of, scan
from tests.web.conftest import Visitor

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

CALLS = [
    ("GET", "/openapi.json"),
    ("POST", "/scans"),
    ("POST", "/scans/0199/undo"),
    ("POST", "/readings"),
    ("POST", "/manifests"),
    ("GET", "/manifests"),
    ("GET", "/manifests/none"),
    ("GET", "/stock?place=99"),
    ("GET", "/packages/none"),
    ("GET", "/discrepancies"),
    ("GET", "/events?after=x"),
    ("GET", "/no-such-call"),
    ("DELETE", "/stock"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_without_a_token_nothing_else_is_looked_at(nobody: Caller, method: str, path: str) -> None:
    answer = nobody.open(method, path, data=b"{ no json", content_type="application/json")

    assert problem_of(answer) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer", "Basic YTpi", "Bearer \u00ff", ""])
def test_a_wrong_token_is_no_token(nobody: Caller, header: str) -> None:
    answer = nobody.open("GET", "/stock", headers={"Authorization": header})

    assert answer.status_code == 401


def test_a_revoked_station_is_a_stranger(meja: Caller, backend: Backend) -> None:
    backend.writer.run(
        lambda s: stations.revoke(s, accounts.cli_actor(s), "Meja 1", at=backend.clock())
    )

    assert meja.get("/stock").status_code == 401


def test_a_person_may_call_with_a_token_too(head: Caller) -> None:
    assert head.get("/stock").status_code == 200


@pytest.mark.parametrize(("path", "status"), [("/no-such-call", 404), ("/scans", 405)])
def test_a_call_that_does_not_exist_is_a_problem_too(meja: Caller, path: str, status: int) -> None:
    answer = meja.open("DELETE", path)

    assert problem_of(answer)[0] == status


def test_a_problem_has_the_fields_of_its_standard_and_a_code(meja: Caller) -> None:
    answer = meja.get("/stock", place="12.75")

    assert problem_of(answer) == (403, "place-not-yours")
    assert set(answer.get_json()) == {"type", "title", "status", "detail", "code"}
    assert answer.get_json()["status"] == 403


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_whoever_watches_the_process_needs_no_token(app: Flask, path: str) -> None:
    assert app.test_client().get(path).status_code == 200


# The pages' own scripts call with the cookie.


def test_a_cookie_writes_only_with_the_pages_token(admin: Visitor) -> None:
    content = {"task": "receive", "scans": [scan("1271-KS-000001")]}

    without = admin.client.post("/api/v1/scans", json=content)
    with_it = admin.post_json("/api/v1/scans", content)

    assert problem_of(without) == (400, "csrf")
    assert with_it.status_code == 200


def test_a_cookie_reads_without_the_pages_token(admin: Visitor) -> None:
    assert admin.get("/api/v1/stock").status_code == 200


def test_a_wrong_token_is_not_saved_by_a_cookie(admin: Visitor) -> None:
    answer = admin.client.get("/api/v1/stock", headers={"Authorization": "Bearer nonsense"})

    assert answer.status_code == 401


def test_a_station_of_elsewhere_sees_nothing_of_here(
    enrol: Callable[[str, str], Caller], manifest: str, meja: Caller
) -> None:
    meja.receive(scan("1271-KS-000001"), manifest=manifest)
    belawan = enrol("PPK Belawan", "12.71.11")

    answers = [
        belawan.get(f"/manifests/{manifest}"),
        belawan.get(f"/manifests/{manifest}/lines"),
        belawan.get(f"/manifests/{manifest}/export"),
        belawan.get(f"/manifests/{manifest}/reconciliation"),
        belawan.get("/stock", place="12.71"),
        belawan.get("/discrepancies", place="12.71"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404, 404, 403, 403]
    events = content_of(belawan.get("/events"))["events"]
    assert [event["kind"] for event in events] == ["station-added", "station-signed-in"]
