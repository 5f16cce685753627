"""A newer program backs an older home up, brings it up to date, and names the way back."""

from pathlib import Path

import pytest
from sqlalchemy import select, text

from silog_scan.core.errors import Refused
from silog_scan.services import archives, backups, upgrades
from silog_scan.services.backups import Holdings
from silog_scan.store import schema
from silog_scan.store.db import Database
from silog_scan.store.tables import StationRow, UserRow
from tests.conftest import NOON, sqlite_url
from tests.services.test_backups import elsewhere, empty

__all__ = ["elsewhere", "empty"]


@pytest.fixture
def old(elsewhere: Holdings) -> Holdings:
    """Give a home as the first program made it, on each kind of database in turn."""
    with elsewhere.database.migrating() as connection:
        schema.create(connection, "0001")
        connection.execute(text("INSERT INTO meta (name, value) VALUES ('station', 'Meja 1')"))
    return elsewhere


def version(database: Database) -> str | None:
    with database.reading() as session:
        return schema.current(session.connection())


def test_an_older_home_is_backed_up_and_brought_up_to_date(old: Holdings) -> None:
    upgrade = upgrades.open_home(old, NOON)

    assert upgrade
    assert version(old.database) == schema.NEWEST
    assert (upgrade.before, upgrade.after) == ("0001", schema.NEWEST)
    assert str(upgrade.sentence).endswith(f"silog-scan restore {upgrade.backup}")


def test_the_backup_is_of_how_it_was_and_rotation_leaves_it(old: Holdings, tmp_path: Path) -> None:
    upgrade = upgrades.open_home(old, NOON)
    assert upgrade
    home = tmp_path / "back"
    home.mkdir()
    database = Database(sqlite_url(home / "silog.db"))

    backups.restore(Holdings(database, home, home), upgrade.backup)

    assert version(database) == archives.read(upgrade.backup).schema == "0001"
    assert backups.backups(old.folder) == []


def test_opening_again_does_nothing(old: Holdings) -> None:
    upgrades.open_home(old, NOON)
    made = list(old.folder.iterdir())

    assert upgrades.open_home(old, NOON) is None
    assert list(old.folder.iterdir()) == made


def test_a_new_home_needs_no_backup(elsewhere: Holdings) -> None:
    assert upgrades.open_home(elsewhere, NOON) is None
    assert version(elsewhere.database) == schema.NEWEST
    assert not elsewhere.folder.exists()


def test_without_a_backup_nothing_is_changed(old: Holdings) -> None:
    old.folder.write_text("a file in the way")

    with pytest.raises(Refused) as caught:
        upgrades.open_home(old, NOON)

    assert caught.value.code == "backup-unwritable"
    assert version(old.database) == "0001"


OLD_USER = """INSERT INTO user_account (id, name, role, place, password, created_at)
VALUES ('u1', 'admin', 'administrator', '12.71', 'x', '2026-01-01 00:00:00')"""
OLD_SIGN_IN = """INSERT INTO sign_in (token, "user", created_at, seen_at)
VALUES ('t', 'u1', '2026-01-01 00:00:00', '2026-01-01 00:00:00')"""
OLD_STATION = """INSERT INTO station (name, place, token, created_at, unsent)
VALUES ('Meja 1', '12.71', 'abc', '2026-01-01 00:00:00', 0)"""


def test_people_and_stations_of_an_older_home_stay(old: Holdings) -> None:
    with old.database.migrating() as connection:
        connection.execute(text(OLD_USER))
        connection.execute(text(OLD_SIGN_IN))
        connection.execute(text(OLD_STATION))

    upgrades.open_home(old, NOON)

    with old.database.reading() as session:
        assert session.scalars(select(UserRow.name)).all() == ["admin"]
        assert session.scalars(select(StationRow.token)).all() == ["abc"]
        assert session.scalars(select(StationRow.expires_at)).all() == [None]
