"""Look a station over: one line for each thing that must work, ok or what to do."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from silog_scan.core.errors import Refused, Sentence, say
from silog_scan.services import backups, certificates, checkpoints, damage, ledgers
from silog_scan.services.backups import Holdings
from silog_scan.services.certificates import Names
from silog_scan.store import ledger, queries, schema
from silog_scan.store.db import Database

_LITTLE_DISK = 2 * 2**30
_NETWORK_DRIVES = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs"}
# The day this was written: a clock before it is wrong, whatever it says.
_EARLIEST = datetime(2026, 11, 1, tzinfo=UTC)


_PATIENCE = 2.0
"""Seconds to look at the chains: about a hundred thousand events."""
_MOST_OF_A_CORE = 0.6
_OLD = timedelta(hours=26)
"""A station that serves makes a backup a day at least, give or take."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    name: str
    ok: bool
    sentence: Sentence


def examine(
    holdings: Holdings, *, camera: str, tls: tuple[Path, Names], at: datetime
) -> list[Finding]:
    """Return the findings in the order in which one would mend them.

    ``tls`` is the folder of the station's own certificate, and what it should be for.
    """
    database, home = holdings.database, holdings.home
    return [
        *_database(holdings, at),
        _disk(home),
        _clock(database, at),
        *_ledger(holdings),
        _certificate(*tls, at),
        _backup(holdings.folder, at),
        *_engines(),
        _speed(has_camera=camera != "none"),
        _camera(camera),
    ]


def _database(holdings: Holdings, at: datetime) -> list[Finding]:
    database = holdings.database
    try:
        with damage.named(holdings, at), _looked_at(database) as session:
            if session is None:
                told = say("There is no station here yet. Make one with: silog-scan init")
                return [Finding("database", False, told)]
            damage.is_seen_whole(holdings, damage.AT_START)
            return [_durability(session, database), _drive(database, holdings.home)]
    except Refused as refusal:
        return [Finding("database", False, refusal.sentence)]


@contextmanager
def _looked_at(database: Database) -> Iterator[Session | None]:
    """Give a session, or None where no station was made; nothing is left behind by looking."""
    if database.is_sqlite and not Path(database.engine.url.database or "").exists():
        yield None
        return
    with database.reading() as session:
        yield session if schema.current(session.connection()) else None


def _durability(session: Session, database: Database) -> Finding:
    if database.is_sqlite:
        mode = session.scalar(text("PRAGMA synchronous"))
        durable, shown = mode == 2, f"SQLite, synchronous={mode}"  # noqa: PLR2004  # 2 is FULL
    else:
        mode = session.scalar(text("SHOW synchronous_commit"))
        durable, shown = mode == "on", f"PostgreSQL, synchronous_commit={mode}"
    events = queries.newest_position(session)
    if durable:
        told = say("%(what)s, %(n)s events.", what=shown, n=events)
        return Finding("database", True, told)
    told = say(
        "%(what)s: an answer could be lost with the power. Set it to full or on.", what=shown
    )
    return Finding("database", False, told)


def _drive(database: Database, home: Path) -> Finding:
    kind = _file_system(home) if database.is_sqlite else None
    if kind in _NETWORK_DRIVES:
        told = say(
            "The data folder is on a network drive (%(kind)s), where SQLite loses data. "
            "Move it to a disk of this computer, or use PostgreSQL.",
            kind=kind,
        )
        return Finding("drive", False, told)
    return Finding("drive", True, say("The data folder is on a local disk."))


