"""The station's page as a browser asks for it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

import pytest
from sqlalchemy import event

from silog_scan.core.agreement import Reading
from silog_scan.core.codes import Modifiers
from silog_scan.core.errors import say
from silog_scan.services.actors import Role
from silog_scan.services.watching import Watch
from silog_scan.vision.cameras import Camera, Preview, State, Status
from silog_scan.web.context import Backend
from tests.conftest import NOON
from tests.web.conftest import NUMBER, Clock, Visitor


@dataclass
class FakeCamera:
    """The one part of the station that needs hardware."""

    status: Status = field(default_factory=lambda: Status(State.LIVE, say("The camera is on.")))

    def jpeg(self, after: int = 0, *, timeout: float = 2.0) -> Preview | None:
        return Preview(7, 0.0, b"\xff\xd8") if after < 7 else None


@pytest.fixture
def watch(backend: Backend, clock: Clock) -> Iterator[Watch]:
    backend.watch = Watch(cast("Camera", FakeCamera()), backend.writer, clock)
    yield backend.watch
    backend.watch = None


@pytest.fixture
def station(admin: Visitor, manifest: str) -> Visitor:
    """Give a browser at the station, receiving the manifest."""
    admin.post("/work", place="12.71", task="receive", manifest=manifest)
    return admin


def scan(visitor: Visitor, text: str, **more: object) -> str:
    one = {"id": str(uuid4()), "text": text, "scanned_at": NOON.isoformat(), "source": "wedge"}
    content = {"task": "receive", "place": "12.71", "manifest": NUMBER, "scans": [one | more]}
    answer = visitor.post_json("/api/v1/scans", content)
    assert answer.status_code == 200
    return str(one["id"])


def live(visitor: Visitor, more: str = "") -> dict[str, Any]:
    told = visitor.get(f"/station/live{more}").json
    assert isinstance(told, dict)
    return told


WATCHING = "?camera=station"
"""What a page says that shows the station's camera."""


def test_the_start_offers_what_is_waited_for(admin: Visitor, manifest: str) -> None:
    page = admin.get("/").text

    assert f'value="{manifest}" checked' in page
    assert "<b>0</b> / 3" in page


def test_without_chosen_work_the_station_leads_to_the_start(admin: Visitor) -> None:
    assert admin.get("/station").location == "/"
    assert admin.get("/station/live").status_code == 409


def test_begun_work_is_shown_at_the_station(station: Visitor) -> None:
    page = station.get("/station").text

    assert "Receive · Kota Medan" in page
    assert f"{NUMBER} from" in page


def test_the_camera_records_for_the_page_that_shows_it(watch: Watch, station: Visitor) -> None:
    live(station, WATCHING)

    work = watch.work_under_way()
    assert work is not None
    assert (work.place, work.manifest) == ("12.71", NUMBER)


def test_a_page_with_its_own_camera_leaves_the_stations_alone(
    watch: Watch, station: Visitor
) -> None:
    told = live(station)

    assert watch.work_under_way() is None
    assert "camera" not in told


def test_who_comes_second_is_told_that_the_camera_is_taken(
    watch: Watch, station: Visitor, person: Callable[[str, Role, str], Visitor]
) -> None:
    live(station, WATCHING)
    rina = person("rina", Role.STAFF, "12.71")
    rina.post("/work", place="12.71", task="dispatch")

    told = live(rina, WATCHING)

    assert told["camera"]["state"] == "taken"
    assert "modifiers" not in told
    assert watch.work is not None
    assert watch.work.task == "receive"


def test_the_camera_rests_while_its_person_chooses_anew(watch: Watch, station: Visitor) -> None:
    live(station, WATCHING)

    station.get("/")

    assert watch.work_under_way() is None


def test_a_card_changes_the_work(station: Visitor) -> None:
    answer = station.post("/station/work", place="12.71", task="return")

    assert answer.status_code == 204
    assert "Return · Kota Medan" in station.get("/station").text


def test_a_card_of_others_is_refused_in_words(station: Visitor) -> None:
    answer = station.post("/station/work", place="12.72", task="receive")

    assert answer.status_code == 409
    assert "12.72" in (answer.json or {})["message"]
    assert "Receive · Kota Medan" in station.get("/station").text


