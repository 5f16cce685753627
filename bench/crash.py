"""Kill the station again and again while 16 clients scan: nothing acknowledged may be lost.

The whole process group of a real ``silog-scan serve`` is killed outright at random moments, half
of them within milliseconds of a request. Clients note every answer before they go on, send again
what was not answered, and ask back what was. On PostgreSQL two workers serve one database, whose
server is killed too. At the end the clients' notes are held against the ledger and the counts.

Run: python bench/crash.py [--kills 100] [--postgresql-kills 25]
"""

import argparse
import json
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from _clients import BULK, COUNTING, MANIFEST, Client, Crew, Json, Note, manifest
from _station import DISK, PLACE, WITHIN, Cluster, Home, Server, cluster, founded, free_port, until

from silog_scan.core.events import moment

CLIENTS = 16
STATIONS = 8
_CHECK_EVERY = 10
_WINDOW_MOVES = 150


@dataclass
class Trial:
    """A home under siege and what was found."""

    name: str
    home: Home
    crew: Crew
    workers: int = 1
    chance: random.Random = field(default_factory=random.Random)
    unanswered: int = 0
    found: dict[str, int] = field(default_factory=dict)

    def serve(self) -> Server:
        """Start the station again, on the port its clients know."""
        workers = ("--workers", str(self.workers)) if self.workers > 1 else ()
        return Server(self.home, *workers, port=self.crew.port)

    def wait_for_a_moment(self) -> None:
        """Return at a moment to kill at: any, or while a request just sent is being worked on."""
        self.crew.window += _WINDOW_MOVES
        self.crew.hurry.set()
        time.sleep(self.chance.uniform(0, 0.2))
        if self.chance.random() < 0.5:
            self.crew.sending.clear()
            self.crew.sending.wait(5)
            time.sleep(self.chance.uniform(0, 0.008))

    def greetings(self) -> int:
        """Return how many workers have opened the station so far."""
        log = self.home.folder / "serve.log"
        return log.read_text().count("Open ") if log.exists() else 0

    def fallen(self) -> None:
        """Note the moment, and let the clients take their time until the next."""
        self.crew.fell = time.time()
        self.crew.hurry.clear()


# The siege.


def besiege(trial: Trial, kills: int) -> None:
    """Kill the station that often while clients scan; verify the chains after each restart."""
    server = trial.serve()
    try:
        with scanning(trial):
            for number in range(1, kills + 1):
                trial.wait_for_a_moment()
                server.kill()
                trial.fallen()
                if number % _CHECK_EVERY == 0:
                    trial.home.run("ledger", "rebuild", "--check")
                server = trial.serve()
                trial.home.run("ledger", "verify")
                if number % _CHECK_EVERY == 0:
                    print(f"{trial.name}: {number} kills", file=sys.stderr)
    finally:
        server.stop()


def crash_database(trial: Trial, postgresql: Cluster, crashes: int) -> None:
    """Kill the database under a serving station, which must go on without a restart."""
    begun = trial.greetings()
    server = trial.serve()
    # A worker that is still opening its database when it falls ends the station, as it should.
    until(lambda: trial.greetings() - begun >= trial.workers, "the start of every worker")
    try:
        with scanning(trial):
            for number in range(crashes):
                trial.wait_for_a_moment()
                postgresql.crash(outright=bool(number % 2))
                trial.fallen()
                postgresql.start()
                until(server.is_ready, "the station's return to its database")
                trial.home.run("ledger", "verify")
    finally:
        server.stop()


