#!/usr/bin/env python3
"""Check an exported ledger of silog-scan, with nothing but Python's standard library.

    python3 verify_ledger.py export.jsonl [checkpoint.txt]

It checks that every line is an event, to the letter as the station writes it, that each station's
chain begins at 1 and has no gap or fork, and that no event was altered. With a checkpoint it cuts
every chain where it stood then and checks that those events are the same. Then it adds up stock and
manifests. It cannot check the signature, for Python's library has no Ed25519: the page /verify of
any station does. Without a checkpoint nobody sees that the end was taken away, or all written anew.
Exit: 0 it fits the checkpoint, 1 unreadable, 2 unbroken but without checkpoint, 3 it does not fit.
"""

import base64
import collections
import hashlib
import json
import pathlib
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any

Event = dict[str, Any]
Checkpoint = tuple[int, bytes, dict[str, int]]

GENESIS = "0" * 64
DEEPEST = 100  # lists and objects within each other, in one event
FIELDS = ["at", "body", "digest", "id", "kind", "previous", "sequence", "station"]
KINDS = [str, dict, str, str, str, str, int, str]
EFFECT = {"item": str, "quantity": int, "condition": str, "was": str, "from": str, "to": str}
EFFECT |= {"manifest": str, "task": str, "count": int, "units": int, "number": str}


class Wrong(Exception):
    """Something does not fit; the sentence says what and where."""


class Unreadable(Wrong):
    """It is no export, or no checkpoint, at all."""


def whole(text: str) -> int:
    """Return a number that every language reads alike; refuse NaN, one with a point, a huge one."""
    number = int(text)
    if abs(number) >= 2**53:
        raise ValueError(text)
    return number


READER = json.JSONDecoder(parse_int=whole, parse_float=whole, parse_constant=whole)
WRITER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def depth(value: Any) -> int:
    """Return how many lists and objects lie within each other."""
    if not isinstance(value, (dict, list)):
        return 0
    return 1 + max(map(depth, value.values() if isinstance(value, dict) else value), default=0)


def parse(line: bytes) -> Event:
    """Return the object on a line, refused unless it is written in the one way there is."""
    text = line.decode("utf-8")
    value = READER.decode(text)
    is_deep = text.count("[") + text.count("{") > DEEPEST and depth(value) > DEEPEST
    if not isinstance(value, dict) or is_deep or WRITER.encode(value) != text:
        raise ValueError(text)
    return value


def read(lines: Iterable[bytes]) -> Iterator[Event]:
    """Yield the events of an export, each checked for its shape and its own digest."""
    for number, raw in enumerate(lines, start=1):
        line, bad = raw.removesuffix(b"\n"), Wrong if number > 1 else Unreadable
        try:
            event = parse(line)
        except (ValueError, RecursionError) as error:
            if line == raw and number > 1:
                raise Unreadable(f"Line {number} is cut off. Fetch the file again.") from error
            raise bad(f"Line {number} is not an event as the station writes it.") from error
        if [*event] != FIELDS or [*map(type, event.values())] != KINDS:
            raise bad(f"Line {number} does not have the fields of an event.")
        before, _, after = line.rpartition(b',"digest":"%b"' % event["digest"].encode())
        if hashlib.sha256(before + after).hexdigest() != event["digest"]:
            raise Wrong(f"{name_of(event)} was altered.")
        yield event


def name_of(event: Event) -> str:
    """Return how people name an event."""
    return f"Event {event['sequence']} of station {event['station']}"


def chains(events: Iterable[Event]) -> Iterator[Event]:
    """Yield the events, each checked to follow the one before it in its station's chain."""
    last: Event = {"station": "", "sequence": 0, "digest": GENESIS}
    for event in events:
        expected, previous = last["sequence"] + 1, last["digest"]
        if event["station"] != last["station"]:
            if event["station"] < last["station"]:
                raise Wrong(f"{name_of(event)} stands out of order.")
            expected, previous = 1, GENESIS
        if event["sequence"] != expected:
            raise Wrong(f"{name_of(event)} stands where event {expected} should be.")
        if event["previous"] != previous:
            raise Wrong(f"{name_of(event)} does not follow the event before it.")
        yield event
        last = event


def add_leaf(roots: list[tuple[int, bytes]], digest: str) -> None:
    """Add an event to the Merkle tree (RFC 9162) of which only full subtrees' roots are kept."""
    height, found = 0, hashlib.sha256(b"\x00" + bytes.fromhex(digest)).digest()
    while roots and roots[-1][0] == height:
        height, found = height + 1, hashlib.sha256(b"\x01" + roots.pop()[1] + found).digest()
    roots.append((height, found))


def root_of(roots: list[tuple[int, bytes]]) -> bytes:
    """Return the tree's hash."""
    found = roots[-1][1] if roots else hashlib.sha256().digest()
    for _, left in reversed(roots[:-1]):
        found = hashlib.sha256(b"\x01" + left + found).digest()
    return found


