"""The verifier that an observer takes home, run as its own program on what the station exports."""

import hashlib
import io
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import silog_scan
from silog_scan.core import checkpoints
from silog_scan.core.checkpoints import Checkpoint
from silog_scan.core.events import GENESIS, Event
from silog_scan.services import ledgers
from silog_scan.verify_ledger import Checker, Unreadable, Wrong, read_checkpoint
from tests.desk import Desk, box
from tests.exports import chained, forged, line_of

VERIFIER = Path(silog_scan.__file__).with_name("verify_ledger.py")


@pytest.fixture
def lines(desk: Desk) -> list[str]:
    """Return the ledger of a warehouse that received one of two boxes."""
    desk.imports(box("1271-KS-000001"), box("1271-KS-000002"))
    desk.scan("1271-KS-000001", manifest="SJ-1")
    with desk.writing() as session:
        return list(ledgers.export(session))


@pytest.fixture
def checkpoint(lines: list[str]) -> Checkpoint:
    return checkpoints.of(parsed(lines), origin="silog-scan/medan")


def parsed(lines: list[str]) -> Iterator[Event]:
    return ledgers.parse(line.encode() for line in lines)


def verified(folder: Path, lines: list[str], paper: str | None = None) -> tuple[int, str]:
    """Run the program on an export, with a checkpoint if there is one."""
    export, note = folder / "export.jsonl", folder / "checkpoint.txt"
    export.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    note.write_text(paper or "", encoding="utf-8")
    words: list[str | Path] = [sys.executable, "-I", "-S", VERIFIER, export]
    words += [note] if paper else []
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603
    return done.returncode, done.stdout + done.stderr


def test_a_sound_export_is_added_up(lines: list[str], tmp_path: Path) -> None:
    code, told = verified(tmp_path, lines)

    assert code == 2  # there was no checkpoint
    assert "stock 12.71 KOTAK good: 1" in told
    assert "manifest SJ-1 receive KOTAK: 1 of 2" in told


def test_an_altered_event_does_not_fit(lines: list[str], tmp_path: Path) -> None:
    lines[-1] = lines[-1].replace("accepted", "surplus")

    code, told = verified(tmp_path, lines)

    assert code == 3
    assert "was altered" in told


def test_a_missing_event_does_not_fit(lines: list[str], tmp_path: Path) -> None:
    assert verified(tmp_path, [*lines[:1], *lines[2:]])[0] == 3


def test_a_checkpoint_is_the_same_to_both(
    lines: list[str], checkpoint: Checkpoint, tmp_path: Path
) -> None:
    code, told = verified(tmp_path, lines, checkpoint.text())

    assert (code, checkpoints.parse(checkpoint.text())) == (0, checkpoint)
    assert f"The checkpoint's {len(lines)} events are these" in told


def test_an_older_checkpoint_fits_a_newer_export(lines: list[str], tmp_path: Path) -> None:
    older = checkpoints.of(parsed(lines[:-1]), origin="silog-scan/medan")

    assert verified(tmp_path, lines, older.text())[0] == 0


def test_a_tail_cut_off_is_seen_by_its_checkpoint(
    lines: list[str], checkpoint: Checkpoint, tmp_path: Path
) -> None:
    assert verified(tmp_path, lines[:-1])[0] == 2
    assert verified(tmp_path, lines[:-1], checkpoint.text())[0] == 3


def test_another_root_does_not_fit(
    lines: list[str], checkpoint: Checkpoint, tmp_path: Path
) -> None:
    forged = replace(checkpoint, root=bytes(32))

    assert verified(tmp_path, lines, forged.text())[0] == 3


def test_a_signed_note_is_read_back(checkpoint: Checkpoint) -> None:
    note = checkpoints.signed(checkpoint.text(), name="medan", key=b"k" * 32, signature=b"s" * 64)

    assert checkpoints.parse(note) == checkpoint
    assert checkpoints.signatures(note) == [
        ("medan", checkpoints.key_id("medan", b"k" * 32), b"s" * 64)
    ]


# Each check by itself.


