"""Sign-ins, what they wait for, how they end; cards, PINs, and tokens for programs."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from silog_scan.core.errors import Conflict, Malformed, NotFound, NotYours
from silog_scan.core.stock import Task
from silog_scan.services import accounts, passwords, sign_ins, stations
from silog_scan.services.accounts import NewUser
from silog_scan.services.actors import Actor, Role, Scope
from silog_scan.services.passwords import NewPassword, NewPin
from silog_scan.services.sign_ins import (
    IDLE,
    LOCK_AFTER,
    LONGEST,
    Device,
    Kind,
    NewToken,
    Step,
    Way,
    WrongPin,
)
from silog_scan.store.tables import EventRow, SignInRow, UserRow
from tests.cast import BINJAI, KOTA, MEDAN
from tests.conftest import NOON, PASSWORD
from tests.desk import Desk

ADI = Actor("Gudang Medan", MEDAN, Role.ADMINISTRATOR, user="adi")
TABLE = Device("Meja 2", MEDAN)
PIN = "835204"
HERE = Way()
AT_TABLE = Way("Chrome", TABLE.name)


@pytest.fixture(autouse=True)
def cheap_passwords(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    monkeypatch.setattr(passwords, "_SCRYPT", "scrypt:1024:8:1")
    monkeypatch.setattr(passwords, "_OF_NOBODY", "scrypt:1024:8:1$x$00")


def add(desk: Desk, role: Role = Role.STAFF, place: str = MEDAN, name: str = "rina") -> str:
    with desk.writing() as session:
        new = NewUser(name, role, place, NewPassword(PASSWORD))
        return accounts.add_user(session, ADI, new, at=NOON).id


def begin(desk: Desk, user: str, way: Way = HERE, step: Step | None = None) -> str:
    with desk.writing() as session:
        return sign_ins.begin(session, user, at=NOON, way=way, waits_for=step)


def found(
    desk: Desk, token: str, *, after: timedelta = timedelta(0), device: Device | None = None
) -> sign_ins.SignedIn | None:
    with desk.writing() as session:
        return sign_ins.signed_in(session, token, at=NOON + after, device=device)


def actor(desk: Desk, user: str) -> Actor:
    one = found(desk, begin(desk, user))
    assert one
    return one.actor


# What is asked before the first page.


@pytest.mark.parametrize(
    ("role", "totp", "is_temporary", "proved", "step"),
    [
        (Role.STAFF, None, False, False, None),
        (Role.STAFF, None, True, False, Step.PASSWORD),
        (Role.OBSERVER, None, False, False, None),
        (Role.SUPERVISOR, None, False, False, Step.SECOND_FACTOR),
        (Role.ADMINISTRATOR, None, True, False, Step.PASSWORD),
        (Role.ADMINISTRATOR, "secret", True, False, Step.CODE),
        (Role.ADMINISTRATOR, "secret", True, True, Step.PASSWORD),
        (Role.ADMINISTRATOR, "secret", False, True, None),
        (Role.STAFF, "secret", False, False, Step.CODE),
    ],
)
def test_the_next_step_on_the_way_in(
    role: Role, totp: str | None, step: Step | None, *, is_temporary: bool, proved: bool
) -> None:
    user = UserRow(role=role.value, totp=totp, is_temporary=is_temporary)

    assert sign_ins.next_step(user, proved=proved) is step


def test_a_sign_in_that_waits_is_no_sign_in_yet_and_its_token_changes_when_it_goes_on(
    desk: Desk,
) -> None:
    first = begin(desk, add(desk), step=Step.PASSWORD)
    assert not desk.events("signed-in")

    with desk.writing() as session:
        session.scalars(select(UserRow).where(UserRow.name == "rina")).one().is_temporary = False
        second = sign_ins.advance(session, first, machine="", at=NOON)

    assert found(desk, first) is None
    one = found(desk, second)
    assert one
    assert one.waits_for is None
    assert len(desk.events("signed-in")) == 1


# How they end.


@pytest.mark.parametrize("role", list(Role))
def test_an_unused_sign_in_idles_out(desk: Desk, role: Role) -> None:
    token = begin(desk, add(desk, role))

    assert found(desk, token, after=IDLE[role])
    assert found(desk, token, after=IDLE[role] + timedelta(seconds=1)) is None


def test_who_decides_idles_out_sooner() -> None:
    assert IDLE[Role.ADMINISTRATOR] < IDLE[Role.SUPERVISOR] < IDLE[Role.STAFF]


def test_a_busy_sign_in_ends_after_a_day(desk: Desk) -> None:
    token = begin(desk, add(desk))
    with desk.writing() as session:
        sign_ins.seen(session, token, at=NOON + LONGEST)

    assert found(desk, token, after=LONGEST) is None


def test_a_disabled_person_is_out_at_once_card_and_all(desk: Desk) -> None:
    user = add(desk)
    token = begin(desk, user)
    with desk.writing() as session:
        card = accounts.give_badge(session, ADI, "rina", at=NOON)
        accounts.disable_user(session, ADI, "rina", at=NOON)

        assert sign_ins.holder(session, card) is None
    assert found(desk, token) is None


def test_one_ends_one_s_own_sign_ins_and_nobody_else_s(desk: Desk) -> None:
    rina, tono = add(desk), add(desk, name="tono")
    here, there, other = begin(desk, rina), begin(desk, rina), begin(desk, tono)
    own = found(desk, here)
    assert own
    with desk.writing() as session:
        ids = {row.token: row.id for row in session.scalars(select(SignInRow))}
        others = [row.id for row in sign_ins.of(session, tono, at=NOON)]

        with pytest.raises(NotFound):
            sign_ins.end(session, own.actor, others[0], at=NOON)
        sign_ins.end_others(session, own.actor, own.id, at=NOON)

    assert len(ids) == 3
    assert [found(desk, token) is None for token in (here, there, other)] == [False, True, False]


def test_an_administrator_ends_them_all(desk: Desk) -> None:
    token = begin(desk, add(desk))

    with desk.writing() as session:
        sign_ins.end_all(session, ADI, "rina", at=NOON)

    assert found(desk, token) is None


def test_a_new_password_of_one_s_own_ends_the_others(desk: Desk) -> None:
    user = add(desk)
    here, there = begin(desk, user), begin(desk, user)
    own = found(desk, here)
    assert own

    with desk.writing() as session:
        new = NewPassword("batu kali hijau")
        sign_ins.change_password(session, own.actor, new, keep=own.id, at=NOON)

    assert found(desk, here)
    assert found(desk, there) is None


# At an enrolled station.


def test_a_sign_in_is_good_only_where_it_was_begun(desk: Desk) -> None:
    token = begin(desk, add(desk), AT_TABLE)

    assert found(desk, token, device=TABLE)
    assert found(desk, token) is None
    assert found(desk, token, device=Device("Meja 3", MEDAN)) is None


@pytest.mark.parametrize(
    ("person", "station", "place"),
    [(MEDAN, KOTA, KOTA), (KOTA, MEDAN, KOTA), (MEDAN, MEDAN, MEDAN)],
)
def test_a_person_at_a_station_works_where_both_may(
    desk: Desk, person: str, station: str, place: str
) -> None:
    device = Device("Meja 2", station, Task.RECEIVE)

    one = found(desk, begin(desk, add(desk, place=person), AT_TABLE), device=device)

    assert one
    assert (one.actor.station, one.actor.place, one.actor.task) == ("Meja 2", place, Task.RECEIVE)
    with pytest.raises(NotYours):
        one.actor.must_do(Task.DISPATCH)
    one.actor.must_do(Task.LOOKUP)


def test_a_person_of_elsewhere_does_not_sign_in_at_a_station() -> None:
    with pytest.raises(NotYours):
        sign_ins.must_work_at(UserRow(place=BINJAI), TABLE)


def test_the_screen_locks_where_a_pin_would_open_it(desk: Desk) -> None:
    user = add(desk)
    with desk.writing() as session:
        rina = Actor("Gudang Medan", MEDAN, Role.STAFF, user=user)
        sign_ins.set_pin(session, rina, NewPin(PIN), at=NOON)
    token, late = begin(desk, user, AT_TABLE), LOCK_AFTER + timedelta(seconds=1)

    locked = [
        one.is_locked
        for one in (
            found(desk, token, after=LOCK_AFTER, device=TABLE),
            found(desk, token, after=late, device=TABLE),
            found(desk, begin(desk, user), after=late),
        )
        if one
    ]

    assert locked == [False, True, False]


def test_an_administrator_by_card_decides_but_keeps_no_accounts(desk: Desk) -> None:
    way = Way("Chrome", TABLE.name, Kind.CARD)

    one = found(desk, begin(desk, add(desk, Role.ADMINISTRATOR), way), device=TABLE)

    assert one
    assert (one.actor.may_decide, one.actor.may_administer) == (True, False)


@pytest.mark.parametrize("pin", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "111111", "123456",
                                 "987654", "246802", "121212"])  # fmt: skip
def test_a_pin_that_is_none_or_easy_is_refused(pin: str) -> None:
    with pytest.raises(Malformed):
        _ = NewPin(pin).hash


def test_a_card_and_a_pin_belong_to_one_person(desk: Desk) -> None:
    user = add(desk)
    with desk.writing() as session:
        rina = Actor("Gudang Medan", MEDAN, Role.STAFF, user=user)
        sign_ins.set_pin(session, rina, NewPin(PIN), at=NOON)
        card = accounts.give_badge(session, ADI, "rina", at=NOON)
        holder = sign_ins.holder(session, card.lower())

        assert holder
        assert sign_ins.check_pin(holder, PIN).id == user
        for person, pin in ((holder, "835205"), (None, PIN)):
            with pytest.raises(WrongPin):
                sign_ins.check_pin(person, pin)
        bodies = session.scalars(select(EventRow.body)).all()
    assert not any(card in body or PIN in body for body in bodies)


@pytest.mark.parametrize("deed", ["password", "disabled and enabled"])
def test_a_pin_and_a_card_end_with_what_shuts_an_intruder_out(desk: Desk, deed: str) -> None:
    user = add(desk)
    with desk.writing() as session:
        rina = Actor("Gudang Medan", MEDAN, Role.STAFF, user=user)
        sign_ins.set_pin(session, rina, NewPin(PIN), at=NOON)
        card = accounts.give_badge(session, ADI, "rina", at=NOON)

        if deed == "password":
            new = NewPassword("batu kali hijau")
            accounts.set_password(session, ADI, "rina", password=new, at=NOON)
        else:
            accounts.disable_user(session, ADI, "rina", at=NOON)
            accounts.enable_user(session, ADI, "rina", at=NOON)

        assert session.get_one(UserRow, user).pin is None
        assert sign_ins.holder(session, card) is None


def test_an_ended_sign_in_does_not_go_on(desk: Desk) -> None:
    token = begin(desk, add(desk), step=Step.PASSWORD)
    with desk.writing() as session:
        sign_ins.sign_out(session, token, at=NOON)

        with pytest.raises(Conflict):
            sign_ins.advance(session, token, machine="", at=NOON)


def test_an_administrator_by_card_makes_no_token(desk: Desk) -> None:
    way = Way("Chrome", TABLE.name, Kind.CARD)
    one = found(desk, begin(desk, add(desk, Role.ADMINISTRATOR), way), device=TABLE)

    assert one
    with desk.writing() as session, pytest.raises(NotYours):
        sign_ins.make_token(session, one.actor, NewToken("x", Scope.ALL, 1), at=NOON)


@pytest.mark.parametrize("before", ["", " ", "]Q1", "]C0", "\u200b", "x"])
def test_a_card_before_the_scanner_is_no_scan_and_its_secret_is_not_kept(
    desk: Desk, before: str
) -> None:
    add(desk)
    with desk.writing() as session:
        card = accounts.give_badge(session, ADI, "rina", at=NOON)

    answer = desk.scan(f"{before}{card.lower()}", seals=(card,), parent=card)

    assert answer.outcome == "invalid"
    assert "person's card" in str(answer.sentence)
    with desk.writing() as session:
        bodies = session.scalars(select(EventRow.body)).all()
    assert not any(card.lower() in body.lower() for body in bodies)


# Tokens for programs.


@pytest.mark.parametrize(
    ("scope", "may"),
    [(Scope.READ, (False, False, False)), (Scope.RECORD, (True, False, False)),
     (Scope.ALL, (True, True, True))],
)  # fmt: skip
def test_a_token_carries_as_much_of_the_role_as_its_scope(
    desk: Desk, scope: Scope, may: tuple[bool, ...]
) -> None:
    who = actor(desk, add(desk, Role.ADMINISTRATOR))

    with desk.writing() as session:
        token = sign_ins.make_token(session, who, NewToken("laporan", scope, 30), at=NOON)
        found = stations.bearer(session, token, at=NOON + timedelta(days=29))

        assert found
        assert (found.may_record, found.may_decide, found.may_administer) == may
        assert stations.bearer(session, token, at=NOON + timedelta(days=30)) is None


def test_a_token_for_programs_opens_no_page_and_a_browser_s_no_call(desk: Desk) -> None:
    user = add(desk)
    browser = begin(desk, user)
    with desk.writing() as session:
        token = sign_ins.make_token(
            session, actor(desk, user), NewToken("laporan", Scope.READ, 1), at=NOON
        )
        assert stations.bearer(session, browser, at=NOON) is None

    assert found(desk, token) is None


@pytest.mark.parametrize(
    "new", [NewToken("", Scope.READ, 1), NewToken("a\nb", Scope.READ, 1),
            NewToken("a", Scope.READ, 0), NewToken("a", Scope.READ, 367)],
)  # fmt: skip
def test_a_token_without_a_name_or_an_end_is_not_made(desk: Desk, new: NewToken) -> None:
    who = actor(desk, add(desk))

    with desk.writing() as session, pytest.raises(Malformed):
        sign_ins.make_token(session, who, new, at=NOON)