def read_checkpoint(text: str) -> Checkpoint:
    """Return (size, root, {station: sequence}) of a checkpoint's text, whatever ends its lines."""
    lines = [line.strip(" \t\r") for line in text.strip("\ufeff \t\r\n").split("\n")]
    body = lines[: lines.index("")] if "" in lines else lines
    heads = [line.rpartition(" ") for line in body[3:]]
    numbers = " ".join([*body[1:2], *(sequence for _, _, sequence in heads)])
    is_root = re.fullmatch("[A-Za-z0-9+/]{43}=", "".join(body[2:3]))
    if is_root and re.fullmatch("[0-9]{1,15}( [0-9]{1,15})*", numbers):
        found = {station: int(sequence) for station, _, sequence in heads}
        if sum(found.values()) == int(body[1]):
            return int(body[1]), base64.b64decode(body[2]), found
    raise Unreadable("The checkpoint cannot be read: a line is missing or typed wrongly.")


class Sums:
    """Adds up what the events' effects moved and counted; it never decides anything."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.stock: collections.Counter[tuple[Any, ...]] = collections.Counter()
        self.units: collections.Counter[tuple[Any, ...]] = collections.Counter()
        self.expected: dict[str, collections.Counter[str]] = {}

    def add(self, event: Event) -> None:
        """Add one event's effects, or what an import says is expected."""
        body = event["body"]
        try:
            if event["kind"] == "manifest-imported":
                number, expected = listed([body])[0]["number"], collections.Counter[str]()
                for total in listed(body["totals"]):
                    expected[total["item"]] += total["quantity"]
                self.expected[number] = expected
            for effect in listed(body.get("effects", [])):
                self.move(effect)
        except (KeyError, TypeError, AttributeError) as error:
            raise Wrong(f"{name_of(event)} says what cannot be added up.") from error

    def move(self, effect: Event) -> None:
        """Take the quantity from where it lay to where it lies, and count units on the manifest."""
        item, quantity, condition = effect.get("item"), effect["quantity"], effect["condition"]
        if item and effect.get("from"):
            self.stock[effect["from"], item, effect.get("was", condition)] -= quantity
        if item and effect.get("to"):
            self.stock[effect["to"], item, condition] += quantity
        if effect.get("count"):
            self.units[effect["manifest"], effect["task"], effect["item"]] += effect["units"]


def listed(values: Any) -> list[Event]:
    """Return a list of objects in which what is added up is of the kinds it must be."""
    if type(values) is not list:
        raise TypeError(values)
    for one in values:
        if [name for name in EFFECT.keys() & one.keys() if type(one[name]) is not EFFECT[name]]:
            raise TypeError(one)
    return values


class Checker:
    """Goes once through an export and remembers what the report and a checkpoint need."""

    def __init__(self, checkpoint: Checkpoint | None = None) -> None:
        """Begin, with the checkpoint to hold the export against if there is one."""
        self.size, self.root, self.heads = checkpoint or (0, b"", {})
        self.roots: list[tuple[int, bytes]] = []
        self.found: dict[str, tuple[int, str]] = {}
        self.sums = Sums()

    def check(self, lines: Iterable[bytes]) -> None:
        """Check every event and then the checkpoint; raise ``Wrong`` at the first that is bad."""
        for event in chains(read(lines)):
            self.found[event["station"]] = (event["sequence"], event["digest"])
            if event["sequence"] <= self.heads.get(event["station"], 0):
                add_leaf(self.roots, event["digest"])
            self.sums.add(event)
        if not self.found:
            raise Unreadable("The file holds no event.")
        for station, sequence in self.heads.items():
            if self.found.get(station, (0, ""))[0] < sequence:
                raise Wrong(f"Station {station} ends before event {sequence} of the checkpoint.")
        if self.root and root_of(self.roots) != self.root:
            raise Wrong("These are not the events of the checkpoint. Was it typed rightly?")

    def report(self) -> Iterator[str]:
        """Yield what a reader wants to know."""
        for station, (sequence, digest) in self.found.items():
            yield f"{station}: {sequence} events, unbroken, last {digest}"
        for (place, item, condition), quantity in sorted(self.sums.stock.items()):
            if quantity:
                yield f"stock {place} {item} {condition}: {quantity}"
        for (number, task, item), units in sorted(self.sums.units.items()):
            wanted = self.sums.expected.get(number, {}).get(item, 0)
            yield f"manifest {number} {task} {item}: {units} of {wanted}"
        fits = f"The checkpoint's {self.size} events are these. Its signature was not checked."
        yield fits if self.root else "There was no checkpoint: the end may have been taken away."


def say(line: str) -> None:
    """Print a line in which no name can pretend to be another line."""
    print("".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in line))


def main(arguments: list[str]) -> int:
    """Check the files named and print what was found."""
    try:
        paper = pathlib.Path(arguments[1]).read_text("utf-8") if len(arguments) > 1 else None
        checker = Checker(read_checkpoint(paper) if paper is not None else None)
        with open(arguments[0], "rb") as export:
            checker.check(export)
    except (OSError, UnicodeDecodeError, Unreadable) as error:
        say(f"It cannot be read: {error}")
        return 1
    except Wrong as wrong:
        say(f"IT DOES NOT FIT: {wrong}")
        return 3
    for line in checker.report():
        say(line)
    return 0 if paper is not None else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) if len(sys.argv) in (2, 3) else __doc__)
