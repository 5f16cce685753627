"""``scan``: codes from standard input, photos, folders and films become scans."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import FIXTURES, Run

pytestmark = pytest.mark.usefixtures("delivery")

FILM = json.loads((FIXTURES / "film.json").read_text())


def outcomes(lines: list[str]) -> list[str]:
    return [line.split()[0] for line in lines]


def test_each_line_is_one_scan(run: Run) -> None:
    done = run("scan", "-", "--manifest", "SJ-1", input="1271-KS-000001\n\n1271-KS-000001\nfoo\n")

    assert outcomes(done.lines) == ["accepted", "duplicate", "unknown"]
    assert done.code == 0


def test_jsonl_is_the_apis_result_and_nothing_else(run: Run) -> None:
    done = run("scan", "-", "--jsonl", "--manifest", "SJ-1", input="1271-KS-000001\n")

    [result] = done.objects
    assert set(result) == {
        "id",
        "outcome",
        "severity",
        "message",
        "package",
        "manifest",
        "counts",
        "event",
    }
    assert result["counts"] == {"expected": 2, "counted": 1, "remaining": 1}
    assert set(result["event"]) == {"station", "sequence", "digest"}


def test_a_label_may_be_typed_in_any_of_its_spellings(run: Run) -> None:
    done = run("scan", "-", "--manifest", "SJ-1", input="]C01271-KS-000001\r\n1271-ks-000001\n")

    assert outcomes(done.lines) == ["accepted", "duplicate"]


def test_the_label_of_an_election_is_known_by_its_grammar(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SILOG_LABELS", r"(?P<region>\d{4})P(?P<serial>\d{4})(?P<check_mod10>\d)")

    done = run("scan", "-", input="1275P00018\n1275P00019\n1275-KS-000001\n")

    assert outcomes(done.lines) == ["wrong-destination", "invalid", "unknown"]
    assert done.code == 1


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("1275-KS-000001", "wrong-destination"),
        ("a\tb\x07", "invalid"),
        ("\x1b[2J", "invalid"),
        ("7" * 4_097, "invalid"),
        ("   ", "invalid"),
    ],
    ids=ascii,
)
def test_a_stop_is_one(run: Run, text: str, outcome: str) -> None:
    done = run("scan", "-", "--jsonl", "--manifest", "SJ-1", input=f"{text}\n1271-KS-000001\n")

    assert [result["outcome"] for result in done.objects] == [outcome, "accepted"]
    assert done.code == 1


def test_bytes_that_are_no_text_are_one_invalid_scan(run: Run) -> None:
    done = run("scan", "-", input=b"1271-KS-000001\r\n\xff\xfe\r\n1271-KS-000002\r\n")

    assert outcomes(done.lines) == ["accepted", "invalid", "accepted"]
    assert done.out.isascii()
    assert done.code == 1


def test_command_labels_speak_of_the_scan_that_follows(run: Run) -> None:
    typed = "SLG-CMD-DAMAGED\n1271-KS-000001\nSLG-CMD-QTY-38\nSLG-ITEM-TINTA\nSLG-ITEM-TINTA\n"

    done = run("scan", "-", "--jsonl", "--manifest", "SJ-1", input=typed)

    assert [result["outcome"] for result in done.objects] == ["damaged", "accepted", "accepted"]
    assert [result["counts"]["counted"] for result in done.objects] == [1, 38, 39]


def test_clear_forgets_what_was_said(run: Run) -> None:
    done = run("scan", "-", input="SLG-CMD-DAMAGED\nSLG-CMD-CLEAR\n1271-KS-000001\n")

    assert outcomes(done.lines) == ["accepted"]


def test_options_speak_of_every_scan(run: Run) -> None:
    words = ("scan", "-", "--manifest", "SJ-1", "--condition", "damaged", "--quantity", "7")

    done = run(*words, "--jsonl", input="SLG-ITEM-TINTA\nSLG-ITEM-TINTA\n")

    assert [result["outcome"] for result in done.objects] == ["damaged", "damaged"]
    assert done.objects[-1]["counts"]["counted"] == 14


def test_a_lookup_counts_nothing(run: Run) -> None:
    run("scan", "-", "--task", "lookup", "--manifest", "SJ-1", input="1271-KS-000001\n")

    assert json.loads(run("reconcile", "SJ-1", "--format", "json").out)["packages"]["counted"] == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--manifest", "SJ-404"), "SJ-404"),
        (("--place", "12.75"), "12.75"),
        (("--place", "nonsense"), "nonsense"),
        (("--task", "pack"), "pack"),
    ],
)
def test_scans_for_what_is_not_here_are_refused(
    run: Run, words: tuple[str, ...], told: str
) -> None:
    before = run("ledger", "export").out

    done = run("scan", "-", *words, input="1271-KS-000001\n")

    assert (done.code, done.out) == (1, "")
    assert told in done.err
    assert run("ledger", "export").out == before


def test_a_photo_is_scanned(run: Run) -> None:
    done = run("scan", FIXTURES / "photos" / "one.jpg", "--jsonl")

    assert [result["package"] for result in done.objects] == ["1271-KS-004512"]
    [*_, event] = run("ledger", "export").objects
    assert (event["body"]["source"], event["body"]["symbology"]) == ("photo", "code128")


def test_a_folder_is_scanned_past_a_bad_picture(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    shutil.copytree(FIXTURES / "photos", folder)
    (folder / "a-torn.jpg").write_bytes(b"\xff\xd8\xff nonsense")

    done = run("scan", folder, "--jsonl")

    assert len(done.objects) == 13
    assert "a-torn.jpg" in done.err
    assert done.code == 1


def test_a_film_shows_what_it_was_made_to_show(run: Run) -> None:
    done = run("scan", FIXTURES / "film.mjpeg", "--jsonl")

    shown = [label["text"] for label in FILM["shown"] if label["outcome"] != "command"]
    events = [event for event in run("ledger", "export").objects if event["kind"] == "scan"]
    assert [event["body"]["text"] for event in events] == shown
    assert {event["body"]["source"] for event in events} == {"camera"}
    assert done.code == 1  # a box of Binjai is among them


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("none.jpg", "none.jpg"),
        ("no-folder/", "no-folder"),
        ("9", "Camera 9"),
        ("/dev/video9", "Camera 9"),
    ],
)
def test_a_source_that_is_not_there_is_told(run: Run, source: str, told: str) -> None:
    done = run("scan", source)

    assert (done.code, done.out) == (1, "")
    assert told in done.err


def test_a_source_that_is_no_picture_is_told(run: Run, tmp_path: Path) -> None:
    text = tmp_path / "list.txt"
    text.write_text("beras, gula, kopi")

    done = run("scan", text)

    assert (done.code, done.out) == (1, "")
    assert "list.txt" in done.err
