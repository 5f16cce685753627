"""The files in deploy/ do what docs/hardening.md says of them."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from silog_scan import config
from silog_scan.app import MOST_UPLOADED
from silog_scan.services import ledgers
from silog_scan.store.db import Database
from tests.conftest import found
from tests.desk import Desk, box

DEPLOY = Path(__file__).parent.parent / "deploy"
UNIT = (DEPLOY / "silog-scan.service").read_text(encoding="utf-8")
CAMERA = (DEPLOY / "camera.conf").read_text(encoding="utf-8")
MOST_EXPOSED = 20
"""Tenths: systemd-analyze calls less than 2.1 sound; a unit that says nothing has 9.6."""


def options(unit: str) -> list[tuple[str, str]]:
    return re.findall(r"^(\w+)=(.*)$", unit, re.MULTILINE)


# systemd.


@pytest.fixture
def installed(tmp_path: Path) -> list[str]:
    """Lay the unit with its camera where systemd-analyze looks; its program is not there."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not on this machine")
    started = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT, flags=re.MULTILINE)
    (tmp_path / "silog-scan.service").write_text(started)
    (tmp_path / "silog-scan.service.d").mkdir()
    (tmp_path / "silog-scan.service.d" / "camera.conf").write_text(CAMERA)
    return ["env", f"SYSTEMD_UNIT_PATH={tmp_path}:", "systemd-analyze"]


def test_systemd_understands_the_unit(installed: list[str]) -> None:
    done = subprocess.run(  # noqa: S603
        [*installed, "verify", "silog-scan.service"], check=False, capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_the_unit_is_well_shut_even_with_a_camera(installed: list[str]) -> None:
    asked = ["security", "--offline=true", f"--threshold={MOST_EXPOSED}", "silog-scan.service"]

    done = subprocess.run([*installed, *asked], check=False, capture_output=True, text=True)  # noqa: S603

    assert done.returncode == 0, done.stdout[-400:]


def test_the_unit_has_no_rights_but_a_user_s() -> None:
    said = dict(options(UNIT))

    assert said["User"] not in ("", "root")
    assert said["CapabilityBoundingSet"] == said["AmbientCapabilities"] == ""
    assert (said["NoNewPrivileges"], said["ProtectSystem"]) == ("yes", "strict")
    assert ("SystemCallFilter", "@system-service") in options(UNIT)
    assert (said["StateDirectoryMode"], said["UMask"]) == ("0700", "0077")


def test_the_unit_sets_only_what_the_program_knows() -> None:
    said = [value for name, value in options(UNIT + CAMERA) if name == "Environment"]
    kept = [f"/var/lib/{name}" for name in dict(options(UNIT))["StateDirectory"].split()]

    settings = config.read(dict(pair.split("=", 1) for pair in said))

    assert [str(settings.home), str(settings.backups)] == kept
    assert settings.camera == "0"


# Proxies.


@pytest.mark.parametrize(
    ("file", "pattern"),
    [("nginx.conf", r"client_max_body_size (\d+)m;"), ("Caddyfile", r"max_size (\d+)MiB")],
)
def test_a_proxy_lets_through_what_the_station_takes(file: str, pattern: str) -> None:
    most = re.findall(pattern, (DEPLOY / file).read_text(encoding="utf-8"))

    assert [int(megabytes) * 2**20 > MOST_UPLOADED for megabytes in most] == [True]


def test_nginx_believes_no_client_about_itself() -> None:
    told = re.findall(r"proxy_set_header (\S+) (.*);", (DEPLOY / "nginx.conf").read_text())

    assert dict(told)["X-Forwarded-For"] == "$remote_addr"
    assert "$proxy_add_x_forwarded_for" not in dict(told).values()
    assert dict(told)["Forwarded"] == '""'


# PostgreSQL.


@pytest.fixture(scope="module")
def least(postgresql: str) -> Iterator[Database]:
    """Found a station as the tables' owner, then open it as the role of postgresql.sql."""
    as_owner = postgresql.replace("silog@", "silog_owner@").format(name="least")
    administer(postgresql, "postgres", "CREATE ROLE silog_owner LOGIN", "CREATE DATABASE least")
    administer(postgresql, "postgres", "ALTER DATABASE least OWNER TO silog_owner")
    with closing(Database(as_owner)) as database:
        found(database)
    administer(postgresql, "least", (DEPLOY / "postgresql.sql").read_text(encoding="utf-8"))
    with closing(Database(as_owner.replace("silog_owner@", "silog_station@"))) as database:
        yield database
    administer(postgresql, "postgres", "DROP DATABASE least WITH (FORCE)")
    administer(postgresql, "postgres", "DROP ROLE silog_station", "DROP ROLE silog_owner")


def administer(address: str, name: str, *statements: str) -> None:
    plain = address.format(name=name).replace("+psycopg", "")
    with closing(psycopg.connect(plain, autocommit=True)) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_a_station_works_with_the_rights_of_the_paper(least: Database, tmp_path: Path) -> None:
    desk = Desk(least.writing, tmp_path)
    desk.imports(box())

    answer = desk.scan()

    desk.undo(answer)
    recorded = len(desk.events())
    with least.writing() as session:
        assert ledgers.rebuild(session) == recorded


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET kind = 'scan'",
        "DELETE FROM event",
        "TRUNCATE event",
        "ALTER TABLE event DISABLE TRIGGER ALL",
        "DROP TABLE stock",
        "CREATE TABLE mine (x int)",
        "UPDATE alembic_version SET version_num = '0001'",
        "CREATE ROLE another",
    ],
)
def test_a_station_cannot_change_events_or_tables(least: Database, statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
        least.engine.begin() as connection,
    ):
        connection.execute(text(statement))


def test_nobody_else_may_look_into_the_database(least: Database) -> None:
    asked = text(
        "SELECT has_database_privilege('public', current_database(), 'CONNECT'), "
        "has_schema_privilege('public', 'public', 'USAGE')"
    )

    with least.reading() as session:
        assert session.execute(asked).one() == (False, False)
