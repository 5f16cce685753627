"""``decode``: the codes in pictures, without any database."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import FIXTURES, Run

PHOTO = FIXTURES / "photos" / "one.jpg"


def test_a_photo_is_one_object(run: Run) -> None:
    done = run("decode", "--jsonl", PHOTO)

    [found] = done.objects
    assert (done.code, done.err) == (0, "")
    assert set(found) == {"image", "readings", "unread", "ms"}
    assert found["image"] == str(PHOTO)
    [reading] = found["readings"]
    assert set(reading) == {"text", "symbology", "symbology_identifier", "corners", "stage"}
    assert (reading["text"], reading["symbology"]) == ("1271-KS-004512", "code128")
    assert all(len(corner) == 2 for corner in reading["corners"])
    assert len(reading["corners"]) == 4


def test_what_is_no_picture_is_an_error_after_the_others_are_done(run: Run, tmp_path: Path) -> None:
    text = tmp_path / "list.txt"
    text.write_text("beras, gula, kopi")

    done = run("decode", "--jsonl", tmp_path / "none.jpg", text, tmp_path, PHOTO)

    assert (done.code, done.err) == (1, "")
    codes = [found["error"]["code"] for found in done.objects[:3]]
    assert codes == ["no-such-picture", "not-a-picture", "picture-unreadable"]
    assert all(set(found) == {"image", "error"} for found in done.objects[:3])
    assert done.objects[3]["readings"][0]["text"] == "1271-KS-004512"


def test_people_get_lines_and_errors_beside_them(run: Run, tmp_path: Path) -> None:
    done = run("decode", PHOTO, tmp_path / "none.jpg")

    assert done.code == 1
    assert "1271-KS-004512" in done.out
    assert len(done.lines) == 1
    assert "none.jpg" in done.err


def test_no_home_is_opened_or_made(run: Run, tmp_path: Path) -> None:
    there = tmp_path / "nothing"

    done = run("decode", PHOTO, SILOG_HOME=str(there))

    assert done.code == 0
    assert not there.exists()


def test_a_name_that_is_no_utf8_is_told(run: Run, tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("file names are text elsewhere")
    odd = os.fsencode(tmp_path) + b"/\xff\xfe.jpg"
    shutil.copyfile(PHOTO, odd)

    done = run("decode", "--jsonl", os.fsdecode(odd))

    assert done.code == 0
    assert done.objects[0]["readings"][0]["text"] == "1271-KS-004512"


def test_every_code_of_a_photo_is_found(run: Run) -> None:
    done = run("decode", "--jsonl", FIXTURES / "photos" / "twelve.jpg")

    assert len({reading["text"] for reading in done.objects[0]["readings"]}) == 12
