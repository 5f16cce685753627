"""Manifests on screen: what is listed for whom, what a check says, what reconciliation shows."""

import io
import re
import shutil
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import event
from werkzeug.test import TestResponse

from silog_scan.core.stock import Task
from silog_scan.services import accounts, scanning
from silog_scan.services.actors import Role
from silog_scan.services.scanning import Submission
from silog_scan.store import queries
from silog_scan.web.context import Backend
from tests.web.conftest import MANIFEST, NUMBER, Visitor, bring

People = Callable[[str, Role, str], Visitor]

HEADER = b"manifest,from,to,package,item,quantity,destination,note\n"
BROKEN = HEADER + b"".join(
    [
        b"SJ-9,12,12.71,1271-KS-000009,KOTAK,1,12.71.01.1001.001,\n",
        b"SJ-9,12,12.71,,SURAT DPRK,1,12.71.01,\n",
        b"SJ-9,12,12.71,1271-KS-000010,KOTAK,1,12.71.1.1001,\n",
    ]
)


def send(visitor: Visitor, data: bytes, name: str = "m.csv", **form: str) -> TestResponse:
    """Hand a file in at the upload."""
    content = {"csrf_token": visitor.token, "file": (io.BytesIO(data), name), **form}
    return visitor.client.post("/manifests/upload", data=content)


def token_of(check: TestResponse) -> str:
    """Return the name a check has in its forms."""
    found = re.search(r'name="upload" value="([^"]+)"', check.text)
    assert found
    return found[1]


def confirm(visitor: Visitor, check: TestResponse, **form: str) -> TestResponse:
    """Confirm what the check shows."""
    return visitor.post("/manifests/upload/confirm", upload=token_of(check), **form)


def scan(backend: Backend, text: str, number: str = NUMBER, **more: int) -> None:
    """Receive something in the city's warehouse."""
    with backend.database.reading() as session:
        actor = accounts.cli_actor(session)
    one = scanning.scan_of(
        text, actor=actor, task=Task.RECEIVE, place="12.71", at=backend.clock(), manifest=number,
        **more,
    )  # fmt: skip
    submission = Submission(actor, Task.RECEIVE, "12.71", (one,), backend.clock(), number)
    backend.writer.together(scanning.record, submission)


@pytest.fixture
def statements(backend: Backend) -> list[str]:
    """Give the statements sent to the database from now on; empty it before looking."""
    sent: list[str] = []
    event.listen(
        backend.database.engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: sent.append(statement),
    )
    return sent


# The list.


def test_a_manifest_is_listed_with_its_progress(
    admin: Visitor, backend: Backend, manifest: str
) -> None:
    scan(backend, "1271-KS-000001")

    page = admin.get("/manifests").text

    assert manifest in page
    assert "1 / 4" in page
    assert "Being received" in page


def test_a_person_sees_only_manifests_of_the_own_place_and_below(
    person: People, manifest: str
) -> None:
    there = person("wayan", Role.SUPERVISOR, "12.71.02")

    answers = {
        path: there.get(path)
        for path in (
            "/manifests",
            f"/manifests/{manifest}",
            f"/manifests/{manifest}.csv",
            f"/manifests/{manifest}/reconciliation",
            f"/manifests/{manifest}/reconciliation/live?after=0",
        )
    }

    assert manifest not in answers.pop("/manifests").text
    assert {answer.status_code for answer in answers.values()} == {404}


def test_the_list_is_paged_by_number(admin: Visitor, backend: Backend) -> None:
    rows = (b"P-%03d,12,12.71,,TINTA,1,12.71.01,\n" % n for n in range(60))
    bring(backend, HEADER + b"".join(rows))

    first = admin.get("/manifests").text
    following = re.search(r"/manifests\?[^\"]*after=P-049", first)
    assert following
    second = admin.get(following[0].replace("&amp;", "&")).text

    assert ("P-049" in first, "P-050" in first) == (True, False)
    assert ("P-050" in second, "P-059" in second) == (True, True)


def test_the_list_is_filtered_by_state_and_found_by_package(
    admin: Visitor, backend: Backend, manifest: str
) -> None:
    bring(backend, HEADER + b"OTHER,12,12.71,1271-KS-000777,KOTAK,1,12.71.01,\n")
    admin.post(f"/manifests/{manifest}/close")

    closed = admin.get("/manifests?show=closed").text
    found = admin.get("/manifests?q=1271-KS-000777").text

    assert (manifest in closed, "OTHER" in closed) == (True, False)
    assert (manifest in found, "OTHER" in found) == (False, True)


