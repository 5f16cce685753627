"""Manifests over the API: import, look, page, write out, close."""

import io
from pathlib import Path
from urllib.parse import quote

import pytest

from silog_scan.app import MOST_UPLOADED
from tests.web.api.conftest import Caller, content_of, outcomes, problem_of, scan
from tests.web.conftest import MANIFEST, NUMBER

PHOTO = Path(__file__).parents[3] / "fixtures" / "photos" / "one.jpg"
BAD = MANIFEST + b"SJ-1271-0147,12,12.71,1271-KS-000009,LAMPU,many,12.71.01\n"
BARE = b"package,item,destination\n1271-KS-000001,KOTAK,12.71.01.1001.001\n"


def test_an_import_is_answered_as_the_contract_says(meja: Caller) -> None:
    answer = meja.import_csv(MANIFEST)

    assert content_of(answer) == {
        "number": NUMBER,
        "numbers": [NUMBER],
        "rows": 4,
        "accepted": 4,
        "problems": [],
        "warnings": [],
        "changes": {NUMBER: "new"},
        "imported": True,
    }


def test_importing_twice_changes_nothing_and_says_so(meja: Caller) -> None:
    meja.import_csv(MANIFEST)
    before = content_of(meja.get("/events"))

    again = content_of(meja.import_csv(MANIFEST))

    assert again["changes"] == {NUMBER: "unchanged"}
    assert content_of(meja.get("/events")) == before


def test_a_dry_run_only_says_what_a_file_holds(meja: Caller) -> None:
    answer = content_of(meja.import_csv(MANIFEST, dry_run="true"))

    assert (answer["numbers"], answer["imported"]) == ([NUMBER], False)
    assert content_of(meja.get("/manifests"))["manifests"] == []


def test_a_file_with_problems_imports_nothing(meja: Caller) -> None:
    answer = content_of(meja.import_csv(BAD))

    assert (answer["rows"], answer["accepted"], answer["imported"]) == (5, 4, False)
    assert {problem["row"] for problem in answer["problems"]} == {6}
    assert set(answer["problems"][0]) == {"row", "column", "value", "code", "message"}
    assert content_of(meja.get("/manifests"))["manifests"] == []


def test_the_good_rows_may_be_taken(meja: Caller) -> None:
    answer = content_of(meja.import_csv(BAD, good_rows="true"))

    assert (answer["accepted"], answer["imported"]) == (4, True)
    assert content_of(meja.get(f"/manifests/{NUMBER}"))["totals"]["lines"] == 4


def test_what_the_file_lacks_may_be_given(meja: Caller) -> None:
    query = {"number": "SJ 7/2026", "from": "12", "to": "12.71.01"}

    answer = content_of(meja.import_csv(BARE, **query))

    assert (answer["number"], answer["imported"]) == ("SJ 7/2026", True)
    manifest = content_of(meja.get("/manifests/SJ 7/2026"))
    assert (manifest["from"], manifest["to"]) == ("12", "12.71.01")


def test_a_column_may_be_named(meja: Caller) -> None:
    data = BARE.replace(b"package", b"peti")

    answer = content_of(meja.import_csv(data, map="package=peti", number="SJ-7", **{"from": "12"}))

    assert answer["imported"]
    assert content_of(meja.get("/packages/1271-KS-000001"))["state"] == "expected"


def test_a_file_may_come_as_a_form(meja: Caller) -> None:
    answer = meja.open("POST", "/manifests", data={"file": (io.BytesIO(MANIFEST), "a.csv")})

    assert content_of(answer)["imported"]


def test_several_manifests_may_be_in_a_file(meja: Caller) -> None:
    data = MANIFEST + b"SJ-2,12,12.71,1271-KS-000009,KOTAK,1,12.71.01\n"

    answer = content_of(meja.import_csv(data))

    assert (answer["number"], answer["numbers"]) == (None, [NUMBER, "SJ-2"])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file-missing"),
        (PHOTO.read_bytes(), "file-kind"),
        (b"PK\x03\x04 xl/workbook", "file-damaged"),
        (b"manifest\n", "file-without-rows"),
        (b"\x00\x01\x02\x03", "file-kind"),
        (b'a,b\n"open,1\n', "quotes-broken"),
    ],
)
def test_what_is_no_table_is_refused_in_words(meja: Caller, data: bytes, code: str) -> None:
    answer = meja.import_csv(data)

    assert problem_of(answer) == (422, code)


def test_a_form_without_a_file_is_refused(meja: Caller) -> None:
    answer = meja.open("POST", "/manifests", data={"other": (io.BytesIO(MANIFEST), "a.csv")})

    assert problem_of(answer) == (422, "file-missing")


def test_a_file_that_is_far_too_large_is_refused(meja: Caller) -> None:
    answer = meja.import_csv(b"x" * (MOST_UPLOADED + 1))

    assert problem_of(answer)[0] == 413


