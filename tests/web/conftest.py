"""A station in memory of one process: the application around a copied home, and visitors to it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from silog_scan.app import create_app
from silog_scan.config import Settings
from silog_scan.services import accounts, imports, sign_ins
from silog_scan.services.accounts import NewUser
from silog_scan.services.actors import Role
from silog_scan.services.passwords import NewPassword
from silog_scan.store.db import Database
from silog_scan.store.tables import UserRow
from silog_scan.store.writer import Writer
from silog_scan.web.context import Backend
from tests.conftest import NOON, PASSWORD

MANIFEST = b"""manifest,from,to,package,item,quantity,destination
SJ-1271-0147,12,12.71,1271-KS-000001,KOTAK,1,12.71.01.1001.001
SJ-1271-0147,12,12.71,1271-KS-000002,KOTAK,1,12.71.01.1001.002
SJ-1271-0147,12,12.71,1271-BL-000003,BILIK,1,12.71.01.1001.002
SJ-1271-0147,12,12.71,,TINTA,40,12.71.01
"""
NUMBER = "SJ-1271-0147"
KNOWN = NewPassword(PASSWORD)
"""Its hash is dear, and made once."""


@dataclass(slots=True)
class Clock:
    """A clock that stands still until it is told to go on."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def go_on(self, step: timedelta) -> None:
        self.at += step


@dataclass(slots=True)
class Visitor:
    """A browser: it carries the form's token along, as a page does."""

    client: FlaskClient
    _token: str | None = field(default=None)

    def get(self, address: str) -> TestResponse:
        return self.client.get(address)

    def post(self, address: str, **form: str) -> TestResponse:
        return self.client.post(address, data=form | {"csrf_token": self.token})

    def post_json(self, address: str, content: object) -> TestResponse:
        return self.client.post(address, json=content, headers={"X-CSRFToken": self.token})

    @property
    def token(self) -> str:
        if self._token is None:
            page = self.client.get("/person", follow_redirects=True).text
            found = re.search(r'name="csrf-token" content="([^"]+)"', page)
            assert found
            self._token = found[1]
        return self._token


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def backend(sqlite_home: Path, clock: Clock) -> Iterator[Backend]:
    address = f"sqlite:///{sqlite_home / 'silog.db'}"
    database = Database(address)
    writer = Writer(database)
    settings = Settings(sqlite_home, address, hosts=("silog.test",))
    yield Backend(settings, database, writer, clock)
    writer.stop()
    database.close()


@pytest.fixture
def app(backend: Backend) -> Flask:
    return create_app(backend)


@pytest.fixture
def stranger(app: Flask) -> Visitor:
    return Visitor(app.test_client())


@pytest.fixture
def sign_in(app: Flask, backend: Backend) -> Callable[[str], Visitor]:
    """Give a browser in which a person is signed in already, without the slow password."""

    def signed_in(name: str) -> Visitor:
        with backend.database.reading() as session:
            user = session.scalars(select(UserRow.id).where(UserRow.name == name)).one()
        token = backend.writer.run(lambda s: sign_ins.begin(s, user, at=backend.clock()))
        visitor = Visitor(app.test_client())
        with visitor.client.session_transaction() as session:
            session.update({"_user_id": token, "_fresh": True, "language": "en"})
        return visitor

    return signed_in


@pytest.fixture
def admin(sign_in: Callable[[str], Visitor]) -> Visitor:
    return sign_in("admin")


@pytest.fixture
def person(
    backend: Backend, sign_in: Callable[[str], Visitor]
) -> Callable[[str, Role, str], Visitor]:
    """Give a browser of a new person with a role at a place."""

    def added(name: str, role: Role, place: str) -> Visitor:
        new = NewUser(name, role, place, KNOWN)
        backend.writer.run(
            lambda s: accounts.add_user(s, accounts.cli_actor(s), new, at=backend.clock()).id
        )
        return sign_in(name)

    return added


def bring(backend: Backend, data: bytes) -> None:
    """Import a file past the screen."""
    with backend.database.reading() as session:
        actor = accounts.cli_actor(session)
    folder, at = backend.settings.attachments, backend.clock()
    backend.writer.run(lambda s: imports.bring(s, actor, data, attachments=folder, at=at))


@pytest.fixture
def manifest(backend: Backend) -> str:
    """Import the manifest of three packages and forty bottles of ink; give its number."""
    bring(backend, MANIFEST)
    return NUMBER
