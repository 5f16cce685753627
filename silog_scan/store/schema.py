"""Bring a database to the newest schema; refuse one that is newer than the program."""

from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from silog_scan.core.errors import Refused, say

if TYPE_CHECKING:
    from alembic.config import Config

NEWEST = "0007"
"""The newest migration; a test holds it against the folder, so that start need not load Alembic."""

VERSION_TABLE = "alembic_version"


def current(connection: Connection) -> str | None:
    """Return the database's schema version, or None for an empty database."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def upgrade(connection: Connection) -> None:
    """Apply the migrations that are missing; refuse a database of a newer program."""
    version = current(connection)
    if version == NEWEST:
        return
    if version is not None and version > NEWEST:
        raise newer(version)
    from alembic import command  # noqa: PLC0415  # 0.2 s, needed once

    command.upgrade(alembic_config(connection), "head")


def newer(version: str) -> Refused:
    """Return the refusal of a database that a newer program made."""
    told = say(
        "This database was made by a newer version of the program (schema %(theirs)s; "
        "this program knows %(ours)s). Install the newer version; nothing was changed.",
        theirs=version,
        ours=NEWEST,
    )
    return Refused("database-newer", told)


def create(connection: Connection, version: str) -> None:
    """Make the tables of a version, which need not be the newest, in an empty database."""
    from alembic import command  # noqa: PLC0415

    command.upgrade(alembic_config(connection), version)


def check(connection: Connection) -> None:
    """Raise if the tables in the code and in the database differ."""
    from alembic import command  # noqa: PLC0415

    command.check(alembic_config(connection))


def alembic_config(connection: Connection) -> "Config":
    """Return Alembic's settings; there is no alembic.ini to ship."""
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "silog_scan:store/migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
