"""Exports of hostile texts: inert in a spreadsheet, and read back as they were."""

import json
from collections.abc import Callable

import pytest

from silog_scan.core.manifests import NOTHING_SAID
from silog_scan.core.stock import Task
from silog_scan.documents import manifest_files
from silog_scan.services import accounts, deliveries, intake, reports, uploads
from silog_scan.store.queries import LineFilter
from silog_scan.verify_ledger import Checker
from silog_scan.web.context import Backend
from tests import hostile
from tests.hostile import ALL, LISTED, LONG, NUMBER
from tests.reading import sheet_of
from tests.web.conftest import Visitor, bring

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""With which a spreadsheet begins a formula (OWASP, CSV injection)."""


@pytest.fixture
def scanned(sign_in: Callable[[str], Visitor], backend: Backend) -> Visitor:
    """Import the hostile manifest and scan every hostile text; give who did."""
    visitor = sign_in("admin")
    bring(backend, hostile.manifest())
    answer = visitor.post_json("/api/v1/scans", hostile.scans([*ALL.values(), LONG]))
    assert answer.status_code == 200, answer.text
    return visitor


def unsafe(data: bytes) -> list[str]:
    """Return the cells that a spreadsheet would run."""
    return [cell for cell in hostile.cells(data) if cell.startswith(STARTS)]


@pytest.mark.usefixtures("scanned")
def test_a_manifest_of_hostile_codes_is_exported_inert_and_read_back(backend: Backend) -> None:
    with backend.database.reading() as session:
        data = deliveries.export_csv(session, NUMBER)
        actor = accounts.cli_actor(session)
        with uploads.passing([data]) as file:
            seen = intake.look(session, actor, file, NOTHING_SAID)

    assert unsafe(data) == []
    assert {row.texts[3] for row in sheet_of(data)[0].rows} == {*LISTED.values()}
    assert (seen.changes, seen.problems) == ({NUMBER: "unchanged"}, ())


@pytest.mark.usefixtures("scanned")
def test_a_reconciliation_of_hostile_codes_is_inert_as_csv(backend: Backend) -> None:
    with backend.database.reading() as session:
        actor = accounts.cli_actor(session)
        found = reports.reconciliation(
            session, actor, NUMBER, task=Task.RECEIVE, only=LineFilter(limit=1_000)
        )
    data = reports.rendered(found, "lines", "csv").encode()

    sheet, _ = sheet_of(data)
    assert unsafe(data) == []
    assert {row.texts[1] for row in sheet.rows} == {*LISTED.values()}
    assert {extra["text"] for extra in found["extras"]} >= {*ALL.values()} - {*LISTED.values()}


def test_refused_rows_with_hostile_cells_are_inert(admin: Visitor) -> None:
    rows = [[NUMBER, "12", "12.71", *[cell] * 5] for cell in [*ALL.values(), "\t=1", "+1"]]
    header = ["manifest", "from", "to", "package", "item", "quantity", "destination", "=x"]
    file = manifest_files.write_csv([header, *rows])
    page = admin.client.post(
        "/manifests/upload",
        data={"file": (hostile.file(file), "=x.csv"), "csrf_token": admin.token},
    ).text
    address = page.partition('href="/manifests/upload/refused')[2].partition('"')[0]

    answer = admin.get(f"/manifests/upload/refused{address}")

    assert unsafe(answer.data) == []
    assert answer.headers["Content-Disposition"] == 'attachment; filename="=x-refused.csv"'
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page


def test_the_record_holds_hostile_texts_as_they_are_and_is_checked(scanned: Visitor) -> None:
    lines = scanned.get("/ledger/export.jsonl").data.splitlines(keepends=True)

    checker = Checker(None)
    checker.check(lines)
    texts = {json.loads(line)["body"].get("text") for line in lines}
    assert {*ALL.values(), LONG[:4_096]} <= texts


def test_the_api_tells_hostile_texts_as_they_are(scanned: Visitor) -> None:
    found = scanned.get("/api/v1/events?limit=1000")

    assert found.mimetype == "application/json"
    texts = {event["body"].get("text") for event in found.json["events"]} if found.json else set()
    assert {*ALL.values()} <= texts
