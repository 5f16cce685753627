"""What lies where, and a package's history."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import event, text

from silog_scan.core.stock import Condition, Task
from silog_scan.services import accounts, scanning
from silog_scan.services.actors import Role
from silog_scan.services.scanning import Submission
from silog_scan.web.context import Backend
from tests.web.conftest import NUMBER, Visitor, bring

People = Callable[[str, Role, str], Visitor]


def receive(backend: Backend, code: str, condition: Condition | None = None) -> str:
    """Receive something in the city's warehouse; give the scan's id."""
    with backend.database.reading() as session:
        actor = accounts.cli_actor(session)
    scan = scanning.scan_of(
        code, actor=actor, task=Task.RECEIVE, place="12.71", at=backend.clock(), manifest=NUMBER,
        condition=condition,
    )  # fmt: skip
    submission = Submission(actor, Task.RECEIVE, "12.71", (scan,), backend.clock(), NUMBER)
    backend.writer.together(scanning.record, submission)
    return scan.id


@pytest.fixture
def boxes(backend: Backend, manifest: str) -> str:
    """Receive two boxes, one of them damaged; give the manifest's number."""
    receive(backend, "1271-KS-000001")
    receive(backend, "1271-KS-000002", Condition.DAMAGED)
    return manifest


@pytest.mark.usefixtures("boxes")
def test_stock_is_shown_by_place_and_item_in_one_condition(admin: Visitor) -> None:
    good = admin.get("/stock").text
    damaged = admin.get("/stock?condition=damaged").text

    assert re.search(r'data-label="Ballot box" class="sl-num">1<', good)
    assert "Damaged 1" in good
    assert re.search(r'data-label="Ballot box" class="sl-num">1<', damaged)


@pytest.mark.usefixtures("boxes")
def test_stock_is_filtered_by_item(admin: Visitor) -> None:
    page = admin.get("/stock?item=TINTA").text

    assert "Nothing here fits this filter." in page


def test_an_empty_place_says_how_goods_will_appear(person: People) -> None:
    page = person("wayan", Role.STAFF, "12.71.02").get("/stock").text

    assert "No goods are recorded at Medan Sunggal yet." in page
    assert "Begin to receive" in page


def test_a_place_elsewhere_or_unknown_is_refused(person: People) -> None:
    visitor = person("wayan", Role.SUPERVISOR, "12.71.02")

    assert visitor.get("/stock?place=12.71").status_code == 403
    assert visitor.get("/stock?place=12.71.02.9999").status_code == 404
    assert visitor.get("/stock?place=12.71.02").status_code == 200


@pytest.mark.usefixtures("manifest")
def test_more_stock_takes_no_more_queries(admin: Visitor, backend: Backend) -> None:
    statements: list[str] = []
    receive(backend, "1271-KS-000001")
    admin.get("/stock")
    event.listen(
        backend.database.engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: statements.append(statement),
    )
    admin.get("/stock")
    few = len(statements)
    receive(backend, "1271-BL-000003")
    receive(backend, "SLG-ITEM-TINTA")

    statements.clear()
    admin.get("/stock")

    assert len(statements) == few


# A package.


@pytest.mark.usefixtures("boxes")
def test_a_package_shows_each_event_with_its_place_in_the_chain(
    admin: Visitor, backend: Backend
) -> None:
    receive(backend, "1271-KS-000001")

    page = admin.get("/packages/1271-KS-000001").text

    assert re.findall(r"<h3[^>]*>([^<]+)</h3>", page) == [
        "Receive: Match",
        "Receive: Already counted",
    ]
    assert len(re.findall(r"Gudang Medan, number \d+", page)) == 2
    assert re.search(r"([0-9a-f]{4} ){15}[0-9a-f]{4}", page)
    assert "2 February 2026, 12:00:00 WIB" in page
    assert "At Kota Medan" in page
    assert f"/manifests/{NUMBER}" in page


@pytest.mark.usefixtures("boxes")
def test_a_scan_taken_back_stays_in_the_history(admin: Visitor, backend: Backend) -> None:
    scan = receive(backend, "1271-BL-000003")
    with backend.database.reading() as session:
        actor = accounts.cli_actor(session)
    backend.writer.run(
        lambda s: scanning.undo(s, actor, scan, reason="wrong lorry", at=backend.clock())
    )

    page = admin.get("/packages/1271-BL-000003").text

    assert "<s>Receive: Match</s>" in page
    assert "Taken back" in page
    assert "not received yet" in page


@pytest.mark.usefixtures("boxes")
@pytest.mark.parametrize(
    ("place", "status"),
    [("12.71", 200), ("12.71.01", 200), ("12.71.01.1001.001", 200), ("12.71.02", 404)],
)
def test_a_package_is_shown_to_whom_it_lies_with_or_is_bound_for(
    person: People, place: str, status: int
) -> None:
    visitor = person("reader", Role.OBSERVER, place)

    assert visitor.get("/packages/1271-KS-000001").status_code == status


def test_an_unknown_package_is_told(admin: Visitor) -> None:
    answer = admin.get("/packages/1271-KS-999999")

    assert answer.status_code == 404
    assert "No package 1271-KS-999999 is known here." in answer.text


