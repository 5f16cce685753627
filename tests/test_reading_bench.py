"""The bench of reading: its frames are the same every time, and a short run fills its tables."""

import importlib
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).parents[1] / "bench"


@pytest.fixture
def pictures(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCH)
    return importlib.import_module("_pictures")


@pytest.fixture
def scoring(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCH)
    return importlib.import_module("_truth")


@pytest.mark.parametrize("kind", ["realistic hard", "glare 15 %", "damage 5 %"])
def test_a_frame_follows_from_its_kind_and_number(pictures: ModuleType, kind: str) -> None:
    first, again = pictures.picture(kind, 3), pictures.picture(kind, 3)

    assert (first.grey == again.grey).all()
    assert first.codes == again.codes


def test_another_number_or_seed_is_another_frame(pictures: ModuleType) -> None:
    texts = {
        pictures.picture("module 2 px", number, seed=seed).codes[0].text
        for number, seed in ((0, 1), (5, 1), (0, 2))
    }

    assert len(texts) == 3


def test_the_corners_are_where_the_symbol_lies(pictures: ModuleType) -> None:
    picture = pictures.picture("turned 0°", 3)
    [code] = picture.codes
    x = [int(x) for x, _ in code.corners]
    y = [int(y) for _, y in code.corners]

    symbol = picture.grey[min(y) : max(y), min(x) : max(x)]

    assert symbol.std() > 2 * picture.grey.std()


@pytest.mark.parametrize("kind", ["film", "approach"])
def test_a_film_shows_one_label_in_every_frame(pictures: ModuleType, kind: str) -> None:
    frames = getattr(pictures, kind)(1, frames=3)

    assert len({frame.codes[0].text for frame in frames}) == 1
    assert len({frame.codes[0].corners for frame in frames}) == 3
    assert {frame.grey.shape for frame in frames} == {(540, 960)}


@pytest.mark.parametrize(
    ("symbology", "text"),
    [("UPCE", "01234565"), ("UPC-A", "012345000065"), ("EANUPC", "0012345000065")],
)
def test_the_spellings_of_a_retail_code_are_one(
    scoring: ModuleType, symbology: str, text: str
) -> None:
    assert scoring.canonical(symbology, text) == ("EAN", "0012345000065")


def test_a_text_that_is_not_in_the_picture_is_wrong(scoring: ModuleType) -> None:
    truth = scoring.Truth((("code128", "KS-1"), ("qrcode", "KS-2")))

    score = scoring.scored([("Code128", "KS-1"), ("QRCode", "KS-3")], truth)

    assert (score.read, score.wrong) == (1, ("KS-3",))


def test_a_short_run_fills_its_tables_and_draws_its_curves(tmp_path: Path) -> None:
    options = ["--frames", "20", "--photos", str(tmp_path), "--curves", str(tmp_path)]

    done = subprocess.run(  # noqa: S603
        [sys.executable, str(BENCH / "reading.py"), *options],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^\| module 2\.5 px \| 1 \| 100 \|", done.stdout, re.MULTILINE)
    assert re.search(r"^\| this program \| 40 \| ", done.stdout, re.MULTILINE)
    assert "this program: " in (tmp_path / "motion.svg").read_text(encoding="utf-8")
