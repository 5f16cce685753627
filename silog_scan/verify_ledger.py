#!/usr/bin/env python3
"""Check an exported ledger of silog-scan, with nothing but Python's standard library.

    python3 verify_ledger.py export.jsonl [checkpoint.txt]

It checks that every line is an event, that each station's chain begins at 1, has no gap and names
the right event before it, and that no event was altered. With a checkpoint, on paper or as a file,
it cuts every chain where it stood then and checks that those events are the same to the letter.
Then it adds up stock and manifests from the effects the events carry. It does not check the
checkpoint's signature, for which the standard library has no Ed25519: the verifier page does.

Exit: 0 all is well, 1 it cannot be read, 3 something does not fit.
This file is meant to be read: it depends on nothing else of silog-scan.
"""

import base64
import collections
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

Event = dict[str, Any]
Checkpoint = tuple[int, bytes, dict[str, int]]

GENESIS = "0" * 64
FIELDS = {"station", "sequence", "id", "kind", "at", "body", "previous", "digest"}


class Wrong(Exception):
    """Something does not fit; the sentence says what and where."""


def canonical(value: Any) -> bytes:
    """Return the bytes that are hashed: keys sorted, no spaces, letters as they are."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8")


def no_floats(text: str) -> None:
    """Refuse a number that is not whole: no two languages write floats alike."""
    raise ValueError(f"{text} is not a whole number")


def no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that names a key twice: readers would disagree on what it says."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def read(lines: Iterable[str]) -> Iterator[Event]:
    """Yield the events of an export, each checked for its shape and its own digest."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            event = json.loads(
                line, parse_float=no_floats, parse_constant=no_floats, object_pairs_hook=no_repeats
            )
        except (ValueError, RecursionError) as error:
            raise Wrong(f"line {number} is not an event: {error}") from error
        if not isinstance(event, dict) or set(event) != FIELDS:
            raise Wrong(f"line {number} does not have the fields of an event")
        if not isinstance(event["sequence"], int) or not isinstance(event["station"], str):
            raise Wrong(f"line {number} does not say which event of which station it is")
        hashed = {name: value for name, value in event.items() if name != "digest"}
        try:
            digest = hashlib.sha256(canonical(hashed)).hexdigest()
        except (ValueError, RecursionError) as error:
            raise Wrong(f"line {number} cannot be hashed: {error}") from error
        if digest != event["digest"]:
            raise Wrong(f"{name_of(event)} was altered: its digest is {digest}")
        yield event


def name_of(event: Event) -> str:
    """Return how people name an event."""
    return f"event {event['sequence']} of station {event['station']}"


def chains(events: Iterable[Event]) -> Iterator[Event]:
    """Yield the events, each checked to follow the one before it in its station's chain."""
    last: Event | None = None
    seen: set[str] = set()
    for event in events:
        if last is None or last["station"] != event["station"]:
            if event["station"] in seen or (last and event["station"] < last["station"]):
                raise Wrong(f"{name_of(event)} stands out of order")
            seen.add(event["station"])
            expected, previous = 1, GENESIS
        else:
            expected, previous = last["sequence"] + 1, last["digest"]
        if event["sequence"] != expected:
            raise Wrong(f"{name_of(event)} stands where event {expected} should be")
        if event["previous"] != previous:
            raise Wrong(f"{name_of(event)} does not follow the event before it")
        yield event
        last = event


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node of the Merkle tree (RFC 9162)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def merkle_root(digests: Iterable[str]) -> bytes:
    """Return the Merkle tree hash over digests in hex (RFC 9162, section 2.1.1)."""
    roots: list[tuple[int, bytes]] = []
    for digest in digests:
        height, found = 0, hashlib.sha256(b"\x00" + bytes.fromhex(digest)).digest()
        while roots and roots[-1][0] == height:
            found, height = node(roots.pop()[1], found), height + 1
        roots.append((height, found))
    if not roots:
        return hashlib.sha256().digest()
    found = roots.pop()[1]
    while roots:
        found = node(roots.pop()[1], found)
    return found


