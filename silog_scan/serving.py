"""The server process: granian with one worker that owns database, camera and writer.

Nothing here opens a database or a camera before the fork: the parent only looks whether the port
and the data home are free, and the worker holds the home's lock as long as it lives. Tried, with
its traps: two granians on one port both start and share the requests, so the port is probed by a
plain bind; a parent killed outright leaves its worker writing, so the worker asks the kernel to
end it too; an open stream blocks the end for ever, so workers are killed after two seconds; a new
certificate is read by a new worker only, which waits for the lock of the one it replaces.
"""

import ctypes
import json
import logging
import os
import secrets
import shutil
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from multiprocessing import SimpleQueue
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from silog_scan import config, language
from silog_scan.config import Settings
from silog_scan.core import codes
from silog_scan.core.errors import Conflict, Malformed, Refused, say

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy.orm import Session

    from silog_scan.services.actors import Actor
    from silog_scan.services.backups import Holdings
    from silog_scan.services.certificates import Names
    from silog_scan.store.db import Database

DEMO_FOLDER = "silog-scan-demo"
DEMO_PLACE = "12.71"
DEMO_MANIFEST = "SJ-1271-0147"
_NEVER_CAME = 15
"""Every fifteenth line of the sample never comes, so that something is missing."""
_A_MINUTE = 60.0
_ENDING = 15.0
"""Seconds in which a worker ends that another replaces: granian's 3.5, the kill after 2, spare."""
_MOMENT = 0.05
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Serving:
    """What ``serve`` was asked for."""

    settings: Settings
    cert: Path | None = None
    key: Path | None = None
    workers: int = 1
    demo_secret: str | None = None
    listening: str = "127.0.0.1"

    @property
    def makes_certificate(self) -> bool:
        """Say whether the station is its own authority."""
        return self.settings.tls == "local"

    @property
    def address(self) -> str:
        """Return what to open in a browser on this computer."""
        scheme = "https" if self.cert else "http"
        host = self.settings.host
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  # compared
        shown = f"[{shown}]" if ":" in shown else shown
        return f"{scheme}://{shown}:{self.settings.port}"


def now() -> datetime:
    """Read the clock: the one place where a server does."""
    return datetime.now(UTC)


def serve(serving: Serving) -> None:
    """Serve until stopped; refuse a port or a data home that is taken, or what the worker does."""
    address = _free_address(serving.settings.host, serving.settings.port)
    if serving.makes_certificate:
        _free_address(serving.settings.host, serving.settings.setup_port, option="--setup-port")
    elif serving.cert and serving.key:
        _must_be_usable(serving.cert, serving.key)
    with stopped(serving.settings.home):  # only a look: the worker holds the lock
        if serving.makes_certificate:
            serving = certified(serving, address)
    refusals: SimpleQueue[Refused] = SimpleQueue()
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    server = Granian(
        "silog_scan.serving:load",
        address=address,
        port=serving.settings.port,
        interface=Interfaces.WSGI,
        workers=serving.workers,
        blocking_threads=32,
        factory=True,
        workers_kill_timeout=2,
        log_level=LogLevels.error,
        ssl_cert=serving.cert,
        ssl_key=serving.key,
    )
    if serving.makes_certificate:
        server.on_startup(partial(stay_certified, serving, server.signal_handler_reload))
    # The worker's own words are enough: "Unexpected exit from worker-1" adds nothing.
    logging.getLogger("_granian").addFilter(lambda _: refusals.empty())
    try:
        server.serve(target_loader=partial(load, serving, refusals))
    except SystemExit:
        if refusals.empty():
            raise
        raise refusals.get() from None


def _free_address(host: str, port: int, *, option: str = "--port") -> str:
    """Return the host's number, or refuse a port that cannot be used there."""
    try:
        family, *_, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            if os.name != "nt":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OSError as error:
        raise Conflict(
            "port-taken",
            say(
                "Port %(port)s on %(host)s cannot be used (%(reason)s). Is the station "
                "running already? Else choose another with %(option)s.",
                option=option,
                port=port,
                host=host,
                reason=error.strerror or str(error),
            ),
        ) from error
    return str(where[0])


