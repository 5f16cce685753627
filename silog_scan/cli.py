"""The command line: parse, call one service, print."""

import getpass
import io
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from silog_scan import config, language, serving
from silog_scan.config import Settings
from silog_scan.core import codes
from silog_scan.core.errors import Malformed, NotFound, Refused, Sentence, say
from silog_scan.core.stock import Condition, Task
from silog_scan.core.visible import visible

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from silog_scan.core.agreement import Reading
    from silog_scan.core.codes import Modifiers
    from silog_scan.services.actors import Actor
    from silog_scan.services.backups import Holdings
    from silog_scan.services.checkpoints import Signed
    from silog_scan.services.passwords import NewPassword
    from silog_scan.services.scanning import Answer
    from silog_scan.store.db import Database

DONE, SOME_REFUSED, WRONG_USAGE, DIFFERENCES = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Line:
    """What every command has: settings, and a translation."""

    settings: Settings

    def tell(self, sentence: Sentence) -> str:
        """Return a sentence in the terminal's language."""
        return sentence.in_words(language.translator(self.settings.language))

    @contextmanager
    def database(self) -> Iterator["Database"]:
        """Open the data home's database and say on standard error which home it is."""
        from silog_scan.services import damage
        from silog_scan.store.db import Database

        must_exist(self.settings)
        click.echo(self.tell(say("Data home: %(home)s", home=self.settings.home)), err=True)
        with closing(Database(self.settings.database)) as database:
            holdings = serving.holdings(self.settings, database)
            with damage.named(holdings, serving.now()):
                self.open_home(holdings)
                damage.must_not_be_emptied(holdings, serving.now())
                yield database

    def open_home(self, holdings: "Holdings") -> None:
        """Bring an older home up to date, when no station serves it, and say what was done."""
        from silog_scan.services import upgrades

        is_alone = serving.stopped(holdings.home) if upgrades.is_needed(holdings) else nullcontext()
        with is_alone:
            upgrade = upgrades.open_home(holdings, serving.now())
        if upgrade:
            click.echo(self.tell(upgrade.sentence), err=True)

    @contextmanager
    def reading(self) -> Iterator[tuple["Session", "Actor"]]:
        """Give a session that only looks, and the command line's actor."""
        from silog_scan.services import accounts

        with self.database() as database, database.reading() as session:
            yield session, accounts.cli_actor(session)

    @contextmanager
    def writing(self) -> Iterator[tuple["Session", "Actor"]]:
        """Give a session that commits at the end, and the command line's actor."""
        from silog_scan.services import accounts

        with self.database() as database, database.writing() as session:
            yield session, accounts.cli_actor(session)


def must_exist(settings: Settings) -> None:
    """Refuse a home without a database; opening it would leave an empty file behind."""
    if settings.file and not os.path.exists(settings.file):  # noqa: PTH110  # raises never
        from silog_scan.services import damage
        from silog_scan.store.db import Database

        holdings = serving.holdings(settings, Database(settings.database))
        damage.must_be_new(holdings, serving.now())
        told = say(
            "There is no station in %(home)s. Make one with: silog-scan init", home=settings.home
        )
        raise NotFound("no-station", told)


class Commands(click.Group):
    """A group that turns a refusal into one sentence on standard error and an exit code."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except Refused as refusal:
            line = ctx.find_object(Line)
            told = line.tell(refusal.sentence) if line else str(refusal)
            click.echo(f"silog-scan: {told}", err=True)
            wrong_usage = refusal.code == "setting-refused"
            ctx.exit(WRONG_USAGE if wrong_usage else SOME_REFUSED)
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except BrokenPipeError:
            # Whoever read our output has enough; nothing is wrong.
            sys.stderr.close()
            ctx.exit(DONE)
        except Exception as error:
            if sys.flags.dev_mode:
                raise
            click.echo(f"silog-scan: {_unforeseen(error)}", err=True)
            ctx.exit(SOME_REFUSED)


def _unforeseen(error: Exception) -> Sentence:
    return say(
        "Something failed that nobody foresaw (%(kind)s: %(what)s). What was acknowledged is safe. "
        "Please report it; python -X dev shows where.",
        kind=type(error).__name__,
        what=str(error)[:200],
    )


@click.group(cls=Commands)
@click.version_option(package_name="silog-scan")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Scan deliveries, keep stock, reconcile manifests.

    Settings come from the environment: SILOG_HOME, SILOG_DATABASE, SILOG_STATION,
    SILOG_LANGUAGE, SILOG_HOST, SILOG_PORT, SILOG_TLS, SILOG_SETUP_PORT, SILOG_HOSTS, SILOG_PROXY,
    SILOG_CAMERA, SILOG_BACKUPS, SILOG_SEALS_REQUIRED.

    \b
    Example: silog-scan serve --demo
    """
    for stream in (sys.stdout, sys.stderr):
        # JSON is UTF-8 whatever the terminal or the pipe is, and no text stops the program.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    settings = config.read()
    codes.speak(settings.labels)
    ctx.obj = Line(settings)


def as_json(value: object) -> str:
    """Return one line of JSON."""
    return json.dumps(value, ensure_ascii=False)


# Serving.


