"""A station in which every page has something to show, and each page as somebody sees it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from playwright.sync_api import FilePayload, Page
from sqlalchemy import select, update

from silog_scan.config import Settings
from silog_scan.core.stock import Condition
from silog_scan.services import accounts, imports, sign_ins, stations
from silog_scan.services.accounts import NewUser
from silog_scan.services.actors import Actor, Role
from silog_scan.services.passwords import NewPassword
from silog_scan.services.sign_ins import Device, Step, Way
from silog_scan.services.stations import NewStation
from silog_scan.services.tokens import digest
from silog_scan.store.db import Database
from silog_scan.store.tables import StationRow, UserRow
from silog_scan.store.writer import Writer
from silog_scan.web.context import Backend
from tests import exports
from tests.conftest import PASSWORD
from tests.desk import HEADER, Desk, box, ink

SAMPLE = Path(__file__).parents[3] / "fixtures" / "SJ-1271-0147.csv"
NUMBER, LATE, DONE, VOID, OUT = (f"SJ-1271-0{n}" for n in ("147", "150", "139", "131", "163"))
FIRST, SENT, PALLET = "1271-KS-004501", "1271-KS-004502", "PALET-0147-1"
NOW = datetime(2029, 1, 24, 7, 32, 7, tzinfo=UTC)
"""Early afternoon in Medan, the day before the sample delivery is due."""

_STAFF = Actor("Gudang Medan", "12.71", Role.STAFF, user="rina")
_SUPERVISOR = replace(_STAFF, role=Role.SUPERVISOR, user="hendra")
_ADMINISTRATOR = replace(_STAFF, role=Role.ADMINISTRATOR, user="cli")
TABLE, TABLE_TOKEN = Device("Stasiun 1", "12.71"), "token-of-the-table"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PEOPLE = {"rina": Role.STAFF, "hendra": Role.SUPERVISOR, "pemantau": Role.OBSERVER,
          "anto": Role.SUPERVISOR}  # fmt: skip
WORK = {"task": "receive", "place": "12.71", "manifest": NUMBER}

BROKEN = b"""nomor manifest;asal;penerima;kode koli;jenis;jumlah;kode tujuan
SJ-1271-0201;12;12.71;1271-KS-000901;KOTAK;1;12.71.01.1001.001
SJ-1271-0201;12;12.71;1271-KS-000902;SURAT DPRK;1;12.71.01.1001.001
SJ-1271-0201;12;12.71;1271-KS-004501;KOTAK;1;1271011001001
"""


# The station.


def found(home: Path) -> Backend:
    """Return a station around a copied home, with deliveries, scans, people and stations."""
    address = f"sqlite:///{home / 'silog.db'}"
    database = Database(address)
    desk = Desk(database.writing, home / "attachments", _STAFF, NOW - timedelta(hours=6))
    _deliver(desk)
    _scan(desk.later(NOW - timedelta(hours=5)))
    _send(desk.later(NOW - timedelta(hours=4)))
    _appoint(database)
    station = Backend(Settings(home, address), database, Writer(database), lambda: NOW)
    for hours in (18, 0):
        station.make_checkpoint(at=NOW - timedelta(hours=hours), reason="evening")
    return station


def _deliver(desk: Desk) -> None:
    with desk.writing() as session:
        data, folder = SAMPLE.read_bytes(), desk.attachments
        imports.bring(session, desk.actor, data, attachments=folder, at=desk.at)
    desk.imports(box("1271-KS-000401"), number=DONE)
    desk.imports(ink(5), number=VOID)
    late = f"{HEADER},due"
    desk.imports(f"{box('1271-KS-000301', parent=PALLET)},20/01/2029", header=late, number=LATE)
    desk.imports(box(SENT), ink(2), number=OUT, origin="12.71", receiver="12.71.01")
    desk.of(_SUPERVISOR).void(VOID, "dikirim dua kali")


def _scan(desk: Desk) -> None:
    desk.scan("1271-KS-000401", manifest=DONE)
    desk.of(_SUPERVISOR).close(DONE)
    desk.sends(*(desk.made(code, manifest=NUMBER) for code in [FIRST, FIRST, SENT, *_ballots()]))
    desk.scan("1271-KS-004503", manifest=NUMBER, condition=Condition.DAMAGED)
    desk.scan("SLG-ITEM-TINTA", manifest=NUMBER, quantity=38)
    desk.scan("1275-KS-000871", manifest=NUMBER)
    desk.scan("1271-KS-00451Z", manifest=NUMBER)
    desk.undo(desk.scan("1271-BL-002101", manifest=NUMBER))


def _ballots() -> list[str]:
    return [f"1271-S{kind}-00{n}3{m:02}" for n, kind in enumerate("PRDV") for m in range(1, 19)]


def _send(desk: Desk) -> None:
    desk.dispatch(SENT, manifest=OUT)


def _appoint(database: Database) -> None:
    with database.writing() as session:
        for name, role in PEOPLE.items():
            new = NewUser(name, role, "12.71", NewPassword(PASSWORD))
            accounts.add_user(session, _ADMINISTRATOR, new, at=NOW)
        accounts.add_user(
            session,
            _ADMINISTRATOR,
            NewUser("togar", Role.STAFF, "12.71.01", NewPassword(PASSWORD)),
            at=NOW,
        )
        accounts.disable_user(session, _ADMINISTRATOR, "togar", at=NOW)
        for name in ("Stasiun 2", "Stasiun 3"):
            stations.add_with_token(session, _ADMINISTRATOR, NewStation(name, "12.71.01"), at=NOW)
        stations.revoke(session, _ADMINISTRATOR, "Stasiun 3", at=NOW)
        stations.add(session, _ADMINISTRATOR, NewStation(TABLE.name, TABLE.place), at=NOW)
        at_table = update(StationRow).where(StationRow.name == TABLE.name)
        session.execute(at_table.values(token=digest(TABLE_TOKEN)))
        rina = update(UserRow).where(UserRow.name.in_(("rina", "hendra")))
        session.execute(rina.values(pin="scrypt:1024:8:1$x$00", totp=SECRET))
        waiting = update(StationRow).where(StationRow.name == "Stasiun 2")
        session.execute(waiting.values(unsent=4, seen_at=NOW))


# The pages.


@dataclass(frozen=True)
class Scene:
    """A page as a person (a stranger is nobody) comes to it; ``act`` is what is done there."""

    endpoint: str
    path: str
    person: str | None = "hendra"
    act: Callable[[Page], None] | None = None
    waits_for: Step | None = None
    at_table: bool = False


def _check_a_broken_file(page: Page) -> None:
    file = FilePayload(name="medan.csv", mimeType="text/csv", buffer=BROKEN)
    page.set_input_files("#file", file)
    page.locator("main form .btn-primary").click()
    page.locator("form[action$=confirm]").wait_for()


def _mistype_the_password(page: Page) -> None:
    page.fill("#name", "rina")
    page.fill("#password", "wrong horse")
    page.locator("main form .btn-primary").click()
    page.locator("main [role=alert]").wait_for()


def _misname_a_place(page: Page) -> None:
    page.fill("#name", "budi")
    page.fill("#place", "12.71.99")
    if page.locator("#password").count():
        page.fill("#password", PASSWORD)
    page.locator("section[aria-labelledby=add] .btn-primary").click()
    page.locator("main [role=alert]").wait_for()


def _submit(page: Page, form: str, **fields: str) -> None:
    for name, value in fields.items():
        page.fill(f"{form} [name={name}]", value)
    page.locator(f"{form} button:not([type=button])").last.click()


def _mistype_the_old_password(page: Page) -> None:
    _submit(page, "form[action$='/person/pin']", old="wrong horse", pin="835204")
    page.locator("main [role=alert]").wait_for()


def _mistype_the_code(page: Page) -> None:
    _submit(page, "#enrol", code="ABCD-2345")
    page.locator("main [role=alert]").wait_for()


def _mistype_the_pin(page: Page) -> None:
    _submit(page, "#switch", badge="SLG-BADGE-X", pin="000000")
    page.locator("main [role=alert]").wait_for()


def _prove_the_secret(page: Page) -> None:
    secret = "".join((page.locator("#secret").text_content() or "").split())
    _submit(page, "form[action^='/sign-in/second-factor']", code=pyotp.TOTP(secret).at(NOW))
    page.locator("#codes").wait_for()


def _make_a_card(page: Page) -> None:
    page.locator("form[action$='/badge'] button").click()
    page.locator("#badge").wait_for()


def _make_a_code(page: Page) -> None:
    page.locator("form[action$='/code'] button").first.click()
    page.locator("#code").wait_for()


def _ask_for_no_reason(page: Page) -> None:
    page.fill("#why-reopen", " ")
    page.locator("form[action$=reopen] .btn").click()
    page.locator("main [role=alert]").wait_for()


def _miss_the_camera(page: Page) -> None:
    page.locator("#explain").wait_for()


def _ask_about_the_camera(page: Page) -> None:
    page.locator("#explain").click()
    page.locator("#help").wait_for()


def _give_a_quantity(page: Page) -> None:
    _miss_the_camera(page)
    page.keyboard.press("F7")
    page.locator("#ask").wait_for()


def _scan_a_stray_box(page: Page) -> None:
    _miss_the_camera(page)
    page.fill("#code", "1275-KS-000872")
    page.press("#code", "Enter")
    page.locator("#banner.stop").wait_for()


def _photograph_a_pallet(page: Page) -> None:
    _miss_the_camera(page)
    page.set_input_files("#photo", SAMPLE.parent / "photos" / "twelve.jpg")
    page.locator("#pallet [data-missing]:not(:empty)").wait_for()
    page.locator("#quads .sl-quad:not(.waiting)").nth(11).wait_for(state="attached")


def _photograph_blurred_labels(page: Page) -> None:
    _miss_the_camera(page)
    corners = [[300, 200], [900, 200], [900, 400], [300, 400]]
    found = {"readings": [], "unread": [{"corners": corners, "hint": "closer"}], "ms": 1}
    page.route("**/api/v1/readings", lambda route: route.fulfill(json=found))
    page.set_input_files("#photo", SAMPLE.parent / "photos" / "twelve.jpg")
    page.locator("#hint:not([hidden])").wait_for()


def _photograph_a_label_recognised(page: Page) -> None:
    _miss_the_camera(page)
    corners = [[300, 200], [900, 200], [900, 400], [300, 400]]
    suggested = {"text": FIRST, "symbology": "code128", "corners": corners, "picture": DOT,
                 "token": "x"}  # fmt: skip
    found = {"readings": [], "unread": [{"corners": corners, "hint": "closer"}],
             "suggestions": [suggested], "ms": 1}  # fmt: skip
    page.route("**/api/v1/readings", lambda route: route.fulfill(json=found))
    page.set_input_files("#photo", SAMPLE.parent / "photos" / "twelve.jpg")
    page.locator("#suggestion:not([hidden])").wait_for()


def _check_a_record(record: bytes) -> Callable[[Page], None]:
    def checked(page: Page) -> None:
        file = FilePayload(name="catatan.jsonl", mimeType="application/jsonl", buffer=record)
        page.set_input_files("#file", file)
        page.fill("#paper", PAPER)
        page.locator("#begin").click()
        page.locator("#verdict [data-what]").wait_for()
        for details in page.locator("#found details").all():
            if details.is_visible():
                details.locator("summary").click()

    return checked


DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAG7buuQAAAABJRU5ErkJggg=="
"""The smallest PNG, in base64."""
RECORD, PAPER = exports.sample()

SCENES = {
    "sign-in": Scene("auth.sign_in", "/sign-in", None),
    "sign-in refused": Scene("auth.sign_in", "/sign-in", None, _mistype_the_password),
    "start": Scene("start.home", "/", "rina"),
    "start without a manifest": Scene("start.home", "/?place=12.71.02&task=return", "rina"),
    "places": Scene("start.choose_place", "/start/places?q=medan", "rina"),
    "no place": Scene("start.choose_place", "/start/places?q=zzz", "rina"),
    "person": Scene("own.person", "/person", "rina"),
    "person refused": Scene("own.person", "/person", "rina", _mistype_the_old_password),
    "code": Scene("auth.code", "/sign-in/code", "rina", waits_for=Step.CODE),
    "second step": Scene(
        "auth.second_factor", "/sign-in/second-factor", "anto", waits_for=Step.SECOND_FACTOR
    ),
    "recovery codes": Scene(
        "auth.second_factor",
        "/sign-in/second-factor",
        "anto",
        _prove_the_secret,
        Step.SECOND_FACTOR,
    ),
    "one-time password": Scene(
        "auth.new_password", "/sign-in/password", "rina", waits_for=Step.PASSWORD
    ),
    "enrol": Scene("enrol.ask", "/enrol", None),
    "enrol refused": Scene("enrol.ask", "/enrol", None, _mistype_the_code),
    "switch": Scene("switch.choose", "/switch", "rina", at_table=True),
    "switch refused": Scene("switch.choose", "/switch", "rina", _mistype_the_pin, at_table=True),
    "switch away from a station": Scene("switch.choose", "/switch", "rina"),
    "station": Scene("station.screen", "/station", "rina", _miss_the_camera),
    "camera help": Scene("station.screen", "/station", "rina", _ask_about_the_camera),
    "quantity": Scene("station.screen", "/station", "rina", _give_a_quantity),
    "station stopped": Scene("station.screen", "/station", "rina", _scan_a_stray_box),
    "station with a pallet": Scene("station.screen", "/station", "rina", _photograph_a_pallet),
    "station with labels unread": Scene(
        "station.screen", "/station", "rina", _photograph_blurred_labels
    ),
    "station with a label recognised": Scene(
        "station.screen", "/station", "rina", _photograph_a_label_recognised
    ),
    "manifests": Scene("manifests.index", "/manifests"),
    "manifests of an observer": Scene("manifests.index", "/manifests", "pemantau"),
    "no manifest": Scene("manifests.index", "/manifests?q=zzz"),
    "upload": Scene("manifests.upload", "/manifests/upload"),
    "check": Scene("manifests.upload", "/manifests/upload", act=_check_a_broken_file),
    "manifest": Scene("manifests.show", f"/manifests/{NUMBER}"),
    "closed manifest": Scene("manifests.show", f"/manifests/{DONE}", act=_ask_for_no_reason),
    "reconciliation": Scene("manifests.reconciliation", f"/manifests/{NUMBER}/reconciliation"),
    "no line": Scene(
        "manifests.reconciliation", f"/manifests/{DONE}/reconciliation?status=surplus&item=KOTAK"
    ),
    "today": Scene("manifests.reconciliation_today", "/reconciliation"),
    "stock": Scene("stock.index", "/stock"),
    "damaged stock": Scene("stock.index", "/stock?condition=damaged"),
    "no stock": Scene("stock.index", "/stock?place=12.71.03"),
    "package": Scene("stock.package", f"/packages/{FIRST}"),
    "package on its way": Scene("stock.package", f"/packages/{SENT}"),
    "package taken back": Scene("stock.package", "/packages/1271-BL-002101"),
    "pallet": Scene("stock.package", f"/packages/{PALLET}"),
    "verify": Scene("ledger.verify", "/verify", None),
    "record fits": Scene("ledger.verify", "/verify", None, _check_a_record(RECORD)),
    "record altered": Scene("ledger.verify", "/verify", None, _check_a_record(RECORD[:-9])),
    "no record": Scene("ledger.verify", "/verify", None, _check_a_record(b"%PDF")),
    "evidence": Scene("ledger.index", "/ledger", "pemantau"),
    "users": Scene("admin.users", "/admin/users?user=rina", "admin"),
    "card": Scene("admin.users", "/admin/users?user=pemantau", "admin", _make_a_card),
    "user refused": Scene("admin.users", "/admin/users", "admin", _misname_a_place),
    "stations": Scene("admin.stations", "/admin/stations", "admin"),
    "station enrolled": Scene("admin.stations", "/admin/stations", "admin", _make_a_code),
    "station refused": Scene("admin.stations", "/admin/stations", "admin", _misname_a_place),
    "no page": Scene("error", "/no-such-page"),
}

NO_PAGES = {
    "static": "files",
    "health.alive": "a word for machines",
    "health.ready": "a word for machines",
    "station.watch": "JSON",
    "station.picture": "a picture",
    "station.reader": "the page's own worker",
    "manifests.refused": "a file",
    "manifests.check": "the page of the upload, for a file that took a while",
    "manifests.progress": "looked at in tests.browser.test_progress, while it goes on",
    "manifests.progress_live": "part of a page",
    "manifests.export": "a file",
    "manifests.export_workbook": "a file",
    "manifests.template": "a file",
    "manifests.template_workbook": "a file",
    "manifests.reconciliation_live": "part of a page",
    "manifests.reconciliation_today_live": "part of a page",
    "stock.find": "leads to a package",
    "ledger.verifier": "a file",
    "ledger.checkpoint": "a file",
    "ledger.export": "a file",
    "admin.index": "leads to the stations",
}
"""What is fetched and is not a page, by endpoint; all of the API besides."""


def cookie(app: Flask, backend: Backend, scene: str, language: str) -> str:
    """Return the cookie of somebody who is signed in, at work, and reads a language."""
    content: dict[str, object] = {"language": language}
    person = SCENES[scene].person
    if person:
        with backend.database.writing() as session:
            user = session.scalars(select(UserRow.id).where(UserRow.name == person)).one()
            shown = SCENES[scene]
            if shown.waits_for is Step.SECOND_FACTOR:
                session.execute(update(UserRow).where(UserRow.id == user).values(totp=None))
            way = Way("Firefox · Android · 192.168.1.7", TABLE.name if shown.at_table else None)
            token = sign_ins.begin(session, user, at=NOW, way=way, waits_for=shown.waits_for)
        content |= {"_user_id": token, "_fresh": True, "work": WORK}
    sessions = app.session_interface
    assert isinstance(sessions, SecureCookieSessionInterface)
    serializer = sessions.get_signing_serializer(app)
    assert serializer is not None
    return str(serializer.dumps(content))