@pytest.mark.usefixtures("manifest")
def test_more_manifests_take_no_more_queries(
    admin: Visitor, backend: Backend, statements: list[str]
) -> None:
    admin.get("/manifests")
    statements.clear()
    admin.get("/manifests")
    few = len(statements)
    bring(backend, HEADER + b"".join(b"P%d,12,12.71,,TINTA,1,12.71.01,\n" % n for n in range(30)))

    statements.clear()
    admin.get("/manifests")

    assert len(statements) == few


# Upload.


def test_a_check_shows_row_column_and_sentence_of_each_problem(admin: Visitor) -> None:
    page = send(admin, BROKEN)

    assert page.status_code == 200
    cells = re.findall(r'<td data-label="(?:Row|Column)"[^>]*>([^<]*)</td>', page.text)
    assert cells == ["3", "item", "4", "destination"]
    assert "SURAT DPRK is not in the item catalogue. Is it SURAT-DPRDK?" in page.text
    assert "Write 12.71.01.1001 if that is the place" in page.text


def test_nothing_is_stored_before_it_is_confirmed(admin: Visitor, backend: Backend) -> None:
    check = send(admin, MANIFEST)

    with backend.database.reading() as session:
        before = queries.manifests(session, within="12")
    answer = confirm(admin, check)

    assert before == []
    assert answer.status_code == 303
    assert admin.get(answer.location).status_code == 200


def test_the_check_shows_how_the_file_is_written(admin: Visitor) -> None:
    page = send(admin, b"\xef\xbb\xbf" + MANIFEST.replace(b",", b";")).text

    assert "semicolon, UTF-8 with BOM" in page


def test_a_file_with_problems_is_stored_only_when_the_good_rows_are_wanted(
    admin: Visitor, backend: Backend
) -> None:
    check = send(admin, BROKEN)

    refused = confirm(admin, check)
    taken = confirm(admin, check, good_rows="1")

    assert refused.status_code == 422
    assert "2 problems; nothing was imported" in refused.text
    assert taken.location == "/manifests/SJ-9"
    with backend.database.reading() as session:
        assert [line.package for line in queries.lines(session, "SJ-9", Task.RECEIVE)] == [
            "1271-KS-000009"
        ]


def test_receive_by_parent_is_kept_with_the_manifest(admin: Visitor, backend: Backend) -> None:
    confirm(admin, send(admin, MANIFEST), by_parent="1")

    with backend.database.reading() as session:
        assert queries.manifest(session, NUMBER).by_parent


@pytest.mark.usefixtures("manifest")
def test_the_same_file_again_changes_nothing_and_says_so(admin: Visitor) -> None:
    check = send(admin, MANIFEST)
    answer = confirm(admin, check)

    assert "This file is here already." in check.text
    assert "Nothing was changed." in admin.get(answer.location).text


def test_refused_rows_are_downloaded_with_their_reasons(admin: Visitor) -> None:
    check = send(admin, BROKEN, name="medan.csv")

    link = re.search(r'href="(/manifests/upload/refused[^"]+)"', check.text)
    assert link
    answer = admin.get(link[1])

    assert answer.mimetype == "text/csv"
    assert "SURAT DPRK is not in the item catalogue" in answer.text
    assert "1271-KS-000009" not in answer.text


def test_a_file_without_number_is_checked_again_with_what_is_said(admin: Visitor) -> None:
    check = send(admin, b"package,item,destination\n1271-KS-000001,KOTAK,12.71.01\n")

    again = admin.post("/manifests/upload", **HOP, upload=token_of(check))

    assert "No column says manifest." in check.text
    assert confirm(admin, again).location == "/manifests/SJ-77"


OWN_NAMES = "BERITA ACARA;;;\n;;;\nkoli kita;apa;ke mana;ket\n1271-KS-000001;KOTAK;12.71.01;baik\n"
HOP = {"number": "SJ-77", "from": "12", "to": "12.71"}
CHOSEN = {"map.package": "koli kita", "map.item": "apa", "map.destination": "ke mana"}


def test_columns_and_header_are_chosen_where_they_are_not_recognised(admin: Visitor) -> None:
    check = send(admin, OWN_NAMES.encode(), **HOP)

    again = admin.post(
        "/manifests/upload", **HOP, **CHOSEN, upload=token_of(check), header_row="3",
        encoding="utf-8", delimiter=";",
    )  # fmt: skip

    assert "No column says item." in check.text
    assert confirm(admin, again).location == "/manifests/SJ-77"


