"""OWASP ASVS 5.0, the points that apply here: one test for each line of docs/security.md.

Other tests show more of most of them; these say in one place that each holds in the whole app.
"""

import ast
import io
import math
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from silog_scan.app import MOST_UPLOADED, create_app
from silog_scan.core.errors import Malformed
from silog_scan.documents import manifest_files, workbooks
from silog_scan.services import accounts, passwords, sign_ins, stations
from silog_scan.services.accounts import NewUser
from silog_scan.services.actors import Role
from silog_scan.services.passwords import LONGEST, SHORTEST, NewPassword
from silog_scan.services.sign_ins import IDLE, Step
from silog_scan.services.sign_ins import LONGEST as LONGEST_SIGN_IN
from silog_scan.services.stations import NewStation
from silog_scan.store import projections
from silog_scan.store.tables import EventRow, SignInRow, StationRow, UserRow
from silog_scan.web import security_log
from silog_scan.web.context import Backend
from tests.conftest import NOON, PASSWORD
from tests.raw_workbooks import packed
from tests.web import test_matrix
from tests.web.conftest import MANIFEST, Clock, Visitor, bring

SOURCE = Path(accounts.__file__).parents[1]
People = Callable[[str, Role, str], Visitor]


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch, backend: Backend) -> None:  # noqa: ARG001
    monkeypatch.setattr(passwords, "_OF_NOBODY", "scrypt:1024:8:1$x$00")


@pytest.fixture
def token(backend: Backend) -> str:
    """Give the token of a station."""
    return backend.writer.run(
        lambda s: stations.add_with_token(
            s, accounts.cli_actor(s), NewStation("Meja 1", "12.71"), at=NOON
        )
    )


def scan(app: Flask, token: str, text: str = "1271-KS-000001", **details: Any) -> TestResponse:  # noqa: ANN401
    made = {"id": str(uuid4()), "text": text, "scanned_at": "2026-02-02T12:00:00+07:00"}
    return app.test_client().post(
        "/api/v1/scans",
        json={"task": "receive", "scans": [made | details]},
        headers={"Authorization": f"Bearer {token}"},
    )


def events(backend: Backend) -> int:
    with backend.database.reading() as session:
        return len(session.scalars(select(EventRow.id)).all())


def answers(app: Flask, visitor: Visitor) -> dict[str, TestResponse]:
    """Return what every page that is fetched answers, whether there is one or not."""
    addresses = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and "<" not in rule.rule
    ]
    return {path: visitor.get(path) for path in [*addresses, "/no-such-page", "/api/v1/nothing"]}


# V1 Encoding, V2 validation and steps.


def test_asvs_01_1_2_1_what_comes_from_outside_is_shown_never_run(admin: Visitor) -> None:
    admin.post("/admin/stations", name="<img src=x onerror=alert(1)>", place="12.71")

    page = admin.get("/admin/stations").text

    assert "&lt;img src=x" in page
    assert "<img src=x" not in page


def test_asvs_02_1_2_4_no_statement_is_put_together_from_texts(admin: Visitor) -> None:
    asked = {"text", "exec_driver_sql"}
    made = [
        f"{path.name}:{call.lineno}"
        for path in SOURCE.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and (getattr(call.func, "id", None) or getattr(call.func, "attr", None)) in asked
        and any(isinstance(arg, ast.JoinedStr | ast.BinOp) for arg in call.args)
    ]

    found = admin.get("/manifests?q=' OR 1=1 --").text

    assert made == []
    assert "SJ-" not in found


def test_asvs_03_1_2_10_no_cell_is_a_formula() -> None:
    row, workbook = ["=1+1", "+1", "-1", "@x", "\t=1", "plain"], io.BytesIO()
    written = manifest_files.write_csv([row]).decode()
    workbooks.write_xlsx([row], workbook)

    assert not any(
        cell.strip('"').startswith(("=", "+", "-", "@", "\t")) for cell in written.split(",")
    )
    with zipfile.ZipFile(workbook) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")


def test_asvs_04_1_5_1_no_document_type_is_read(admin: Visitor) -> None:
    sheet = '<!DOCTYPE x [<!ENTITY a "b">]><worksheet>&a;</worksheet>'
    file = (io.BytesIO(packed("", parts={"xl/worksheets/sheet1.xml": sheet})), "x.xlsx")

    answer = admin.client.post("/manifests/upload", data={"file": file, "csrf_token": admin.token})

    assert answer.status_code == 422
    assert "DOCTYPE" in answer.text


@pytest.mark.parametrize("details", [{"quantity": -1}, {"quantity": 1.5}, {"source": "?"},
                                     {"condition": "odd"}, {"scanned_at": "yesterday"},
                                     {"is_admin": True}])  # fmt: skip
def test_asvs_05_2_2_1_the_server_takes_only_what_a_field_may_be(
    app: Flask, token: str, details: dict[str, Any]
) -> None:
    assert scan(app, token, **details).status_code == 422


