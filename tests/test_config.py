"""Settings are read strictly, once, from what they are given."""

from ipaddress import ip_network
from pathlib import Path

import platformdirs
import pytest
from sqlalchemy import make_url

from silog_scan import config
from silog_scan.config import Settings
from silog_scan.core.errors import Malformed
from silog_scan.core.grammar import grammar_of
from silog_scan.core.stock import Task


def test_without_settings_the_station_is_this_computers_own() -> None:
    home = Path(platformdirs.user_data_dir("silog-scan", appauthor=False))

    assert config.read({"PATH": "/bin", "SILO": "grain"}) == Settings(
        home=home, database=f"sqlite:///{home / 'silog.db'}", language="en"
    )


def test_every_setting_is_taken() -> None:
    settings = config.read(
        {
            "SILOG_HOME": "/srv/silog",
            "SILOG_DATABASE": "postgresql://silog:s%40fe@db/silog",
            "SILOG_STATION": " Gudang Kota Medan ",
            "SILOG_LANGUAGE": "id",
            "SILOG_HOST": "0.0.0.0",  # noqa: S104
            "SILOG_PORT": "8080",
            "SILOG_TLS": "local",
            "SILOG_SETUP_PORT": "80",
            "SILOG_HOSTS": "Silog.Example.go.id, gudang,",
            "SILOG_PROXY": "127.0.0.1, fd00::/64",
            "SILOG_CAMERA": "0",
            "SILOG_REREAD": "1.5",
            "SILOG_BACKUPS": "/mnt/backups",
            "SILOG_SEALS_REQUIRED": "receive, dispatch,",
            "SILOG_LABELS": r"(?P<serial>KPU\d{6})",
        }
    )

    assert settings == Settings(
        home=Path("/srv/silog"),
        database="postgresql+psycopg://silog:s%40fe@db/silog",
        station="Gudang Kota Medan",
        language="id",
        host="0.0.0.0",  # noqa: S104
        port=8080,
        tls="local",
        own_setup_port=80,
        hosts=("silog.example.go.id", "gudang"),
        proxies=(ip_network("127.0.0.1"), ip_network("fd00::/64")),
        camera="0",
        reread=1.5,
        seals_required=frozenset({Task.RECEIVE, Task.DISPATCH}),
        backup_folder=Path("/mnt/backups"),
        labels=grammar_of(r"(?P<serial>KPU\d{6})"),
    )


def test_an_empty_setting_is_none() -> None:
    empty = dict.fromkeys(config.KNOWN, "")

    assert config.read(empty) == config.read({})


@pytest.mark.parametrize(
    ("home", "found"),
    [("~/silog", Path.home() / "silog"), ("silog", Path.cwd() / "silog")],
)
def test_a_home_is_a_whole_path(home: str, found: Path) -> None:
    settings = config.read({"SILOG_HOME": home})

    assert settings.home == found
    assert settings.file == found / "silog.db"
    assert settings.attachments == found / "attachments"
    assert settings.backups == found / "backups"


def test_a_server_s_certificate_may_be_asked_for() -> None:
    address = "postgresql://silog@db/silog?sslmode=verify-full&sslrootcert=%2Fetc%2Fdb.pem"

    settings = config.read({"SILOG_DATABASE": address})

    url = make_url(settings.database)
    assert dict(url.query) == {"sslmode": "verify-full", "sslrootcert": "/etc/db.pem"}


def test_the_page_for_devices_is_beside_the_station_unless_set() -> None:
    assert config.read({"SILOG_PORT": "9000"}).setup_port == 9001
    assert config.read({"SILOG_SETUP_PORT": "80"}).setup_port == 80


def test_a_server_has_no_file() -> None:
    assert config.read({"SILOG_DATABASE": "postgresql://db/silog"}).file is None


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "id_ID.UTF-8"}, "id"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LC_ALL": "en_US.UTF-8", "LANG": "id_ID.UTF-8"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "id_ID", "LANG": "en_US"}, "id"),
        ({"SILOG_LANGUAGE": "en", "LANG": "id_ID.UTF-8"}, "en"),
    ],
    ids=repr,
)
def test_the_language_is_the_terminals_unless_set(
    environment: dict[str, str], language: str
) -> None:
    assert config.read(environment).language == language


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SILOG_", ""),
        ("SILOG_PROT", "8000"),
        ("SILOG_PORT", "http"),
        ("SILOG_PORT", "0"),
        ("SILOG_PORT", "65536"),
        ("SILOG_PORT", "-1"),
        ("SILOG_PORT", "8_000"),
        ("SILOG_PORT", "٨٠٠٠"),
        ("SILOG_PORT", "9" * 5_000),
        ("SILOG_TLS", "on"),
        ("SILOG_SETUP_PORT", "0"),
        ("SILOG_HOSTS", "https://silog.example"),
        ("SILOG_HOSTS", "silog.example:8000"),
        ("SILOG_HOSTS", "*.example"),
        ("SILOG_PROXY", "1"),
        ("SILOG_PROXY", "proxy.example"),
        ("SILOG_PROXY", "10.0.0.1/24"),
        ("SILOG_LANGUAGE", "ID"),
        ("SILOG_STATION", "two\nlines"),
        ("SILOG_STATION", " "),
        ("SILOG_STATION", "x" * 61),
        ("SILOG_DATABASE", "nonsense"),
        ("SILOG_DATABASE", "mysql://db/silog"),
        ("SILOG_DATABASE", "postgresql://db:port/silog"),
        ("SILOG_REREAD", "0"),
        ("SILOG_REREAD", "601"),
        ("SILOG_REREAD", "3s"),
        ("SILOG_SEALS_REQUIRED", "receive;dispatch"),
        ("SILOG_SEALS_REQUIRED", "Receive"),
        ("SILOG_LABELS", " "),
        ("SILOG_LABELS", r"(?P<serial>(\d+)+)"),
    ],
)
def test_what_is_malformed_or_unknown_is_refused(name: str, value: str) -> None:
    with pytest.raises(Malformed) as refusal:
        config.read({name: value})

    assert refusal.value.code == "setting-refused"


def test_the_refusal_of_a_database_tells_no_password() -> None:
    with pytest.raises(Malformed) as refusal:
        config.read({"SILOG_DATABASE": "mysql://silog:geheim@db/silog"})

    assert "geheim" not in str(refusal.value)


def test_postgresql_without_its_driver_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "find_spec", lambda _: None)

    with pytest.raises(Malformed) as refusal:
        config.read({"SILOG_DATABASE": "postgresql://db/silog"})

    assert "silog-scan[postgres]" in str(refusal.value)