def test_the_choice_of_columns_is_remembered_for_the_next_file_with_that_header(
    admin: Visitor,
) -> None:
    file = OWN_NAMES.partition("\n;;;\n")[2].encode()
    confirm(
        admin, admin.post("/manifests/upload", **HOP, **CHOSEN, upload=token_of(send(admin, file)))
    )

    check = send(admin, file.replace(b"000001", b"000002"), **HOP | {"number": "SJ-78"})

    assert confirm(admin, check).location == "/manifests/SJ-78"


def test_a_header_that_is_no_row_is_told(admin: Visitor) -> None:
    check = send(admin, MANIFEST)

    again = admin.post(
        "/manifests/upload", upload=token_of(check), header_row="99", encoding="utf-8",
        delimiter=",",
    )  # fmt: skip

    assert again.status_code == 422
    assert "Row 99 cannot be the header." in again.text


def test_a_check_tells_what_a_new_issue_changes(admin: Visitor, backend: Backend) -> None:
    bring(backend, MANIFEST)
    scan(backend, "1271-KS-000001")

    check = send(admin, MANIFEST.replace(b"1271-KS-000001", b"1271-KS-000009"))

    assert "1 dropped line was scanned already." in check.text


@pytest.mark.parametrize("token", ["", "nonsense", "eyJzaGEyNTYiOiIuLi9zZWNyZXQifQ.x.y"])
def test_a_check_that_we_did_not_sign_is_refused(admin: Visitor, token: str) -> None:
    answer = admin.post("/manifests/upload/confirm", upload=token)

    assert answer.status_code == 409


def test_the_check_of_somebody_else_is_refused(admin: Visitor, person: People) -> None:
    check = send(admin, MANIFEST)

    answer = confirm(person("rina", Role.STAFF, "12.71"), check)

    assert answer.status_code == 409


def test_a_checked_file_that_is_gone_is_asked_for_again(admin: Visitor, backend: Backend) -> None:
    check = send(admin, MANIFEST)
    shutil.rmtree(backend.settings.home / "uploads")

    answer = confirm(admin, check)

    assert answer.status_code == 409
    assert "Choose the file again." in answer.text


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "The file is empty."),
        (b"PK\x03\x04 xl/workbook", "The workbook is damaged."),
        (b"\x89PNG\r\n\x1a\n", "This is a PNG picture"),
    ],
    ids=["nothing", "workbook", "picture"],
)
def test_what_is_no_table_is_told_on_the_same_page(admin: Visitor, data: bytes, told: str) -> None:
    answer = send(admin, data)

    assert answer.status_code == 422
    assert told in answer.text


def test_an_observer_may_look_and_not_upload(person: People, manifest: str) -> None:
    observer = person("bawaslu", Role.OBSERVER, "12.71")

    assert observer.get(f"/manifests/{manifest}").status_code == 200
    assert observer.get(f"/manifests/{manifest}/reconciliation").status_code == 200
    assert observer.get("/manifests/upload").status_code == 403
    assert send(observer, MANIFEST).status_code == 403
    assert "Upload a manifest" not in observer.get("/manifests").text


# One manifest.


def test_a_manifest_is_shown_line_by_line_and_exported(admin: Visitor, manifest: str) -> None:
    page = admin.get(f"/manifests/{manifest}").text
    file = admin.get(f"/manifests/{manifest}.csv")

    assert "1271-BL-000003" in page
    assert ", TPS 001" in page
    assert file.mimetype == "text/csv"
    assert "1271-BL-000003" in file.text


def test_a_supervisor_closes_and_reopens_with_a_reason(
    person: People, backend: Backend, manifest: str
) -> None:
    hendra = person("hendra", Role.SUPERVISOR, "12.71")

    closed = hendra.post(f"/manifests/{manifest}/close")
    without = hendra.post(f"/manifests/{manifest}/reopen", reason=" ")
    opened = hendra.post(f"/manifests/{manifest}/reopen", reason="one box came later")

    assert (closed.status_code, without.status_code, opened.status_code) == (303, 422, 303)
    assert "Give a reason" in without.text
    with backend.database.reading() as session:
        assert queries.manifest(session, manifest).state == "open"


def test_a_counted_manifest_is_not_made_void(
    admin: Visitor, backend: Backend, manifest: str
) -> None:
    scan(backend, "1271-KS-000001")

    answer = admin.post(f"/manifests/{manifest}/void", reason="sent twice")

    assert answer.status_code == 409
    assert "Close it instead" in answer.text


