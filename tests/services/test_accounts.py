"""Users, sign-ins, and stations with their tokens."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from silog_scan.core.errors import Conflict, Malformed, NotFound, NotYours, Refused
from silog_scan.services import accounts, passwords, sign_ins, stations
from silog_scan.services.accounts import NewUser
from silog_scan.services.actors import Actor, Role
from silog_scan.services.passwords import NewPassword
from silog_scan.services.stations import Ended, NewStation
from silog_scan.store.tables import EventRow, SignInRow, StationRow, UserRow
from tests.cast import BINJAI, KOTA, MEDAN
from tests.conftest import NOON, PASSWORD
from tests.desk import HENDRA, RINA, Desk

ADI = Actor("Gudang Medan", MEDAN, Role.ADMINISTRATOR, user="adi")
SARI = NewUser("sari", Role.STAFF, KOTA, NewPassword(PASSWORD))


@pytest.fixture(autouse=True)
def cheap_passwords(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    """Make passwords cheap, which are dear on purpose, once the home is there."""
    monkeypatch.setattr(passwords, "_SCRYPT", "scrypt:1024:8:1")
    monkeypatch.setattr(passwords, "_OF_NOBODY", "scrypt:1024:8:1$x$00")


def add(desk: Desk, new: NewUser = SARI, actor: Actor = ADI) -> str:
    with desk.writing() as session:
        return accounts.add_user(session, actor, new, at=NOON).id


def do(desk: Desk, deed: str, *args: object, **details: object) -> Any:  # noqa: ANN401
    """Return what a function of the accounts answers in a transaction of its own."""
    with desk.writing() as session:
        home = next(m for m in (accounts, sign_ins, stations) if hasattr(m, deed))
        return getattr(home, deed)(session, *args, **details)


def add_station(desk: Desk, actor: Actor, new: NewStation, *, at: datetime) -> str:
    with desk.writing() as session:
        return stations.add_with_token(session, actor, new, at=at)


# Users.


def test_an_added_person_signs_in_and_acts_at_their_place(desk: Desk) -> None:
    add(desk)

    with desk.writing() as session:
        user = sign_ins.check_password(session, " sari ", PASSWORD)
        token = sign_ins.begin(session, user.id, at=NOON)
        found = sign_ins.signed_in(session, token, at=NOON)

    assert found
    assert found.actor == Actor("Gudang Medan", KOTA, Role.STAFF, user=user.id)


def test_no_password_is_kept(desk: Desk) -> None:
    with desk.writing() as session:
        stored = session.scalars(select(UserRow.password)).one()

    assert stored.startswith("scrypt:")
    assert PASSWORD not in stored


def test_the_log_holds_no_names(desk: Desk) -> None:
    add(desk)
    do(desk, "set_password", ADI, "sari", password=NewPassword(PASSWORD), at=NOON)
    do(desk, "disable_user", ADI, "sari", at=NOON)

    with desk.writing() as session:
        bodies = session.scalars(select(EventRow.body)).all()
    assert not any("sari" in body or PASSWORD in body for body in bodies)
    assert [event.kind for event in desk.events()][-3:] == [
        "user-added", "user-password", "user-disabled",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("new", "actor", "refusal", "code"),
    [
        pytest.param(SARI, HENDRA, NotYours, "role-not-allowed", id="by a supervisor"),
        pytest.param(
            NewUser("x", Role.STAFF, BINJAI, NewPassword(PASSWORD)),
            ADI,
            NotYours,
            "place-not-yours",
            id="elsewhere",
        ),
        pytest.param(
            NewUser("x", Role.STAFF, "12", NewPassword(PASSWORD)),
            ADI,
            NotYours,
            "place-not-yours",
            id="above",
        ),
        pytest.param(
            NewUser("x", Role.STAFF, "12.71.99", NewPassword(PASSWORD)),
            ADI,
            NotFound,
            "unknown-place",
            id="none",
        ),
        pytest.param(
            NewUser("admin", Role.STAFF, MEDAN, NewPassword(PASSWORD)),
            ADI,
            Conflict,
            "user-exists",
            id="taken",
        ),
        pytest.param(
            NewUser("x", Role.STAFF, MEDAN, NewPassword("short")),
            ADI,
            Malformed,
            "password-short",
            id="short",
        ),
        pytest.param(
            NewUser("x", Role.STAFF, MEDAN, NewPassword("x" * 257)),
            ADI,
            Malformed,
            "password-long",
            id="long",
        ),
        pytest.param(
            NewUser(" ", Role.STAFF, MEDAN, NewPassword(PASSWORD)),
            ADI,
            Malformed,
            "user-name",
            id="no name",
        ),
        pytest.param(
            NewUser("a\nb", Role.STAFF, MEDAN, NewPassword(PASSWORD)),
            ADI,
            Malformed,
            "user-name",
            id="two lines",
        ),
    ],
)
def test_who_cannot_be_added(
    desk: Desk, new: NewUser, actor: Actor, refusal: type[Refused], code: str
) -> None:
    with pytest.raises(refusal) as caught:
        add(desk, new, actor)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("name", "password"),
    [("sari", PASSWORD + "!"), ("nobody", PASSWORD), ("sari", ""), ("sari", "x" * 5_000)],
)
def test_a_wrong_name_and_a_wrong_password_are_told_alike(
    desk: Desk, name: str, password: str
) -> None:
    add(desk)

    with pytest.raises(Refused, match="Name or password do not match"):
        do(desk, "check_password", name, password)


def test_a_disabled_person_is_out_at_once_and_everywhere(desk: Desk) -> None:
    user = add(desk)
    token = do(desk, "begin", user, at=NOON)

    do(desk, "disable_user", ADI, "sari", at=NOON)

    assert do(desk, "bearer", token, at=NOON) is None
    with pytest.raises(Refused):
        do(desk, "check_password", "sari", PASSWORD)
    with pytest.raises(NotFound):
        do(desk, "begin", user, at=NOON)


def test_nobody_disables_themselves(desk: Desk) -> None:
    user = add(desk, NewUser("budi", Role.ADMINISTRATOR, MEDAN, NewPassword(PASSWORD)))
    budi = Actor("Gudang Medan", MEDAN, Role.ADMINISTRATOR, user=user)

    with pytest.raises(Conflict):
        do(desk, "disable_user", budi, "budi", at=NOON)


def test_a_new_password_ends_every_sign_in(desk: Desk) -> None:
    user = add(desk)
    token = do(desk, "begin", user, at=NOON)

    do(desk, "set_password", ADI, "sari", password=NewPassword("another password"), at=NOON)

    assert do(desk, "signed_in", token, at=NOON) is None
    with desk.writing() as session:
        assert sign_ins.check_password(session, "sari", "another password").id == user


def test_only_administrators_give_passwords_and_never_to_themselves(desk: Desk) -> None:
    sari = Actor("Gudang Medan", KOTA, Role.STAFF, user=add(desk))
    budi = add(desk, NewUser("budi", Role.ADMINISTRATOR, MEDAN, NewPassword(PASSWORD)))
    new = NewPassword("another password")

    with pytest.raises(NotYours):
        do(desk, "set_password", sari, "sari", password=new, at=NOON)
    with pytest.raises(Conflict):
        do(desk, "set_password", replace(ADI, user=budi), "budi", password=new, at=NOON)


def test_an_administrator_knows_nobody_above(desk: Desk) -> None:
    below = Actor("PPK", KOTA, Role.ADMINISTRATOR, user="x")
    add(desk)

    assert [user.name for user in do(desk, "users", below)] == ["sari"]
    with pytest.raises(NotFound):
        do(desk, "disable_user", below, "admin", at=NOON)


# Sign-ins.


@pytest.mark.parametrize(("hours", "is_in"), [(11, True), (13, False)])
def test_a_sign_in_idles_out_after_twelve_hours(desk: Desk, hours: int, *, is_in: bool) -> None:
    token = do(desk, "begin", add(desk), at=NOON)

    found = do(desk, "signed_in", token, at=NOON + timedelta(hours=hours))

    assert (found is not None) is is_in


def test_use_keeps_a_sign_in_awake(desk: Desk) -> None:
    token = do(desk, "begin", add(desk), at=NOON)

    do(desk, "seen", token, at=NOON + timedelta(hours=10))

    assert do(desk, "signed_in", token, at=NOON + timedelta(hours=20)) is not None


def test_signing_out_ends_it_for_good_and_is_noted_once(desk: Desk) -> None:
    token = do(desk, "begin", add(desk), at=NOON)

    do(desk, "sign_out", token, at=NOON)
    do(desk, "sign_out", token, at=NOON)

    assert do(desk, "signed_in", token, at=NOON) is None
    assert len(desk.events("signed-out")) == 1


def test_a_token_is_kept_only_as_a_digest(desk: Desk) -> None:
    token = do(desk, "begin", add(desk), at=NOON)
    station = add_station(desk, ADI, NewStation("Meja 2", MEDAN), at=NOON)

    with desk.writing() as session:
        kept = [
            *session.scalars(select(SignInRow.token)),
            *session.scalars(select(StationRow.token)),
        ]
        bodies = session.scalars(select(EventRow.body)).all()
    assert not any(secret in str(text) for text in (*kept, *bodies) for secret in (token, station))


@pytest.mark.parametrize("token", ["", "nonsense", "é", "x" * 10_000])
def test_a_token_that_is_none_is_nobody(desk: Desk, token: str) -> None:
    assert do(desk, "bearer", token, at=NOON) is None


# Stations.


def test_a_station_s_token_records_at_its_place_through_its_own_chain(desk: Desk) -> None:
    token = add_station(desk, ADI, NewStation("PPK Medan Kota", KOTA), at=NOON)

    actor = do(desk, "bearer", token, at=NOON)

    assert actor == Actor("PPK Medan Kota", KOTA, Role.STAFF, device=True)
    answer = desk.of(actor).scan("?")
    assert (answer.event.station, answer.event.sequence) == ("PPK Medan Kota", 1)


def test_a_revoked_station_is_out_and_its_record_stays(desk: Desk) -> None:
    token = add_station(desk, ADI, NewStation("PPK", KOTA), at=NOON)
    desk.of(do(desk, "bearer", token, at=NOON)).scan("?")

    do(desk, "revoke", ADI, "PPK", at=NOON)

    with pytest.raises(Ended, match="revoked"):
        do(desk, "bearer", token, at=NOON)
    assert len(desk.events("scan")) == 1
    with pytest.raises(Conflict, match="already"):
        add_station(desk, ADI, NewStation("PPK", KOTA), at=NOON)


@pytest.mark.parametrize(
    ("deed", "refusal", "code"),
    [
        pytest.param(
            lambda desk: add_station(desk, RINA, NewStation("X", MEDAN), at=NOON),
            NotYours,
            "role-not-allowed",
            id="added by staff",
        ),
        pytest.param(
            lambda desk: add_station(desk, ADI, NewStation("X", BINJAI), at=NOON),
            NotYours,
            "place-not-yours",
            id="added elsewhere",
        ),
        pytest.param(
            lambda desk: do(desk, "revoke", ADI, "X", at=NOON),
            NotFound,
            "unknown-station",
            id="not there",
        ),
        pytest.param(
            lambda desk: do(desk, "revoke", ADI, "Gudang Medan", at=NOON),
            Conflict,
            "own-station",
            id="the home's own",
        ),
    ],
)
def test_what_cannot_be_done_with_stations(
    desk: Desk, deed: Callable[[Desk], object], refusal: type[Refused], code: str
) -> None:
    with pytest.raises(refusal) as caught:
        deed(desk)

    assert caught.value.code == code


def test_the_command_line_acts_as_an_administrator_of_the_home(desk: Desk) -> None:
    actor = do(desk, "cli_actor")

    assert actor == Actor("Gudang Medan", MEDAN, Role.ADMINISTRATOR, user="cli")


def test_the_demonstration_signs_in_the_oldest_administrator(desk: Desk) -> None:
    add(desk, NewUser("budi", Role.ADMINISTRATOR, MEDAN, NewPassword(PASSWORD)))

    with desk.writing() as session:
        user = session.get(UserRow, sign_ins.first_administrator(session))
    assert user is not None
    assert user.name == "admin"