def test_a_manifest_between_other_places_is_not_taken(ppk_device: Caller) -> None:
    answer = ppk_device.import_csv(MANIFEST)

    assert problem_of(answer) == (403, "place-not-yours")


@pytest.mark.parametrize(
    "query",
    [{"dry_run": "perhaps"}, {"dryrun": "true"}, {"number": ""}, {"to": "\x00"}, {"from": "\x00"}],
    ids=repr,
)
def test_a_query_of_the_wrong_shape_is_refused(meja: Caller, query: dict[str, str]) -> None:
    assert problem_of(meja.import_csv(MANIFEST, **query)) == (422, "wrong-shape")


# Looking.


def test_a_manifest_is_shown_without_its_lines(meja: Caller, manifest: str) -> None:
    assert content_of(meja.get(f"/manifests/{manifest}")) == {
        "number": NUMBER,
        "from": "12",
        "to": "12.71",
        "due": None,
        "state": "open",
        "version": 1,
        "by_parent": False,
        "totals": {
            "lines": 4,
            "matched": 0,
            "missing": 4,
            "short": 0,
            "surplus": 0,
            "damaged": 0,
            "extras": 0,
        },
        "packages": {"expected": 3, "counted": 0},
    }


@pytest.mark.parametrize("number", ["none", "%00", "a/b/c", quote("\u202e"), "x" * 201])
def test_a_manifest_that_is_not_known_is_a_problem(meja: Caller, number: str) -> None:
    status, _ = problem_of(meja.get(f"/manifests/{number}"))

    assert status in (404, 422)


@pytest.mark.usefixtures("manifest")
def test_manifests_are_paged_by_number(meja: Caller) -> None:
    meja.import_csv(MANIFEST.replace(b"SJ-1271-0147", b"SJ-2").replace(b"KS", b"SP"))

    first = content_of(meja.get("/manifests", limit=1))
    second = content_of(meja.get("/manifests", limit=1, after=first["next"]))
    third = content_of(meja.get("/manifests", limit=1, after=second["next"]))

    pages = [[found["number"] for found in page["manifests"]] for page in (first, second, third)]
    assert pages == [[NUMBER], ["SJ-2"], []]
    assert third["next"] is None


def test_lines_are_paged_by_cursor(meja: Caller, manifest: str) -> None:
    path = f"/manifests/{manifest}/lines"

    first = content_of(meja.get(path, limit=3))
    second = content_of(meja.get(path, limit=3, after=first["next"]))

    assert [line["row"] for line in first["lines"] + second["lines"]] == [2, 3, 4, 5]
    assert second["next"] is None
    assert first["lines"][0] == {
        "row": 2,
        "package": "1271-KS-000001",
        "item": "KOTAK",
        "destination": "12.71.01.1001.001",
        "expected": 1,
        "counted": 0,
        "damaged": 0,
        "status": "missing",
    }


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ({"status": "matched"}, [2]),
        ({"status": "missing"}, [3, 4]),
        ({"status": "short"}, [5]),
        ({"item": "KOTAK"}, [2, 3]),
        ({"destination": "12.71.01.1001.002"}, [3, 4]),
        ({"destination": "12.71.01"}, [2, 3, 4, 5]),
        ({"status": "missing", "item": "BILIK"}, [4]),
        ({"after": 2**53 - 1}, []),
        ({"item": "none"}, []),
    ],
    ids=repr,
)
def test_lines_may_be_chosen(
    meja: Caller, manifest: str, query: dict[str, object], rows: list[int]
) -> None:
    scans = [scan("1271-KS-000001"), scan("SLG-ITEM-TINTA", quantity=38)]
    meja.receive(*scans, manifest=manifest)

    found = content_of(meja.get(f"/manifests/{manifest}/lines", **query))

    assert [line["row"] for line in found["lines"]] == rows


@pytest.mark.parametrize(
    "query",
    [
        {"status": "fine"},
        {"satus": "short"},
        {"limit": 0},
        {"limit": 1001},
        {"after": -1},
        {"item": "\x00"},
    ],
    ids=repr,
)
def test_a_page_of_the_wrong_shape_is_refused(
    meja: Caller, manifest: str, query: dict[str, object]
) -> None:
    answer = meja.get(f"/manifests/{manifest}/lines", **query)

    assert problem_of(answer) == (422, "wrong-shape")


