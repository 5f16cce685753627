"""Scanning hands that never give up: an act is sent again until answered, and then noted."""

import http.client
import json
import random
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

MANIFEST = "SJ-CRASH"
BULK = {"TINTA": "SLG-ITEM-TINTA", "SEGEL": "SLG-ITEM-SEGEL"}
COUNTING = {"accepted", "surplus", "damaged"}
_WINDOW = 40
"""Packages that lie before all hands at once, so that two scan the same."""
_TWINS = 12
_SERVER_FAILED = 500
Json = dict[str, Any]


def package(number: int) -> str:
    """Return the code of one of the manifest's packages."""
    return f"1271-KS-{number:06}"


def manifest(packages: int) -> bytes:
    """Return a manifest of packages, of ink for ever and of a few seals, as CSV."""
    lines = [f"{package(number)},KOTAK,1,12.71.01" for number in range(packages)]
    lines += [",TINTA,1000000,12.71.01", ",SEGEL,500,12.71.01"]
    return "\n".join(["package,item,quantity,destination", *lines, ""]).encode()


@dataclass(frozen=True, slots=True)
class Act:
    """One request: scans handed in together, or the taking back of one."""

    scans: tuple[Json, ...] = ()
    undo: str = ""

    @property
    def path(self) -> str:
        """Return where it is sent."""
        return f"/api/v1/scans/{self.undo}/undo" if self.undo else "/api/v1/scans"

    @property
    def body(self) -> bytes:
        """Return what is sent: the same bytes each time."""
        if self.undo:
            return b'{"reason":"slip of the hand"}'
        content = {"task": "receive", "manifest": MANIFEST, "scans": self.scans}
        return json.dumps(content).encode()


@dataclass(frozen=True, slots=True)
class Note:
    """What a client was told of one scan or undo."""

    id: str
    text: str
    quantity: int
    outcome: str
    counted: int
    event: tuple[str, int, str]


@dataclass
class Crew:
    """What the clients share: work for two at once, their notes, and when to hurry.

    ``fell`` is when the server was killed last, ``again`` holds the acts sent again after that.
    """

    port: int
    packages: int
    scans: list[Note] = field(default_factory=list)
    undone: list[Note] = field(default_factory=list)
    twins: "deque[Act]" = field(default_factory=deque)
    tally: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    hurry: threading.Event = field(default_factory=threading.Event)
    sending: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    given_up: threading.Event = field(default_factory=threading.Event)
    window: int = 0
    fell: float = 0.0
    again: list[tuple[Act, float]] = field(default_factory=list)

    def count(self, **more: int) -> None:
        """Add to the tally; the lock of the interpreter is not enough for this."""
        with _tallying:
            self.tally.update(more)


_tallying = threading.Lock()