@pytest.mark.parametrize("role", [Role.STAFF, Role.OBSERVER])
def test_who_may_not_decide_has_no_buttons_and_is_refused(
    person: People, manifest: str, role: Role
) -> None:
    visitor = person("other", role, "12.71")

    assert "/close" not in visitor.get(f"/manifests/{manifest}").text
    assert visitor.post(f"/manifests/{manifest}/close").status_code == 403


@pytest.mark.parametrize(
    "number",
    ["KPU/12.71/001", "a.csv", "upload", "..", "100%", "a?b#c", "%2F", "x/reconciliation", "漢/é"],
)
def test_any_number_has_an_address(
    app: Flask, admin: Visitor, backend: Backend, number: str
) -> None:
    rows = HEADER.decode() + f"{number},12,12.71,,TINTA,1,12.71.01,\n"
    bring(backend, rows.encode())
    with app.test_request_context():
        paths = [
            app.url_for(f"manifests.{name}", number=number)
            for name in ("show", "export", "reconciliation")
        ]

    answers = [admin.get(path) for path in paths]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[1].text.splitlines()[1].lstrip("'").startswith(number)


def test_script_in_a_note_and_a_number_is_inert(admin: Visitor, backend: Backend) -> None:
    script = "<script>alert(1)</script>"
    number, note = "N<img src=x onerror=alert(1)>", f"{script} see"
    rows = HEADER.decode() + f"{number},12,12.71,P<i>1</i>,KOTAK,1,12.71.01,{note}\n"
    check = send(admin, rows.encode(), name=f"{script}.csv")
    shown = admin.get(confirm(admin, check).location)

    scan(backend, script, number)
    pages = [check, shown, admin.get("/manifests"), admin.get("/reconciliation")]
    pages.append(admin.get("/manifests/N%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E/reconciliation"))

    text = "".join(page.text for page in pages)
    assert {page.status_code for page in pages} == {200}
    assert "&lt;script&gt;alert(1)&lt;/script&gt; see" in shown.text
    assert not re.search(r"<script>|<img |<i>1", text)


# Reconciliation.


def test_reconciliation_shows_totals_items_destinations_and_extras(
    admin: Visitor, backend: Backend, manifest: str
) -> None:
    scan(backend, "1271-KS-000001")
    scan(backend, "SLG-ITEM-TINTA", quantity=38)
    scan(backend, "1275-KS-000871")

    page = admin.get(f"/manifests/{manifest}/reconciliation").text

    assert "25.0%" in page
    assert 'aria-label="1 match, 1 partly short, 1 not on the list, 2 not here yet"' in page
    assert "\u22122" in page
    assert "Ink: 38 of 40" in page
    assert "Medan Kota: 1 of 4 match" in page
    assert "1275-KS-000871" in page
    assert "Wrong place" in page


def test_lines_are_filtered_by_state_item_and_destination(
    admin: Visitor, backend: Backend, manifest: str
) -> None:
    scan(backend, "1271-KS-000001")
    address = f"/manifests/{manifest}/reconciliation"

    matched = rows_of(admin.get(f"{address}?status=matched").text)
    booths = rows_of(admin.get(f"{address}?status=all&item=BILIK").text)
    station = rows_of(admin.get(f"{address}?status=all&destination=12.71.01.1001.002").text)
    waited = rows_of(admin.get(address).text)

    assert matched == ["1271-KS-000001"]
    assert booths == ["1271-BL-000003"]
    assert station == ["1271-KS-000002", "1271-BL-000003"]
    assert waited == ["1271-KS-000002", "1271-BL-000003"]


def rows_of(page: str) -> list[str]:
    """Return the packages in the table of lines."""
    table = page.partition('id="lines"')[2].partition("</section>")[0]
    return re.findall(r'<span class="sl-code">([^<]+)</span></a></th>', table)


def test_loading_is_reconciled_apart_from_receipt(
    admin: Visitor, backend: Backend, manifest: str
) -> None:
    scan(backend, "1271-KS-000001")

    page = admin.get(f"/manifests/{manifest}/reconciliation?task=dispatch").text

    assert "0 of 4 lines" in page
    assert admin.get(f"/manifests/{manifest}/reconciliation?task=dance").status_code == 422


