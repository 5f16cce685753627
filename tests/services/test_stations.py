"""Stations are enrolled by a code, do what is fixed for them, and are out at once."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from silog_scan.core.errors import Conflict, Malformed, NotFound, NotYours, Refused
from silog_scan.core.stock import Task
from silog_scan.services import sign_ins, stations
from silog_scan.services.actors import Actor, Role
from silog_scan.services.sign_ins import Way
from silog_scan.services.stations import CODE_LASTS, Ended, NewStation, Refusals
from silog_scan.store.tables import EventRow, StationRow, UserRow
from tests.cast import KOTA, MEDAN
from tests.conftest import NOON
from tests.desk import RINA, Desk, box

ADI = Actor("Gudang Medan", MEDAN, Role.ADMINISTRATOR, user="adi")


def code(desk: Desk, name: str = "PPK") -> str:
    with desk.writing() as session:
        return stations.make_code(session, ADI, name, at=NOON)


def add(desk: Desk, name: str = "PPK", **fixed: object) -> None:
    with desk.writing() as session:
        stations.add(session, ADI, NewStation(name, KOTA, **fixed), at=NOON)  # type: ignore[arg-type]


def enrol(desk: Desk, typed: str, *, after: timedelta = timedelta(0)) -> str:
    with desk.writing() as session:
        return stations.enrol(session, typed, at=NOON + after).token


def bearer(desk: Desk, token: str, *, after: timedelta = timedelta(0)) -> Actor | None:
    with desk.writing() as session:
        return stations.bearer(session, token, at=NOON + after)


def test_a_code_enrols_a_device_once(desk: Desk) -> None:
    add(desk, task=Task.RECEIVE)
    shown = code(desk)

    token = enrol(desk, f" {shown[:4].lower()}-{shown[4:]} ")

    who = bearer(desk, token)
    assert who == Actor("PPK", KOTA, Role.STAFF, device=True, task=Task.RECEIVE)
    with pytest.raises(NotFound):
        enrol(desk, shown)
    with desk.writing() as session:
        bodies = session.scalars(select(EventRow.body)).all()
    assert not any(secret in body for secret in (shown, token) for body in bodies)


def test_a_code_is_good_for_an_hour(desk: Desk) -> None:
    add(desk)
    shown = code(desk)

    with pytest.raises(NotFound):
        enrol(desk, shown, after=CODE_LASTS + timedelta(seconds=1))


def test_a_new_device_puts_the_old_one_out(desk: Desk) -> None:
    add(desk)
    old = enrol(desk, code(desk))

    new = enrol(desk, code(desk))

    assert bearer(desk, old) is None
    assert bearer(desk, new)


def test_a_fixed_task_is_the_only_one_but_to_look_up(desk: Desk) -> None:
    add(desk, task=Task.RECEIVE)
    who = bearer(desk, enrol(desk, code(desk)))
    assert who
    at = desk.of(who)

    assert at.scan("?").outcome == "unknown"
    assert at.scan("?", Task.LOOKUP).outcome == "unknown"
    with pytest.raises(NotYours, match="only does the task receive"):
        at.scan("?", Task.DISPATCH)


def test_a_token_runs_out(desk: Desk) -> None:
    add(desk, days=2)
    token = enrol(desk, code(desk))

    assert bearer(desk, token, after=timedelta(days=2, seconds=-1))
    with pytest.raises(Ended, match="run out"):
        bearer(desk, token, after=timedelta(days=2))


def test_a_station_that_has_run_out_comes_back_by_a_new_code(desk: Desk) -> None:
    add(desk, days=2)
    enrol(desk, code(desk))
    late = timedelta(days=9)
    with desk.writing() as session:
        shown = stations.make_code(session, ADI, "PPK", at=NOON + late)

    token = enrol(desk, shown, after=late)

    assert bearer(desk, token, after=late + timedelta(days=1))


def test_a_station_of_one_task_imports_nothing_and_undoes_only_its_own(desk: Desk) -> None:
    scanned = desk.scan("?", Task.DISPATCH)
    only = replace(RINA, task=Task.RECEIVE)

    with pytest.raises(NotYours, match="only does the task receive"):
        desk.of(only).imports(box())
    with pytest.raises(NotYours, match="only does the task receive"):
        desk.of(only).undo(scanned)


def test_revoking_ends_the_token_the_code_and_the_sign_ins_at_it(desk: Desk) -> None:
    add(desk)
    token, shown = enrol(desk, code(desk)), code(desk)
    with desk.writing() as session:
        user = session.scalars(select(UserRow.id)).first() or ""
        cookie = sign_ins.begin(session, user, at=NOON, way=Way(station="PPK"))
        device = stations.device(session, token, at=NOON)

        stations.revoke(session, ADI, "PPK", at=NOON)

        assert sign_ins.signed_in(session, cookie, at=NOON, device=device) is None
    with pytest.raises(Ended, match="revoked") as caught:
        bearer(desk, token)
    assert caught.value.code == "station-revoked"
    with pytest.raises(NotFound):
        enrol(desk, shown)
    with pytest.raises(Conflict):
        code(desk)


def test_what_a_revoked_station_sends_is_on_record_and_counts_nothing(desk: Desk) -> None:
    add(desk)
    enrol(desk, code(desk))
    ended, refusals = Ended("PPK", KOTA, revoked=True), Refusals()
    sent = [{"scan": "0199", "text": "1271-KS-000001"}, {"scan": "0200", "text": "x"}]

    for _ in range(2):
        fresh = refusals.fresh("PPK", sent)
        with desk.writing() as session:
            stations.refuse_scans(session, ended, fresh, at=NOON)
        refusals.note("PPK", fresh)

    bodies = [event.body for event in desk.events("scan-refused")]
    assert [(body["scan"], body["text"]) for body in bodies] == [
        ("0199", "1271-KS-000001"),
        ("0200", "x"),
    ]
    assert {body["code"] for body in bodies} == {"station-revoked"}
    assert desk.stock() == {}
    assert desk.broken() == desk.differences() == []


def test_a_thief_does_not_fill_the_disk() -> None:
    refusals = Refusals()

    found = refusals.fresh("PPK", ({"scan": str(n), "text": "x"} for n in range(5_000)))

    assert len(found) == 1_000


@pytest.mark.parametrize(
    ("new", "refusal"),
    [
        (NewStation("X", KOTA, Task.PACK), Malformed),
        (NewStation("X", KOTA, None, 0), Malformed),
        (NewStation("X", KOTA, None, 367), Malformed),
        (NewStation("", KOTA), Malformed),
        (NewStation("Gudang Medan", KOTA), Conflict),
    ],
)
def test_a_station_that_cannot_be_is_not_added(
    desk: Desk, new: NewStation, refusal: type[Refused]
) -> None:
    with desk.writing() as session:
        before = set(session.scalars(select(StationRow.name)))
        with pytest.raises(refusal):
            stations.add(session, ADI, new, at=NOON)

    assert before == {"Gudang Medan"}