def read_checkpoint(text: str) -> Checkpoint:
    """Return (size, root, {station: sequence}) of a checkpoint's text."""
    try:
        _, size, root, *heads = text.partition("\n\n")[0].strip("\n").split("\n")
        split = [line.rpartition(" ") for line in heads]
        found = {station: int(sequence) for station, _, sequence in split}
        return int(size), base64.b64decode(root, validate=True), found
    except ValueError as error:
        raise Wrong(f"the checkpoint cannot be read: {error}") from error


class Sums:
    """Adds up what the events' effects moved and counted; it never decides anything."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.stock: collections.Counter[tuple[Any, ...]] = collections.Counter()
        self.units: collections.Counter[tuple[Any, ...]] = collections.Counter()
        self.expected: dict[str, list[Event]] = {}

    def add(self, event: Event) -> None:
        """Add one event's effects, or what an import says is expected."""
        body = event["body"]
        if event["kind"] == "manifest-imported":
            self.expected[body["number"]] = body["totals"]
        for effect in body.get("effects", ()):
            self.move(effect)
            self.count(effect)

    def move(self, effect: Event) -> None:
        """Take the quantity from where it lay and put it where it lies."""
        item, quantity = effect.get("item"), effect["quantity"]
        if item is None:
            return
        was = effect.get("was", effect["condition"])
        if effect.get("from"):
            self.stock[effect["from"], item, was] -= quantity
        if effect.get("to"):
            self.stock[effect["to"], item, effect["condition"]] += quantity

    def count(self, effect: Event) -> None:
        """Count on the manifest, in units of the item."""
        if effect.get("count"):
            self.units[effect["manifest"], effect["task"], effect["item"]] += effect["units"]


class Checker:
    """Goes once through an export and remembers what the report and a checkpoint need."""

    def __init__(self, checkpoint: Checkpoint | None = None) -> None:
        """Begin, with the checkpoint to hold the export against if there is one."""
        self.size, self.root, self.heads = checkpoint or (0, b"", {})
        self.covered: list[str] = []
        self.found: dict[str, tuple[int, str]] = {}
        self.sums = Sums()

    def check(self, lines: Iterable[str]) -> None:
        """Check every event and then the checkpoint; raise ``Wrong`` at the first that is bad."""
        for event in chains(read(lines)):
            self.found[event["station"]] = (event["sequence"], event["digest"])
            if event["sequence"] <= self.heads.get(event["station"], 0):
                self.covered.append(event["digest"])
            self.sums.add(event)
        if self.root:
            self.check_checkpoint()

    def check_checkpoint(self) -> None:
        """Compare what the checkpoint covered with the same part of the export."""
        for station, sequence in self.heads.items():
            if self.found.get(station, (0, ""))[0] < sequence:
                raise Wrong(f"station {station} ends before event {sequence} of the checkpoint")
        if len(self.covered) != self.size:
            raise Wrong(f"the checkpoint covers {self.size} events, here are {len(self.covered)}")
        if merkle_root(self.covered) != self.root:
            raise Wrong("these are not the events the checkpoint was made of")

    def report(self) -> Iterator[str]:
        """Yield what a reader wants to know."""
        for station, (sequence, digest) in self.found.items():
            yield f"{station}: {sequence} events, unbroken, last {digest}"
        for (place, item, condition), quantity in sorted(self.sums.stock.items()):
            if quantity:
                yield f"stock {place} {item} {condition}: {quantity}"
        for (number, task, item), units in sorted(self.sums.units.items()):
            totals = self.sums.expected.get(number, ())
            wanted = sum(total["quantity"] for total in totals if total["item"] == item)
            yield f"manifest {number} {task} {item}: {units} of {wanted}"
        if self.root:
            yield f"The checkpoint's {self.size} events are these. Its signature was not checked."


def main(arguments: list[str]) -> int:
    """Check the files named and print what was found."""
    if len(arguments) not in (1, 2):
        print(__doc__.strip())
        return 1
    try:
        checkpoint = None
        if len(arguments) > 1:
            with open(arguments[1], encoding="utf-8") as file:
                checkpoint = read_checkpoint(file.read())
        checker = Checker(checkpoint)
        with open(arguments[0], encoding="utf-8", newline="\n") as file:
            checker.check(file)
    except (OSError, UnicodeDecodeError) as error:
        print(f"It cannot be read: {error}")
        return 1
    except Wrong as wrong:
        print(f"IT DOES NOT FIT: {wrong}")
        return 3
    for line in checker.report():
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
