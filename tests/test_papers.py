"""The papers for who keeps a station name tests, files and commands that are there."""

import ast
import re
import shlex
from pathlib import Path

import pytest

from tests.test_readme import named

ROOT = Path(__file__).parent.parent
ROWS = re.findall(
    r"^\| (\d+) \| (.+?) \| (.+?) \| (.+) \|$",
    (ROOT / "docs" / "security.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)
PAPERS = ["README.md", "SECURITY.md", *(f"docs/{path.name}" for path in ROOT.glob("docs/*.md"))]
HARDENING = (ROOT / "docs" / "hardening.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"silog-scan ((?:[a-z]+ ?)[^#\n`]*)", HARDENING)))


def shown_by(shown: str) -> list[str]:
    return re.findall(r"`(\S+?\.py::\w+)`", shown)


def is_there(test: str) -> bool:
    path, _, name = test.partition("::")
    found = ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in found)


# docs/security.md.


def test_every_point_is_there_in_order() -> None:
    assert [int(number) for number, *_ in ROWS] == list(range(1, 28))


@pytest.mark.parametrize(("number", "shown"), [(row[0], row[3]) for row in ROWS])
def test_every_test_that_shows_a_point_exists(number: str, shown: str) -> None:
    assert [test for test in shown_by(shown) if not is_there(test)] == [], number


@pytest.mark.parametrize(("number", "shown"), [(row[0], row[3]) for row in ROWS])
def test_a_point_is_shown_or_said_to_be_open(number: str, shown: str) -> None:
    rest = re.sub(r"`[^`]+`", "", shown).strip(" ;")

    assert shown_by(shown) or rest, number
    assert not rest or rest.startswith("**Open**"), number


# Links, commands, and both languages.


@pytest.mark.parametrize("paper", PAPERS)
def test_a_link_leads_somewhere(paper: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / paper).read_text(encoding="utf-8"))

    assert [link for link in links if not (ROOT / paper).parent.joinpath(link).exists()] == []


def test_every_file_of_deploy_is_named_and_there() -> None:
    said = set(re.findall(r"deploy/([\w.-]+\w)", HARDENING))

    assert said == {path.name for path in (ROOT / "deploy").iterdir()}


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_paper_exists_with_its_options(line: str) -> None:
    words = shlex.split(line)

    command = named(words)

    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_both_languages_show_the_same_commands() -> None:
    indonesian, english = (
        [line.partition("  #")[0].strip() for line in half.splitlines() if line.startswith("    ")]
        for half in HARDENING.split("\n---\n")
    )

    assert english
    assert indonesian == english