class Client(threading.Thread):
    """One pair of hands at a station; ``random`` decides what they do, from a seed."""

    def __init__(self, crew: Crew, token: str, seed: int) -> None:
        """Prepare; ``start`` begins to scan."""
        super().__init__(name=f"client {seed}", daemon=True)
        self._crew = crew
        self._random = random.Random(seed)
        self._token = token
        self._connection: http.client.HTTPConnection | None = None
        self._mine: deque[str] = deque(maxlen=50)
        self._last: tuple[Act, list[Note]] | None = None

    def run(self) -> None:
        """Scan until told to end; what was begun is brought to its end."""
        try:
            while not self._crew.ended.is_set():
                self._do(self._next())
                if not self._crew.hurry.is_set():
                    self._crew.hurry.wait(self._random.expovariate(1 / 0.5))
        except Exception as error:  # noqa: BLE001  # a client that ends early must be seen
            self._crew.wrong.append(f"{self.name} ended: {error!r}")

    # What hands do: a third batches, some undo, some bulk, and every now and then two at once.

    def _next(self) -> Act:
        if self._random.random() < 0.5 and self._crew.twins:
            try:
                return self._crew.twins.popleft()
            except IndexError:
                pass
        act = self._new()
        if self._random.random() < 0.2 and len(self._crew.twins) < _TWINS:
            self._crew.twins.append(act if self._random.random() < 0.5 else _again(act))
        return act

    def _new(self) -> Act:
        kind = self._random.random()
        if kind < 0.12 and self._mine:
            return Act(undo=self._random.choice(self._mine))
        if kind < 0.45:
            return Act(tuple(self._scan() for _ in range(self._random.randint(2, 12))))
        return Act((self._scan(),))

    def _scan(self) -> Json:
        scan = {"id": str(uuid.uuid4()), "scanned_at": "2026-02-02T12:00:00+07:00"}
        if self._random.random() < 0.2:
            text = self._random.choice(list(BULK.values()))
            return scan | {"text": text, "quantity": self._random.randint(1, 50)}
        near = self._crew.window + self._random.randrange(_WINDOW)
        far = self._random.randrange(self._crew.packages)
        number = near if self._random.random() < 0.6 else far
        return scan | {"text": package(number % self._crew.packages)}

    # Until it is answered.

    def _do(self, act: Act) -> None:
        status, answer = self._insist(act)
        if act.undo:
            self._note_undo(act, status, answer)
        else:
            self._note_scans(act, status, answer)

    def _insist(self, act: Act) -> tuple[int, Json]:
        """Send an act until it is answered, and whenever that took more than one try, ask back."""
        tries = 0
        while not self._crew.given_up.is_set():
            tries += 1
            try:
                status, answer = self._send(act)
            except (OSError, http.client.HTTPException) as error:
                self._drop(error)
                continue
            if status < _SERVER_FAILED:
                if tries > 1:
                    self._crew.again.append((act, self._crew.fell))
                    self._ask_back()
                return status, answer
            self._crew.count(**{str(status): 1})
            time.sleep(0.05)
        raise TimeoutError("the trial was given up")

    def _send(self, act: Act) -> tuple[int, Json]:
        connection = self._connection
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self._crew.port, timeout=20)
            connection.connect()
            self._connection = connection
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        self._crew.sending.set()
        connection.request("POST", act.path, act.body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def _drop(self, error: Exception) -> None:
        """Let go of a connection that broke, and wait a little for the next server."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if isinstance(error, TimeoutError):
            self._crew.wrong.append(f"{self.name} waited 20 s for an answer")
        time.sleep(0.03)

    def _ask_back(self) -> None:
        """Send again what was acknowledged before the server fell: it must be known, unchanged."""
        if self._last is None:
            return
        (act, notes), self._last = self._last, None
        status, answer = self._insist(act)
        if status != 200 or _notes(act, answer) != notes:
            self._crew.wrong.append(f"acknowledged as {notes}, then told {status} {answer}")
        self._crew.count(asked_back=1)

    # Notes, made before the client goes on.

    def _note_scans(self, act: Act, status: int, answer: Json) -> None:
        if status != 200:
            self._crew.wrong.append(f"{act}: {status} {answer}")
            return
        notes = _notes(act, answer)
        self._crew.scans += notes
        self._crew.count(acknowledged=len(notes), batches=int(len(notes) > 1))
        self._last = act, notes
        self._mine.extend(note.id for note in notes if note.outcome in COUNTING)

    def _note_undo(self, act: Act, status: int, answer: Json) -> None:
        if status == 200:
            event = answer["event"]
            place = (event["station"], event["sequence"], event["digest"])
            self._crew.undone.append(Note(act.undo, "", 0, "undo", 0, place))
        elif answer.get("code") not in ("not-last", "undo-not-allowed"):
            self._crew.wrong.append(f"{act}: {status} {answer}")


def _again(act: Act) -> Act:
    """Return the same labels scanned by somebody else: other ids."""
    return Act(tuple(scan | {"id": str(uuid.uuid4())} for scan in act.scans), act.undo)


def _notes(act: Act, answer: Json) -> list[Note]:
    results: Sequence[Json] = answer["results"]
    assert [result["id"] for result in results] == [scan["id"] for scan in act.scans]
    return [
        Note(
            scan["id"],
            scan["text"],
            scan.get("quantity", 1),
            result["outcome"],
            result["counts"]["counted"],
            (result["event"]["station"], result["event"]["sequence"], result["event"]["digest"]),
        )
        for scan, result in zip(act.scans, results, strict=True)
    ]
