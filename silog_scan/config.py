"""Settings, read once from the environment, strictly: what is malformed or unknown is refused."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

import platformdirs
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from silog_scan.core.agreement import WINDOW
from silog_scan.core.errors import Malformed, Sentence, say
from silog_scan.core.grammar import OURS, Grammar, grammar_of
from silog_scan.core.stock import Task

KNOWN = (
    "SILOG_HOME",
    "SILOG_DATABASE",
    "SILOG_STATION",
    "SILOG_LANGUAGE",
    "SILOG_HOST",
    "SILOG_PORT",
    "SILOG_TLS",
    "SILOG_SETUP_PORT",
    "SILOG_HOSTS",
    "SILOG_PROXY",
    "SILOG_CAMERA",
    "SILOG_REREAD",
    "SILOG_BACKUPS",
    "SILOG_SEALS_REQUIRED",
    "SILOG_LABELS",
)
LANGUAGES = ("id", "en")
TLS = ("local", "off")
_MOST_STATION = 60
_LONGEST_PORT = 5
_LONGEST_REREAD = 600
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the data is and how the station behaves."""

    home: Path
    database: str
    station: str | None = None
    language: str = "id"
    host: str = "127.0.0.1"
    port: int = 8000
    tls: str = "off"
    own_setup_port: int | None = None
    hosts: tuple[str, ...] = ()
    proxies: tuple[Network, ...] = ()
    camera: str = "none"
    reread: float = WINDOW
    seals_required: frozenset[Task] = frozenset()
    demo: bool = False
    backup_folder: Path | None = None
    labels: Grammar = OURS

    @property
    def file(self) -> Path | None:
        """Return the SQLite database's file, or None when the database is a server's."""
        url = make_url(self.database)
        return Path(url.database or "") if url.get_backend_name() == "sqlite" else None

    @property
    def attachments(self) -> Path:
        """Return the folder of imported files and their normalised lines, by SHA-256."""
        return self.home / "attachments"

    @property
    def keys(self) -> Path:
        """Return the folder of the signing key, which is not in the database."""
        return self.home / "keys"

    @property
    def certificates(self) -> Path:
        """Return the folder of the station's own authority and certificate, which no backup has."""
        return self.home / "tls"

    @property
    def setup_port(self) -> int:
        """Return where devices get the authority's certificate over plain HTTP."""
        return self.own_setup_port or self.port + 1

    @property
    def backups(self) -> Path:
        """Return the folder of the backups that are made by themselves."""
        return self.backup_folder or self.home / "backups"