def _must_be_usable(cert: Path, key: Path) -> None:
    """Refuse a certificate and key that are none, do not belong together, or are locked."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password=str)
    except (OSError, ValueError) as error:
        told = say(
            "%(cert)s and %(key)s are no certificate and its open key, both in PEM.",
            cert=cert,
            key=key,
        )
        raise Malformed("setting-refused", told) from error


def wanted_names(settings: Settings, listening: str) -> "Names":
    """Return what the station's certificate should be for, listening on an address."""
    from silog_scan.services import certificates, network

    reached = network.addresses(listening)
    return certificates.wanted(network.hostname(), settings.hosts, reached)


def anywhere(settings: Settings) -> str:
    """Return the address that ``serve`` listens on, any where only its options may tell."""
    is_told = settings.host not in ("127.0.0.1", "localhost") and ":" not in settings.host
    try:
        return socket.gethostbyname(settings.host) if is_told else "0.0.0.0"  # noqa: S104
    except OSError:
        return "0.0.0.0"  # noqa: S104


def certified(serving: Serving, listening: str) -> Serving:
    """Return how to serve with the station's own certificate, made or renewed where needed."""
    from silog_scan.services import certificates

    settings = serving.settings
    names = wanted_names(settings, listening)
    _, file = certificates.current(settings.certificates, names, now())
    return replace(serving, cert=file, key=file, listening=listening)


def stay_certified(serving: Serving, reload: Callable[[], None]) -> None:
    """Look each minute whether the certificate is still good, and have a renewed one read."""

    def renew() -> None:
        before = serving.cert.read_bytes() if serving.cert else b""
        certified(serving, serving.listening)
        if serving.cert and serving.cert.read_bytes() != before:
            told = say("The certificate was renewed; devices need nothing.")
            print(told.in_words(language.translator(serving.settings.language)), flush=True)  # noqa: T201
            reload()

    _every(_A_MINUTE, renew, first=_A_MINUTE)  # not before the worker was forked


def lock(home: Path, worker: int = 0) -> FileLock:
    """Return the lock of a data home, which its serving worker holds."""
    return FileLock(home / f"serve-{worker}.lock", timeout=0)


@contextmanager
def stopped(home: Path) -> Iterator[None]:
    """Hold the data home's lock; refuse while a station serves it, and a disk that is read-only."""
    held = lock(home)
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        held.acquire()
    except Timeout as error:
        raise _taken(home) from error
    except OSError as error:
        raise Refused(
            "home-unwritable",
            say(
                "The data folder %(home)s cannot be written: %(reason)s.",
                home=home,
                reason=error.strerror or str(error),
            ),
        ) from error
    try:
        yield
    finally:
        held.release()


def _taken(home: Path) -> Conflict:
    return Conflict(
        "home-taken",
        say("A station is serving %(home)s already. Stop it first, or use its page.", home=home),
    )


# The worker.


def load(serving: Serving, refusals: "SimpleQueue[Refused]", *_: object) -> Callable[..., Any]:
    """Open the station in the worker and return its WSGI application, or tell the parent why not.

    A worker that ends takes its parent with it: granian starts none again unless asked to.
    """
    _die_with_parent()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        return _open(serving)
    except Refused as refusal:
        refusals.put(refusal)
        os._exit(1)


