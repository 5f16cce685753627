"""What nobody could read is confirmed by a person, and the record says how it came about."""

import io
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image

from silog_scan.services import accounts, labels
from silog_scan.services.labels import Kind
from silog_scan.services.watching import Watch
from silog_scan.store import queries
from silog_scan.vision.frames import Frame
from silog_scan.vision.locate import Hint, Unread
from silog_scan.web.context import Backend
from tests.blurred import blurred
from tests.web.conftest import NUMBER, Visitor
from tests.web.test_station import watch

__all__ = ["watch"]

LABEL = "1271-KS-000001"


@pytest.fixture
def station(admin: Visitor, manifest: str, backend: Backend) -> Visitor:
    """Give a browser that receives a manifest whose labels were printed here."""
    backend.writer.run(
        lambda session: labels.make(
            session,
            accounts.cli_actor(session),
            labels.codes_of_manifest(session, accounts.cli_actor(session), manifest),
            kind=Kind("code128"),
            at=backend.clock(),
        )
    )
    admin.post("/work", place="12.71", task="receive", manifest=manifest)
    return admin


def look(visitor: Visitor) -> list[dict[str, Any]]:
    out = io.BytesIO()
    Image.fromarray(blurred(LABEL)).save(out, "PNG")
    headers = {"X-CSRFToken": visitor.token}
    answer = visitor.client.post(
        "/api/v1/readings", data=out.getvalue(), content_type="image/png", headers=headers
    )
    assert answer.json
    assert answer.json["readings"] == []
    return list(answer.json["suggestions"])


def confirm(visitor: Visitor, offered: dict[str, Any], **more: str) -> Any:  # noqa: ANN401
    form = {"id": str(uuid4()), "token": offered["token"], "picture": offered["picture"]}
    return visitor.post("/station/recognised", **form | more)


def test_a_confirmed_label_counts_and_the_record_says_that_nobody_read_it(
    station: Visitor, backend: Backend
) -> None:
    [offered] = look(station)

    answer = confirm(station, offered)

    assert (answer.json["outcome"], answer.json["package"]) == ("accepted", LABEL)
    with backend.database.reading() as session:
        body = queries.events_of_scans(session, [answer.json["id"]])[answer.json["id"]].body
    assert (body["read_by"], body["source"]) == ("expected", "camera")
    assert body["evidence"]["word"] > 15_000
    assert (backend.settings.attachments / f"{body['picture']}.png").stat().st_size > 1000
    [shown] = station.get("/station/live").json["scans"]  # type: ignore[index]
    assert "recognised with the manifest" in shown["detail"]


def test_a_second_tap_counts_nothing_twice(station: Visitor) -> None:
    [offered], once = look(station), str(uuid4())

    first, second = confirm(station, offered, id=once), confirm(station, offered, id=once)

    assert first.json == second.json


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param({"token": "e30.x.y"}, id="a suggestion nobody made"),
        pytest.param({"picture": "AAAA"}, id="another picture"),
        pytest.param({"picture": "no base64"}, id="no picture"),
        pytest.param({"id": "1"}, id="no id"),
    ],
)
def test_what_was_not_offered_is_not_confirmed(station: Visitor, forged: dict[str, str]) -> None:
    [offered] = look(station)

    assert confirm(station, offered, **forged).status_code == 409


def test_a_suggestion_is_for_the_work_it_was_made_for(station: Visitor) -> None:
    [offered] = look(station)
    station.post("/work", place="12.71", task="return", manifest=NUMBER)

    assert confirm(station, offered).status_code == 409


def test_a_label_unread_before_the_station_s_camera_is_suggested_too(
    station: Visitor, watch: Watch
) -> None:
    grey = blurred(LABEL)
    height, width = grey.shape
    corners = ((90, 90), (width - 90, 90), (width - 90, height - 90), (90, height - 90))
    watch.view.unread = (Unread(corners, Hint.CLOSER),)
    watch.unread_in = Frame(7, 0.0, grey, grey)

    [offered] = station.get("/station/live?camera=station").json["suggestions"]  # type: ignore[index]

    assert offered["text"] == LABEL
    assert confirm(station, offered).json["outcome"] == "accepted"


def test_for_a_dispatch_nothing_is_suggested(station: Visitor) -> None:
    station.post("/work", place="12.71", task="dispatch", manifest="")

    assert look(station) == []
