"""Who may do what: every route for every role, at the place it is about and elsewhere.

The places of the table: own is Kota Medan, where all that is asked for belongs; elsewhere is
Binjai, whose people must not learn that it exists. What a post changes is made anew for each
visitor. A route without a line here fails a test (ASVS 5.0: 8.2.1, 8.2.2, 8.3.1).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask, url_for

from silog_scan.app import create_app
from silog_scan.config import Settings
from silog_scan.core.manifests import Defaults
from silog_scan.core.stock import Task
from silog_scan.services import (
    accounts,
    deliveries,
    imports,
    passwords,
    scanning,
    sign_ins,
    stations,
)
from silog_scan.services.accounts import NewUser
from silog_scan.services.actors import Actor, Role, Scope
from silog_scan.services.passwords import NewPassword
from silog_scan.services.scanning import Submission
from silog_scan.services.sign_ins import NewToken
from silog_scan.services.stations import NewStation
from silog_scan.services.throttle import Throttle
from silog_scan.store.db import Database
from silog_scan.store.writer import Writer
from silog_scan.web.context import Backend
from tests.conftest import NOON, PASSWORD
from tests.web.conftest import Visitor

OWN, ELSEWHERE = "12.71", "12.75"

COLUMNS = ("stranger", "staff", "supervisor", "administrator", "observer",
           "staff elsewhere", "supervisor elsewhere", "administrator elsewhere",
           "observer elsewhere", "station")  # fmt: skip
TABLE = """
GET  /                                                  302 200 200 200 302 200 200 200 302 302
GET  /admin                                             302 403 403 302 403 403 403 302 403 302
POST /admin/backup                                      302 403 403 303 403 403 403 303 403 302
GET  /admin/stations                                    302 403 403 200 403 403 403 200 403 302
POST /admin/stations                                    302 403 403 200 403 403 403 403 403 302
POST /admin/stations/code                               302 403 403 200 403 403 403 404 403 302
POST /admin/stations/revoke                             302 403 403 303 403 403 403 404 403 302
GET  /admin/users                                       302 403 403 200 403 403 403 200 403 302
POST /admin/users                                       302 403 403 303 403 403 403 403 403 302
POST /admin/users/badge                                 302 403 403 200 403 403 403 404 403 302
POST /admin/users/disable                               302 403 403 303 403 403 403 404 403 302
POST /admin/users/enable                                302 403 403 303 403 403 403 404 403 302
POST /admin/users/password                              302 403 403 200 403 403 403 404 403 302
POST /admin/users/second-factor/reset                   302 403 403 303 403 403 403 404 403 302
POST /admin/users/sign-ins/end                          302 403 403 303 403 403 403 404 403 302
GET  /api/v1/discrepancies                              401 200 200 200 200 200 200 200 200 200
POST /api/v1/enrol                                      404 404 404 404 404 404 404 404 404 404
GET  /api/v1/events                                     401 200 200 200 200 200 200 200 200 200
GET  /api/v1/manifests                                  401 200 200 200 200 200 200 200 200 200
POST /api/v1/manifests                                  401 200 200 200 403 403 403 403 403 200
GET  /api/v1/manifests/<path:number>                    401 200 200 200 200 404 404 404 404 200
POST /api/v1/manifests/<path:number>/close              401 403 200 200 403 403 404 404 403 403
GET  /api/v1/manifests/<path:number>/export             401 200 200 200 200 404 404 404 404 200
GET  /api/v1/manifests/<path:number>/lines              401 200 200 200 200 404 404 404 404 200
GET  /api/v1/manifests/<path:number>/reconciliation     401 200 200 200 200 404 404 404 404 200
POST /api/v1/manifests/<path:number>/reopen             401 403 200 200 403 403 404 404 403 403
POST /api/v1/manifests/<path:number>/void               401 403 200 200 403 403 404 404 403 403
GET  /api/v1/openapi.json                               401 200 200 200 200 200 200 200 200 200
GET  /api/v1/packages/<path:code>                       401 200 200 200 200 404 404 404 404 200
POST /api/v1/readings                                   401 200 200 200 200 200 200 200 200 200
POST /api/v1/scans                                      401 200 200 200 403 403 403 403 403 200
POST /api/v1/scans/<uuid:id>/undo                       401 403 200 200 403 404 404 404 403 200
GET  /api/v1/stock                                      401 200 200 200 200 200 200 200 200 200
GET  /enrol                                             200 200 200 200 200 200 200 200 200 200
POST /enrol                                             404 404 404 404 404 404 404 404 404 404
POST /enrol/forget                                      302 302 302 302 302 302 302 302 302 302
GET  /healthz                                           200 200 200 200 200 200 200 200 200 200
POST /language                                          302 302 302 302 302 302 302 302 302 302
GET  /ledger                                            302 200 200 200 200 403 403 403 403 302
GET  /ledger/checkpoint.txt                             302 200 200 200 200 403 403 403 403 302
POST /ledger/checkpoints                                302 302 302 302 302 403 403 403 403 302
GET  /ledger/export.jsonl                               302 200 200 200 200 403 403 403 403 302
POST /lock                                              302 302 302 302 302 302 302 302 302 302
GET  /manifests                                         302 200 200 200 200 200 200 200 200 302
GET  /manifests/<text:number>                           302 200 200 200 200 404 404 404 404 302
GET  /manifests/<text:number>.csv                       302 200 200 200 200 404 404 404 404 302
GET  /manifests/<text:number>.xlsx                      302 200 200 200 200 404 404 404 404 302
GET  /manifests/upload/template.csv                     302 200 200 200 200 200 200 200 200 302
GET  /manifests/upload/template.xlsx                    302 200 200 200 200 200 200 200 200 302
POST /manifests/<text:number>/close                     302 403 303 303 403 403 404 404 403 302
GET  /manifests/<text:number>/reconciliation            302 200 200 200 200 404 404 404 404 302
GET  /manifests/<text:number>/reconciliation/live       302 200 200 200 200 404 404 404 404 302
POST /manifests/<text:number>/reopen                    302 403 303 303 403 403 404 404 403 302
POST /manifests/<text:number>/void                      302 403 303 303 403 403 404 404 403 302
GET  /manifests/upload                                  302 200 200 200 403 200 200 200 403 302
POST /manifests/upload                                  302 422 422 422 403 422 422 422 403 302
GET  /manifests/upload/check                            302 409 409 409 409 409 409 409 409 302
GET  /manifests/upload/progress                         302 409 409 409 409 409 409 409 409 302
GET  /manifests/upload/progress/live                    302 409 409 409 409 409 409 409 409 302
POST /manifests/upload/stop                             302 409 409 409 409 409 409 409 409 302
POST /manifests/upload/confirm                          302 409 409 409 409 409 409 409 409 302
GET  /manifests/upload/refused                          302 409 409 409 409 409 409 409 409 302
GET  /packages                                          302 302 302 302 302 302 302 302 302 302
GET  /packages/<text:code>                              302 200 200 200 200 404 404 404 404 302
GET  /person                                            302 200 200 200 200 200 200 200 200 302
POST /person/end                                        302 404 404 404 404 404 404 404 404 302
POST /person/end-others                                 302 303 303 303 303 303 303 303 303 302
POST /person/password                                   302 401 401 401 401 401 401 401 401 302
POST /person/pin                                        302 401 401 401 401 401 401 401 401 302
POST /person/recovery-codes                             302 401 401 401 401 401 401 401 401 302
POST /person/tokens                                     302 401 401 401 401 401 401 401 401 302
GET  /readyz                                            200 200 200 200 200 200 200 200 200 200
GET  /reconciliation                                    302 200 200 200 200 200 200 200 200 302
GET  /reconciliation/live                               302 200 200 200 200 200 200 200 200 302
GET  /sign-in                                           200 302 302 302 302 302 302 302 302 200
POST /sign-in                                           401 401 401 401 401 401 401 401 401 401
GET  /sign-in/code                                      302 302 302 302 302 302 302 302 302 302
POST /sign-in/code                                      302 302 302 302 302 302 302 302 302 302
POST /sign-in/demo                                      401 401 401 401 401 401 401 401 401 401
GET  /sign-in/password                                  302 302 302 302 302 302 302 302 302 302
POST /sign-in/password                                  302 302 302 302 302 302 302 302 302 302
GET  /sign-in/second-factor                             302 302 302 302 302 302 302 302 302 302
POST /sign-in/second-factor                             302 302 302 302 302 302 302 302 302 302
POST /sign-out                                          302 302 302 302 302 302 302 302 302 302
GET  /start/places                                      302 200 200 200 200 200 200 200 200 302
GET  /static                                            200 200 200 200 200 200 200 200 200 200
GET  /station                                           302 200 200 200 302 200 200 200 302 302
GET  /station/live                                      302 200 200 200 409 200 200 200 409 302
POST /station/pallet                                    302 200 200 200 409 200 200 200 409 302
GET  /station/picture.jpg                               302 204 204 204 403 204 204 204 403 302
GET  /station/reader.js                                 302 200 200 200 200 200 200 200 200 302
POST /station/said                                      302 204 204 204 403 204 204 204 403 302
POST /station/work                                      302 204 204 204 409 409 409 409 409 302
GET  /stock                                             302 200 200 200 200 200 200 200 200 302
GET  /switch                                            302 200 200 200 200 200 200 200 200 302
POST /switch                                            302 409 409 409 409 409 409 409 409 302
GET  /verify                                            200 200 200 200 200 200 200 200 200 200
GET  /verify/verify_ledger.py                           200 200 200 200 200 200 200 200 200 200
POST /work                                              302 302 302 302 403 403 403 403 403 302
"""


@dataclass
class World:
    """A home with somebody of every role, here and elsewhere."""

    backend: Backend
    app: Flask
    people: dict[str, Actor] = field(default_factory=dict)
    visitors: dict[str, Visitor] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    serial: Iterator[int] = field(default_factory=lambda: count(1))

    def write(self, act: Callable[[Any], Any]) -> Any:  # noqa: ANN401  # whatever it answers
        return self.backend.writer.run(act)

    head = Actor("Gudang Medan", "ID", Role.ADMINISTRATOR, user="cli")

    def add_person(self, name: str, role: Role, place: str) -> None:
        new = NewUser(name, role, place, NewPassword(PASSWORD), is_temporary=False)
        user = self.write(lambda s: accounts.add_user(s, self.head, new, at=NOON).id)
        self.people[name] = Actor("Gudang Medan", place, role, user=user)
        self.sign_in(name)

    def sign_in(self, name: str) -> None:
        who = self.people[name]
        cookie = self.write(lambda s: sign_ins.begin(s, who.user or "", at=NOON))
        visitor = Visitor(self.app.test_client())
        with visitor.client.session_transaction() as session:
            work = {"task": "receive", "place": who.place, "manifest": None, "begun": 0.0}
            session.update({"_user_id": cookie, "_fresh": True, "language": "en", "work": work})
        self.visitors[name] = visitor
        token = NewToken("program", Scope.ALL, 30)
        self.tokens[name] = self.write(lambda s: sign_ins.make_token(s, who, token, at=NOON))

    @property
    def stylesheet(self) -> str:
        with self.app.test_request_context():
            return url_for("static", filename="css/silog.css")

    # What is asked for, made anew each time.

    def number(self) -> str:
        number = f"SJ-{next(self.serial)}"
        data = f"item,quantity,destination\nTINTA,4,{OWN}\n".encode()
        folder, hop = self.backend.settings.attachments, Defaults(number, "12", OWN, {})
        self.write(
            lambda s: imports.bring(s, self.head, data, attachments=folder, at=NOON, defaults=hop)
        )
        return number

    def closed(self) -> str:
        number = self.number()
        self.write(lambda s: deliveries.close(s, self.head, number, at=NOON, reason="x"))
        return number

    def scan(self) -> str:
        device = Actor("Meja 1", OWN, Role.STAFF, device=True)
        made = scanning.scan_of("?", actor=device, task=Task.RECEIVE, place=OWN, at=NOON)
        handed_in = Submission(device, Task.RECEIVE, OWN, (made,), NOON)
        self.write(lambda s: scanning.record(s, [handed_in]))
        return made.id

    def package(self) -> str:
        number = next(self.serial)
        code = f"1271-KS-{number:06}"
        device = Actor("Meja 1", OWN, Role.STAFF, device=True)
        made = scanning.scan_of(code, actor=device, task=Task.RECEIVE, place=OWN, at=NOON)
        handed_in = Submission(device, Task.RECEIVE, OWN, (made,), NOON)
        self.write(lambda s: scanning.record(s, [handed_in]))
        return code

    def fresh(self) -> str:
        return f"new {next(self.serial)}"

    def user(self) -> str:
        name = f"target {next(self.serial)}"
        new = NewUser(name, Role.STAFF, OWN, NewPassword(PASSWORD))
        self.write(lambda s: accounts.add_user(s, self.head, new, at=NOON).id)
        return name

    def station(self) -> str:
        name = f"Stasiun {next(self.serial)}"
        self.write(lambda s: stations.add(s, self.head, NewStation(name, OWN), at=NOON).name)
        return name

    # Asking.

    def status(self, who: str, method: str, rule: str) -> int:
        """Return what a visitor is answered; what the request is about is made first."""
        self.backend.throttle = Throttle()  # all of them come from one machine
        path = rule if rule != "/static" else self.stylesheet
        for hole, make in HOLES.items():
            if hole in path:
                closed = path.endswith("/reopen")
                path = path.replace(hole, (self.closed if closed else getattr(self, make))())
        form = {
            name: getattr(self, value[1:])() if value.startswith("@") else value
            for name, value in FORMS.get((method, rule), {}).items()
        }
        if rule.startswith("/api/"):
            return self._call(who, method, path, form)
        visitor = self.visitors[who]
        if method == "GET":
            return visitor.get(path).status_code
        status = visitor.post(path, **form).status_code
        if (method, rule) in ENDS_SIGN_INS and who in self.people:
            self.sign_in(who)
        return status

    def _call(self, who: str, method: str, path: str, form: dict[str, str]) -> int:
        token = self.tokens.get(who)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        options: dict[str, Any] = {"headers": headers}
        if path.endswith("/manifests") and method == "POST":
            query = {"number": f"SJ-{next(self.serial)}", "from": "12", "to": OWN}
            data = f"item,quantity,destination\nTINTA,4,{OWN}\n".encode()
            options |= {"query_string": query, "data": data, "content_type": "text/csv"}
        elif path.endswith("/readings"):
            options |= {"data": PICTURE, "content_type": "image/png"}
        elif method == "POST":
            content: dict[str, Any] = dict(form)
            if path.endswith("/scans"):
                made = {"id": str(uuid4()), "text": "?", "scanned_at": "2026-02-02T12:00:00+07:00"}
                content |= {"scans": [made]}
            options |= {"json": content}
        return self.visitors["stranger"].client.open(path, method=method, **options).status_code


HOLES = {
    "<text:number>": "number",
    "<path:number>": "number",
    "<text:code>": "package",
    "<path:code>": "package",
    "<uuid:id>": "scan",
}
FORMS: dict[tuple[str, str], dict[str, str]] = {
    ("POST", "/admin/stations"): {"name": "@fresh", "place": OWN},
    ("POST", "/admin/stations/code"): {"name": "@station"},
    ("POST", "/admin/stations/revoke"): {"name": "@station"},
    ("POST", "/admin/users"): {
        "name": "@fresh", "role": "staff", "place": OWN, "password": PASSWORD,
    },
    **{
        ("POST", f"/admin/users/{deed}"): {"user": "@user"}
        for deed in ("badge", "disable", "enable", "password", "second-factor/reset",
                     "sign-ins/end")
    },
    ("POST", "/api/v1/enrol"): {"code": "WRONG"},
    ("POST", "/api/v1/scans"): {"task": "receive", "place": OWN},
    ("POST", "/api/v1/scans/<uuid:id>/undo"): {"reason": "x"},
    **{
        ("POST", f"{api}/manifests/<{kind}:number>/{deed}"): {"reason": "x"}
        for api, kind in (("/api/v1", "path"), ("", "text"))
        for deed in ("close", "reopen", "void")
    },
    ("POST", "/enrol"): {"code": "WRONG"},
    ("POST", "/person/end"): {"id": "x"},
    ("POST", "/person/password"): {"old": "wrong", "password": PASSWORD},
    ("POST", "/person/pin"): {"old": "wrong", "pin": "835204"},
    ("POST", "/person/recovery-codes"): {"code": "1"},
    ("POST", "/person/tokens"): {"old": "wrong", "name": "x", "scope": "read", "days": "1"},
    ("POST", "/sign-in"): {"name": "@fresh", "password": "wrong"},
    ("POST", "/sign-in/demo"): {"secret": "wrong"},
    ("POST", "/station/pallet"): {"text": "1271-KS-000001"},
    ("POST", "/station/work"): {"task": "receive", "place": OWN},
    ("POST", "/work"): {"task": "receive", "place": OWN},
    ("POST", "/switch"): {"badge": "x", "pin": "1"},
}  # fmt: skip
ENDS_SIGN_INS = {("POST", "/sign-out"), ("POST", "/lock"), ("POST", "/person/end-others")}
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c63f80f00010101001bb6eed50000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("matrix")
    (folder / "silog.db").write_bytes(sqlite_template.read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_SCRYPT", "scrypt:1024:8:1")
        patch.setattr(passwords, "_OF_NOBODY", "scrypt:1024:8:1$x$00")
        address = f"sqlite:///{folder / 'silog.db'}"
        database = Database(address)
        backend = Backend(Settings(folder, address), database, Writer(database), lambda: NOON)
        made = World(backend, create_app(backend))
        for place, where in ((OWN, ""), (ELSEWHERE, " elsewhere")):
            for role in Role:
                made.add_person(f"{role.value}{where}", role, place)
        made.visitors["stranger"] = Visitor(made.app.test_client())
        made.visitors["station"] = Visitor(made.app.test_client())
        made.visitors["staff"].post("/ledger/checkpoints")
        made.tokens["station"] = made.write(
            lambda s: stations.add_with_token(s, made.head, NewStation("Meja 1", OWN), at=NOON)
        )
        yield made
        backend.writer.stop()
        database.close()


def routes(app: Flask) -> set[tuple[str, str]]:
    """Return every method and rule of the application; of the static files one stands for all."""
    return {
        (method, "/static" if rule.endpoint == "static" else rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}
    }


def rows() -> dict[tuple[str, str], tuple[int, ...]]:
    found = {}
    for line in filter(None, TABLE.splitlines()):
        method, rule, *statuses = line.split()
        found[method, rule] = tuple(map(int, statuses))
    return found


def test_every_route_stands_in_the_table(world: World) -> None:
    assert routes(world.app) == set(rows())


@pytest.mark.parametrize(("asked", "expected"), sorted(rows().items()))
def test_who_may_do_what(world: World, asked: tuple[str, str], expected: tuple[int, ...]) -> None:
    found = tuple(world.status(who, *asked) for who in COLUMNS)

    assert dict(zip(COLUMNS, found, strict=True)) == dict(zip(COLUMNS, expected, strict=True))