def test_a_typed_code_leads_to_the_package(admin: Visitor) -> None:
    answer = admin.get("/packages?code=+1271-KS-000001%0A")

    assert answer.location == "/packages/1271-KS-000001"


def test_script_in_a_code_is_inert(admin: Visitor) -> None:
    answer = admin.get("/packages/%3Cscript%3Ealert(1)%3C/script%3E")

    assert answer.status_code == 404
    assert "<script>alert" not in answer.text


def test_what_comes_next_is_told_by_the_open_manifest(
    admin: Visitor, backend: Backend, manifest: str
) -> None:
    before = admin.get("/packages/1271-KS-000001").text
    receive(backend, "1271-KS-000001")

    after = admin.get("/packages/1271-KS-000001").text

    assert "Next: receive at Kota Medan" in before
    assert manifest in before
    assert "Next:" not in after


@pytest.mark.usefixtures("boxes")
def test_each_event_shown_is_found_to_follow_the_one_before(admin: Visitor) -> None:
    page = admin.get("/packages/1271-KS-000001").text

    assert "Chain intact.</b> 1 event of 1 station" in page
    assert "Checked 2 February 2026, 12:00:00 WIB." in page


@pytest.mark.usefixtures("boxes")
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE event SET body = replace(body, 'accepted', 'surplus')", "was altered: its digest"),
        ("UPDATE event SET previous = 'elsewhere ' || sequence", "names another event before it"),
    ],
    ids=["altered", "elsewhere"],
)
def test_an_event_that_was_tampered_with_is_told(
    admin: Visitor, backend: Backend, change: str, told: str
) -> None:
    tamper(backend, change)

    page = admin.get("/packages/1271-KS-000001").text

    assert "The chain is broken." in page
    assert told in page
    assert "Chain intact" not in page


def tamper(backend: Backend, statement: str) -> None:
    """Change an event as somebody with the file in hands could, past the triggers."""
    with backend.database.writing() as session:
        triggers = session.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
        for name in triggers.scalars().all():
            session.execute(text(f'DROP TRIGGER "{name}"'))
        session.execute(text(statement))


# Under way.


@pytest.fixture
def sent(backend: Backend) -> str:
    """Send one of the boxes on to a district; give the number it travels on."""
    row = "OUT-1,12.71,12.71.01,1271-KS-000001,KOTAK,1,12.71.01.1001.001\n"
    header = "manifest,from,to,package,item,quantity,destination\n"
    bring(backend, (header + row).encode())
    with backend.database.reading() as session:
        actor = accounts.cli_actor(session)
    at = backend.clock()
    scan = scanning.scan_of(
        "1271-KS-000001", actor=actor, task=Task.DISPATCH, place="12.71", at=at, manifest="OUT-1"
    )
    submission = Submission(actor, Task.DISPATCH, "12.71", (scan,), at, "OUT-1")
    backend.writer.together(scanning.record, submission)
    return "OUT-1"


@pytest.mark.usefixtures("boxes")
def test_what_is_under_way_is_shown_by_manifest(admin: Visitor, sent: str) -> None:
    page = admin.get("/stock?condition=in-transit").text

    assert "On its way 1" in page
    assert f"/manifests/{sent}/reconciliation" in page
    assert "Kota Medan → Medan Kota" in page
    assert re.search(r'data-label="Ballot box" class="sl-num">1<', page)
    assert "1271-KS-000001" not in admin.get("/stock").text


@pytest.mark.usefixtures("boxes", "sent")
@pytest.mark.parametrize(("place", "count"), [("12.71.01", "1"), ("12.71.02", "0")])
def test_goods_are_under_way_only_from_and_to_the_place(
    admin: Visitor, place: str, count: str
) -> None:
    page = admin.get(f"/stock?place={place}&condition=in-transit").text

    assert f"On its way {count}" in page
    assert ("Nothing is on its way from or to" in page) == (count == "0")


@pytest.mark.usefixtures("boxes", "sent")
def test_a_package_under_way_tells_where_it_is_awaited(admin: Visitor) -> None:
    page = admin.get("/packages/1271-KS-000001").text

    assert "Next: receive at Medan Kota" in page


# Finding.


@pytest.mark.usefixtures("boxes")
@pytest.mark.parametrize(
    ("code", "location"),
    [
        ("1271-KS-000001", "/packages/1271-KS-000001"),
        (" ]C11271-KS-000001", "/packages/1271-KS-000001"),
        (NUMBER, f"/manifests/{NUMBER}/reconciliation"),
        ("", "/stock"),
    ],
    ids=["package", "as scanned", "manifest", "nothing"],
)
def test_a_code_leads_to_what_it_names(admin: Visitor, code: str, location: str) -> None:
    assert admin.client.get("/packages", query_string={"code": code}).location == location


@pytest.mark.usefixtures("boxes")
def test_a_manifest_elsewhere_is_not_led_to(person: People) -> None:
    there = person("wayan", Role.SUPERVISOR, "12.71.02")

    assert there.get(f"/packages?code={NUMBER}").location == f"/packages/{NUMBER}"