def test_the_station_knows_the_manifests_that_may_be_scanned(
    watch: Watch, station: Visitor
) -> None:
    page = station.get("/station").text
    live(station, f"{WATCHING}&after=-1&seen=")

    assert f'data-waiting="[&#34;{NUMBER}&#34;]"' in page
    assert watch.switches == {NUMBER}


def test_only_the_reader_of_codes_may_compile(station: Visitor) -> None:
    page, reader = station.get("/station"), station.get("/station/reader.js")

    assert "wasm-unsafe-eval" not in page.headers["Content-Security-Policy"]
    assert "'wasm-unsafe-eval'" in reader.headers["Content-Security-Policy"]
    assert reader.mimetype == "text/javascript"
    reader.close()


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"place": "12.72", "task": "receive"}, 403),
        ({"place": "12.71.99", "task": "receive"}, 404),
        ({"place": "12.71", "task": "seal"}, 422),
        ({"place": "12.71", "task": "receive", "manifest": "SJ-none"}, 404),
    ],
    ids=["place of others", "no such place", "task not offered", "no such manifest"],
)
def test_work_that_cannot_be_is_refused(admin: Visitor, form: dict[str, str], status: int) -> None:
    assert admin.post("/work", **form).status_code == status


def test_an_observer_cannot_begin_work(person: Callable[[str, Role, str], Visitor]) -> None:
    observer = person("wati", Role.OBSERVER, "12.71")

    assert observer.post("/work", place="12.71", task="receive").status_code == 403


def test_live_tells_scans_in_words_with_progress(station: Visitor) -> None:
    scan(station, "1271-KS-000001")

    told = live(station)

    assert told["scans"][0]["word"] == "Match"
    assert told["scans"][0]["title"] == "Ballot box · TPS 001"
    assert (told["progress"]["counted"], told["progress"]["remaining"]) == (1, 2)


def test_live_is_silent_while_nothing_changes(station: Visitor) -> None:
    told = live(station)
    address = f"/station/live?after={told['position']}&seen={told['seen']}"

    assert station.get(address).status_code == 204

    scan(station, "1271-KS-000001")
    assert station.get(address).status_code == 200


def test_a_look_that_finds_nothing_new_is_cheap(station: Visitor, backend: Backend) -> None:
    told = live(station)
    asked: list[str] = []

    @event.listens_for(backend.database.engine, "before_cursor_execute")
    def note(_: object, __: object, statement: str, *___: object) -> None:
        asked.append(statement)

    station.get(f"/station/live?after={told['position']}&seen={told['seen']}")

    assert len([statement for statement in asked if statement.startswith("SELECT")]) <= 5


def test_live_speaks_when_only_the_camera_changes(watch: Watch, station: Visitor) -> None:
    told = live(station, WATCHING)
    lost = Status(State.LOST, say("The camera stopped sending pictures."))
    cast("FakeCamera", watch.camera).status = lost

    seen = f"{WATCHING}&after={told['position']}&seen={told['seen']}"
    answer = station.get(f"/station/live{seen}")

    assert answer.json is not None
    assert answer.json["camera"]["state"] == "lost"


def test_a_wrong_place_is_answered_by_the_right_one(station: Visitor) -> None:
    scan(station, "1275-KS-000001")

    told = live(station)["scans"][0]

    assert (told["severity"], told["word"]) == ("stop", "Wrong place")
    assert told["lead"] == "Belongs to Kota Binjai (12.75)"
    assert told["belongs"] == "Kota Binjai"
    assert told["told"].startswith("Ballot box · 1275-KS-000001.")


def test_nobody_sees_here_what_others_scanned(
    station: Visitor, person: Callable[[str, Role, str], Visitor]
) -> None:
    scan(station, "1271-KS-000001")
    rina = person("rina", Role.STAFF, "12.71")
    rina.post("/work", place="12.71", task="receive", manifest=NUMBER)

    assert live(rina)["scans"] == []
    assert live(rina)["progress"]["counted"] == 1


def test_an_undone_scan_is_shown_as_taken_back(station: Visitor) -> None:
    scanned = scan(station, "1271-KS-000001")

    station.post_json(f"/api/v1/scans/{scanned}/undo", {"reason": "wrong crate"})

    told = live(station)
    assert told["scans"][0]["undone"] is True
    assert told["progress"]["counted"] == 0


