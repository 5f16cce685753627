"""Every command explains itself by an example, and refuses what it does not understand."""

import re

import click
import pytest

from silog_scan.cli import main
from tests.cli.conftest import Run

CONTRACT = [
    "serve",
    "init",
    "decode",
    "scan",
    "manifest import",
    "manifest list",
    "manifest export",
    "manifest close",
    "manifest void",
    "labels",
    "reconcile",
    "stock",
    "trace",
    "ledger verify",
    "ledger export",
    "ledger rebuild",
    "backup",
    "restore",
    "user add",
    "user list",
    "user disable",
    "user password",
    "station add",
    "station list",
    "station revoke",
    "doctor",
]


def commands(group: click.Group, above: str = "") -> list[str]:
    """Return the names of all commands, those in groups behind their group's."""
    found = []
    for name, command in group.commands.items():
        whole = f"{above}{name}"
        found += commands(command, f"{whole} ") if isinstance(command, click.Group) else [whole]
    return found


def test_the_commands_are_the_contracts() -> None:
    assert set(CONTRACT) <= set(commands(main))


@pytest.mark.parametrize("command", ["", *commands(main), "manifest", "ledger", "user", "station"])
def test_every_help_has_an_example(run: Run, command: str) -> None:
    done = run(*command.split(), "--help")

    assert done.code == 0
    assert re.search(rf"Example: silog-scan {command}", done.out)


@pytest.mark.parametrize(
    "words",
    [
        ["no-such-command"],
        ["--no-such-option"],
        ["decode"],
        ["trace"],
        ["manifest", "import"],
        ["manifest", "void", "SJ-1"],
        ["manifest", "import", "no-such-file.csv"],
        ["manifest", "import", "."],
        ["ledger", "verify", "no-such-file.jsonl"],
        ["reconcile", "SJ-1", "--format", "poem"],
        ["scan", "-", "--task", "steal"],
        ["scan", "-", "--quantity", "0"],
        ["scan", "-", "--condition", "fine"],
        ["serve", "--port", "0"],
        ["serve", "--port", "65536"],
        ["serve", "--workers", "0"],
        ["user", "add", "rina", "--role", "king"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_two(run: Run, words: list[str]) -> None:
    done = run(*words)

    assert done.code == 2
    assert done.out == ""
    assert done.err


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SILOG_PROT", "8000", "SILOG_PROT"),
        ("SILOG_PORT", "many", "SILOG_PORT"),
        ("SILOG_PORT", "0", "SILOG_PORT"),
        ("SILOG_LANGUAGE", "fr", "SILOG_LANGUAGE"),
        ("SILOG_DATABASE", "mysql://localhost/silog", "SILOG_DATABASE"),
        ("SILOG_DATABASE", "nonsense", "SILOG_DATABASE"),
        ("SILOG_STATION", "two\nlines", "station's name"),
        ("SILOG_SEALS_REQUIRED", "receive,steal", "SILOG_SEALS_REQUIRED"),
    ],
)
def test_a_setting_that_is_wrong_or_unknown_is_refused(
    run: Run, name: str, value: str, told: str
) -> None:
    done = run("stock", **{name: value})

    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert len(done.err.splitlines()) == 1


def test_the_version_is_told(run: Run) -> None:
    done = run("--version")

    assert done.code == 0
    assert re.search(r"\d+\.\d+\.\d+", done.out)