def _die_with_parent() -> None:
    """Ask Linux to stop this worker when its parent is gone, however that went."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _open(serving: Serving) -> Callable[..., Any]:

    from silog_scan.app import create_app
    from silog_scan.services import accounts
    from silog_scan.store.db import Database
    from silog_scan.store.writer import Writer
    from silog_scan.web.context import Backend

    settings = serving.settings
    codes.speak(settings.labels)
    held = _hold(settings.home, serving.workers)
    database = Database(settings.database)
    is_seen_whole = _open_home(settings, database)
    if settings.demo:
        _fill(settings, database)
    with database.reading() as session:
        accounts.own_station(session)
    _mind_the_clock(settings, database)
    writer = Writer(database)
    backend = Backend(settings, database, writer, now, watch=_watch(settings, writer))
    if serving.demo_secret:
        backend.demo_secrets.add(serving.demo_secret)
    app = create_app(backend, tls=serving.cert is not None)
    app.extensions["silog_lock"] = held
    is_first = held.lock_file == lock(settings.home).lock_file
    if serving.makes_certificate:
        _tell_devices(app, serving, answers=is_first)
    if not settings.demo and is_first:
        backend.keeper.start(seen=is_seen_whole)
    if is_first:
        _every(_A_MINUTE, backend.make_checkpoint_if_due)
    print(_greeting(app, serving), flush=True)  # noqa: T201
    return app


def _tell_devices(app: "Flask", serving: Serving, *, answers: bool) -> None:
    """Let the pages, and a small server over plain HTTP, say how a device comes to trust us."""
    from silog_scan.services import certificates
    from silog_scan.web import setup

    authority = certificates.found(serving.settings.certificates)
    if authority is None:
        return
    found = setup.Setup(serving.settings, serving.listening, authority)
    app.extensions[setup.KEY] = found
    until = time.monotonic() + _ENDING
    while answers and time.monotonic() < until:
        # A worker that ends lets go of its lock and of this port, in whatever order.
        with suppress(OSError):
            setup.start(app, found)
            return
        time.sleep(_MOMENT)
    if answers:
        _free_address(serving.settings.host, serving.settings.setup_port, option="--setup-port")


def _every(seconds: float, act: Callable[[], None], *, first: float = 0) -> None:
    """Do something now and then in a thread of its own, for as long as the process lives."""
    log = logging.getLogger("silog_scan")

    def go_on() -> None:
        time.sleep(first)
        while True:
            try:
                act()
            except Refused as refusal:
                log.error("%s: %s", act.__name__, refusal)  # noqa: TRY400  # it tells all
            except Exception:
                log.exception("%s failed", act.__name__)
            time.sleep(seconds)

    threading.Thread(target=go_on, name=act.__name__, daemon=True).start()


def _mind_the_clock(settings: Settings, database: "Database") -> None:
    """Say, and record, that this computer's clock is behind what was recorded already."""
    from silog_scan.services import accounts, clocks
    from silog_scan.store import queries

    at = now()
    with database.reading() as session:
        actor, newest = accounts.cli_actor(session), queries.newest_time(session)
    if newest is None or newest - at <= clocks.TOLERATED:
        return
    told = say(
        "The clock of this computer says %(now)s, which is before the newest event (%(newest)s). "
        "Set it: events are dated by it.",
        now=f"{at:%Y-%m-%d %H:%M} UTC",
        newest=f"{newest:%Y-%m-%d %H:%M} UTC",
    )
    print(told.in_words(language.translator(settings.language)), file=sys.stderr)  # noqa: T201
    seconds = round((at - newest).total_seconds())
    with database.writing() as session:
        clocks.record(session, actor, seconds=seconds, at=at)


def holdings(settings: Settings, database: "Database") -> "Holdings":
    """Return what backups are made of."""
    from silog_scan.services.backups import Holdings

    return Holdings(database, settings.home, settings.backups)


def _open_home(settings: Settings, database: "Database") -> bool:
    """Refuse a damaged home, bring an older one up to date; say whether all of it was seen."""
    from silog_scan.services import damage, upgrades

    held = holdings(settings, database)
    with damage.named(held, now()):
        is_seen_whole = damage.is_seen_whole(held, damage.AT_START)
        upgrade = upgrades.open_home(held, now())
        damage.must_not_be_emptied(held, now())
    if upgrade:
        told = upgrade.sentence.in_words(language.translator(settings.language))
        print(told, file=sys.stderr, flush=True)  # noqa: T201
    return is_seen_whole


def _hold(home: Path, workers: int) -> FileLock:
    """Take the first free lock of the home, one for each worker; one that ends has its seconds."""
    until = time.monotonic() + _ENDING
    while time.monotonic() < until:
        for worker in range(workers):
            found = lock(home, worker)
            with suppress(Timeout):
                found.acquire()
                return found
        time.sleep(_MOMENT)
    raise _taken(home)


def _watch(settings: Settings, writer: Any) -> Any:  # noqa: ANN401  # imported where needed
    if settings.camera == "none":
        return None
    from silog_scan.services.watching import Watch
    from silog_scan.vision.cameras import Camera
    from silog_scan.vision.sources import parse

    camera = Camera(parse(settings.camera))
    # A demonstration's film waits until somebody looks: it plays once.
    watch = Watch(
        camera,
        writer,
        now,
        settings.seals_required,
        waits=settings.demo,
        reread=settings.reread,
    )
    return watch.start()