def test_asvs_06_2_3_1_nothing_is_confirmed_that_was_not_checked(
    admin: Visitor, backend: Backend
) -> None:
    before = events(backend)

    assert admin.post("/manifests/upload/confirm").status_code == 409
    assert events(backend) == before


def test_asvs_07_2_3_3_an_import_that_fails_leaves_nothing(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = events(backend)
    monkeypatch.setattr(projections, "manifest_imported", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        bring(backend, MANIFEST)

    assert events(backend) == before


def test_asvs_08_2_3_4_two_scans_of_one_box_at_once_count_once(
    app: Flask, token: str, manifest: str
) -> None:
    with ThreadPoolExecutor(8) as hands:
        found = list(hands.map(lambda _: scan(app, token), range(8)))

    outcomes = sorted(answer.get_json()["results"][0]["outcome"] for answer in found)
    assert manifest
    assert outcomes == ["accepted"] + ["duplicate"] * 7


def test_asvs_09_2_4_1_machines_that_try_are_slowed(stranger: Visitor) -> None:
    codes = [
        stranger.client.post("/api/v1/enrol", json={"code": "WRONG"}).status_code for _ in range(6)
    ]
    tries = [stranger.post("/sign-in", name="a", password="b").status_code for _ in range(6)]

    assert codes == [404] * 5 + [429]
    assert tries == [401] * 5 + [429]


# V3 The browser.


@pytest.mark.parametrize(("tls", "name"), [(True, "__Host-silog"), (False, "silog")])
def test_asvs_10_3_3_1_cookies_are_for_this_host_and_no_script(
    backend: Backend, name: str, *, tls: bool
) -> None:
    client = create_app(backend, tls=tls).test_client()

    cookie = client.get("/sign-in", base_url="https://localhost").headers["Set-Cookie"]

    assert cookie.startswith(f"{name}=")
    assert ("Secure" in cookie) is tls
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Path=/"))
    assert "Domain" not in cookie


def test_asvs_11_3_4_1_browsers_are_told_to_stay_with_https(app: Flask) -> None:
    client = app.test_client()

    safe = client.get("/sign-in", base_url="https://localhost").headers
    plain = client.get("/sign-in").headers

    assert safe["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert "Strict-Transport-Security" not in plain


def test_asvs_12_3_4_3_every_answer_has_the_policy_and_no_frame(app: Flask, admin: Visitor) -> None:
    for path, answer in answers(app, admin).items():
        policy = answer.headers["Content-Security-Policy"]
        for part in ("default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
            assert part in policy, path
        assert "unsafe-inline" not in policy, path


def test_asvs_13_3_4_4_every_answer_has_the_other_headers(app: Flask, admin: Visitor) -> None:
    for path, answer in answers(app, admin).items():
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert answer.headers["Referrer-Policy"] == "same-origin", path
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", path


def test_asvs_14_3_5_1_nothing_changes_by_get_nor_from_elsewhere(
    app: Flask, admin: Visitor, backend: Backend
) -> None:
    before = events(backend)

    answers(app, admin)
    posts = {
        rule.rule: admin.client.post(rule.rule).status_code
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and "<" not in rule.rule and rule.rule != "/api/v1/enrol"
    }

    assert posts == dict.fromkeys(posts, 400)
    assert events(backend) == before


# V5 Files.


def test_asvs_15_5_2_1_files_have_a_most_and_a_kind(app: Flask, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    client = app.test_client()

    too_large = client.post(
        "/api/v1/manifests?number=SJ-1&from=12&to=12.71",
        data=b"x" * (MOST_UPLOADED + 1),
        content_type="text/csv",
        headers=headers,
    )
    no_picture = client.post(
        "/api/v1/readings", data=b"%PDF-1.7", headers=headers, content_type="image/png"
    )

    assert too_large.status_code == 413
    assert 400 <= no_picture.status_code < 500


def test_asvs_16_5_3_2_files_are_kept_under_names_of_our_own(
    backend: Backend, admin: Visitor, manifest: str
) -> None:
    kept = [path.name for path in backend.settings.attachments.rglob("*") if path.is_file()]

    told = admin.get(f"/manifests/{manifest}.csv").headers["Content-Disposition"]

    assert kept
    assert all(set(name.partition(".")[0]) <= set("0123456789abcdef") for name in kept)
    assert told.startswith("attachment")


# V6 Passwords, V7 sessions.


def test_asvs_17_6_2_1_passwords_are_long_of_any_kind_and_not_common(
    person: People,
) -> None:
    assert SHORTEST >= 8
    assert LONGEST >= 64
    NewPassword("kalimat panjang tanpa angka").must_be_good()
    with pytest.raises(Malformed):
        NewPassword("password123").must_be_good()
    page = person("rina", Role.STAFF, "12.71").get("/person").text
    assert 'autocomplete="new-password"' in page
    assert "onpaste" not in page


def test_asvs_18_6_3_1_no_account_is_there_before_and_a_given_password_is_for_once(
    backend: Backend,
) -> None:
    new = NewUser("rina", Role.STAFF, "12.71", NewPassword(PASSWORD))

    with backend.database.reading() as session:
        names = list(session.scalars(select(UserRow.name)))
    added = backend.writer.run(
        lambda s: accounts.add_user(s, accounts.cli_actor(s), new, at=NOON).is_temporary
    )

    assert names == ["admin"]  # whom init was told to make
    assert added


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.ADMINISTRATOR])
def test_asvs_19_6_3_3_who_decides_needs_a_second_factor(role: Role) -> None:
    user = UserRow(role=role.value, totp=None, is_temporary=False)

    assert sign_ins.next_step(user, proved=False) is Step.SECOND_FACTOR


def test_asvs_20_7_2_3_sign_ins_are_chance_new_each_time_and_end(
    backend: Backend, clock: Clock
) -> None:
    with backend.database.reading() as session:
        user = sign_ins.first_administrator(session)

    made = {backend.writer.run(lambda s: sign_ins.begin(s, user, at=clock())) for _ in range(5)}

    assert len(made) == 5
    assert all(len(token) * math.log2(64) >= 128 for token in made)
    assert max(IDLE.values()) <= LONGEST_SIGN_IN


def test_asvs_21_7_4_1_a_sign_in_ends_on_the_server_and_with_the_account(
    admin: Visitor, person: People
) -> None:
    rina, tono = person("rina", Role.STAFF, "12.71"), person("tono", Role.STAFF, "12.71")

    rina.post("/sign-out")
    admin.post("/admin/users/disable", user="tono")

    assert rina.get("/person").status_code == tono.get("/person").status_code == 302
    assert "Where I am signed in" in admin.get("/person?lang=en").text


# V8 Rights, V11 to V16.


def test_asvs_22_8_2_1_every_route_and_role_stands_in_one_table(app: Flask) -> None:
    assert test_matrix.routes(app) == set(test_matrix.rows())


def test_asvs_23_11_4_2_passwords_are_dear_and_secrets_only_digests(
    backend: Backend, token: str
) -> None:
    with backend.database.reading() as session:
        password = session.scalars(select(UserRow.password)).one()
        kept = [
            *session.scalars(select(StationRow.token)),
            *session.scalars(select(SignInRow.token)),
        ]

    assert password.startswith("scrypt:131072:8:1$")
    assert token not in kept


def test_asvs_24_13_4_2_no_debugging_and_no_paper_is_left_open(
    app: Flask, stranger: Visitor
) -> None:
    assert not app.debug
    assert stranger.get("/api/v1/openapi.json").status_code == 401
    assert stranger.get("/metrics").status_code in (302, 401, 404)


def test_asvs_25_14_2_1_nothing_is_left_behind(admin: Visitor) -> None:
    enrolling = admin.post("/admin/stations", name="Meja 9", place="12.71").text
    scripts = "".join(
        path.read_text(encoding="utf-8") for path in (SOURCE / "web/static/js").glob("*.js")
    )

    left = admin.post("/sign-out")

    assert "enrol#" in enrolling or "enrol?" not in enrolling
    assert left.headers["Clear-Site-Data"] == '"cache"'
    assert admin.get("/sign-in").headers["Cache-Control"] == "no-store"
    assert "indexedDB" not in scripts


def test_asvs_26_15_3_4_no_header_says_where_a_request_is_from(
    stranger: Visitor, backend: Backend
) -> None:
    form = {"name": "admin", "password": PASSWORD, "csrf_token": stranger.token}

    stranger.client.post("/sign-in", data=form, headers={"X-Forwarded-For": "203.0.113.9"})

    with backend.database.reading() as session:
        (label,) = session.scalars(select(SignInRow.label))
    assert label.endswith("127.0.0.1")


def test_asvs_27_16_3_1_who_is_turned_away_is_noted_without_names_or_line_breaks(
    stranger: Visitor, person: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def tell(text: str, *values: object) -> None:
        told.append(text % values)

    # Whatever other tests did to logging: this one hears the lines themselves.
    monkeypatch.setattr(security_log, "_log", SimpleNamespace(info=tell, warning=tell))
    staff = person("rina", Role.STAFF, "12.71")

    stranger.post("/sign-in", name="my password\nFAKE", password="x")
    staff.get("/admin/users")
    staff.get("/manifests/%0AFAKE%20LINE")

    assert any(line.startswith("sign-in-refused") for line in told)
    assert any(line.startswith("role-not-allowed") for line in told)
    assert not any("\n" in line or "FAKE LINE" in line.split("'")[0] for line in told)
    assert not any("my password" in line for line in told)


def test_asvs_27_16_5_1_what_fails_tells_nothing(
    app: Flask, admin: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a secret of the house")

    monkeypatch.setitem(app.view_functions, "stock.index", fail)

    answer = admin.get("/stock")

    assert answer.status_code == 500
    assert "secret" not in answer.text
