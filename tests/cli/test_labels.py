"""Labels from the command line: drawn, kept, and all or nothing."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from silog_scan.services import labels
from silog_scan.store.db import Database
from tests.cast import MEDAN
from tests.cli.conftest import Run
from tests.conftest import sqlite_url

SVG = "{http://www.w3.org/2000/svg}"


def words(svg: str) -> list[str | None]:
    return [text.text for text in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314  # our own


def kept(home: Path) -> list[str]:
    database = Database(sqlite_url(home / "silog.db"))
    with database.reading() as session:
        found = [pattern.text for pattern in labels.expected_patterns(session, place=MEDAN)]
    database.close()
    return found


def test_a_manifest_gives_a_label_for_each_package(delivery: Path, run: Run) -> None:
    done = run("labels", "--manifest", "SJ-1", "-o", delivery / "labels.svg")

    assert done.code == 0, done.err
    shown = words((delivery / "labels.svg").read_text())
    assert {"1271-KS-000001", "1271-KS-000002"} <= set(shown)
    assert "Kotak suara" in shown
    assert kept(delivery) == ["1271-KS-000001", "1271-KS-000002"]


@pytest.mark.usefixtures("home")
def test_codes_come_from_standard_input_and_one_page_goes_to_standard_output(run: Run) -> None:
    done = run("labels", "--codes", "-", "--symbology", "qrcode", input="A-1\nA-2\n")

    assert words(done.out) == ["A-1", "A-2"]
    assert "2 labels on 1 pages" in done.err


def test_several_pages_are_several_files(home: Path, run: Run) -> None:
    codes = "".join(f"A-{number}\n" for number in range(11))

    done = run("labels", "--codes", "-", "-o", home / "some.svg", input=codes)

    assert done.code == 0
    assert words((home / "some-2.svg").read_text()) == ["A-10"]
    assert not (home / "some.svg").exists()


def test_a_code_that_cannot_be_printed_is_named_by_its_line_and_nothing_is_done(
    delivery: Path, run: Run
) -> None:
    done = run(
        "labels", "--codes", "-", "-o", delivery / "some.svg", input="1271-KS-000001\nKotak é\n"
    )

    assert done.code == 1
    assert "Line 2:" in done.err
    assert not (delivery / "some.svg").exists()
    assert kept(delivery) == []


def test_a_print_that_cannot_be_written_is_not_kept(delivery: Path, run: Run) -> None:
    done = run("labels", "--manifest", "SJ-1", "-o", delivery / "nowhere" / "labels.svg")

    assert done.code == 1
    assert kept(delivery) == []


@pytest.mark.usefixtures("home")
def test_several_pages_need_a_name(run: Run) -> None:
    done = run("labels", "--codes", "-", input="A\n" * 11)

    assert (done.code, done.out) == (1, "")
    assert "-o" in done.err


@pytest.mark.usefixtures("home")
def test_either_codes_or_a_manifest_are_needed(run: Run) -> None:
    assert run("labels").code == 2
    assert run("labels", "--codes", "-", "--manifest", "SJ-1").code == 2


@pytest.mark.usefixtures("home")
def test_an_empty_list_is_refused(run: Run) -> None:
    assert run("labels", "--codes", "-", input="\n").code == 1
