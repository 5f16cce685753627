"""Codes of the second factor count once, within a step; recovery codes stand in once."""

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from silog_scan.core.errors import Conflict
from silog_scan.services import second_factor
from silog_scan.services.second_factor import WrongCode
from silog_scan.store.tables import EventRow, RecoveryCodeRow, UserRow
from tests.conftest import NOON
from tests.desk import Desk

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
STEP = timedelta(seconds=second_factor.STEP)


def code(at: object = NOON) -> str:
    return pyotp.TOTP(SECRET).at(at)  # type: ignore[arg-type]


@pytest.fixture
def user(desk: Desk) -> str:
    with desk.writing() as session:
        return session.scalars(select(UserRow.id)).one()


@pytest.fixture
def codes(desk: Desk, user: str) -> list[str]:
    """Set up the administrator's second factor; give the recovery codes."""
    with desk.writing() as session:
        return second_factor.confirm(session, user, SECRET, code(), at=NOON)


def spend(desk: Desk, user: str, typed: str, *, after: timedelta = STEP) -> None:
    with desk.writing() as session:
        second_factor.spend(session, user, typed, at=NOON + after)


def test_the_secret_is_taken_on_only_with_a_right_code(desk: Desk, user: str) -> None:
    with desk.writing() as session, pytest.raises(WrongCode):
        second_factor.confirm(session, user, SECRET, "000000", at=NOON)


@pytest.mark.usefixtures("codes")
def test_a_second_secret_does_not_replace_the_first(desk: Desk, user: str) -> None:
    with desk.writing() as session, pytest.raises(Conflict):
        second_factor.confirm(session, user, SECRET, code(NOON + STEP), at=NOON + STEP)


@pytest.mark.usefixtures("codes")
@pytest.mark.parametrize("late", [-1, 0, 1])
def test_a_phone_may_be_a_step_early_or_late(desk: Desk, user: str, late: int) -> None:
    at = NOON + 5 * STEP

    spend(desk, user, code(at + late * STEP), after=5 * STEP)

    with pytest.raises(WrongCode):
        spend(desk, user, code(at + late * STEP), after=5 * STEP)


@pytest.mark.usefixtures("codes")
@pytest.mark.parametrize("late", [-2, 2])
def test_two_steps_are_too_many(desk: Desk, user: str, late: int) -> None:
    with pytest.raises(WrongCode):
        spend(desk, user, code(NOON + (5 + late) * STEP), after=5 * STEP)


@pytest.mark.usefixtures("codes")
def test_a_code_counts_once_even_the_one_it_was_set_up_with(desk: Desk, user: str) -> None:
    with pytest.raises(WrongCode):
        spend(desk, user, code(), after=timedelta(0))
    spend(desk, user, code(NOON + STEP))

    with pytest.raises(WrongCode):
        spend(desk, user, code(NOON + STEP))


@pytest.mark.parametrize("typed", ["", "1", "١٢٣٤٥٦", "x" * 1_000, "\x00", "é" * 6])
@pytest.mark.usefixtures("codes")
def test_what_is_no_code_is_refused(desk: Desk, user: str, typed: str) -> None:
    with pytest.raises(WrongCode):
        spend(desk, user, typed)


def test_a_recovery_code_stands_in_once_however_it_is_typed(
    desk: Desk, user: str, codes: list[str]
) -> None:
    spend(desk, user, codes[3].lower().replace("-", " "))

    with pytest.raises(WrongCode):
        spend(desk, user, codes[3])
    with desk.writing() as session:
        assert second_factor.recovery_codes_left(session, user) == len(codes) - 1 == 9


def test_new_recovery_codes_replace_the_old(desk: Desk, user: str, codes: list[str]) -> None:
    with desk.writing() as session:
        second_factor.new_recovery_codes(session, user)

    with pytest.raises(WrongCode):
        spend(desk, user, codes[0])


def test_recovery_codes_are_kept_only_as_digests(desk: Desk, codes: list[str]) -> None:
    with desk.writing() as session:
        texts = (RecoveryCodeRow.code, EventRow.body)
        kept = [text for column in texts for text in session.scalars(select(column))]

    plain = [one.replace("-", "") for one in codes]
    assert not any(one in text for one in (*codes, *plain) for text in kept)