def test_staff_may_undo_for_a_quarter_of_an_hour(
    manifest: str, person: Callable[[str, Role, str], Visitor], clock: Clock
) -> None:
    rina = person("rina", Role.STAFF, "12.71")
    rina.post("/work", place="12.71", task="receive", manifest=manifest)
    scan(rina, "1271-KS-000001")
    assert live(rina)["scans"][0]["may_undo"] is True

    clock.go_on(timedelta(minutes=16))

    assert live(rina)["scans"][0]["may_undo"] is False


@pytest.mark.usefixtures("watch")
def test_the_picture_comes_once_for_each_frame(station: Visitor) -> None:
    first = station.get("/station/picture.jpg")
    again = station.get(f"/station/picture.jpg?after={first.headers['Silog-Frame']}")

    assert (first.mimetype, first.data) == ("image/jpeg", b"\xff\xd8")
    assert again.status_code == 204


def test_the_picture_tells_the_codes_on_it(watch: Watch, station: Visitor) -> None:
    label = Reading("1271-KS-000001", "code128", ((1, 2), (9, 2), (9, 6), (1, 6)), "fast")
    watch.view.size = 640, 480
    watch.view.saw([label], watch.tick())

    header = station.get("/station/picture.jpg").headers["Silog-Codes"]

    corners = [[1, 2], [9, 2], [9, 6], [1, 6]]
    code = {"corners": corners, "severity": "waiting", "belongs": None}
    assert json.loads(header) == {"size": [640, 480], "codes": [code], "unread": []}


def test_a_station_without_a_camera_has_no_picture(station: Visitor) -> None:
    assert station.get("/station/picture.jpg").status_code == 204
    assert 'data-picture=""' in station.get("/station").text


def test_buttons_of_others_change_nothing_at_the_camera(watch: Watch, station: Visitor) -> None:
    station.post("/station/said", damaged="1")

    assert watch.said == Modifiers()


def test_buttons_tell_the_camera_what_comes_next(watch: Watch, station: Visitor) -> None:
    live(station, WATCHING)

    answer = station.post("/station/said", damaged="1", quantity="40")

    assert answer.status_code == 204
    assert watch.said == Modifiers(damaged=True, quantity=40)


@pytest.mark.usefixtures("watch")
@pytest.mark.parametrize("quantity", ["0", "-1", "many", "99999999", "9" * 5000])
def test_a_quantity_that_is_none_is_refused(station: Visitor, quantity: str) -> None:
    live(station, WATCHING)

    assert station.post("/station/said", quantity=quantity).status_code == 422


def test_a_place_is_found_by_name_or_code(admin: Visitor) -> None:
    assert "12.71.01" in admin.get("/start/places?q=medan+kota").text
    assert "No place of yours" in admin.get("/start/places?q=nowhere").text


def test_a_look_at_labels_is_answered_with_what_is_missing(station: Visitor) -> None:
    scan(station, "1271-KS-000001")

    told = station.post("/station/pallet", text="1271-KS-000001").json

    assert told == {
        "parent": None,
        "expected": 3,
        "counted": 1,
        "missing": [{"package": "1271-KS-000002", "title": "Ballot box · TPS 002"}],
    }


def test_a_look_records_nothing(station: Visitor) -> None:
    before = live(station)["position"]

    station.post("/station/pallet", text="1271-KS-000001")

    assert live(station)["position"] == before


@pytest.mark.parametrize("text", ["", "x" * 5000, "SLG-BADGE-X", "]C100", "😀"])
def test_a_look_at_what_is_no_code_finds_nothing(station: Visitor, text: str) -> None:
    told = station.post("/station/pallet", text=text).json

    assert told is not None
    assert told["missing"] == []


def test_a_look_of_more_labels_than_a_pallet_holds_is_refused(station: Visitor) -> None:
    form = {"text": ["x"] * 501, "csrf_token": station.token}

    assert station.client.post("/station/pallet", data=form).status_code == 422


def test_a_look_without_the_forms_token_is_refused(station: Visitor) -> None:
    answer = station.client.post("/station/pallet", data={"text": "1271-KS-000001"})

    assert answer.status_code == 400


def test_a_look_asks_few_questions_of_the_database(backend: Backend, station: Visitor) -> None:
    texts = [f"1271-KS-{n:06}" for n in range(500)]
    form = {"text": texts, "csrf_token": station.token}
    asked: list[str] = []
    event.listen(
        backend.database.engine,
        "before_cursor_execute",
        lambda _conn, _cursor, statement, *_: asked.append(statement),
    )

    station.client.post("/station/pallet", data=form)

    assert len(asked) < 20
