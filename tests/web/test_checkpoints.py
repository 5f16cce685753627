"""When the running station makes checkpoints by itself."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from silog_scan.services import checkpoints
from silog_scan.services.actors import Role
from silog_scan.web.context import Backend
from tests.web.conftest import NUMBER, Clock, Visitor


def reasons(backend: Backend) -> list[str]:
    with backend.database.reading() as session:
        return [signed.reason for signed in checkpoints.every(session, 10)]


@pytest.mark.usefixtures("manifest")
def test_closing_a_manifest_makes_one(backend: Backend, admin: Visitor) -> None:
    assert admin.post(f"/manifests/{NUMBER}/close").status_code == 303

    assert reasons(backend) == ["closing"]


@pytest.mark.usefixtures("manifest")
def test_a_closing_stands_without_its_checkpoint(backend: Backend, admin: Visitor) -> None:
    backend.settings.keys.write_text("a file where the folder should be")

    assert admin.post(f"/manifests/{NUMBER}/close").status_code == 303

    assert reasons(backend) == []


@pytest.mark.usefixtures("manifest")
def test_a_closing_that_is_refused_makes_none(
    backend: Backend, person: Callable[[str, Role, str], Visitor]
) -> None:
    staff = person("rina", Role.STAFF, "12.71")
    assert staff.post(f"/manifests/{NUMBER}/close").status_code == 403

    assert reasons(backend) == []


def test_every_evening_has_one(backend: Backend, clock: Clock, admin: Visitor) -> None:
    backend.make_checkpoint_if_due()
    backend.make_checkpoint_if_due()
    admin.post("/admin/stations", name="Meja 7", place="12.71")
    clock.go_on(timedelta(days=1))

    backend.make_checkpoint_if_due()

    assert reasons(backend) == ["evening", "evening"]


@pytest.mark.parametrize("page", ["", "/reconciliation"])
@pytest.mark.usefixtures("manifest")
def test_papers_bear_the_latest(backend: Backend, admin: Visitor, page: str) -> None:
    signed = backend.make_checkpoint(at=backend.clock(), reason="asked")

    assert signed.text.split("\n")[2] in admin.get(f"/manifests/{NUMBER}{page}").text


@pytest.mark.usefixtures("manifest")
def test_a_district_sees_no_other_stations_on_its_papers(
    backend: Backend, person: Callable[[str, Role, str], Visitor]
) -> None:
    backend.make_checkpoint(at=backend.clock(), reason="asked")
    district = person("togar", Role.SUPERVISOR, "12.71.01")

    assert "silog-scan/12.71" not in district.get(f"/manifests/{NUMBER}").text