@contextmanager
def scanning(trial: Trial) -> Iterator[None]:
    """Let the clients scan meanwhile; at the end each brings to its end what it has begun."""
    crew, tokens = trial.crew, trial.home.tokens
    crew.ended.clear()
    clients = [
        Client(crew, tokens[number % len(tokens)], trial.chance.getrandbits(32))
        for number in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    try:
        yield
    except BaseException:
        crew.given_up.set()  # there may be no server left to answer them
        raise
    finally:
        crew.ended.set()
        crew.hurry.set()
        last = time.monotonic() + WITHIN
        for client in clients:
            client.join(max(last - time.monotonic(), 0))
        crew.hurry.clear()
        crew.wrong += [f"{client.name} never ended" for client in clients if client.is_alive()]


# What is held against the clients' notes.


def judge(trial: Trial) -> None:
    """Count what was lost or doubled: by the notes against the ledger, and against the counts."""
    crew, home = trial.crew, trial.home
    home.run("ledger", "verify")
    home.run("ledger", "rebuild", "--check")
    log = [json.loads(line) for line in home.run("ledger", "export").splitlines()]
    scans = {event["id"]: event for event in log if event["kind"] == "scan"}
    undos = {event["body"]["scan"]: event for event in log if event["kind"] == "undo"}
    noted = {note.id: note for note in crew.scans}
    undone = {note.id: note for note in crew.undone}
    acts = sum(event["kind"] in ("scan", "undo") for event in log)
    trial.unanswered = unanswered(crew, scans, undos)
    trial.found = {
        "lost": lost(noted, scans) + lost(undone, undos),
        "doubled": acts - len(scans) - len(undos) + doubled(noted, undone),
        "recorded, never asked for": len(scans.keys() - noted.keys())
        + len(undos.keys() - undone.keys()),
        "told two things": len(set(crew.scans)) - len(noted) + len(set(crew.undone)) - len(undone),
        "sums that differ": sums(home, noted, undone),
    }
    told = home.folder.joinpath("serve.log").read_text(errors="replace")
    trial.found["tracebacks"] = told.count("Traceback (most recent call last)")


def unanswered(crew: Crew, scans: dict[str, Json], undos: dict[str, Json]) -> int:
    """Return how many acts were on disk when a kill took their answer away."""
    found = [
        (undos.get(act.undo) if act.undo else scans.get(act.scans[0]["id"]), fell)
        for act, fell in crew.again
    ]
    return sum(moment(event["at"]).timestamp() <= fell for event, fell in found if event)


def lost(notes: dict[str, Note], events: dict[str, Json]) -> int:
    """Return how many acknowledged acts are not in the ledger, or not as they were told."""
    missing = 0
    for note in notes.values():
        event = events.get(note.id)
        told = (event["station"], event["sequence"], event["digest"]) if event else None
        outcome = event["body"].get("outcome", "undo") if event else None
        missing += (told, outcome) != (note.event, note.outcome)
    return missing


def doubled(scans: dict[str, Note], undone: dict[str, Note]) -> int:
    """Return how many packages count more than once, or less than not at all."""
    counted = Counter[str]()
    for note in scans.values():
        if note.text not in BULK.values():
            counted[note.text] += (note.outcome in COUNTING) - (note.id in undone)
    return sum(number not in (0, 1) for number in counted.values())


def sums(home: Home, scans: dict[str, Note], undone: dict[str, Note]) -> int:
    """Return how many figures of reconciliation and stock are not the sum of what clients noted."""
    standing = [n for n in scans.values() if n.outcome in COUNTING and n.id not in undone]
    wanted = Counter({"KOTAK": 0} | dict.fromkeys(BULK, 0))
    for note in standing:
        items = [item for item, text in BULK.items() if text == note.text]
        wanted[items[0] if items else "KOTAK"] += note.quantity
    page = reconciled(home)
    counted = {line["item"]: line["counted"] for line in page["items"]}
    held = {
        line["item"]: line["quantity"]
        for line in json.loads(home.run("stock", "--place", PLACE, "--format", "json"))
    }
    different = [i for i, n in wanted.items() if counted[i] != n or held.get(i, 0) != n]
    return len(different) + int(page["packages"]["counted"] != wanted["KOTAK"])


def reconciled(home: Home) -> Json:
    """Return the manifest's reconciliation; that differences are found is no failure here."""
    from silog_scan.services import accounts, reports  # noqa: PLC0415

    database = home.open()
    with database.reading() as session:
        actor = accounts.cli_actor(session)
        found: Json = reports.reconciliation(session, actor, MANIFEST)
    database.close()
    return found


# The report.

_ROWS: tuple[tuple[str, Callable[[Trial], int]], ...] = (
    ("scans acknowledged", lambda trial: trial.crew.tally["acknowledged"]),
    ("of them in batches, requests", lambda trial: trial.crew.tally["batches"]),
    ("undone", lambda trial: len({note.id for note in trial.crew.undone})),
    ("requests sent again after a kill", lambda trial: len(trial.crew.again)),
    ("of them on disk already, only the answer was gone", lambda trial: trial.unanswered),
    ("acknowledged before a kill, asked again", lambda trial: trial.crew.tally["asked_back"]),
    ("refused while the database was away (503)", lambda trial: trial.crew.tally["503"]),
    ("failures nobody foresaw (500)", lambda trial: trial.crew.tally["500"]),
    ("answers that were wrong", lambda trial: len(trial.crew.wrong)),
)


def report(trials: list[tuple[Trial, str]]) -> bool:
    """Print the table; say whether all is well."""
    names = [trial.name for trial, _ in trials]
    print("| " + " | ".join(["", *names]) + " |")
    print("|---" * (len(names) + 1) + "|")
    print("| " + " | ".join(["kills", *(kills for _, kills in trials)]) + " |")
    for row, figure in _ROWS:
        print("| " + " | ".join([row, *(f"{figure(trial):,}" for trial, _ in trials)]) + " |")
    for row in trials[0][0].found:
        print("| " + " | ".join([row, *(f"{trial.found[row]}" for trial, _ in trials)]) + " |")
    for trial, _ in trials:
        for wrong in trial.crew.wrong[:5]:
            print(f"{trial.name}: {wrong}", file=sys.stderr)
    return not any(
        sum(trial.found.values()) + len(trial.crew.wrong) + trial.crew.tally["500"]
        for trial, _ in trials
    )


def trial_of(name: str, folder: Path, chosen: argparse.Namespace, database: str | None) -> Trial:
    """Found a home and import the manifest that the clients scan."""
    home = founded(folder, database, stations=STATIONS)
    load = ("manifest", "import", "-", "--number", MANIFEST, "--from", "12", "--to", PLACE)
    home.run(*load, data=manifest(chosen.packages))
    crew = Crew(free_port(), chosen.packages)
    return Trial(name, home, crew, 2 if database else 1, random.Random(chosen.seed))


def on_sqlite(folder: Path, chosen: argparse.Namespace) -> tuple[Trial, str]:
    """Return the trial on SQLite and what was killed."""
    trial = trial_of("SQLite", folder / "sqlite", chosen, None)
    besiege(trial, chosen.kills)
    judge(trial)
    return trial, str(chosen.kills)


def on_postgresql(folder: Path, chosen: argparse.Namespace) -> tuple[Trial, str]:
    """Return the trial of two workers on PostgreSQL and what was killed."""
    with cluster() as postgresql:
        database = postgresql.database("crash")
        trial = trial_of("PostgreSQL, 2 workers", folder / "postgresql", chosen, database)
        besiege(trial, chosen.postgresql_kills)
        crashes = -(-chosen.postgresql_kills // 5)
        crash_database(trial, postgresql, crashes)
        judge(trial)
    return trial, f"{chosen.postgresql_kills}, and {crashes} of PostgreSQL itself"


def main(chosen: argparse.Namespace) -> bool:
    """Run the trials and print what was found."""
    begun, trials = time.monotonic(), []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # and the station with it
    with tempfile.TemporaryDirectory(dir=DISK) as name:
        if chosen.kills:
            trials.append(on_sqlite(Path(name), chosen))
        if chosen.postgresql_kills:
            trials.append(on_postgresql(Path(name), chosen))
        well = report(trials)
    seconds = time.monotonic() - begun
    print(f"\n{CLIENTS} clients, {STATIONS} stations, seed {chosen.seed}, {seconds:.0f} s")
    return well


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=0, help="of the station on SQLite")
    parser.add_argument("--postgresql-kills", type=int, default=0, help="and on PostgreSQL")
    parser.add_argument("--packages", type=int, default=10_000, help="that the manifest expects")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    wanted = parser.parse_args()
    if not wanted.kills and not wanted.postgresql_kills:
        wanted.kills, wanted.postgresql_kills = 5, 2
    sys.exit(0 if main(wanted) else 1)
