"""README names only commands, options, settings and files that are there."""

import re
import shlex
from pathlib import Path

import click
import pytest

from silog_scan import config
from silog_scan.cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"silog-scan ((?:[a-z]+ ?)[^#\n`]*)", README)))


def named(words: list[str]) -> click.Command:
    """Return the command that the words begin with."""
    command: click.Command = main
    while isinstance(command, click.Group) and words:
        command = command.commands[words.pop(0)]
    return command


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_it_shows_exists_with_its_options(line: str) -> None:
    words = shlex.split(line)

    command = named(words)

    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_it_lists_every_setting() -> None:
    assert set(re.findall(r"`(SILOG_[A-Z_]+)`", README)) == set(config.KNOWN)


def test_the_places_it_points_to_are_there() -> None:
    pointed = re.findall(r"^\| `([a-z_/]+/|[\w/]+\.md)`", README, re.MULTILINE)

    assert pointed
    assert [place for place in pointed if not (ROOT / place).exists()] == []
