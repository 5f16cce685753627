"""The command line as a person or a script meets it: words in, exit code and two streams out."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from silog_scan.cli import main
from silog_scan.services import network

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"
PROGRAM = Path(sys.executable).with_name("silog-scan")

MANIFEST = b"""manifest,from,to,package,item,quantity,destination
SJ-1,12,12.71,1271-KS-000001,KOTAK,1,12.71.01.1001.001
SJ-1,12,12.71,1271-KS-000002,KOTAK,1,12.71.01.1001.002
SJ-1,12,12.71,,TINTA,40,12.71.01
"""
ALL_OF_IT = "1271-KS-000001\n1271-KS-000002\nSLG-CMD-QTY-40\nSLG-ITEM-TINTA\n"


@dataclass(frozen=True, slots=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def objects(self) -> list[dict[str, Any]]:
        """Return standard output as one JSON object a line; anything else in it is an error."""
        return [json.loads(line) for line in self.lines]


Json = dict[str, Any]
Run = Callable[..., Done]


def clean_environment(**more: str) -> dict[str, str]:
    """Return this environment without settings of ours, in English."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SILOG_")}
    return kept | {"SILOG_LANGUAGE": "en"} | more


@pytest.fixture
def home(sqlite_home: Path) -> Path:
    """Give a founded data home in a folder of its own."""
    return sqlite_home


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in this process; an error that it let through fails the test."""
    for name in [name for name in os.environ if name.startswith("SILOG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(network, "addresses", lambda _: (ip_address("192.168.10.20"),))
    settings = {"SILOG_HOME": str(tmp_path), "SILOG_LANGUAGE": "en"}

    def run_in_process(*words: object, input: str | bytes = "", **more: str) -> Done:  # noqa: A002
        done = CliRunner().invoke(main, [str(word) for word in words], input, env=settings | more)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert "nobody foresaw" not in done.stderr, done.stderr
        return Done(done.exit_code, done.stdout, done.stderr)

    return run_in_process


@pytest.fixture
def program(tmp_path: Path) -> Run:
    """Run the installed program, where streams and exit codes are the system's."""

    def run_program(*words: object, input: bytes = b"", **more: str) -> Done:  # noqa: A002
        done = subprocess.run(  # noqa: S603
            [PROGRAM, *map(str, words)],
            input=input,
            capture_output=True,
            check=False,
            timeout=60,
            env=clean_environment(SILOG_HOME=str(tmp_path), **more),
        )
        out, err = done.stdout.decode(), done.stderr.decode()
        assert "Traceback" not in err, err
        assert "nobody foresaw" not in err, err
        return Done(done.returncode, out, err)

    return run_program


@pytest.fixture
def delivery(home: Path, run: Run) -> Path:
    """Import the manifest SJ-1 of two packages and forty bottles of ink; give the home."""
    done = run("manifest", "import", "-", input=MANIFEST)
    assert done.code == 0, done.err
    return home
