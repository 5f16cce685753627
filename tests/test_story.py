"""A delivery, from an empty laptop to a record that a stranger can check."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from silog_scan.cli import main

FIXTURES = Path(__file__).parent.parent / "fixtures"


class Laptop:
    """A laptop in the warehouse of Kota Medan."""

    def __init__(self, home: Path) -> None:
        self._settings = {"SILOG_HOME": str(home), "SILOG_LANGUAGE": "en"}

    def run(self, command: str, typed: str = "", *, code: int = 0) -> str:
        """Run a command that ends with the code, and return what it printed."""
        words = shlex.split(command.format(fixtures=FIXTURES))
        done = CliRunner().invoke(main, words, typed, env=self._settings)
        assert done.exit_code == code, done.output
        return done.stdout

    def ask(self, command: str, *, code: int = 0) -> list[dict[str, Any]]:
        """Return the JSON of a command, one object for each line."""
        return [json.loads(line) for line in self.run(command, code=code).splitlines()]


@pytest.fixture
def laptop(tmp_path: Path) -> Laptop:
    return Laptop(tmp_path / "silog")


def test_a_delivery_from_the_lorry_to_the_record(laptop: Laptop, tmp_path: Path) -> None:
    # Hendra sets up the warehouse of Kota Medan, and takes in what the province announced.
    laptop.run("init --place 12.71 --admin hendra --password-file -", "correct horse battery")
    laptop.run("manifest import {fixtures}/SJ-1271-0147.csv")

    # Nothing has come yet.
    laptop.run("reconcile SJ-1271-0147", code=3)

    # The lorry comes. Boxes pass before the camera; one of them belongs to Binjai and stops.
    film = "scan {fixtures}/film.mjpeg --task receive --manifest SJ-1271-0147 --jsonl"
    answers = laptop.ask(film, code=1)

    shown = json.loads((FIXTURES / "film.json").read_text())["shown"]
    expected = [label["outcome"] for label in shown if label["outcome"] != "command"]
    assert [answer["outcome"] for answer in answers] == expected

    # A shelf is photographed, and the last box is typed, since its label is torn.
    laptop.run("scan {fixtures}/photos/twelve.jpg --manifest SJ-1271-0147")
    laptop.run("scan - --manifest SJ-1271-0147", "1271-SP-000301\n")

    # By evening everybody knows what is missing, short, too much, damaged, and whose.
    [found] = laptop.ask("reconcile SJ-1271-0147 --format json", code=3)
    assert all(
        found["totals"][name] for name in ("matched", "missing", "short", "surplus", "damaged")
    )
    assert {extra["outcome"] for extra in found["extras"]} >= {"wrong-destination", "unknown"}

    # Where is the box that came in damaged, and who had it?
    [box] = laptop.ask("trace 1271-KS-004504 --json")
    assert (box["state"], box["place"], box["condition"]) == ("stored", "12.71", "damaged")

    # Hendra closes the delivery; what comes later stops.
    laptop.run("manifest close SJ-1271-0147")
    laptop.run("scan - --manifest SJ-1271-0147", "1271-KS-004503\n", code=1)

    # An observer takes the record home and checks it there, without the laptop.
    record = tmp_path / "record.jsonl"
    record.write_text(laptop.run("ledger export"))
    elsewhere = Laptop(tmp_path / "nowhere")
    assert "unbroken" in elsewhere.run(f"ledger verify {record}")

    # Had anybody changed one quantity in it, it would show.
    record.write_text(record.read_text().replace('"quantity":38', '"quantity":40'))
    assert "was altered" in elsewhere.run(f"ledger verify {record}", code=3)
