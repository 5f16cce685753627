"""POST /scans: what is taken, what is refused, and that nothing is counted twice."""

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from silog_scan.core.custody import Decision, Scan, decide
from silog_scan.core.stock import Situation
from silog_scan.services import ledgers
from silog_scan.store.tables import StationRow
from silog_scan.web.context import Backend
from tests.web.api.conftest import (
    Caller,
    content_of,
    outcomes,
    problem_of,
    recorded,
    results,
    scan,
)
from tests.web.conftest import NUMBER


def test_a_body_larger_than_any_batch_is_not_even_read(meja: Caller) -> None:
    answer = meja.open("POST", "/scans", data=b"[" * 17_000_000, content_type="application/json")

    assert problem_of(answer) == (413, "too-large")


def test_a_scan_is_answered_as_the_contract_says(meja: Caller, manifest: str) -> None:
    sent = scan("1271-KS-000001", source="camera", symbology="code128", counter=7)

    [result] = results(meja.receive(sent, manifest=manifest))

    digest = result["event"].pop("digest")
    message = result.pop("message")
    assert result == {
        "id": sent["id"],
        "outcome": "accepted",
        "severity": "ok",
        "package": "1271-KS-000001",
        "manifest": NUMBER,
        "counts": {"expected": 3, "counted": 1, "remaining": 2},
        "event": {"station": "Meja 1", "sequence": 2},  # behind its sign-in
    }
    assert len(digest) == 64
    assert message


def test_results_come_in_the_order_of_the_scans(meja: Caller, manifest: str) -> None:
    texts = ["1271-KS-000002", "nonsense", "1271-KS-000001", "1271-KS-000001"]

    answer = meja.receive(*map(scan, texts), manifest=manifest)

    assert outcomes(answer) == ["accepted", "unknown", "accepted", "duplicate"]


def test_the_place_is_the_stations_when_left_out(ppk_device: Caller) -> None:
    ppk_device.receive(scan("nonsense"))

    assert [event["body"]["place"] for event in recorded(ppk_device)] == ["12.71.01"]


def test_a_place_below_the_stations_may_be_named(meja: Caller) -> None:
    assert outcomes(meja.receive(scan("nonsense"), place="12.71.01")) == ["unknown"]


def test_a_place_that_is_not_the_stations_refuses_the_request(ppk_device: Caller) -> None:
    answer = ppk_device.receive(scan("1271-KS-000001"), place="12.71")

    assert problem_of(answer) == (403, "place-not-yours")
    assert recorded(ppk_device) == []


def test_a_manifest_that_is_not_known_refuses_the_request(meja: Caller) -> None:
    answer = meja.receive(scan("1271-KS-000001"), manifest="SJ-404")

    assert problem_of(answer) == (404, "unknown-manifest")


# An id counts once.


def test_a_repeated_id_gets_the_first_answer_and_records_nothing(
    meja: Caller, manifest: str
) -> None:
    sent = scan("1271-KS-000001")

    first = meja.receive(sent, manifest=manifest)
    meja.receive(scan("1271-KS-000002"), manifest=manifest)
    again = meja.receive(sent, manifest=manifest)

    assert again.json == first.json
    assert len(recorded(meja)) == 2


def test_a_repeated_id_is_known_from_whatever_station(meja: Caller, ppk_device: Caller) -> None:
    sent = scan("nonsense")

    first = meja.receive(sent, place="12.71.01")
    again = ppk_device.receive(sent)

    assert again.json == first.json


def test_a_repeated_id_within_one_request_counts_once(meja: Caller, manifest: str) -> None:
    sent = scan("SLG-ITEM-TINTA", quantity=5)

    first, second = results(meja.receive(sent, sent, manifest=manifest))

    assert first == second
    assert first["counts"] == {"expected": 40, "counted": 5, "remaining": 35}


def test_a_used_id_with_other_content_alone_is_a_conflict(meja: Caller) -> None:
    sent = scan("nonsense")
    meja.receive(sent)

    answer = meja.receive(sent | {"text": "other"})

    assert problem_of(answer) == (409, "id-reused")
    assert [event["kind"] for event in recorded(meja)] == ["scan", "scan-refused"]


def test_a_used_id_in_a_batch_lets_the_others_go_on(meja: Caller, manifest: str) -> None:
    sent = scan("nonsense")
    meja.receive(sent)

    refused, other = results(
        meja.receive(sent | {"text": "other"}, scan("1271-KS-000001"), manifest=manifest)
    )

    assert set(refused) == {"id", "error"}
    assert refused["id"] == sent["id"]
    assert refused["error"]["code"] == "id-reused"
    assert other["outcome"] == "accepted"


