"""What pages read, on both databases."""

from datetime import date

import pytest

from silog_scan.core.custody import Scan
from silog_scan.core.errors import NotFound
from silog_scan.core.stock import Task
from silog_scan.services import imports, scanning, sign_ins
from silog_scan.services.actors import Actor
from silog_scan.services.scanning import Submission
from silog_scan.store import queries
from silog_scan.store.db import Database
from silog_scan.store.queries import ManifestFilter, Totals
from tests.conftest import NOON

ROWS = """manifest,from,to,package,item,quantity,destination,parent,due
SJ-1,12,12.71,1271-KS-000001,KOTAK,1,12.71.01.1001.001,PALET-7,2026-02-01
SJ-1,12,12.71,1271-KS-000002,KOTAK,1,12.71.01.1002.001,,
SJ-1,12,12.71,1271-KS-000003,KOTAK,1,12.71.02.1001.001,,
SJ-1,12,12.71,,TINTA,40,12.71.01,,
SJ-1,12,12.71,,TINTA,60,12.71,,
SJ-2,12.71,12.71.02,1271-KS-000009,KOTAK,1,12.71.02.1001.001,,2026-02-03
100%,12.71,12.71.02,,TINTA,3,12.71.02,,
"""


@pytest.fixture
def delivered(database: Database, rina: Actor, tmp_path_factory: pytest.TempPathFactory) -> Scan:
    """Import three manifests and receive one box; give its scan."""
    folder = tmp_path_factory.mktemp("attachments")
    box = scanning.scan_of(
        "1271-KS-000001", actor=rina, task=Task.RECEIVE, place="12.71", at=NOON, manifest="SJ-1"
    )
    with database.writing() as session:
        imports.bring(session, rina, ROWS.encode(), attachments=folder, at=NOON)
        scanning.record(session, [Submission(rina, Task.RECEIVE, "12.71", (box,), NOON, "SJ-1")])
    return box


def numbers(database: Database, only: ManifestFilter, within: str = "12.71") -> list[str]:
    with database.reading() as session:
        return [view.number for view in queries.manifests_found(session, only, within=within)]


@pytest.mark.usefixtures("delivered")
@pytest.mark.parametrize(
    ("only", "found"),
    [
        (ManifestFilter(), ["100%", "SJ-1", "SJ-2"]),
        (ManifestFilter(after="100%", limit=1), ["SJ-1"]),
        (ManifestFilter(state="closed"), []),
        (ManifestFilter(late=date(2026, 2, 2)), ["SJ-1"]),
        (ManifestFilter(text="sj-"), ["SJ-1", "SJ-2"]),
        (ManifestFilter(text="0%"), ["100%"]),
        (ManifestFilter(text="1271-KS-000009"), ["SJ-2"]),
    ],
    ids=["all", "page", "state", "late", "number", "no wildcard", "package"],
)
def test_manifests_are_found_by_state_day_and_text(
    database: Database, only: ManifestFilter, found: list[str]
) -> None:
    assert numbers(database, only) == found


@pytest.mark.usefixtures("delivered")
def test_only_manifests_from_or_to_the_place_are_found_and_counted(database: Database) -> None:
    with database.reading() as session:
        counts = queries.manifest_counts(session, within="12.71.02", today=date(2026, 2, 4))

    assert numbers(database, ManifestFilter(), within="12.71.02") == ["100%", "SJ-2"]
    assert counts == {"open": 2, "late": 1}


@pytest.mark.usefixtures("delivered")
def test_lines_are_summed_by_district_and_village(database: Database) -> None:
    with database.reading() as session:
        tree = queries.destination_tree(session, "SJ-1", Task.RECEIVE)

    found = [(branch.place, branch.totals.lines, branch.totals.matched) for branch in tree]
    assert found == [("12.71", 1, 0), ("12.71.01", 3, 1), ("12.71.02", 1, 0)]
    assert tree[0].under == ()
    assert [(village.place, village.totals) for village in tree[1].under] == [
        ("12.71.01", Totals(lines=1, missing=1)),
        ("12.71.01.1001", Totals(lines=1, matched=1)),
        ("12.71.01.1002", Totals(lines=1, missing=1)),
    ]


def test_a_package_comes_with_its_manifests_history_and_content(
    database: Database, delivered: Scan
) -> None:
    with database.reading() as session:
        box = queries.package_view(session, delivered.text, within="12.71.01.1001.001")
        pallet = queries.package_view(session, "PALET-7", within="12.71")

    assert [head.number for head in box.manifests] == ["SJ-1"]
    assert [event.outcome for event in box.history] == ["accepted"]
    assert pallet.holds == [delivered.text]


def test_a_package_of_elsewhere_is_not_known(database: Database, delivered: Scan) -> None:
    with database.reading() as session, pytest.raises(NotFound):
        queries.package_view(session, delivered.text, within="12.71.02")


def test_events_and_sign_ins_are_told_by_station_and_person(database: Database) -> None:
    with database.writing() as session:
        user = sign_ins.first_administrator(session)
        sign_ins.begin(session, user, at=NOON)

    with database.reading() as session:
        seen = queries.last_sign_ins(session, [user, "nobody"])
        events = queries.newest_events(session)

    assert seen == {user: NOON}
    assert events == {"Gudang Medan": (3, NOON)}
