"""Stock, packages, discrepancies and events over the API."""

from urllib.parse import quote

import pytest

from silog_scan.core import events
from silog_scan.core.events import Event
from tests.web.api.conftest import Caller, content_of, problem_of, scan


def test_stock_says_what_lies_where(meja: Caller, manifest: str) -> None:
    scans = [scan("1271-KS-000001", condition="damaged"), scan("SLG-ITEM-TINTA", quantity=38)]
    meja.receive(*scans, manifest=manifest)

    assert meja.get("/stock").get_json() == [
        {
            "place": "12.71",
            "item": "KOTAK",
            "condition": "damaged",
            "quantity": 1,
            "packages": 1,
        },
        {
            "place": "12.71",
            "item": "TINTA",
            "condition": "good",
            "quantity": 38,
            "packages": 0,
        },
    ]


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ("12.75", (403, "place-not-yours")),
        ("12", (403, "place-not-yours")),
        ("12.71.99", (404, "unknown-place")),
        ("nonsense", (403, "place-not-yours")),
        ("", (422, "wrong-shape")),
        ("12.71\x00", (422, "wrong-shape")),
    ],
)
def test_stock_of_another_place_is_refused(
    meja: Caller, place: str, problem: tuple[int, str]
) -> None:
    assert problem_of(meja.get("/stock", place=place)) == problem


def test_a_package_shows_its_history(meja: Caller, manifest: str) -> None:
    meja.receive(scan("1271-KS-000001"), manifest=manifest)
    meja.receive(scan("1271-KS-000001"), manifest=manifest)

    found = content_of(meja.get("/packages/1271-KS-000001"))

    at, place, station = "2026-02-02T05:00:00.000Z", "12.71", "Meja 1"
    event = {"at": at, "station": station, "task": "receive", "place": place}
    assert found == {
        "package": "1271-KS-000001",
        "item": "KOTAK",
        "destination": "12.71.01.1001.001",
        "place": "12.71",
        "state": "stored",
        "condition": "good",
        "events": [event | {"outcome": "accepted"}, event | {"outcome": "duplicate"}],
    }


@pytest.mark.parametrize("code", ["none", "%00", "a/b", quote("é\u202e"), "x" * 5_000])
def test_a_package_that_is_not_known_is_a_problem(meja: Caller, code: str) -> None:
    status, _ = problem_of(meja.get(f"/packages/{code}"))

    assert status in (404, 422)


def test_a_stop_opens_a_discrepancy(meja: Caller, manifest: str) -> None:
    sent = scan("1275-KS-000001")
    meja.receive(sent, manifest=manifest)

    found = content_of(meja.get("/discrepancies"))

    assert found["discrepancies"] == [
        {
            "id": sent["id"],
            "kind": "wrong-destination",
            "place": "12.71",
            "manifest": manifest,
            "package": "1275-KS-000001",
            "item": "KOTAK",
            "text": "1275-KS-000001",
            "opened_at": "2026-02-02T05:00:00.000Z",
            "state": "open",
        }
    ]


def test_events_follow_from_each_other_over_the_pages(head: Caller, manifest: str) -> None:
    head.receive(scan("1271-KS-000001"), scan("\u00e9 \U0001f4e6"), manifest=manifest)

    first = content_of(head.get("/events", limit=3))
    second = content_of(head.get("/events", limit=3, after=first["next"]))
    third = content_of(head.get("/events", after=second["next"]))

    log = [Event(**event) for event in first["events"] + second["events"]]
    assert events.verify(log, events.Head("Gudang Medan")).sequence == len(log) == 6
    assert third == {"events": [], "next": second["next"]}


def test_a_station_reads_the_events_of_its_place_only(meja: Caller, ppk_device: Caller) -> None:
    meja.receive(scan("upstairs"))
    ppk_device.receive(scan("downstairs"))

    found = content_of(ppk_device.get("/events"))["events"]

    assert {event["body"]["place"] for event in found} == {"12.71.01"}


@pytest.mark.parametrize("query", [{"after": -1}, {"after": "x"}, {"limit": 0}, {"after": 2**53}])
def test_a_page_of_events_of_the_wrong_shape_is_refused(
    meja: Caller, query: dict[str, object]
) -> None:
    assert problem_of(meja.get("/events", **query)) == (422, "wrong-shape")
