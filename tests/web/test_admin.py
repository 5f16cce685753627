"""People and stations are kept by administrators only."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from silog_scan.core.stock import Task
from silog_scan.services import sign_ins, stations
from silog_scan.services.actors import Role
from silog_scan.services.stations import Ended
from silog_scan.web.context import Backend
from tests.conftest import PASSWORD
from tests.web.conftest import Visitor

People = Callable[[str, Role, str], Visitor]


def test_the_administrator_adds_a_person(admin: Visitor, backend: Backend) -> None:
    answer = admin.post(
        "/admin/users", name="rina", role="staff", place="12.71.01", password=PASSWORD
    )

    assert answer.status_code == 303
    assert "rina" in admin.get("/admin/users").text
    with backend.database.reading() as session:
        assert sign_ins.check_password(session, "rina", PASSWORD).place == "12.71.01"


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        ({"password": "short"}, 422, "fewer than 10 characters"),
        ({"name": "admin"}, 409, "There is a user admin already."),
        ({"role": "king"}, 422, "Choose a role."),
        ({"place": "12.71.99"}, 404, "The place 12.71.99 is not known here."),
        ({"place": "12.72"}, 403, "12.72 is not your place"),
    ],
    ids=["password", "name", "role", "unknown place", "elsewhere"],
)
def test_a_refused_person_is_told_on_the_same_page(
    admin: Visitor, change: dict[str, str], status: int, told: str
) -> None:
    form = {"name": "rina", "role": "staff", "place": "12.71", "password": PASSWORD}

    answer = admin.post("/admin/users", **(form | change))

    assert answer.status_code == status
    assert told in answer.text
    assert PASSWORD not in answer.text


def test_a_disabled_person_is_out_at_once(admin: Visitor, person: People) -> None:
    rina = person("rina", Role.STAFF, "12.71")

    asked = admin.get("/admin/users?user=rina").text
    admin.post("/admin/users/disable", user="rina")

    assert "Disable rina" in asked
    assert rina.get("/manifests").location.startswith("/sign-in")
    assert "Enable rina" in admin.get("/admin/users?user=rina").text


def test_nobody_disables_themselves(admin: Visitor) -> None:
    answer = admin.post("/admin/users/disable", user="admin")

    assert answer.status_code == 409
    assert "You cannot disable yourself." in answer.text


def code_on(page: str) -> str:
    found = re.search(r'id="code">([^<]+)<', page)
    assert found
    return found[1]


def test_a_new_station_s_code_is_shown_once_and_enrols_it(
    admin: Visitor, stranger: Visitor, backend: Backend
) -> None:
    page = admin.post(
        "/admin/stations", name="Stasiun 2", place="12.71.01", task="receive", days="30"
    ).text
    code = code_on(page)

    answer = stranger.client.post("/api/v1/enrol", json={"code": code})

    assert code not in admin.get("/admin/stations").text
    assert answer.status_code == 200
    with backend.database.reading() as session:
        station = stations.bearer(session, answer.get_json()["token"], at=backend.clock())
    assert station
    assert (station.station, station.task) == ("Stasiun 2", Task.RECEIVE)
    assert stranger.client.post("/api/v1/enrol", json={"code": code}).status_code == 404


def test_a_station_is_revoked_in_one_tap_and_stays_listed(
    admin: Visitor, stranger: Visitor, backend: Backend
) -> None:
    code = code_on(admin.post("/admin/stations", name="Stasiun 2", place="12.71.01").text)
    token = stranger.client.post("/api/v1/enrol", json={"code": code}).get_json()["token"]

    admin.post("/admin/stations/revoke", name="Stasiun 2")

    assert "Revoked" in admin.get("/admin/stations").text
    with backend.database.reading() as session, pytest.raises(Ended):
        stations.bearer(session, token, at=backend.clock())


def test_the_data_home_s_own_station_is_not_revoked(admin: Visitor) -> None:
    answer = admin.post("/admin/stations/revoke", name="Gudang Medan")

    assert answer.status_code == 409


@pytest.mark.parametrize("role", [Role.STAFF, Role.SUPERVISOR, Role.OBSERVER])
def test_nobody_else_sees_or_keeps_accounts(person: People, role: Role) -> None:
    visitor = person("other", role, "12.71")

    answers = [
        visitor.get("/admin/users"),
        visitor.get("/admin/stations"),
        visitor.post("/admin/stations", name="X", place="12.71"),
        visitor.post("/admin/users/disable", user="admin"),
    ]

    assert [answer.status_code for answer in answers] == [403] * 4


def test_an_administrator_below_sees_and_ends_only_what_is_below(
    admin: Visitor, person: People
) -> None:
    admin.post("/admin/stations", name="Stasiun 2", place="12.71.01")
    below = person("ppk", Role.ADMINISTRATOR, "12.71.02")

    assert "Stasiun 2" not in below.get("/admin/stations").text
    assert below.post("/admin/stations/revoke", name="Stasiun 2").status_code == 404
    assert below.post("/admin/users/disable", user="admin").status_code == 404


def test_script_in_a_name_is_inert(admin: Visitor) -> None:
    name = "<script>alert(1)</script>"

    added = admin.post("/admin/stations", name=name, place="12.71")
    asked = admin.get("/admin/stations")

    assert "Revoke &lt;script&gt;" in asked.text
    assert "<script>alert" not in added.text + asked.text


# Backups.


def test_a_backup_is_made_by_a_button_and_its_age_shown(admin: Visitor, backend: Backend) -> None:
    before = admin.get("/admin/stations").text

    answer = admin.post("/admin/backup")

    backend.clock.go_on(timedelta(minutes=12))  # type: ignore[attr-defined]  # the tests' own
    assert "There is no backup yet." in before
    assert answer.status_code == 303
    assert "Last backup: 12 minutes ago." in admin.get("/admin/stations").text
    assert len(list((backend.settings.home / "backups").glob("silog-*.zip"))) == 1


def test_a_backup_that_failed_is_told_on_the_page(admin: Visitor, backend: Backend) -> None:
    backend.settings.backups.write_text("a file in the way")

    answer = admin.post("/admin/backup")

    assert answer.status_code == 303
    assert "cannot be written" in admin.get("/admin/stations").text


def test_the_age_of_the_last_backup_is_told_in_indonesian(admin: Visitor) -> None:
    admin.post("/admin/backup")

    assert "Cadangan terakhir: " in admin.get("/admin/stations?lang=id").text


def test_nobody_else_makes_a_backup(person: People) -> None:
    visitor = person("other", Role.SUPERVISOR, "12.71")

    assert visitor.post("/admin/backup").status_code == 403
