"""What nobody could read is confirmed by a person, and the record says how it came about."""

from typing import Any
from uuid import uuid4

import pytest

from silog_scan.services.watching import Watch
from silog_scan.store import queries
from silog_scan.web.context import Backend
from tests.blurred import blurred, photo, print_labels
from tests.conftest import NOON
from tests.web.conftest import NUMBER, Visitor
from tests.web.test_station import watch

__all__ = ["watch"]

LABEL = "1271-KS-000001"


@pytest.fixture
def station(admin: Visitor, manifest: str, backend: Backend) -> Visitor:
    """Give a browser that receives a manifest whose labels were printed here."""
    print_labels(backend, manifest)
    admin.post("/work", place="12.71", task="receive", manifest=manifest)
    return admin


def look(visitor: Visitor) -> list[dict[str, Any]]:
    answer = visitor.client.post(
        "/api/v1/readings",
        data=photo(LABEL),
        content_type="image/png",
        headers={"X-CSRFToken": visitor.token},
    )
    assert answer.json
    assert answer.json["readings"] == []
    return list(answer.json["suggestions"])


def confirm(visitor: Visitor, offered: dict[str, Any], **more: object) -> Any:  # noqa: ANN401
    said = {"token": offered["token"], "picture": offered["picture"]}
    scan = {"id": str(uuid4()), "text": offered["text"], "scanned_at": NOON.isoformat(),
            "source": "camera", "recognised": said}  # fmt: skip
    content = {"task": "receive", "place": "12.71", "manifest": NUMBER, "scans": [scan | more]}
    return visitor.post_json("/api/v1/scans", content)


def result(visitor: Visitor, offered: dict[str, Any], **more: object) -> dict[str, Any]:
    [found] = confirm(visitor, offered, **more).json["results"]
    assert isinstance(found, dict)
    return found


def test_a_confirmed_label_counts_and_the_record_says_that_nobody_read_it(
    station: Visitor, backend: Backend
) -> None:
    [offered] = look(station)

    answer = result(station, offered)

    assert (answer["outcome"], answer["package"]) == ("accepted", LABEL)
    with backend.database.reading() as session:
        body = queries.events_of_scans(session, [answer["id"]])[answer["id"]].body
    assert (body["read_by"], body["source"]) == ("expected", "camera")
    assert body["evidence"]["word"] > 15_000
    assert (backend.settings.attachments / f"{body['picture']}.png").stat().st_size > 1000
    [shown] = station.get("/station/live").json["scans"]  # type: ignore[index]
    assert "recognised with the manifest" in shown["detail"]


def test_a_second_tap_counts_nothing_twice(station: Visitor) -> None:
    [offered], once = look(station), str(uuid4())

    first, second = result(station, offered, id=once), result(station, offered, id=once)

    assert first == second


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param({"token": "e30.x.y"}, id="a suggestion nobody made"),
        pytest.param({"picture": "AAAA"}, id="another picture"),
        pytest.param({"picture": "no base64"}, id="no picture"),
        pytest.param({"text": "1271-KS-000002"}, id="another text"),
    ],
)
def test_what_was_not_offered_is_not_confirmed(station: Visitor, forged: dict[str, str]) -> None:
    [offered] = look(station)

    answer = confirm(station, offered | forged)

    assert (answer.status_code, answer.json["code"]) == (409, "suggestion-gone")
    assert station.get("/station/live").json["scans"] == []  # type: ignore[index]


def test_a_suggestion_is_for_the_work_it_was_made_for(station: Visitor) -> None:
    station.post("/work", place="12.71", task="return", manifest=NUMBER)
    [offered] = look(station)

    assert confirm(station, offered).status_code == 409


def test_what_the_station_s_camera_cannot_read_is_suggested_on_the_page(
    station: Visitor, watch: Watch, backend: Backend
) -> None:
    station.get("/station/live?camera=station")
    watch.recognise = backend.recogniser.suggest

    watch._look_longer(blurred(LABEL), patience=1.0)  # noqa: SLF001  # the camera's own thread

    [offered] = station.get("/station/live?camera=station").json["suggestions"]  # type: ignore[index]
    assert offered["text"] == LABEL
    assert result(station, offered)["outcome"] == "accepted"


def test_for_a_dispatch_nothing_is_suggested(station: Visitor) -> None:
    station.post("/work", place="12.71", task="dispatch", manifest="")

    assert look(station) == []