@main.command()
@click.option("--host", help="Address to listen on; 127.0.0.1 when left out.")
@click.option("--port", type=click.IntRange(1, 65535), help="8000 when left out.")
@click.option("--camera", metavar="SOURCE", help="Device number, film, picture, URL, or none.")
@click.option("--demo", is_flag=True, help="The sample delivery, with a film as camera.")
@click.option("--cert", type=click.Path(path_type=Path), help="TLS certificate (PEM).")
@click.option("--key", type=click.Path(path_type=Path), help="Its key (PEM).")
@click.option("--tls", type=click.Choice(config.TLS), help="local: HTTPS by the station itself.")
@click.option("--setup-port", type=click.IntRange(1, 65535), help="--port and one if left out.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
@click.pass_obj
def serve(line: Line, /, **options: Any) -> None:  # click's options
    """Run the web station.

    \b
    Example: silog-scan serve --host 0.0.0.0 --tls local
    """
    settings = _serving_settings(line.settings, options)
    if options["demo"]:
        _must_be_here_only(options)
        serving.serve(serving.demonstration(settings))
        return
    _must_be_servable(settings, options)
    click.echo(line.tell(say("Data home: %(home)s", home=settings.home)), err=True)
    serving.serve(
        serving.Serving(settings, options["cert"], options["key"], workers=options["workers"])
    )


def _serving_settings(settings: Settings, options: dict[str, Any]) -> Settings:
    given = {name: options[name] for name in ("host", "port", "camera", "tls") if options[name]}
    if options["setup_port"]:
        given["own_setup_port"] = options["setup_port"]
    return replace(settings, **given)


def _must_be_here_only(options: dict[str, Any]) -> None:
    """Refuse to show the demonstration, whose link signs in an administrator, to others."""
    given = ("host", "cert", "key", "tls", "setup_port")
    if any(options[name] for name in given) or options["workers"] > 1:
        told = say(
            "The demonstration is for this computer only. "
            "Leave out --host, --cert, --key, --tls, --setup-port and --workers."
        )
        raise Malformed("setting-refused", told)


def _must_be_servable(settings: Settings, options: dict[str, Any]) -> None:
    from silog_scan.vision.sources import parse

    parse(settings.camera)
    must_exist(settings)
    if options["workers"] > 1 and settings.file:
        raise Malformed(
            "setting-refused",
            say("SQLite has one writer: use one worker, or PostgreSQL by SILOG_DATABASE."),
        )
    if options["workers"] > 1 and settings.camera != "none":
        raise Malformed(
            "setting-refused", say("A camera needs a single worker. Leave one of them out.")
        )
    _must_be_one_way_to_https(settings, options)


def _must_be_one_way_to_https(settings: Settings, options: dict[str, Any]) -> None:
    """Refuse half a certificate, two of them, and a page that shares the station's port."""
    if settings.tls == "local" and (options["cert"] or options["key"]):
        told = say(
            "--tls local makes a certificate; --cert and --key are one of your own. "
            "Leave one of them out."
        )
        raise Malformed("setting-refused", told)
    if settings.tls == "local" and settings.setup_port in (settings.port, 2**16):
        told = say("The page for devices needs a port of its own. Choose one with --setup-port.")
        raise Malformed("setting-refused", told)
    if bool(options["cert"]) != bool(options["key"]):
        raise Malformed("setting-refused", say("TLS needs both --cert and --key."))
    for path in (options["cert"], options["key"]):
        if path and not path.is_file():
            raise Malformed("setting-refused", say("There is no file %(path)s.", path=path))


@main.command()
@click.option("--place", help="Code of the station's place, such as 12.71.")
@click.option("--region", help="Part of the region tree to copy; the place's regency if left out.")
@click.option("--admin", help="Name of the first administrator.")
@click.option("--password-file", type=click.File("rb"), help="- is standard input.")
@click.pass_obj
def init(line: Line, /, **options: Any) -> None:  # click's options
    """Make a station: database, places, items and the first administrator.

    \b
    Example: silog-scan init --place 12.71 --admin hendra --password-file secret.txt
    """
    from silog_scan.services import damage, homes
    from silog_scan.store.db import Database

    settings = line.settings
    if settings.file:
        _make_home(settings.home)
    with closing(Database(settings.database)) as database:
        holdings = serving.holdings(settings, database)
        with damage.named(holdings, serving.now()):
            line.open_home(holdings)
            damage.must_not_be_emptied(holdings, serving.now())
        if homes.is_founded(database):
            raise Refused(
                "home-exists",
                say("There is a station in %(home)s already. Start it: silog-scan serve",
                    home=settings.home),
            )  # fmt: skip
        founding = _founding(line, options)
        with database.writing() as session:
            homes.found(session, founding, serving.now())
    told = say(
        "Station %(station)s is ready in %(home)s. Start it with: silog-scan serve",
        station=founding.station,
        home=settings.home,
    )
    click.echo(line.tell(told))


def _make_home(home: Path) -> None:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(
            "home-unwritable",
            say(
                "The data folder %(home)s cannot be made: %(reason)s.",
                home=home,
                reason=error.strerror or str(error),
            ),
        ) from error


def _founding(line: Line, options: dict[str, Any]) -> Any:  # imported late
    from silog_scan.services.homes import Founding, default_region

    place = options["place"] or _ask(line, say("Code of this place, such as 12.71"))
    name = options["admin"] or _ask(line, say("Name of the first administrator"))
    return Founding(
        place=place,
        region=options["region"] or default_region(place),
        station=line.settings.station or place,
        administrator=name,
        password=_password(line, options["password_file"]),
    )


def _ask(line: Line, what: Sentence) -> str:
    return str(click.prompt(line.tell(what), err=True))


def _password(line: Line, file: Any) -> "NewPassword":  # click's file
    """Return the first line of the file, or what is typed twice alike; refuse a weak one."""
    from silog_scan.services.passwords import NewPassword

    password = NewPassword(_typed_password(line, file))
    password.prepare()
    return password


def _typed_password(line: Line, file: Any) -> str:  # click's file
    if file is not None:
        try:
            text = str(file.read(), "utf-8-sig")
        except UnicodeDecodeError as error:
            told = say("The password file is no text in UTF-8. Choose the right one.")
            raise Malformed("password-file", told) from error
        return text.split("\n", 1)[0].rstrip("\r")
    if not sys.stdin.isatty():
        raise Malformed(
            "password-missing", say("Give the password by --password-file; - is standard input.")
        )
    password = getpass.getpass(line.tell(say("Password: ")))
    if getpass.getpass(line.tell(say("Once more: "))) != password:
        raise Malformed("password-differs", say("The two passwords differ. Try again."))
    return password


# Reading and scanning.


@main.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--jsonl", is_flag=True, help="One JSON object for each picture.")
@click.pass_obj
def decode(line: Line, images: tuple[Path, ...], *, jsonl: bool) -> None:
    """Print the codes in pictures; no database is opened.

    \b
    Example: silog-scan decode --jsonl photo.jpg
    """
    failed = False
    for image in images:
        found = _decoded(line, image)
        failed = failed or "error" in found
        click.echo(
            as_json(found) if jsonl else _in_lines(found), err=not jsonl and "error" in found
        )
    sys.exit(SOME_REFUSED if failed else DONE)


def _decoded(line: Line, image: Path) -> dict[str, Any]:
    import time

    from silog_scan.vision import frames, stills

    try:
        grey = frames.load(image)
        begun = time.perf_counter()
        still = stills.read_still(grey)
    except Refused as refusal:
        error = {"code": refusal.code, "message": line.tell(refusal.sentence)}
        return {"image": click.format_filename(image), "error": error}
    ms = round((time.perf_counter() - begun) * 1000, 1)
    name = click.format_filename(image)
    return {"image": name, **still.as_json(), "ms": ms}


def _in_lines(found: dict[str, Any]) -> str:
    if "error" in found:
        return f"{found['image']}: {found['error']['message']}"
    if not found["readings"]:
        return f"{found['image']}: -"
    return "\n".join(
        f"{found['image']}: {visible(r['text'])} ({r['symbology']}, {r['stage']})"
        for r in found["readings"]
    )


TASKS = click.Choice([task.value for task in Task])


@main.command()
@click.argument("source")
@click.option("--task", type=TASKS, default=Task.RECEIVE.value, show_default=True)
@click.option("--manifest", help="Number of the manifest the scans are for.")
@click.option("--place", help="The station's own when left out.")
@click.option("--condition", type=click.Choice([c.value for c in Condition]))
@click.option("--quantity", type=click.IntRange(1, 9_999_999))
@click.option("--jsonl", is_flag=True, help="One JSON object for each scan.")
@click.pass_obj
def scan(line: Line, /, source: str, **options: Any) -> None:  # click's options
    """Record scans from photos, a folder, a film, a camera, or - (one code per line).

    \b
    Example: silog-scan scan film.mjpeg --task receive --manifest SJ-1271-0147 --jsonl
    """
    bad_files: list[Path] = []

    def tell(path: Path, refusal: Refused) -> None:
        bad_files.append(path)
        click.echo(f"{path}: {line.tell(refusal.sentence)}", err=True)

    with line.database() as database:
        job = _ScanJob(line, database, options)
        stops = [job.take(reading, kind) for reading, kind in _readings(source, tell)]
    sys.exit(SOME_REFUSED if any(stops) or bad_files else DONE)


def _readings(
    source: str, tell: Callable[[Path, Refused], None]
) -> Iterator[tuple["Reading", str]]:
    """Yield what a source shows, or each line of standard input as a wedge types it; and which."""
    if source == "-":
        from silog_scan.core.agreement import Reading

        # Bytes that are no text become surrogates, and those an invalid scan: nothing is dropped.
        lines = (line for read in sys.stdin.buffer for line in read.splitlines() if line)
        for line in lines:
            yield Reading(line.decode("utf-8", "surrogateescape"), "", (), "wedge"), "wedge"
        return
    from silog_scan.vision.watch import read_source

    for frame, reading in read_source(source, refused=tell):
        yield reading, "photo" if frame.is_still else "camera"


class _ScanJob:
    """Records readings one by one, as the options and the command labels between them say."""

    def __init__(self, line: Line, database: "Database", options: dict[str, Any]) -> None:
        from silog_scan.services import accounts

        self.line, self.database, self.options = line, database, options
        with database.reading() as session:
            self.actor = accounts.cli_actor(session)
        self.said = self._unsaid()

    def _unsaid(self) -> "Modifiers":
        from silog_scan.core.codes import Modifiers

        return Modifiers(
            damaged=self.options["condition"] == Condition.DAMAGED,
            quantity=self.options["quantity"],
        )

    def take(self, reading: "Reading", source: str) -> bool:
        """Record a reading and print its answer; say whether it was a stop."""
        from silog_scan.services import watching

        command = watching.command_of(reading)
        if command is not None:
            self.said = self.said.after(command)
            return False
        answer = self._record(reading, source)
        self.said = self._unsaid()
        self._print(reading, answer)
        return not isinstance(answer, Refused) and answer.severity == "stop"

    def _record(self, reading: "Reading", source: str) -> "Answer":
        from silog_scan.services import scanning, watching

        at = serving.now()
        work = watching.Work(
            self.actor,
            Task(self.options["task"]),
            self.options["place"] or self.actor.place,
            self.options["manifest"],
        )
        submission = watching.submission_of(
            work,
            reading,
            said=self.said,
            at=at,
            source=source,
            seals_required=work.task in self.line.settings.seals_required,
        )
        with self.database.writing() as session:
            answers = scanning.record(session, [submission])[0]
        if isinstance(answers, Refused):
            raise answers
        return answers[0]

    def _print(self, reading: "Reading", answer: "Answer") -> None:
        if isinstance(answer, Refused):
            raise answer
        if self.options["jsonl"]:
            translate = language.translator(self.line.settings.language)
            click.echo(as_json(answer.as_json(translate)))
            return
        told = self.line.tell(answer.sentence)
        click.echo(f"{answer.outcome.value:18} {visible(reading.text)}  {told}")


# Manifests.


def _must_be_csv(_: click.Context, __: click.Parameter, output: Any) -> Any:  # click's
    if _is_workbook(output):
        raise click.BadParameter("XLSX cannot be written. End the name in .csv.")
    return output


OUTPUT = click.option(
    "-o", "output", type=click.File("wb"), default="-", callback=_must_be_csv, help="File to write."
)


FILE = click.option(
    "-o", "output", type=click.File("wb"), default="-", help="File to write; XLSX by its ending."
)


@main.group(cls=Commands)
def manifest() -> None:
    """Import, list, write out, close and void manifests.

    \b
    Example: silog-scan manifest import delivery.csv --dry-run
    """


_BAR = 30
"""Letters of a progress bar."""
_PAUSE = 0.01
"""Seconds between transactions; without them a server beside waited up to 2 s for its turn."""


@manifest.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Only say what the file holds.")
@click.option("--number", help="Manifest number, when the file has none.")
@click.option("--from", "origin", help="Place it comes from, when the file has none.")
@click.option("--to", "receiver", help="Place it goes to, when the file has none.")
@click.option("--map", "mapping", multiple=True, metavar="FIELD=COLUMN")
@click.option("--sheet", help="Sheet of a workbook, when it is not the first.")
@click.option("--good-rows", is_flag=True, help="Take the rows without problems.")
@click.option("--by-parent", is_flag=True, help="Receiving a parent receives its children.")
@click.option("--jsonl", is_flag=True, help="The API's answer as one object.")
@click.pass_obj
def import_manifest(line: Line, /, file: Any, **options: Any) -> None:  # click's
    """Import a manifest file, XLSX or CSV as spreadsheets write it; - is standard input.

    \b
    Example: silog-scan manifest import delivery.csv --from 12 --to 12.71
    """
    from silog_scan.core.manifests import Defaults
    from silog_scan.documents.tables import Layout
    from silog_scan.services import accounts, imports, intake, uploads

    mapping = intake.mapping_of(options["mapping"])
    defaults = Defaults(options["number"], options["origin"], options["receiver"], mapping)
    pieces = iter(lambda: file.read(2**20), b"")
    with line.database() as database, uploads.passing(pieces) as kept:
        with database.reading() as session:  # the file is read before the write lock is taken
            actor = accounts.cli_actor(session)
            told = _told(line, say("Read"))
            layout = Layout(sheet=options["sheet"])
            seen = intake.look(session, actor, kept, defaults, layout, tell=told)
        takes = bool(seen.manifests) and (options["good_rows"] or not seen.problem_count)
        changes, imported = seen.changes, takes and not options["dry_run"]
        if imported:
            changes = imports.store(
                imports.telling(_run_beside(database), seen, _told(line, say("Stored"))),
                actor,
                seen,
                attachments=line.settings.attachments,
                at=serving.now(),
                chosen=imports.Choices(options["good_rows"], options["by_parent"]),
            )
        if sys.stderr.isatty():
            click.echo("\r\033[K", nl=False, err=True)  # the bar
        _print_import(line, seen, changes, imported=imported, jsonl=options["jsonl"])
    sys.exit(SOME_REFUSED if seen.problem_count or not seen.manifests else DONE)


def _told(line: Line, what: Sentence) -> Callable[[int, float], None]:
    """Return what shows on a terminal how far an import is, and nothing elsewhere."""
    is_shown, name = sys.stderr.isatty(), line.tell(what)

    def tell(rows: int, part: float) -> None:
        if is_shown:
            bar = "█" * int(_BAR * part) + "░" * (_BAR - int(_BAR * part))
            click.echo(f"\r{name} {bar} {part:4.0%} {rows:,}\033[K", nl=False, err=True)

    return tell


def _run_beside(database: Any) -> Any:  # a Database, and what runs calls in transactions of it
    """Return what writes in small transactions, and lets a server beside it write between them."""

    def run(call: Callable[[Any], Any]) -> Any:
        with database.writing() as session:
            answer = call(session)
        time.sleep(_PAUSE)
        return answer

    return run


def _print_import(
    line: Line,
    seen: Any,
    changes: dict[str, str],
    *,
    imported: bool,
    jsonl: bool,
) -> None:
    from silog_scan.services import intake

    if jsonl:
        translate = language.translator(line.settings.language)
        content = intake.import_json(seen, translate, imported=imported, changes=changes)
        click.echo(as_json(content))
        return
    for found in (*intake.problems(seen), *seen.warnings):
        told = say(
            "Row %(row)s, %(column)s: %(what)s",
            row=found.row,
            column=found.column,
            what=found.message,
        )
        click.echo(line.tell(told), err=True)
    for number in seen.numbers if imported or not seen.problem_count else ():
        click.echo(line.tell(_import_sentence(number, changes[number], imported=imported)))
    if seen.problem_count and not imported:
        told = say(
            "%(n)s problems; nothing was imported. Mend them, or take the good rows.",
            n=seen.problem_count,
        )
        click.echo(line.tell(told), err=True)


def _import_sentence(number: str, change: str, *, imported: bool) -> Sentence:
    if change == "unchanged":
        return say("%(number)s is here already; nothing changed.", number=number)
    if not imported:
        return say("%(number)s can be imported.", number=number)
    if change == "changed":
        return say("%(number)s was imported anew; what was counted stays.", number=number)
    return say("%(number)s was imported.", number=number)


@manifest.command("list")
@click.option("--jsonl", is_flag=True)
@click.pass_obj
def list_manifests(line: Line, *, jsonl: bool) -> None:
    """List the manifests with their totals.

    \b
    Example: silog-scan manifest list
    """
    from silog_scan.services import reports

    with line.reading() as (session, actor):
        found = reports.all_manifests(session, actor)
    for row in found:
        if jsonl:
            click.echo(as_json(row))
            continue
        totals = row["totals"]
        click.echo(
            f"{row['number']:24} {row['from']:>10} > {row['to']:10} {row['state']:7}"
            f" {totals['matched']}/{totals['lines']}"
        )


@manifest.command("export")
@click.argument("number")
@FILE
@click.pass_obj
def export_manifest(line: Line, number: str, output: Any) -> None:  # click's
    """Write a manifest that can be imported again, as CSV or XLSX by the ending of the file.

    \b
    Example: silog-scan manifest export SJ-1271-0147 -o delivery.csv
    """
    from silog_scan.services import deliveries, reports

    with line.reading() as (session, actor):
        reports.manifest(session, actor, number)
        write = deliveries.export_xlsx if _is_workbook(output) else deliveries.export_csv
        output.write(write(session, number))


@manifest.command("template")
@FILE
@click.pass_obj
def write_template(line: Line, output: Any) -> None:  # click's
    """Write an empty manifest, as CSV or XLSX by the ending of the file.

    A workbook has a second sheet with the codes of items and places.

    \b
    Example: silog-scan manifest template -o empty.xlsx
    """
    from silog_scan.services import deliveries

    name = line.settings.language
    if not _is_workbook(output):
        output.write(deliveries.template_csv(name))
        return
    with line.reading() as (session, actor):
        translate = language.translator(name)
        output.write(deliveries.template_xlsx(session, actor, name, translate))


def _is_workbook(output: Any) -> bool:  # click's
    return str(getattr(output, "name", "")).lower().endswith(".xlsx")


@manifest.command("close")
@click.argument("number")
@click.option("--reason", help="Needed when a station still holds unsent scans.")
@click.pass_obj
def close_manifest(line: Line, number: str, reason: str | None) -> None:
    """Close a manifest.

    \b
    Example: silog-scan manifest close SJ-1271-0147
    """
    from silog_scan.services import accounts, deliveries

    with line.database() as database:
        with database.writing() as session:
            actor = accounts.cli_actor(session)
            deliveries.close(session, actor, number, at=serving.now(), reason=reason)
        _checkpoint(line, database, "closing")
    click.echo(line.tell(say("Manifest %(number)s is closed.", number=number)))


@manifest.command("void")
@click.argument("number")
@click.option("--reason", required=True, help="Kept with the record.")
@click.pass_obj
def void_manifest(line: Line, number: str, reason: str) -> None:
    """Make a manifest void that nothing was counted on.

    \b
    Example: silog-scan manifest void SJ-1271-0147 --reason "sent twice"
    """
    from silog_scan.services import deliveries

    with line.writing() as (session, actor):
        deliveries.void(session, actor, number, at=serving.now(), reason=reason)
    click.echo(line.tell(say("Manifest %(number)s is void.", number=number)))


# Reports.

FORMATS = click.Choice(["table", "json", "csv"])


@main.command()
@click.argument("number")
@click.option("--task", type=TASKS, default=Task.RECEIVE.value, show_default=True)
@click.option("--format", "form", type=FORMATS, default="table", show_default=True)
@OUTPUT
@click.pass_obj
def reconcile(line: Line, number: str, task: str, form: str, output: Any) -> None:
    """Compare what was expected with what was scanned; exit 3 when there are differences.

    \b
    Example: silog-scan reconcile SJ-1271-0147 --format json
    """
    from silog_scan.services import reports

    with line.reading() as (session, actor):
        found = reports.reconciliation(session, actor, number, task=Task(task))
    output.write(reports.rendered(found, "lines", form).encode())
    totals = found["totals"]
    same = totals["matched"] == totals["lines"] and not totals["extras"]
    sys.exit(DONE if same else DIFFERENCES)


@main.command()
@click.option("--place", help="The station's own when left out.")
@click.option("--format", "form", type=FORMATS, default="table", show_default=True)
@OUTPUT
@click.pass_obj
def stock(line: Line, place: str | None, form: str, output: Any) -> None:
    """Show what lies where.

    \b
    Example: silog-scan stock --place 12.71 --format csv
    """
    from silog_scan.services import reports

    with line.reading() as (session, actor):
        found = reports.stock(session, actor, place)
    output.write(reports.rendered(found, None, form).encode())


@main.command()
@click.argument("code")
@click.option("--json", "whole", is_flag=True, help="One JSON object.")
@click.pass_obj
def trace(line: Line, code: str, *, whole: bool) -> None:
    """Show a package's custody history.

    \b
    Example: silog-scan trace 1271-KS-000001
    """
    from silog_scan.services import reports

    with line.reading() as (session, actor):
        found = reports.trace(session, actor, code)
    if whole:
        click.echo(as_json(found))
        return
    click.echo(
        f"{visible(found['package'])}  {found['item']}  {found['state']}  {found['place'] or '-'}"
    )
    for event in found["events"]:
        click.echo(
            f"  {event['at']}  {event['task']:9} {event['outcome']:18} "
            f"{event['place']}  {event['station']}"
        )


# The ledger.


@main.group(cls=Commands)
def ledger() -> None:
    """Check the record, write it out, make what follows from it anew.

    \b
    Example: silog-scan ledger verify export.jsonl
    """


@ledger.command("verify")
@click.argument("file", required=False, type=click.File("rb"))
@click.option("--checkpoint", type=click.File("rb"), help="Hold it against one made before.")
@click.option("--key", metavar="KEY", help="Public key its signature must be of; name+...+...")
@click.option("--attachments", type=click.Path(path_type=Path), help="Check imported files too.")
@click.pass_obj
def verify_ledger(line: Line, /, file: Any, **options: Any) -> None:  # click's options
    """Check the chains of the database, or of an export without any database.

    \b
    Example: silog-scan ledger verify export.jsonl --checkpoint paper.txt
    """
    from silog_scan.services import ledgers, proofs

    asked = proofs.Asked.of(
        note=_text_of(options["checkpoint"]), key=options["key"], folder=options["attachments"]
    )
    if file is not None:
        found = proofs.prove(ledgers.parse(file), asked)
    else:
        with line.reading() as (session, _):
            found = proofs.prove(ledgers.log_of(session), asked)
    for sentence in found.sentences:
        click.echo(line.tell(sentence))
    sys.exit(DONE if found.fits else DIFFERENCES)


def _text_of(file: Any) -> str | None:  # click's file
    """Return the text of a small file, or refuse one that is no text."""
    if file is None:
        return None
    try:
        text: str = file.read(2**20).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        told = say("This is no checkpoint, or a line of it is missing or typed wrongly.")
        raise Malformed("not-a-checkpoint", told) from error
    return text.replace("\r\n", "\n")


@ledger.command("export")
@click.option("--attachments", type=click.Path(path_type=Path), help="Copy imported files there.")
@click.option("--names", type=click.Path(path_type=Path), help="Write there who the ids are, CSV.")
@click.option("--damaged", is_flag=True, help="What can still be read of a damaged database.")
@click.pass_obj
def export_ledger(
    line: Line, attachments: Path | None, names: Path | None, *, damaged: bool
) -> None:
    """Write every event as a line of JSON to standard output.

    \b
    Example: silog-scan ledger export > export.jsonl
    """
    from silog_scan.services import ledgers

    if damaged:
        whole = _export_damaged(line)
    else:
        whole = True
        with line.reading() as (session, _):
            for text in ledgers.export(session):
                click.echo(text)
            if names:
                _write_names(session, names)
    if attachments:
        copy_files(line.settings.attachments, attachments)
    sys.exit(DONE if whole else DIFFERENCES)


def _write_names(session: Any, path: Path) -> None:
    """Write who the ids in events are, for the owner's eyes: the record itself knows ids only."""
    from silog_scan.documents.manifest_files import write_csv
    from silog_scan.services import accounts
    from silog_scan.services.files import private

    rows = [(row.id, row.name, row.role, row.place) for row in accounts.everybody(session)]
    path.unlink(missing_ok=True)
    with private(path) as file:
        file.write(write_csv([("id", "name", "role", "place"), *rows]))


def _export_damaged(line: Line) -> bool:
    """Write what can still be read, tell what is missing, and say whether nothing is."""
    from silog_scan.services import salvage

    must_exist(line.settings)
    if line.settings.file is None:
        told = say("Only a file of SQLite is read that way. Of a server's, restore a backup.")
        raise Refused("not-a-file", told)
    with salvage.opened(line.settings.file) as saved:
        for text in saved.lines():
            click.echo(text)
        for sentence in saved.sentences():
            click.echo(line.tell(sentence), err=True)
        return saved.is_whole


def copy_files(source: Path, target: Path) -> None:
    """Copy a folder's files, or refuse a target that cannot be written."""
    try:
        target.mkdir(parents=True, exist_ok=True)
        for path in source.iterdir() if source.is_dir() else ():
            shutil.copy2(path, target)
    except OSError as error:
        told = say(
            "%(folder)s cannot be written: %(reason)s.",
            folder=target,
            reason=error.strerror or str(error),
        )
        raise Refused("folder-unwritable", told) from error


@ledger.command("checkpoint")
@click.pass_obj
def make_checkpoint(line: Line) -> None:
    """Make a checkpoint now and print it: the whole ledger in a few signed lines.

    \b
    Example: silog-scan ledger checkpoint > checkpoint.txt
    """
    with line.database() as database:
        signed = _checkpoint(line, database, "asked")
    click.echo(signed.note, nl=False)


def _checkpoint(line: Line, database: "Database", reason: str) -> "Signed":
    from silog_scan.services import checkpoints

    with database.reading() as session:
        signer = checkpoints.signer_of(session, line.settings.keys)
    write = partial(_written, database)
    return checkpoints.make_aside(database, write, signer, at=serving.now(), reason=reason)


def _written(database: "Database", call: Callable[["Session"], Any]) -> Any:
    """Run a call in a writing transaction, as the server's writer does."""
    with database.writing() as session:
        return call(session)


@ledger.command("key")
@click.option("--replace", "is_replaced", is_flag=True, help="Make a new one; the old one ends.")
@click.pass_obj
def signing_key(line: Line, *, is_replaced: bool) -> None:
    """Print the public key that checks the checkpoints' signatures.

    \b
    Example: silog-scan ledger key
    """
    from silog_scan.services import checkpoints

    with line.database() as database:
        with database.reading() as session:
            key = checkpoints.signer_of(session, line.settings.keys).vkey
        if is_replaced:
            key = checkpoints.replace(database, line.settings.keys, at=serving.now())
    click.echo(key)


@ledger.command("rebuild")
@click.option("--check", is_flag=True, help="Only compare; exit 3 when they differ.")
@click.pass_obj
def rebuild_ledger(line: Line, *, check: bool) -> None:
    """Make stock, counts and histories anew from the events; the server must be stopped.

    \b
    Example: silog-scan ledger rebuild --check
    """
    from silog_scan.services import ledgers

    if check:
        with line.database() as database:
            differing = ledgers.differences_aside(database)
        told = (
            say("These differ from a replay: %(names)s.", names=", ".join(differing))
            if differing
            else say("Everything equals a replay of the events.")
        )
        click.echo(line.tell(told))
        sys.exit(DIFFERENCES if differing else DONE)
    with line.writing() as (session, _), serving.stopped(line.settings.home):
        number = ledgers.rebuild(session)
    click.echo(line.tell(say("Made anew from %(n)s events.", n=number)))


# Backups.


@main.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.pass_obj
def backup(line: Line, file: Path | None) -> None:
    """Write a backup of all a new laptop needs, beside a running station too.

    FILE may be a folder. Without FILE it goes where serve puts its own, by SILOG_BACKUPS.

    \b
    Example: silog-scan backup /media/usb/silog.zip
    """
    from silog_scan.services import backups

    with line.database() as database:
        holdings, at = serving.holdings(line.settings, database), serving.now()
        path = (
            backups.make(holdings, file, at=at) if file else backups.make_and_keep(holdings, at=at)
        )
    click.echo(line.tell(say("A backup was made and checked: %(path)s", path=path)))


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def restore(line: Line, file: Path) -> None:
    """Make a data home of a backup that proves whole; nothing is written over.

    \b
    Example: silog-scan restore /media/usb/silog.zip
    """
    from silog_scan.services import backups
    from silog_scan.store.db import Database

    settings = line.settings
    backups.must_be_there(file)
    click.echo(line.tell(say("Data home: %(home)s", home=settings.home)), err=True)
    with serving.stopped(settings.home), closing(Database(settings.database)) as database:
        restored = backups.restore(serving.holdings(settings, database), file)
    told = say(
        "Station %(station)s is here again with %(n)s events, as of %(at)s UTC. "
        "Start it with: silog-scan serve",
        station=restored.station,
        n=restored.events,
        at=f"{restored.made_at:%Y-%m-%d %H:%M}",
    )
    click.echo(line.tell(told))


# Labels.


@main.command("labels")
@click.option("--codes", "file", type=click.File("rb"), help="A code a line; - is standard input.")
@click.option("--manifest", help="The packages of this manifest, in its order.")
@click.option("--symbology", type=click.Choice(["code128", "qrcode", "datamatrix"]),
              default="code128", show_default=True)  # fmt: skip
@click.option("--gs1", is_flag=True, help="The codes are SSCCs or GS1 element strings.")
@click.option("--format", "form", type=click.Choice(["svg"]), default="svg", show_default=True)
@click.option("-o", "output", type=click.Path(path_type=Path, dir_okay=False),
              help="File to write; several pages are FILE-1, FILE-2 and so on.")  # fmt: skip
@click.pass_obj
def make_labels(line: Line, /, **options: Any) -> None:  # click's options
    """Draw labels to print at their real size: ten of 99 × 57 mm on a page of A4.

    What is printed is kept, so that a label too blurred to be read can be recognised by it.
    Every page is a file of its own.

    \b
    Example: silog-scan labels --manifest SJ-1271-0147 -o labels.svg
    """
    from silog_scan.documents import label_sheets
    from silog_scan.services import accounts, labels

    if bool(options["file"]) == bool(options["manifest"]):
        raise click.UsageError("Give either --codes or --manifest.")
    listed = _listed_codes(options["file"]) if options["file"] else None
    kind = labels.Kind(options["symbology"], options["gs1"])
    with line.database() as database:
        with database.reading() as session:  # all is drawn before the write lock is taken
            actor = accounts.cli_actor(session)
            printed = listed or labels.codes_of_manifest(session, actor, options["manifest"])
            made = labels.prepare(session, actor, printed, kind=kind)
        pages = list(label_sheets.pages(made))
        with database.writing() as session:
            labels.keep(session, actor, made, kind=kind, at=serving.now())
            _write_pages(options["output"], pages)
    told = say("%(n)s labels on %(pages)s pages.", n=len(made), pages=len(pages))
    click.echo(line.tell(told), err=True)


def _listed_codes(file: Any) -> list[str]:  # click's file
    """Return the lines of a file; empty ones at its end are none."""
    try:
        return str(file.read(), "utf-8-sig").rstrip().splitlines() or [""]
    except UnicodeDecodeError as error:
        told = say("The codes are no text in UTF-8. Save the file as such.")
        raise Malformed("codes-file", told) from error


def _write_pages(output: Path | None, pages: list[str]) -> None:
    """Write one file, or one for each page; nothing is kept as printed that was not written."""
    if output is None and len(pages) > 1:
        told = say("%(n)s pages are as many files. Name them with -o.", n=len(pages))
        raise Malformed("labels-output", told)
    if output is None:
        click.echo(pages[0], nl=False)
        return
    names = [output]
    if len(pages) > 1:
        names = [output.with_stem(f"{output.stem}-{page}") for page in range(1, len(pages) + 1)]
    try:
        for name, page in zip(names, pages, strict=True):
            name.write_text(page, encoding="utf-8")
    except OSError as error:
        told = say(
            "%(file)s cannot be written: %(reason)s.",
            file=output,
            reason=error.strerror or str(error),
        )
        raise Refused("file-unwritable", told) from error


# Users and stations.


@main.group(cls=Commands)
def user() -> None:
    """Keep the people who may sign in.

    \b
    Example: silog-scan user add rina --role staff --place 12.71.01 --password-file -
    """


def _do_with(line: Line, deed: Callable[..., object], name: str, told: Sentence) -> None:
    """Do something with a person or station by name, and say that it was done."""
    with line.writing() as (session, actor):
        deed(session, actor, name, at=serving.now())
    click.echo(line.tell(told))


@user.command("add")
@click.argument("name")
@click.option(
    "--role",
    required=True,
    type=click.Choice(["staff", "supervisor", "administrator", "observer"]),
)
@click.option("--place", help="The station's own when left out.")
@click.option("--password-file", type=click.File("rb"), help="- is standard input.")
@click.pass_obj
def add_user(line: Line, name: str, role: str, place: str | None, password_file: Any) -> None:
    """Add a person.

    \b
    Example: silog-scan user add rina --role staff --place 12.71.01 --password-file -
    """
    from silog_scan.services import accounts
    from silog_scan.services.actors import Role

    password = _password(line, password_file)
    with line.writing() as (session, actor):
        new = accounts.NewUser(name, Role(role), place or actor.place, password)
        accounts.add_user(session, actor, new, at=serving.now())
    click.echo(line.tell(say("User %(name)s was added.", name=name)))


@user.command("list")
@click.pass_obj
def list_users(line: Line) -> None:
    """List the people who may sign in.

    \b
    Example: silog-scan user list
    """
    from silog_scan.services import accounts

    with line.reading() as (session, actor):
        for row in accounts.users(session, actor):
            state = "disabled" if row.disabled_at else "-"
            click.echo(f"{row.name:24} {row.role:14} {row.place:20} {state}")


@user.command("disable")
@click.argument("name")
@click.pass_obj
def disable_user(line: Line, name: str) -> None:
    """End a person's access at once.

    \b
    Example: silog-scan user disable rina
    """
    from silog_scan.services import accounts

    _do_with(line, accounts.disable_user, name, say("User %(name)s was disabled.", name=name))


@user.command("password")
@click.argument("name")
@click.option("--password-file", type=click.File("rb"), help="- is standard input.")
@click.pass_obj
def change_password(line: Line, name: str, password_file: Any) -> None:
    """Give a person a new password and end their sign-ins.

    \b
    Example: silog-scan user password rina
    """
    from silog_scan.services import accounts

    password = _password(line, password_file)
    with line.writing() as (session, actor):
        accounts.set_password(session, actor, name, password=password, at=serving.now())
    click.echo(line.tell(say("The password of %(name)s was changed.", name=name)))


@user.command("enable")
@click.argument("name")
@click.pass_obj
def enable_user(line: Line, name: str) -> None:
    """Give a person's access back.

    \b
    Example: silog-scan user enable rina
    """
    from silog_scan.services import accounts

    _do_with(line, accounts.enable_user, name, say("User %(name)s may sign in again.", name=name))


@user.command("reset")
@click.argument("name")
@click.pass_obj
def reset_second_factor(line: Line, name: str) -> None:
    """Take away a second factor that was lost; the next sign-in asks for a new one.

    \b
    Example: silog-scan user reset hendra
    """
    from silog_scan.services import sign_ins

    told = say("The second factor of %(name)s was taken away.", name=name)
    _do_with(line, sign_ins.reset_second_factor, name, told)


@user.command("end")
@click.argument("name")
@click.pass_obj
def end_sign_ins(line: Line, name: str) -> None:
    """End every sign-in and token of a person.

    \b
    Example: silog-scan user end rina
    """
    from silog_scan.services import sign_ins

    _do_with(line, sign_ins.end_all, name, say("Every sign-in of %(name)s has ended.", name=name))


@main.group(cls=Commands)
def station() -> None:
    """Keep the stations that have a token of their own.

    \b
    Example: silog-scan station add "PPK Medan Kota" --place 12.71.01
    """


@station.command("add")
@click.argument("name")
@click.option("--place", help="The data home's own when left out.")
@click.option("--task", help="The only one it may do; any when left out.")
@click.option("--days", type=click.IntRange(1), help="How long its token is good; 180.")
@click.option("--code", "by_code", is_flag=True, help="Print a code for /enrol, not the token.")
@click.pass_obj
def add_station(
    line: Line, /, name: str, *, by_code: bool, **fixed: Any
) -> None:  # click's options
    """Add a station and print its bearer token, this once.

    \b
    Example: silog-scan station add "PPK Medan Kota" --place 12.71.01
    """
    from silog_scan.services import stations

    with line.writing() as (session, actor):
        new = stations.NewStation(
            name,
            fixed["place"] or actor.place,
            _task(fixed["task"]),
            fixed["days"] or stations.DAYS,
        )
        row, at = stations.add(session, actor, new, at=serving.now()), serving.now()
        if by_code:
            shown = stations.make_code(session, actor, row.name, at=at)
        else:
            shown = stations.make_token(session, row, at=at)
    click.echo(shown)


def _task(name: str | None) -> Task | None:
    if name is None or name in list(Task):
        return Task(name) if name else None
    raise Malformed("task-not-offered", say("Choose a task: receive, send, return, look up."))


@station.command("code")
@click.argument("name")
@click.pass_obj
def station_code(line: Line, name: str) -> None:
    """Print a code by which a device enrols as the station: once, within an hour.

    \b
    Example: silog-scan station code "PPK Medan Kota"
    """
    from silog_scan.services import stations

    with line.writing() as (session, actor):
        code = stations.make_code(session, actor, name, at=serving.now())
    click.echo(code)


@station.command("list")
@click.pass_obj
def list_stations(line: Line) -> None:
    """List the stations.

    \b
    Example: silog-scan station list
    """
    from silog_scan.services import stations

    at = serving.now()
    with line.reading() as (session, actor):
        for row in stations.stations(session, actor):
            state = "-"
            if row.revoked_at:
                state = "revoked"
            elif row.expires_at and row.expires_at <= at:
                state = "expired"
            click.echo(f"{row.name:24} {row.place:20} {row.task or '-':10} {state}")


@station.command("revoke")
@click.argument("name")
@click.pass_obj
def revoke_station(line: Line, name: str) -> None:
    """End a station's token and every sign-in at it.

    \b
    Example: silog-scan station revoke "PPK Medan Kota"
    """
    from silog_scan.services import stations

    _do_with(line, stations.revoke, name, say("Station %(name)s was revoked.", name=name))


@main.command()
@click.option("--json", "whole", is_flag=True, help="One JSON object.")
@click.pass_obj
def doctor(line: Line, *, whole: bool) -> None:
    """Look the station over: one line for each thing, ok or what to do.

    \b
    Example: silog-scan doctor
    """
    from silog_scan.services import doctor as doctors
    from silog_scan.store.db import Database

    settings, at = line.settings, serving.now()
    click.echo(line.tell(say("Data home: %(home)s", home=settings.home)), err=True)
    with closing(Database(settings.database)) as database:
        holdings = serving.holdings(settings, database)
        tls = (settings.certificates, serving.wanted_names(settings, serving.anywhere(settings)))
        findings = doctors.examine(holdings, camera=settings.camera, tls=tls, at=at)
    if whole:
        click.echo(as_json(_findings(line, findings, at)))
    for found in () if whole else findings:
        mark = "ok" if found.ok else "--"
        click.echo(f"{mark}  {found.name:14} {line.tell(found.sentence)}")
    sys.exit(DONE if all(found.ok for found in findings) else SOME_REFUSED)


def _findings(line: Line, findings: Iterable[Any], at: datetime) -> dict[str, Any]:
    from silog_scan.core.events import timestamp

    return {
        "at": timestamp(at),
        "findings": [
            {"name": found.name, "ok": found.ok, "message": line.tell(found.sentence)}
            for found in findings
        ],
    }