def test_a_poll_is_answered_204_until_something_is_recorded(
    admin: Visitor, backend: Backend, manifest: str
) -> None:
    page = admin.get(f"/manifests/{manifest}/reconciliation").text
    position = re.search(r'data-position="(\d+)"', page)
    assert position
    address = f"/manifests/{manifest}/reconciliation/live?after={position[1]}"

    before = admin.get(address)
    scan(backend, "1271-KS-000001")
    after = admin.get(address)

    assert (before.status_code, before.data) == (204, b"")
    assert after.status_code == 200
    assert "1 of 4 lines" in after.text
    assert "<html" not in after.text


def test_more_lines_take_no_more_queries(
    admin: Visitor, backend: Backend, statements: list[str]
) -> None:
    line = b"%s,12,12.71,1271-KS-%06d,KOTAK,1,12.71.01.%d.001,\n"
    bring(backend, HEADER + line % (b"FEW", 1, 1001))
    bring(backend, HEADER + b"".join(line % (b"MANY", n, 1001 + n % 9) for n in range(2, 45)))
    admin.get("/manifests/FEW/reconciliation")

    statements.clear()
    admin.get("/manifests/FEW/reconciliation")
    few = len(statements)
    admin.get("/manifests/MANY/reconciliation")

    assert len(statements) == 2 * few


def test_all_open_manifests_are_reconciled_as_one(
    person: People, backend: Backend, manifest: str
) -> None:
    bring(backend, HEADER + b"OTHER,12,12.71,,TINTA,1,12.71.01,\n")
    scan(backend, "1271-KS-000001")
    hendra = person("hendra", Role.SUPERVISOR, "12.71")

    page = hendra.get("/reconciliation").text

    assert "1 of 5 lines" in page
    assert (manifest in page, "OTHER" in page) == (True, True)
    position = re.search(r'data-position="(\d+)"', page)
    assert position
    assert hendra.get(f"/reconciliation/live?after={position[1]}").status_code == 204


@pytest.mark.usefixtures("manifest")
@pytest.mark.parametrize(
    ("sought", "found"),
    [
        ("ks-0000", {"1271-KS-000001", "1271-KS-000002"}),
        ("booth", {"1271-BL-000003"}),
        ("bilik", {"1271-BL-000003"}),
        ("pasar baru", {"1271-KS-000001", "1271-KS-000002", "1271-BL-000003"}),
        ("TPS 001", {"1271-KS-000001"}),
        ("12.71.01.1001.002", {"1271-KS-000002", "1271-BL-000003"}),
        ("%", set()),
    ],
    ids=["code", "English", "Indonesian", "village", "station", "place code", "no wildcard"],
)
def test_lines_are_found_by_package_item_and_destination(
    admin: Visitor, sought: str, found: set[str]
) -> None:
    query = {"status": "all", "q": sought}

    page = admin.client.get(f"/manifests/{NUMBER}/reconciliation", query_string=query).text

    lines = page.partition('id="lines"')[2].partition('id="extras"')[0]
    assert set(re.findall(r"/packages/([\w-]+)", lines)) == found


def test_a_search_is_kept_while_states_are_chosen_and_figures_freshened(
    admin: Visitor, manifest: str
) -> None:
    page = admin.get(f"/manifests/{manifest}/reconciliation?q=booth").text

    assert 'value="booth"' in page
    assert "status=missing&amp;q=booth" in page
    assert re.search(r'data-live="[^"]+q=booth', page)
    assert "Remove the filter booth" in page


def test_a_box_from_elsewhere_is_shown_with_whose_it_is(
    admin: Visitor, backend: Backend, manifest: str
) -> None:
    scan(backend, "1275-KS-000871")

    page = admin.get(f"/manifests/{manifest}/reconciliation").text

    assert "Wrong place, it belongs to Kota Binjai" in page


def test_a_closed_manifest_is_late_no_more(admin: Visitor, backend: Backend) -> None:
    header = HEADER.replace(b"note", b"due")
    bring(backend, header + b"OLD,12,12.71,,TINTA,1,12.71.01,2026-01-30\n")
    before = admin.get("/manifests").text

    admin.post("/manifests/OLD/close")
    after = admin.get("/manifests").text

    assert "30 Jan, late by 3 days" in before
    assert "late by" not in after
    assert "30 Jan" in after


def test_one_of_a_thing_is_not_told_as_many(admin: Visitor, backend: Backend) -> None:
    bring(backend, HEADER + b"ONE,12,12.71,1271-KS-000777,KOTAK,1,12.71.01,\n")
    scan(backend, "1275-KS-000871", "ONE")

    page = admin.get("/").text

    assert "1 package ·" in page
    assert "1 difference<" in page
