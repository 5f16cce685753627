"""Backups: make one beside a running station, keep some, restore one on a new computer."""

import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from silog_scan.core.errors import Conflict, NotFound, Refused, say
from silog_scan.core.events import Event
from silog_scan.services import archives, files, ledgers
from silog_scan.services.archives import DATABASE, KEPT, Contents
from silog_scan.store import copies, queries, schema
from silog_scan.store.db import Database

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_HOURLY, _DAILY = 24, 14
_STAMP = "silog-%Y%m%dT%H%M%SZ.zip"
_ROOM = ".silog-backup-"
_BREATH = 50
"""Events checked between two pauses: a millisecond's work, so that no scan waits longer for it."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a backup is made of, and the folder of those that are made by themselves."""

    database: Database
    home: Path
    folder: Path


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup in the folder, by its name."""

    path: Path
    made_at: datetime


# Make one.


def make(holdings: Holdings, path: Path, *, at: datetime, unhurried: bool = False) -> Path:
    """Write a backup to a file, or to a folder under its time; refuse one that fails its check.

    The database is copied before the files beside it: those are written before an event names
    them, so that the backup holds every file its events name. ``unhurried`` leaves room for scans.
    """
    path = path / name_of(at) if path.is_dir() else path
    try:
        _must_be_replaceable(path)
        with tempfile.TemporaryDirectory(prefix=_ROOM, dir=path.parent) as room:
            made = Path(room, "made.zip")
            _write(holdings, made, at)
            _must_be_whole(made, Path(room), unhurried=unhurried)
            made.replace(path)
        files.sync(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    return path


def name_of(at: datetime) -> str:
    """Return the name of a backup made by itself."""
    return at.astimezone(UTC).strftime(_STAMP)


def _must_be_replaceable(path: Path) -> None:
    """Refuse to write over anything but an older backup, above all over the database."""
    try:
        if path.stat().st_size:
            archives.read(path)
    except FileNotFoundError:
        return
    except Refused as error:
        told = say("%(path)s is there already and no backup. Choose another name.", path=path)
        raise Conflict("file-exists", told) from error


def _unwritable(path: Path, error: OSError) -> Refused:
    told = say(
        "The backup %(path)s cannot be written: %(reason)s.",
        path=path,
        reason=error.strerror or str(error),
    )
    return Refused("backup-unwritable", told)


def _write(holdings: Holdings, made: Path, at: datetime) -> None:
    """Write the backup; the copy of the database is gone again before it is checked."""
    copy = made.with_name(DATABASE)
    copies.copy(holdings.database, copy)
    facts = copies.facts(copy)
    contents = Contents(
        facts.schema, facts.station, facts.events, facts.position, made_at=at, files={}
    )
    archives.write(made, contents, [(DATABASE, copy), *_beside(holdings.home)])
    copy.unlink()


def _beside(home: Path) -> Iterator[tuple[str, Path]]:
    """Yield name and path of every file beside the database that a new laptop needs."""
    for kept in KEPT:
        top = home / kept
        for path in [top, *sorted(top.rglob("*"))]:
            if path.is_file() and path.suffix != ".partial":
                yield path.relative_to(home).as_posix(), path


# Check one.


def _must_be_whole(path: Path, room: Path, *, unhurried: bool) -> None:
    """Refuse a backup just made in which a byte, the database or a chain is not as it should be."""
    try:
        archives.unpack(path, room, only=DATABASE)
        _must_be_sound(room / DATABASE, unhurried=unhurried)
    except Refused as refusal:
        told = say("The backup failed its check and was deleted. %(why)s", why=refusal.sentence)
        raise Refused("backup-failed", told) from refusal


def _must_be_sound(file: Path, *, unhurried: bool = False) -> None:
    """Refuse a copy of a database that is damaged, or whose chains are broken."""
    found = copies.problem(file)
    if found is not None:
        told = say("The database in it is damaged: %(what)s.", what=found)
        raise Refused("copy-damaged", told)
    log = copies.events(file)
    try:
        copies.facts(file)
        chains = ledgers.verify(_with_pauses(log) if unhurried else log)
    except (ValueError, TypeError) as error:
        told = say("The database in it is damaged: %(what)s.", what=str(error)[:200])
        raise Refused("copy-damaged", told) from error
    for chain in chains:
        if chain.broken:
            raise Refused("chain-broken", chain.broken.sentence)


def _with_pauses(log: Iterable[Event]) -> Iterator[Event]:
    """Yield events, and leave the interpreter to others most of the time."""
    for number, event in enumerate(log):
        if number % _BREATH == 0:
            time.sleep(0.003)
        yield event


# Keep some.


def backups(folder: Path) -> list[Backup]:
    """Return the backups in a folder that were made by themselves, oldest first."""
    found = []
    for path in sorted(folder.glob("silog-*.zip")):
        try:
            made_at = datetime.strptime(path.name, _STAMP).replace(tzinfo=UTC)
        except ValueError:
            continue  # somebody's own file
        found.append(Backup(path, made_at))
    return found


def newest(folder: Path, at: datetime) -> Backup | None:
    """Return the last backup; one dated by a clock that was wrong does not count."""
    past = [backup for backup in backups(folder) if backup.made_at <= at]
    return past[-1] if past else None


def superfluous(times: Iterable[datetime]) -> set[datetime]:
    """Return which backups may go: not the last of 24 hours, nor the last of 14 days.

    Hours and days without any do not count, so that a station that rested keeps its old ones.
    """
    ordered = sorted(times)
    hourly = {time.replace(minute=0, second=0, microsecond=0): time for time in ordered}
    daily = {time.date(): time for time in ordered}
    kept = {*list(hourly.values())[-_HOURLY:], *list(daily.values())[-_DAILY:]}
    return set(ordered) - kept


def make_and_keep(holdings: Holdings, *, at: datetime, unhurried: bool = False) -> Path:
    """Make a backup in the folder, let superfluous ones go, and return its path."""
    folder = made_folder(holdings)
    path = folder / name_of(at)
    make(holdings, path, at=at, unhurried=unhurried)
    _tidy(folder, at)
    return path


def made_folder(holdings: Holdings) -> Path:
    """Return the folder of backups, which is made if need be."""
    try:
        holdings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(holdings.folder, error) from error
    return holdings.folder


def _tidy(folder: Path, at: datetime) -> None:
    """Remove superfluous backups, and what a power cut left of an unfinished one."""
    going = superfluous(backup.made_at for backup in backups(folder))
    for backup in backups(folder):
        if backup.made_at in going:
            backup.path.unlink(missing_ok=True)
    for left in folder.glob(f"{_ROOM}*"):
        if left.stat().st_mtime < (at - DAY).timestamp():
            shutil.rmtree(left, ignore_errors=True)


def is_due(holdings: Holdings, at: datetime) -> bool:
    """Say whether a backup is to be made: an hour after the last if anything came, daily anyway."""
    last = newest(holdings.folder, at)
    if last is None or at - last.made_at >= DAY:
        return True
    if at - last.made_at < HOUR:
        return False
    try:
        known = archives.read(last.path).position
    except Refused:
        return True
    with holdings.database.reading() as session:
        return queries.newest_position(session) != known


# Restore one.


def must_be_there(path: Path) -> None:
    """Refuse a file that is not there or cannot be read, before anything is made."""
    try:
        archives.read(path)
    except OSError as error:
        told = say("%(path)s cannot be read: %(why)s.", path=path, why=error.strerror or str(error))
        raise NotFound("no-backup", told) from error


def restore(holdings: Holdings, path: Path) -> Contents:
    """Make a data home of a backup, all of it or nothing; what is there already is refused.

    All is unpacked and checked in a folder within the home, so that laying it in place is only
    renaming, whatever disk the home is on. The database comes last: without it there is no station.
    """
    _must_be_free(holdings)
    for left in holdings.home.glob(f"{_ROOM}*"):
        shutil.rmtree(left)
    try:
        with tempfile.TemporaryDirectory(prefix=_ROOM, dir=holdings.home) as room:
            contents = archives.unpack(path, Path(room))
            if contents.schema > schema.NEWEST:
                raise schema.newer(contents.schema)
            _must_be_sound(Path(room, DATABASE))
            _lay_in_place(holdings, Path(room))
    except OSError as error:
        raise Refused(
            "home-unwritable",
            say(
                "The data folder %(home)s cannot be written: %(reason)s.",
                home=holdings.home,
                reason=error.strerror or str(error),
            ),
        ) from error
    return contents


def _must_be_free(holdings: Holdings) -> None:
    """Refuse to write over anything; a WAL left alone would be played into the new database."""
    file = file_of(holdings.database)
    wanted = [holdings.home / name for name in KEPT]
    if file:
        wanted += [file.with_name(file.name + end) for end in ("-wal", "-journal", "")]
    there = [path for path in wanted if path.exists()]
    if there:
        told = say(
            "%(path)s is there already, and nothing is written over. Move it away, or choose "
            "another folder by SILOG_HOME.",
            path=there[-1],
        )
        raise Conflict("home-exists", told)
    if file is None and not copies.is_empty(holdings.database):
        told = say("The database is not empty, and nothing is written over. Make a new one.")
        raise Conflict("home-exists", told)


def file_of(database: Database) -> Path | None:
    """Return the file of SQLite, None of a server's database."""
    return Path(database.engine.url.database or "") if database.is_sqlite else None


def _lay_in_place(holdings: Holdings, room: Path) -> None:
    file = file_of(holdings.database)
    moves = [(room / name, holdings.home / name) for name in KEPT if (room / name).exists()]
    if file:
        _move([*moves, (room / DATABASE, file)])
        return
    with copies.load(room / DATABASE, holdings.database):  # its commit comes last
        _move(moves)


def _move(moves: Iterable[tuple[Path, Path]]) -> None:
    """Move everything to where it belongs; what was moved before one failed is taken back."""
    with ExitStack() as undo:
        for source, target in moves:
            shutil.move(source, target)
            undo.callback(shutil.move, target, source)
            files.sync(target.parent)
        undo.pop_all()
