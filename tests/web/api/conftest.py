"""Programs that call the API, on SQLite and on PostgreSQL, around one manifest to Medan."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from silog_scan.config import Settings
from silog_scan.services import accounts, passwords, sign_ins, stations
from silog_scan.services.accounts import NewUser
from silog_scan.services.actors import Role, Scope
from silog_scan.services.passwords import NewPassword
from silog_scan.services.sign_ins import NewToken
from silog_scan.services.stations import NewStation
from silog_scan.store.db import Database
from silog_scan.store.writer import Writer
from silog_scan.web.context import Backend
from tests.conftest import PASSWORD
from tests.web.conftest import Clock

Json = dict[str, Any]


def scan(text: str, **details: object) -> Json:
    """Return a scan as a station sends it."""
    made = {"id": str(uuid4()), "text": text, "scanned_at": "2026-02-02T12:00:00+07:00"}
    return made | details


@dataclass(slots=True)
class Caller:
    """A program with a bearer token, or without."""

    client: FlaskClient
    token: str | None = None

    def open(self, method: str, path: str, **options: Any) -> TestResponse:  # noqa: ANN401
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= options.pop("headers", {})
        return self.client.open(f"/api/v1{path}", method=method, headers=headers, **options)

    def get(self, path: str, **query: object) -> TestResponse:
        return self.open("GET", path, query_string=query)

    def post(self, path: str, **content: object) -> TestResponse:
        return self.open("POST", path, json=content)

    def receive(self, *scans: Json, **more: object) -> TestResponse:
        return self.post("/scans", task="receive", scans=list(scans), **more)

    def import_csv(self, data: bytes, **query: object) -> TestResponse:
        return self.open(
            "POST", "/manifests", data=data, content_type="text/csv", query_string=query
        )


def content_of(answer: TestResponse) -> Json:
    """Return what a call that went well answered."""
    assert answer.status_code == 200, answer.text
    found: Json = answer.get_json()
    return found


def problem_of(answer: TestResponse) -> tuple[int, str]:
    """Return the status and the code of a refusal."""
    assert answer.content_type == "application/problem+json", answer.text
    return answer.status_code, answer.get_json()["code"]


def results(answer: TestResponse) -> list[Json]:
    """Return the results of scans."""
    found: list[Json] = content_of(answer)["results"]
    return found


def outcomes(answer: TestResponse) -> list[str]:
    """Return the outcomes of scans."""
    return [result["outcome"] for result in results(answer)]


def recorded(caller: Caller) -> list[Json]:
    """Return the scans of the log, and what was refused of them."""
    events = content_of(caller.get("/events", limit=1_000))["events"]
    return [event for event in events if event["kind"].startswith("scan")]


@pytest.fixture
def backend(database: Database, tmp_path: Path, clock: Clock) -> Iterator[Backend]:
    writer = Writer(database)
    yield Backend(Settings(tmp_path, database.url), database, writer, clock)
    writer.stop()


@pytest.fixture
def enrol(app: Flask, backend: Backend) -> Callable[[str, str], Caller]:
    """Give a new station with a token of its own."""

    def enrolled(name: str, place: str) -> Caller:
        token = backend.writer.run(
            lambda s: stations.add_with_token(
                s, accounts.cli_actor(s), NewStation(name, place), at=backend.clock()
            )
        )
        return Caller(app.test_client(), token)

    return enrolled


@pytest.fixture
def meja(enrol: Callable[[str, str], Caller]) -> Caller:
    """Give the station on a table of the city's warehouse."""
    return enrol("Meja 1", "12.71")


@pytest.fixture
def ppk_device(enrol: Callable[[str, str], Caller]) -> Caller:
    """Give the station of a district of the city."""
    return enrol("PPK Medan Kota", "12.71.01")


@pytest.fixture
def head(app: Flask, backend: Backend) -> Caller:
    """Give a program with the administrator's own token."""
    with backend.database.reading() as session:
        user = sign_ins.first_administrator(session)
        admin = replace(accounts.cli_actor(session), user=user)
    new = NewToken("program", Scope.ALL, 30)
    token = backend.writer.run(lambda s: sign_ins.make_token(s, admin, new, at=backend.clock()))
    return Caller(app.test_client(), token)


@pytest.fixture
def callers(
    app: Flask,
    backend: Backend,
    meja: Caller,
    nobody: Caller,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, Caller]:
    """Give a program of every role, one that only reads, a station, and one without a token."""
    monkeypatch.setattr(passwords, "_SCRYPT", "scrypt:1024:8:1")  # nobody signs in here

    def program(role: Role, scope: Scope = Scope.ALL) -> Caller:
        new = NewUser(f"{role.value} {scope.value}", role, "12.71", NewPassword(PASSWORD))
        at = backend.clock()

        def make(s: Session) -> str:
            user = accounts.add_user(s, accounts.cli_actor(s), new, at=at).id
            who = replace(accounts.cli_actor(s), user=user, role=role)
            return sign_ins.make_token(s, who, NewToken("program", scope, 30), at=at)

        return Caller(app.test_client(), backend.writer.run(make))

    return {
        "staff": program(Role.STAFF),
        "supervisor": program(Role.SUPERVISOR),
        "observer": program(Role.OBSERVER),
        "reader": program(Role.SUPERVISOR, Scope.READ),
        "device": meja,
        "nobody": nobody,
    }


@pytest.fixture
def nobody(app: Flask) -> Caller:
    """Give a program without a token."""
    return Caller(app.test_client())
