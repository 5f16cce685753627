"""Ids of version 7: made here, in the order of time, unlike any other."""

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122

from hypothesis import given
from hypothesis import strategies as st

from silog_scan.core.ids import uuid7
from tests.conftest import NOON


@given(st.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_an_id_is_a_version_7_uuid_of_its_millisecond(at: datetime) -> None:
    made = uuid7(at)

    assert (made.version, made.variant) == (7, RFC_4122)
    assert made.int >> 80 == int(at.timestamp() * 1000)


def test_a_later_id_sorts_after_an_earlier_one() -> None:
    assert str(uuid7(NOON)) < str(uuid7(NOON + timedelta(milliseconds=1)))


def test_ids_of_the_same_moment_differ() -> None:
    assert len({uuid7(NOON) for _ in range(1_000)}) == 1_000