def test_a_used_id_for_another_task_is_a_conflict(meja: Caller) -> None:
    sent = scan("nonsense")
    meja.receive(sent)

    answer = meja.post("/scans", task="inspect", scans=[sent])

    assert answer.status_code in (409, 422)  # 422 while the task is not offered
    assert len([event for event in recorded(meja) if event["kind"] == "scan"]) == 1


@pytest.mark.parametrize(
    "scan_id",
    [
        "d9428888-122b-11e1-b85c-61cd3cbb3210",
        "f47ac10b-58cc-4372-a567-0e02b2c3d479",
        "2ed6657d-e927-568b-95e1-2665a8aea6a2",
        "01990000-0000-7000-8000-000000000001",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
    ],
)
def test_any_uuid_is_an_id(meja: Caller, scan_id: str) -> None:
    [result] = results(meja.receive(scan("nonsense", id=scan_id)))

    assert result["id"] == scan_id


def test_an_id_in_capital_letters_is_the_same_id(meja: Caller) -> None:
    sent = scan("nonsense")

    first = meja.receive(sent)
    again = meja.receive(sent | {"id": sent["id"].upper()})

    assert again.json == first.json


# Texts that cannot be codes.


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "\x00",
        "1271-KS-000001\x00",
        "a\x07b",
        "a\nb",
        "a\x7fb",
        "\ud800",
        "box \udfff 7",
        "7" * 4_097,
        "(00)376123450000010040",
        "\ufffe" + "\ud83d",
    ],
    ids=repr,
)
def test_a_text_that_cannot_be_a_code_is_invalid_and_the_others_go_on(
    meja: Caller, manifest: str, text: str
) -> None:
    answer = meja.receive(scan(text), scan("1271-KS-000001"), manifest=manifest)

    assert outcomes(answer) == ["invalid", "accepted"]


def test_the_longest_text_is_taken(meja: Caller) -> None:
    assert outcomes(meja.receive(scan("7" * 4_096))) == ["unknown"]


def test_an_invalid_text_is_kept_and_the_chain_holds(meja: Caller, backend: Backend) -> None:
    meja.receive(scan("\ud800"), scan("a\x00b"), scan("\U0001f4e6"))

    with backend.database.reading() as session:
        chains = ledgers.verify_database(session)

    assert [event["body"]["text"] for event in recorded(meja)] == [
        "\\ud800",
        "a\\x00b",
        "\U0001f4e6",
    ]
    assert [chain.broken for chain in chains] == [None, None]


def test_the_same_invalid_text_again_gets_its_first_answer(meja: Caller) -> None:
    sent = scan("\ud800\x00" + "7" * 5_000)

    first = meja.receive(sent)

    assert meja.receive(sent).json == first.json


# What is much, and what travels with a scan.


def test_five_hundred_scans_are_the_most(meja: Caller) -> None:
    scans = [scan(f"text {number}") for number in range(501)]

    assert len(results(meja.receive(*scans[:500]))) == 500
    assert meja.receive(*scans).status_code == 422


def test_great_quantities_are_counted(meja: Caller, manifest: str) -> None:
    scans = [scan("SLG-ITEM-TINTA", quantity=9_999_999) for _ in range(500)]

    answer = meja.receive(*scans, manifest=manifest)

    assert results(answer)[-1]["counts"]["counted"] == 500 * 9_999_999


def test_a_damaged_package_is_counted_as_damaged(meja: Caller, manifest: str) -> None:
    answer = meja.receive(scan("1271-KS-000001", condition="damaged"), manifest=manifest)

    assert outcomes(answer) == ["damaged"]


def test_the_event_holds_what_the_station_said(meja: Caller, manifest: str) -> None:
    said = {"seals": ["A1"], "source": "wedge", "counter": 2**53 - 1, "symbology": "qrcode"}
    meja.receive(scan("1271-KS-000001", **said), manifest=manifest)

    [event] = recorded(meja)

    assert said.items() <= event["body"].items()
    assert event["body"]["scanned_at"] == "2026-02-02T05:00:00.000Z"
    assert event["at"] == "2026-02-02T05:00:00.000Z"


def say_unsent(caller: Caller, header: str) -> None:
    body = {"task": "receive", "scans": [scan("nonsense")]}
    answer = caller.open("POST", "/scans", json=body, headers={"Silog-Unsent": header})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("header", "unsent"),
    [("7", 7), ("0", 0), ("", 3), ("many", 3), ("-1", 3), ("\u0667", 3), ("9" * 5_000, 3)],
)
def test_a_station_says_what_it_holds_back(
    meja: Caller, backend: Backend, header: str, unsent: int
) -> None:
    say_unsent(meja, "3")

    say_unsent(meja, header)

    with backend.database.reading() as session:
        found = session.scalar(select(StationRow.unsent).where(StationRow.name == "Meja 1"))
    assert found == unsent


