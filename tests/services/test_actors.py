"""What each role may do, and where."""

import pytest

from silog_scan.core.errors import NotYours
from silog_scan.services.actors import Actor, Role

STAFF, SUPERVISOR, ADMINISTRATOR, OBSERVER = (
    Role.STAFF, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.OBSERVER,
)  # fmt: skip


@pytest.mark.parametrize(
    ("role", "device", "may"),
    [
        (STAFF, False, {"record"}),
        (STAFF, True, {"record"}),
        (SUPERVISOR, False, {"record", "decide"}),
        (SUPERVISOR, True, {"record"}),
        (ADMINISTRATOR, False, {"record", "decide", "administer"}),
        (ADMINISTRATOR, True, {"record"}),
        (OBSERVER, False, set()),
        (OBSERVER, True, set()),
    ],
)
def test_a_role_may_do_its_work_and_a_token_decides_nothing(
    role: Role, *, device: bool, may: set[str]
) -> None:
    actor = Actor("Gudang Medan", "12.71", role, device=device)

    assert {deed for deed in ("record", "decide", "administer") if is_allowed(actor, deed)} == may


def is_allowed(actor: Actor, deed: str) -> bool:
    try:
        getattr(actor, f"must_{deed}")()
    except NotYours:
        return False
    return True


@pytest.mark.parametrize(
    ("own", "place", "is_theirs"),
    [
        ("12.71", "12.71", True),
        ("12.71", "12.71.01.1001.001", True),
        ("12.71", "12.71.G01", True),
        ("12.71.G01", "12.71.02", True),
        ("12.71", "12", False),
        ("12.71", "12.75", False),
        ("12.71.01", "12.71.011", False),
        ("ID", "73.71.01", True),
    ],
)
def test_a_place_reaches_down_never_up_nor_aside(own: str, place: str, *, is_theirs: bool) -> None:
    actor = Actor("Meja", own, STAFF)

    assert actor.may_see(place) is is_theirs
