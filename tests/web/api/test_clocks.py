"""A device whose clock is wrong by hours is told, and the ledger knows."""

from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from silog_scan.store import ledger
from silog_scan.web.context import Backend
from tests.conftest import NOON
from tests.web.api.conftest import Caller, Json, content_of, scan

HOUR = timedelta(hours=1)


def told(meja: Caller, *, device: timedelta | None = None, scanned: timedelta = timedelta()) -> str:
    headers = {"Accept-Language": "en"}
    if device is not None:
        headers["Silog-Clock"] = (NOON + device).isoformat()
    made = scan("1271-KS-000001", scanned_at=(NOON + scanned).isoformat())
    answer = content_of(sent(meja, made, headers))
    message: str = answer.get("clock", {}).get("message", "")
    return message


def sent(meja: Caller, made: Json, headers: dict[str, str]) -> TestResponse:
    return meja.open("POST", "/scans", json={"task": "receive", "scans": [made]}, headers=headers)


def noted(backend: Backend) -> list[int]:
    with backend.database.reading() as session:
        found = [event for _, event in ledger.read(session) if event.kind == "clock-off"]
    return [event.body["seconds"] for event in found]


@pytest.mark.parametrize(
    ("device", "said"), [(3 * HOUR, "3 h 0 min fast"), (-2.5 * HOUR, "2 h 30 min slow")]
)
def test_a_wrong_clock_is_told_and_recorded_once(
    meja: Caller, backend: Backend, device: timedelta, said: str
) -> None:
    assert said in told(meja, device=device)
    assert said in told(meja, device=device)

    assert noted(backend) == [device.total_seconds()]


def test_a_clock_put_right_is_recorded_too(meja: Caller, backend: Backend) -> None:
    told(meja, device=3 * HOUR)

    assert told(meja, device=timedelta()) == ""
    assert noted(backend) == [3 * 3600, 0]


def test_a_scan_from_the_future_tells_of_a_fast_clock(meja: Caller) -> None:
    assert "5 h 0 min fast" in told(meja, scanned=5 * HOUR)


def test_a_scan_that_waited_offline_tells_nothing(meja: Caller, backend: Backend) -> None:
    assert told(meja, device=timedelta(minutes=9), scanned=-40 * HOUR) == ""
    assert noted(backend) == []


def test_a_late_scan_of_a_device_that_says_no_time_tells_nothing(meja: Caller) -> None:
    assert told(meja, scanned=-40 * HOUR) == ""


@pytest.mark.parametrize("text", ["", "yesterday", "2029-01-24T09:00:00", "9" * 400])
def test_what_is_no_time_is_passed_over(meja: Caller, text: str) -> None:
    made = scan("1271-KS-000001", scanned_at=NOON.isoformat())

    assert "clock" not in content_of(sent(meja, made, {"Silog-Clock": text}))