def _file_system(path: Path) -> str | None:
    """Return the kind of file system a path lies on, where Linux tells."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return None
    found = ("", None)
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        _, point, kind, *_ = line.split(" ")
        if path.is_relative_to(point) and len(point) >= len(found[0]):
            found = (point, kind)  # type: ignore[assignment]  # the first is empty
    return found[1]


def _disk(home: Path) -> Finding:
    free = shutil.disk_usage(home if home.exists() else home.anchor).free
    shown = f"{free / 2**30:.1f}"
    if free < _LITTLE_DISK:
        return Finding("disk", False, say("Only %(gb)s GB are free. Make room.", gb=shown))
    return Finding("disk", True, say("%(gb)s GB are free.", gb=shown))


def _clock(database: Database, at: datetime) -> Finding:
    """Compare the clock with the newest event: one that goes back would date events wrongly."""
    try:
        with _looked_at(database) as session:
            newest = queries.newest_time(session) if session else None
    except Refused:
        newest = None
    if at < max(newest or _EARLIEST, _EARLIEST):
        told = say(
            "The clock says %(now)s, which is before the newest event. Set the clock.",
            now=at.isoformat(timespec="minutes"),
        )
        return Finding("clock", False, told)
    return Finding("clock", True, say("%(now)s UTC.", now=f"{at:%Y-%m-%d %H:%M}"))


def _ledger(holdings: Holdings) -> list[Finding]:
    """Look whether the chains are whole, for some seconds, and whether their key is there."""
    try:
        with _looked_at(holdings.database) as session:
            if session is None:
                return []
            return [_chains(session), _key(session, holdings.home)]
    except Refused as refusal:
        return [Finding("ledger", False, refusal.sentence)]


def _chains(session: Session) -> Finding:
    until = time.monotonic() + _PATIENCE
    log = takewhile(lambda _: time.monotonic() < until, ledgers.log_of(session))
    chains = ledgers.verify(log)
    broken = next((chain.broken for chain in chains if chain.broken), None)
    if broken:
        return Finding("ledger", False, broken.sentence)
    seen = sum(chain.head.sequence for chain in chains)
    if seen < ledger.size(session):
        told = say("The first %(n)s events are unbroken. All: silog-scan ledger verify", n=seen)
        return Finding("ledger", True, told)
    return Finding("ledger", True, say("%(n)s events, unbroken.", n=seen))


def _key(session: Session, home: Path) -> Finding:
    """Look for the signing key; a ledger without any checkpoint yet gets one with its first."""
    if checkpoints.public_key(session) is None:
        return Finding("key", True, say("It is made with the first checkpoint."))
    try:
        vkey = checkpoints.signer_of(session, home / "keys").vkey
    except Refused as refusal:
        return Finding("key", False, refusal.sentence)
    return Finding("key", True, Sentence("%(vkey)s", {"vkey": vkey}))


def _certificate(folder: Path, names: Names, at: datetime) -> Finding:
    """Look at the station's own certificate; one of the user's is a browser's to judge."""
    try:
        authority = certificates.found(folder)
    except Refused as refusal:
        return Finding("certificate", False, refusal.sentence)
    if authority is None:
        told = say("None of the station's own. Cameras of phones need it: serve --tls local")
        return Finding("certificate", True, told)
    server = certificates.served(folder)
    trouble = certificates.trouble(folder, authority, server, names, at)
    if trouble or server is None:
        return Finding("certificate", False, trouble or say("It is made by the next start."))
    told = say(
        "%(names)s: %(days)s days left, renewed by itself. SHA-256 of the authority: %(print)s",
        names=server.names,
        days=(server.ends - at).days,
        print=authority.fingerprint,
    )
    return Finding("certificate", True, told)


def _backup(folder: Path, at: datetime) -> Finding:
    last = backups.newest(folder, at)
    if last is None:
        told = say("There is no backup in %(folder)s. Make one: silog-scan backup", folder=folder)
        return Finding("backup", False, told)
    age = at - last.made_at
    shown = f"{age / timedelta(hours=1):.1f}"
    if age > _OLD:
        told = say(
            "The last backup is %(hours)s hours old. Make one: silog-scan backup", hours=shown
        )
        return Finding("backup", False, told)
    told = say("The last backup is %(hours)s hours old: %(path)s", hours=shown, path=last.path)
    return Finding("backup", True, told)


def _engines() -> list[Finding]:
    from silog_scan.vision import engines  # noqa: PLC0415  # loads every engine

    return [
        Finding(
            f"engine {state.name}",
            state.problem is None,
            state.problem or say("version %(version)s", version=state.version),
        )
        for state in engines.available()
    ]


def _speed(*, has_camera: bool) -> Finding:
    """Measure what a camera of 1920 by 1080 at 30 frames a second takes of a core; none is fine."""
    from silog_scan.vision.film import share_of_core  # noqa: PLC0415

    try:
        share = share_of_core()
    except Refused as refusal:
        return Finding("speed", False, refusal.sentence)
    if has_camera and share > _MOST_OF_A_CORE:
        told = say(
            "Reading a full HD film takes %(share)s of a core, more than is good. Set the camera "
            "to 1280 by 720, or close other programs.",
            share=f"{share:.2f}",
        )
        return Finding("speed", False, told)
    told = say("Reading a full HD film takes %(share)s of a core.", share=f"{share:.2f}")
    return Finding("speed", True, told)


def _camera(source: str) -> Finding:
    """Open the camera once and let it go; none is fine, phones and scanners need none."""
    if source == "none":
        return Finding("camera", True, say("None on this computer: phones, scanners and photos."))
    from silog_scan.vision.sources import frames, parse  # noqa: PLC0415

    try:
        frame = next(iter(frames(parse(source))))
    except (Refused, StopIteration) as error:
        told = error.sentence if isinstance(error, Refused) else say("The camera shows nothing.")
        return Finding("camera", False, told)
    height, width = frame.grey.shape[:2]
    return Finding(
        "camera", True, say("%(width)s x %(height)s pixels.", width=width, height=height)
    )