RECONCILED = {
    "manifest": NUMBER,
    "place": "12.71",
    "state": "open",
    "totals": {
        "lines": 4,
        "matched": 1,
        "missing": 2,
        "short": 1,
        "surplus": 0,
        "damaged": 0,
        "extras": 1,
    },
    "packages": {"expected": 3, "counted": 1},
    "items": [
        {"item": "BILIK", "expected": 1, "counted": 0},
        {"item": "KOTAK", "expected": 2, "counted": 1},
        {"item": "TINTA", "expected": 40, "counted": 38},
    ],
    "destinations": [
        {"place": "12.71.01", "name": "Medan Kota", "lines": 1, "matched": 0},
        {"place": "12.71.01.1001.001", "name": "TPS 001", "lines": 1, "matched": 1},
        {"place": "12.71.01.1001.002", "name": "TPS 002", "lines": 2, "matched": 0},
    ],
    "extras": [
        {
            "text": "GRAFIKA-1",
            "outcome": "unknown",
            "scanned_at": "2026-02-02T05:00:00.000Z",
            "station": "Meja 1",
            "scans": 1,
        }
    ],
}


def test_the_reconciliation_is_shaped_as_the_contract_says(meja: Caller, manifest: str) -> None:
    scans = [scan("1271-KS-000001"), scan("SLG-ITEM-TINTA", quantity=38), scan("GRAFIKA-1")]
    meja.receive(*scans, manifest=manifest)

    found = content_of(meja.get(f"/manifests/{manifest}/reconciliation"))

    lines = found.pop("lines")
    assert found == RECONCILED
    assert [line["status"] for line in lines] == ["matched", "missing", "missing", "short"]


def test_the_reconciliation_of_loading_is_its_own(meja: Caller, manifest: str) -> None:
    meja.receive(scan("1271-KS-000001"), manifest=manifest)

    path = f"/manifests/{manifest}/reconciliation"
    found = content_of(meja.get(path, task="dispatch"))

    assert (found["place"], found["packages"]["counted"]) == ("12", 0)


def test_an_export_can_be_imported_again(meja: Caller, manifest: str) -> None:
    answer = meja.get(f"/manifests/{manifest}/export")

    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{NUMBER}.csv"'
    assert content_of(meja.import_csv(answer.data))["changes"] == {NUMBER: "unchanged"}


def test_the_name_of_an_export_is_safe(meja: Caller) -> None:
    number = 'SJ "7"/../7'
    content_of(meja.import_csv(BARE, number=number, **{"from": "12"}))

    answer = meja.get(f"/manifests/{quote(number)}/export")

    assert answer.headers["Content-Disposition"] == 'attachment; filename="SJ--7--..-7.csv"'


# Closing.


def test_a_supervisor_closes_and_reopens_with_a_reason(head: Caller, manifest: str) -> None:
    closed = head.post(f"/manifests/{manifest}/close")
    without = head.post(f"/manifests/{manifest}/reopen")
    reopened = head.post(f"/manifests/{manifest}/reopen", reason="a lorry came late")

    assert content_of(closed) == {"number": NUMBER, "state": "closed"}
    assert problem_of(without) == (422, "reason-missing")
    assert content_of(reopened) == {"number": NUMBER, "state": "open"}


def test_a_stations_token_closes_nothing(meja: Caller, manifest: str) -> None:
    answers = [meja.post(f"/manifests/{manifest}/{act}") for act in ("close", "reopen", "void")]

    assert [problem_of(answer) for answer in answers] == [(403, "role-not-allowed")] * 3


def test_scans_on_a_closed_manifest_stop(meja: Caller, head: Caller, manifest: str) -> None:
    head.post(f"/manifests/{manifest}/close")

    answer = meja.receive(scan("1271-KS-000001"), manifest=manifest)

    assert outcomes(answer) == ["manifest-closed"]


def test_unsent_scans_block_closing(meja: Caller, head: Caller, manifest: str) -> None:
    body = {"task": "receive", "scans": [scan("nonsense")]}
    meja.open("POST", "/scans", json=body, headers={"Silog-Unsent": "2"})

    answer = head.post(f"/manifests/{manifest}/close")

    assert problem_of(answer) == (409, "unsent-scans")
    assert content_of(head.post(f"/manifests/{manifest}/close", reason="lost"))["state"] == "closed"


def test_a_counted_manifest_is_not_made_void(meja: Caller, head: Caller, manifest: str) -> None:
    meja.receive(scan("1271-KS-000001"), manifest=manifest)

    answer = head.post(f"/manifests/{manifest}/void", reason="sent twice")

    assert problem_of(answer) == (409, "manifest-counted")


def test_a_void_manifest_is_not_closed(head: Caller, manifest: str) -> None:
    voided = head.post(f"/manifests/{manifest}/void", reason="sent twice")

    assert content_of(voided) == {"number": NUMBER, "state": "void"}
    assert problem_of(head.post(f"/manifests/{manifest}/close")) == (409, "manifest-void")


@pytest.mark.parametrize("act", ["close", "reopen", "void"])
def test_a_manifest_that_is_not_known_is_not_closed(head: Caller, act: str) -> None:
    answer = head.post(f"/manifests/none/{act}", reason="why")

    assert problem_of(answer) == (404, "unknown-manifest")