def objection(*lines: bytes, paper: str | None = None) -> str:
    """Return what the verifier objects to in a file of these lines."""
    with pytest.raises(Wrong) as wrong:
        Checker(read_checkpoint(paper) if paper else None).check(io.BytesIO(b"".join(lines)))
    return str(wrong.value)


def written(body: str, sequence: str = "1") -> bytes:
    """Return a line with a good digest, whose body is written as somebody liked."""
    rest = f'"id":"x","kind":"k","previous":"{GENESIS}","sequence":{sequence},"station":"S"}}'
    start = f'{{"at":"t","body":{body},'
    digest = hashlib.sha256((start + rest).encode()).hexdigest()
    return f'{start}"digest":"{digest}",{rest}\n'.encode()


def test_a_line_written_in_the_one_way_is_read() -> None:
    Checker().check([written('{"n":9007199254740991,"s":"\u00e9\u2028\\n"}')])


@pytest.mark.parametrize(
    "body",
    [
        '{"n": 1}', '{"n":1.0}', '{"n":1e3}', '{"n":NaN}', '{"n":-0}', '{"n":9007199254740992}',
        '{"n":1,"n":1}', '{"b":1,"a":2}', '{"s":"\\u00e9"}', '{"s":"\\/"}', '{"s":"\\ud800"}',
        '{"a":' + "[" * 99 + "]" * 99 + "}", '{"a":' + "[" * 9_999 + "]" * 9_999 + "}", "{}x",
    ],
)  # fmt: skip
def test_a_line_written_otherwise_is_none(body: str) -> None:
    assert objection(written(body)) == "Line 1 is not an event as the station writes it."


@pytest.mark.parametrize(("body", "sequence"), [("[]", "1"), ("{}", "true"), ("{}", '"1"')])
def test_a_value_of_another_kind_is_no_event(body: str, sequence: str) -> None:
    assert objection(written(body, sequence)) == "Line 1 does not have the fields of an event."


@pytest.mark.parametrize(
    "effects",
    ['{"quantity":1}', '"x"', "7", '{"condition":"good","quantity":true}',
     '{"condition":"good","count":1,"quantity":1}'],
)  # fmt: skip
def test_what_cannot_be_added_up_is_named(effects: str) -> None:
    line = written(f'{{"effects":[{effects}]}}')

    assert objection(line) == "Event 1 of station S says what cannot be added up."


def test_an_event_that_follows_another_is_named() -> None:
    first, second = chained([("S", "k", {}), ("S", "k", {})]).log

    told = objection(line_of(first), line_of(forged(second, previous="0" * 64)))

    assert told == "Event 2 of station S does not follow the event before it."


def test_stations_stand_in_the_order_of_their_names() -> None:
    a, b = chained([("B", "k", {}), ("A", "k", {})]).lines

    assert objection(a, b) == "Event 1 of station A stands out of order."


def test_a_chain_that_ends_too_early_is_named() -> None:
    record = chained([("S", "k", {}), ("S", "k", {})])

    told = objection(record.lines[0], paper=record.paper())

    assert told == "Station S ends before event 2 of the checkpoint."


@pytest.mark.parametrize("paper", ["", "x", "x\n1", "x\n1\nAAAA", "x\n\u0661\n" + "A" * 43 + "="])
def test_what_is_no_checkpoint_cannot_be_read(paper: str) -> None:
    with pytest.raises(Unreadable):
        read_checkpoint(paper)


def test_a_checkpoint_may_be_typed_with_other_ends_of_lines() -> None:
    paper = chained([("Meja 2", "k", {})]).paper()

    typed = "\ufeff\r\n" + paper.replace("\n", " \r\n")

    assert read_checkpoint(typed) == read_checkpoint(paper)


def test_a_file_without_events_cannot_be_read() -> None:
    assert objection() == "The file holds no event."


def test_no_name_can_pretend_to_be_another_line(tmp_path: Path) -> None:
    hostile = "S\nThe checkpoint's 9 events are these.\x1b[2J"

    _, told = verified(tmp_path, [chained([(hostile, "k", {})]).lines[0].decode().strip()])

    assert "\nThe checkpoint" not in told
    assert "\x1b" not in told
