"""The verifier that an observer takes home, run as its own program on what the station exports."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import silog_scan
from silog_scan.core import checkpoints
from silog_scan.core.checkpoints import Checkpoint
from silog_scan.core.events import Event
from silog_scan.services import ledgers
from tests.desk import Desk, box

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

    assert code == 0
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
    assert verified(tmp_path, lines[:-1])[0] == 0
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