def unsent_of(backend: Backend) -> int | None:
    with backend.database.reading() as session:
        return session.scalar(select(StationRow.unsent).where(StationRow.name == "Meja 1"))


def test_what_a_refused_submission_holds_back_is_noted(meja: Caller, backend: Backend) -> None:
    body = {"task": "receive", "place": "12.71.99", "scans": [scan("nonsense")]}

    answer = meja.open("POST", "/scans", json=body, headers={"Silog-Unsent": "20"})

    assert (answer.status_code, unsent_of(backend)) == (404, 20)


def test_a_late_repetition_does_not_speak_of_the_past(meja: Caller, backend: Backend) -> None:
    body = {"task": "receive", "scans": [scan("nonsense")]}
    meja.open("POST", "/scans", json=body, headers={"Silog-Unsent": "5"})
    say_unsent(meja, "0")

    meja.open("POST", "/scans", json=body, headers={"Silog-Unsent": "5"})

    assert unsent_of(backend) == 0


# Undo.


def undo(caller: Caller, scan_id: str, reason: str | None = "wrong label") -> TestResponse:
    return caller.post(f"/scans/{scan_id}/undo", reason=reason)


def test_an_undo_takes_back_the_count(meja: Caller, manifest: str) -> None:
    sent = scan("1271-KS-000001")
    meja.receive(sent, manifest=manifest)

    undone = content_of(undo(meja, sent["id"]))

    assert (undone["id"], undone["undone"]) == (sent["id"], True)
    assert undone["event"]["sequence"] == 3
    after = content_of(meja.get(f"/manifests/{manifest}"))
    assert after["packages"] == {"expected": 3, "counted": 0}


def test_undoing_twice_gives_the_first_answer(meja: Caller, manifest: str) -> None:
    sent = scan("1271-KS-000001")
    meja.receive(sent, manifest=manifest)

    first, second = undo(meja, sent["id"]), undo(meja, sent["id"], reason="again")

    assert second.json == first.json


def test_an_undo_behind_a_later_scan_is_a_conflict(meja: Caller, manifest: str) -> None:
    sent = scan("1271-KS-000001")
    meja.receive(sent, manifest=manifest)
    meja.receive(scan("1271-KS-000001", condition="damaged"), manifest=manifest)

    answer = undo(meja, sent["id"])

    assert problem_of(answer) == (409, "not-last")


def test_another_stations_scan_is_not_taken_back(meja: Caller, ppk_device: Caller) -> None:
    sent = scan("nonsense")
    ppk_device.receive(sent)

    answer = undo(meja, sent["id"])

    assert problem_of(answer) == (403, "undo-not-allowed")


@pytest.mark.parametrize("scan_id", ["01990000-0000-7000-8000-000000000001", "no-uuid", "%00"])
def test_a_scan_that_is_not_known_cannot_be_undone(meja: Caller, scan_id: str) -> None:
    answer = undo(meja, scan_id)

    assert problem_of(answer)[0] == 404


@pytest.mark.parametrize("reason", ["", None, "x" * 501])
def test_an_undo_needs_a_reason(meja: Caller, manifest: str, reason: str | None) -> None:
    sent = scan("1271-KS-000001")
    meja.receive(sent, manifest=manifest)

    assert problem_of(undo(meja, sent["id"], reason)) == (422, "wrong-shape")


def test_a_reason_of_blanks_is_none(meja: Caller, manifest: str) -> None:
    sent = scan("1271-KS-000001")
    meja.receive(sent, manifest=manifest)

    answer = undo(meja, sent["id"], reason=" \t")

    assert problem_of(answer) == (422, "reason-missing")


def test_a_scan_that_fails_takes_no_other_with_it(
    meja: Caller, manifest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails_on_one(scan: Scan, known: Situation) -> Decision:
        assert scan.text != "1271-KS-000002", "a fault nobody foresaw"
        return decide(scan, known)

    monkeypatch.setattr("silog_scan.services.scanning.decide", fails_on_one)

    answer = meja.receive(
        scan("1271-KS-000001"), scan("1271-KS-000002"), scan("nonsense"), manifest=manifest
    )

    told = [result.get("outcome") or result["error"]["code"] for result in results(answer)]
    assert told == ["accepted", "scan-failed", "unknown"]
    assert len(recorded(meja)) == 2
