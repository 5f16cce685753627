"""A short `make crash`: the station is killed while 16 clients scan, and nothing is lost."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

CRASH = Path(__file__).parents[1] / "bench" / "crash.py"
FAULTS = {
    "failures nobody foresaw (500)",
    "answers that were wrong",
    "lost",
    "doubled",
    "recorded, never asked for",
    "told two things",
    "sums that differ",
    "tracebacks",
}


def killed(*options: str) -> dict[str, int]:
    """Run a short siege and return its table, row by row."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(CRASH), *options], capture_output=True, text=True, check=False
    )
    rows = re.findall(r"^\| ([^|]+) \| ([\d,]+)[^|]* \|$", done.stdout, re.MULTILINE)
    assert done.returncode == 0, done.stdout + done.stderr
    return {name: int(figure.replace(",", "")) for name, figure in rows}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("options", [("--kills", "5"), ("--postgresql-kills", "2")], ids=" ".join)
def test_no_kill_loses_or_doubles_what_was_acknowledged(options: tuple[str, ...]) -> None:
    seen = killed("--packages", "2000", *options)

    assert {name: seen[name] for name in FAULTS} == dict.fromkeys(FAULTS, 0)
    assert seen["kills"] == int(options[1])
    assert seen["scans acknowledged"] > 100
