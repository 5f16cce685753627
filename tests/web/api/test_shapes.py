"""Bodies that POST /scans does not take: nothing of them is recorded."""

import pytest

from tests.web.api.conftest import Caller, Json, problem_of, recorded, scan

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

GOOD = scan("nonsense", id="01990000-0000-7000-8000-000000000001")


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        7,
        {},
        {"task": "receive"},
        {"task": "receive", "scans": []},
        {"task": "receive", "scans": {}},
        {"task": "receive", "scans": ["1271-KS-000001"]},
        {"task": "steal", "scans": [GOOD]},
        {"task": "receive", "scans": [GOOD], "plaec": "12.71"},
        {"task": "receive", "scans": [GOOD], "place": ""},
        {"task": "receive", "scans": [GOOD], "place": 12.71},
        {"task": "receive", "scans": [GOOD], "place": "12.71\x00"},
        {"task": "receive", "scans": [GOOD], "place": "\ud800"},
        {"task": "receive", "scans": [GOOD], "manifest": "SJ\x00"},
    ],
    ids=repr,
)
def test_a_body_of_the_wrong_shape_refuses_the_request(meja: Caller, body: object) -> None:
    answer = meja.open("POST", "/scans", json=body)

    assert problem_of(answer) == (422, "wrong-shape")
    assert answer.get_json()["errors"]
    assert recorded(meja) == []


@pytest.mark.parametrize(
    "details",
    [
        {"id": "7"},
        {"id": None},
        {"text": None},
        {"text": 1271},
        {"scanned_at": "2026-02-02T12:00:00"},
        {"scanned_at": "2026-02-02"},
        {"scanned_at": "yesterday"},
        {"scanned_at": 1770000000},
        {"scanned_at": "1770000000"},
        {"scanned_at": None},
        {"scanned_at": "0001-01-01T00:00:00+14:00"},
        {"scanned_at": "9999-12-31T23:59:59-12:00"},
        {"source": "telepathy"},
        {"quantity": 0},
        {"quantity": -1},
        {"quantity": 1.5},
        {"quantity": "5"},
        {"quantity": True},
        {"quantity": 10**30},
        {"condition": "fine"},
        {"seals": "A1"},
        {"seals": [""]},
        {"seals": ["A1"] * 51},
        {"seals": ["A\x00"]},
        {"symbology": "c" * 41},
        {"symbology": "\ud800"},
        {"parent": "p" * 4_097},
        {"parent": "\x00"},
        {"destination": "\x00"},
        {"counter": -1},
        {"counter": 2**53},
        {"colour": "red"},
    ],
    ids=repr,
)
def test_one_scan_of_the_wrong_shape_refuses_the_request(meja: Caller, details: Json) -> None:
    answer = meja.receive(scan("nonsense"), scan("nonsense") | details)

    assert problem_of(answer) == (422, "wrong-shape")
    assert answer.get_json()["errors"][0]["field"].startswith("scans.1")
    assert recorded(meja) == []


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"task": "receive"}', "text/plain"),
        (b"task=receive", "application/x-www-form-urlencoded"),
    ],
)
def test_what_is_no_json_is_refused_in_words(meja: Caller, data: bytes, content_type: str) -> None:
    answer = meja.open("POST", "/scans", data=data, content_type=content_type)

    assert problem_of(answer) == (422, "wrong-shape")