def default_home() -> Path:
    """Return the platform's folder for a user's data."""
    return Path(platformdirs.user_data_dir("silog-scan", appauthor=False))


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of an environment; an unknown or malformed ``SILOG_`` name is refused."""
    for name in environment:
        if name.startswith("SILOG_") and name not in KNOWN:
            raise _refused(
                say(
                    "%(name)s is no setting of this program. Known are %(known)s.",
                    name=name,
                    known=", ".join(KNOWN),
                ),
            )
    home = Path(environment.get("SILOG_HOME") or default_home()).expanduser().absolute()
    return Settings(
        home=home,
        database=_database(environment.get("SILOG_DATABASE"), home),
        station=station_name(environment["SILOG_STATION"])
        if environment.get("SILOG_STATION")
        else None,
        language=_language(environment),
        host=environment.get("SILOG_HOST") or "127.0.0.1",
        port=_port("SILOG_PORT", environment.get("SILOG_PORT") or "8000"),
        tls=_tls(environment.get("SILOG_TLS") or "off"),
        own_setup_port=_setup_port(environment),
        hosts=_hosts(environment.get("SILOG_HOSTS", "")),
        proxies=_proxies(environment.get("SILOG_PROXY", "")),
        camera=environment.get("SILOG_CAMERA") or "none",
        reread=_reread(environment.get("SILOG_REREAD")),
        seals_required=_tasks(environment.get("SILOG_SEALS_REQUIRED", "")),
        backup_folder=_folder(environment.get("SILOG_BACKUPS")),
        labels=_labels(environment.get("SILOG_LABELS")),
    )


def station_name(text: str) -> str:
    """Return the name of a station, or refuse one that a line of text could not hold."""
    name = text.strip()
    if not name or len(name) > _MOST_STATION or not name.isprintable():
        raise _refused(
            say(
                "A station's name is a line of 1 to %(most)s characters; %(name)s is not.",
                most=_MOST_STATION,
                name=repr(text),
            ),
        )
    return name


def _refused(sentence: Sentence) -> Malformed:
    return Malformed("setting-refused", sentence)


def _database(text: str | None, home: Path) -> str:
    if not text:
        return f"sqlite:///{home / 'silog.db'}"
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        url = None
    if url is None or url.get_backend_name() not in ("sqlite", "postgresql"):
        raise _refused(
            say(
                "SILOG_DATABASE is not an address this program knows. "
                "Write postgresql://user:password@host/name, or leave it out for SQLite."
            ),
        )
    if url.get_backend_name() == "postgresql":
        if find_spec("psycopg") is None:
            raise _refused(
                say("PostgreSQL needs its driver. Install it: pip install 'silog-scan[postgres]'")
            )
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    return text


def _folder(text: str | None) -> Path | None:
    return Path(text).expanduser().absolute() if text else None


def _language(environment: Mapping[str, str]) -> str:
    """Return the command line's language: the setting, else the terminal's, else Indonesian."""
    asked = environment.get("SILOG_LANGUAGE")
    if asked:
        if asked not in LANGUAGES:
            raise _refused(say("SILOG_LANGUAGE is id or en, not %(text)s.", text=asked))
        return asked
    terminal = [environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    return "id" if (next(filter(None, terminal), None) or "").startswith("id") else "en"


def _port(name: str, text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST_PORT and 0 < int(text) < 2**16:
        return int(text)
    raise _refused(say("%(name)s is a number from 1 to 65535, not %(text)s.", name=name, text=text))


def _setup_port(environment: Mapping[str, str]) -> int | None:
    text = environment.get("SILOG_SETUP_PORT")
    return _port("SILOG_SETUP_PORT", text) if text else None


def _reread(text: str | None) -> float:
    """Return the seconds a code must have been out of the camera's view to be taken again."""
    if not text:
        return WINDOW
    seconds = float(text) if re.fullmatch(r"\d{1,3}(\.\d{1,3})?", text, re.ASCII) else 0.0
    if not 0 < seconds <= _LONGEST_REREAD:
        raise _refused(
            say(
                "SILOG_REREAD is a number of seconds up to %(most)s, such as 3, not %(text)s.",
                most=_LONGEST_REREAD,
                text=text,
            ),
        )
    return seconds


def _tls(text: str) -> str:
    if text not in TLS:
        raise _refused(say("SILOG_TLS is local or off, not %(text)s.", text=text))
    return text


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _hosts(text: str) -> tuple[str, ...]:
    names = [name.lower().rstrip(".") for name in _listed(text)]
    wrong = [name for name in names if not _HOST.fullmatch(name)]
    if wrong:
        raise _refused(
            say(
                "SILOG_HOSTS lists names such as silog.example.go.id, without https:// and port; "
                "%(text)s is none.",
                text=", ".join(wrong),
            ),
        )
    return tuple(names)


def _proxies(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(part) for part in _listed(text))
    except ValueError:
        raise _refused(
            say(
                "SILOG_PROXY lists addresses or networks of proxies, such as 127.0.0.1 or "
                "10.0.0.0/24; %(text)s does not.",
                text=text,
            ),
        ) from None


def _labels(text: str | None) -> Grammar:
    if not text:
        return OURS
    try:
        return grammar_of(text)
    except Malformed as refusal:
        raise _refused(
            say("SILOG_LABELS is malformed. %(reason)s", reason=refusal.sentence)
        ) from None


def _tasks(text: str) -> frozenset[Task]:
    names = _listed(text)
    wrong = [name for name in names if name not in list(Task)]
    if wrong:
        raise _refused(
            say(
                "SILOG_SEALS_REQUIRED lists tasks such as receive,dispatch; %(text)s is none.",
                text=", ".join(wrong),
            ),
        )
    return frozenset(Task(name) for name in names)