def _greeting(app: "Flask", serving: Serving) -> str:
    if serving.demo_secret:
        return f"Open {serving.address}/#demo={serving.demo_secret}"
    if serving.makes_certificate:
        return _greeting_to_devices(app, serving)
    return f"Open {serving.address}"


def _greeting_to_devices(app: "Flask", serving: Serving) -> str:
    """Return where the station is, and where a device gets its certificate; once is enough."""
    from silog_scan.services import certificates
    from silog_scan.web import setup

    found = app.extensions[setup.KEY]
    told = [
        say("Once on each device: %(page)s", page=found.page),
        say("SHA-256 of the certificate: %(print)s", print=found.authority.fingerprint),
    ]
    if found.left_out:
        told.append(certificates.not_vouched_for(found.left_out))
    if not found.reaches_others:
        told.append(say("Only this computer can come: for others start with --host 0.0.0.0"))
    translate = language.translator(serving.settings.language)
    lines = [sentence.in_words(translate) for sentence in told]
    return "\n".join([f"Open {found.addresses[0]}", *lines])


# The demonstration.


def demonstration(settings: Settings) -> Serving:
    """Make the sample delivery's home anew and return how to serve it, on loopback only."""
    # By a name of its own, as the folder is emptied: SILOG_HOME may hold anything.
    home = config.default_home().with_name(DEMO_FOLDER)
    if "SILOG_HOME" in os.environ:
        home = settings.home / DEMO_FOLDER
    _free_address("127.0.0.1", settings.port)
    with stopped(home):
        pass
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    settings = replace(
        settings,
        home=home,
        database=f"sqlite:///{home / 'silog.db'}",
        host="127.0.0.1",
        demo=True,
        tls="off",
        backup_folder=None,
        camera=settings.camera if settings.camera != "none" else str(fixture("film.mjpeg")),
    )
    return Serving(settings, demo_secret=secrets.token_urlsafe(24))


def fixture(name: str) -> Path:
    """Return a file of the sample delivery: in the package once installed, beside it else."""
    here = Path(__file__).parent
    packaged = here / "fixtures" / name
    return packaged if packaged.exists() else here.parent / "fixtures" / name


def _fill(settings: Settings, database: "Database") -> None:
    """Found the demonstration's home and import its manifest."""
    from silog_scan.services import accounts, homes, imports, labels
    from silog_scan.services.passwords import NewPassword

    at = now()
    password = NewPassword(secrets.token_urlsafe(24))  # nobody needs it: the link signs in
    founding = homes.Founding(DEMO_PLACE, DEMO_PLACE, "Gudang Kota Medan", "demo", password)
    with database.writing() as session:
        homes.found(session, founding, at)
        actor = accounts.cli_actor(session)
        imports.bring(
            session, actor, fixture(f"{DEMO_MANIFEST}.csv").read_bytes(), at=at,
            attachments=settings.attachments,
        )  # fmt: skip
        session.flush()
        packages = labels.codes_of_manifest(session, actor, DEMO_MANIFEST)
        labels.make(session, actor, packages, kind=labels.Kind("code128"), at=at)
        _unload_first_lorry(session, actor, at)


def _unload_first_lorry(session: "Session", actor: "Actor", at: datetime) -> None:
    """Receive most of the sample before the film begins; what it shows is left, and some more."""
    from silog_scan.core.stock import Task
    from silog_scan.services import scanning
    from silog_scan.store import queries

    shown = {label["text"] for label in json.loads(fixture("film.json").read_text())["shown"]}
    scans = []
    for line in queries.lines(session, DEMO_MANIFEST, Task.RECEIVE):
        text = line.package or f"SLG-ITEM-{line.item}"
        if text not in shown and line.number % _NEVER_CAME:
            scans.append(
                scanning.scan_of(
                    text,
                    actor=actor,
                    task=Task.RECEIVE,
                    place=DEMO_PLACE,
                    at=at,
                    manifest=DEMO_MANIFEST,
                    quantity=None if line.package else line.quantity,
                    source="wedge",
                )
            )
    scanning.record(
        session,
        [scanning.Submission(actor, Task.RECEIVE, DEMO_PLACE, tuple(scans), at, DEMO_MANIFEST)],
    )
