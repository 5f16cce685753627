"""Reading: this program beside zxing-cpp, pyzbar and OpenCV on the same pictures, in one run.

Photographs with known texts lie in a folder with their ``truth.jsonl`` and are passed over where
there is none; synthetic frames are those of ``_pictures``, a fifth of them without any code that
is expected. Times are the processor's, of one thread. Tables in Markdown go to standard output,
progress to standard error; the exit status is 1 if this program gave a single wrong text.

Run: python bench/reading.py [--frames 5200] [--processes 2] [--photos DIR] [--curves DIR]
"""

import argparse
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

import _pictures
import cv2
import numpy as np
import zxingcpp
from _curves import Chart, svg
from _optics import Grey
from _truth import Read, Truth, photographs, scored
from pyzbar import pyzbar

from silog_scan.vision.engines import SYMBOLOGIES
from silog_scan.vision.frames import load
from silog_scan.vision.stills import read_still

ROOT = Path(__file__).parents[1]
PHOTOS = ROOT.parent / "shared" / "data" / "photos"
OWN = {"CODE128", "CODE39", "ITF", "QRCODE", "DATAMATRIX"}
RETAIL_SHARE, EMPTY_SHARE, STRANGER_SHARE = 0.04, 0.14, 0.06
MIXTURE_WEIGHT = 2
PALLETS, DOZENS = 3, 10

Engine = Callable[[Grey], list[Read]]


# The engines.


def ours(grey: Grey) -> list[Read]:
    """Return what ``decode`` prints of a picture."""
    return [(reading.symbology, reading.text) for reading in read_still(grey).readings]


def zxing(grey: Grey) -> list[Read]:
    """Return what zxing-cpp reads by its defaults, asked for our symbologies."""
    return [(code.symbology.name, code.text) for code in zxingcpp.read_barcodes(grey, _formats())]


@cache
def _formats() -> zxingcpp.BarcodeFormats:
    names = SYMBOLOGIES.values()
    return zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat[name] for name in names])


def zbar(grey: Grey) -> list[Read]:
    """Return what pyzbar reads, asked for those of our symbologies that it knows."""
    names = ("CODE128", "CODE39", "I25", "QRCODE", "EAN13", "EAN8", "UPCA", "UPCE")
    found = pyzbar.decode(grey, [pyzbar.ZBarSymbol[name] for name in names])
    return [
        ("ITF" if code.type == "I25" else code.type, code.data.decode("utf-8", "replace"))
        for code in found
    ]


def opencv(grey: Grey) -> list[Read]:
    """Return what OpenCV's two detectors read."""
    found: list[Read] = []
    with suppress(cv2.error):  # on quads of odd shapes
        _, texts, names, _ = cv2.barcode.BarcodeDetector().detectAndDecodeWithType(grey)
        found += zip(names, texts, strict=True)
    with suppress(cv2.error, UnicodeDecodeError):  # on texts that are not UTF-8
        _, texts, _, _ = cv2.QRCodeDetector().detectAndDecodeMulti(grey)
        found += [("QRCode", text) for text in texts]
    return [read for read in found if read[1]]


ENGINES: dict[str, Engine] = {
    "this program": ours,
    "zxing-cpp": zxing,
    "pyzbar": zbar,
    "OpenCV": opencv,
}
OURS = "this program"


# One picture.


@dataclass(frozen=True, slots=True)
class Task:
    """Which picture: a kind of synthetic frame and its number, or a photograph's file."""

    kind: str
    number: int = 0
    file: Path | None = None
    truth: Truth = field(default_factory=lambda: Truth(()))


@dataclass(frozen=True, slots=True)
class Answer:
    """What one engine made of one picture: codes read, texts that are wrong, milliseconds."""

    read: int
    wrong: tuple[str, ...]
    ms: float


@dataclass(frozen=True, slots=True)
class Trial:
    """One picture and the engines' answers to it."""

    name: str
    kind: str
    symbology: str
    codes: int
    answers: dict[str, Answer]


def tried(task: Task, *, seed: int) -> Trial:
    """Return the answers of all engines to one picture."""
    cv2.setNumThreads(1)
    grey, truth = _shown(task, seed)
    symbology = truth.codes[0][0] if truth.codes else ""
    name = task.file.name if task.file else f"{task.kind} #{task.number}"
    answers = {name: _answer(engine, grey, truth) for name, engine in ENGINES.items()}
    return Trial(name, task.kind, symbology, len(truth.codes), answers)


def _shown(task: Task, seed: int) -> tuple[Grey, Truth]:
    if task.file:
        return load(task.file), task.truth
    picture = _drawn(task.kind, task.number, seed)
    return picture.grey, Truth(tuple((code.symbology, code.text) for code in picture.codes))


def _drawn(kind: str, number: int, seed: int) -> _pictures.Picture:
    match kind:
        case "no code":
            return _pictures.empty(number, seed=seed)
        case "other symbologies":
            return _pictures.stranger(number, seed=seed)
        case "twelve codes":
            return _pictures.dozen(number, seed=seed)
        case _ if kind.startswith("EAN-13 "):
            return _pictures.retail(kind.removeprefix("EAN-13 "), number, seed=seed)
        case _:
            return _pictures.picture(kind, number, seed=seed)


def _answer(engine: Engine, grey: Grey, truth: Truth) -> Answer:
    begun = time.process_time()
    found = engine(grey)
    ms = 1000 * (time.process_time() - begun)
    score = scored(found, truth)
    return Answer(score.read, score.wrong, ms)


# All pictures.


def synthetic(frames: int) -> list[Task]:
    """Return so many synthetic frames, every kind of them in its share."""
    shares = {
        "no code": EMPTY_SHARE,
        "other symbologies": STRANGER_SHARE,
        "EAN-13 easy": RETAIL_SHARE / 2,
        "EAN-13 medium": RETAIL_SHARE / 2,
    }
    weights = {
        kind: MIXTURE_WEIGHT if kind in _pictures.MIXTURES else 1 for kind in _pictures.KINDS
    }
    rest = (1 - sum(shares.values())) / sum(weights.values())
    shares |= {kind: weight * rest for kind, weight in weights.items()}
    counts = {kind: _whole_turns(share * frames) for kind, share in shares.items()}
    counts["twelve codes"] = max(1, min(DOZENS, frames // 100))
    return [Task(kind, number) for kind, count in counts.items() for number in range(count)]


def _whole_turns(count: float) -> int:
    """Return a number of frames near it, in which every symbology has as many if it is enough."""
    turn = len(_pictures.OURS)
    return max(1, round(count)) if round(count) < turn else turn * round(count / turn)


def photographed(folder: Path) -> list[Task]:
    """Return the photographs of a folder, none where it is missing."""
    if not (folder / "truth.jsonl").exists():
        print(f"no photographs in {folder}", file=sys.stderr)
        return []
    return [
        Task("photographs", file=folder / name, truth=truth)
        for name, truth in photographs(folder).items()
    ]


def all_tried(tasks: list[Task], options: argparse.Namespace) -> Iterator[Trial]:
    """Return the trials of all pictures, in any number of processes, and tell how far it is."""
    begun, step = time.monotonic(), max(len(tasks) // 20, 1)
    with ProcessPoolExecutor(options.processes) as pool:
        trials = pool.map(partial(tried, seed=options.seed), tasks, chunksize=4)
        for number, trial in enumerate(trials, 1):
            if number % step == 0:
                seconds = time.monotonic() - begun
                print(f"{number}/{len(tasks)} after {seconds:.0f} s", file=sys.stderr)
            yield trial


# Tables.


def rate(trials: Iterable[Trial], engine: str) -> float:
    """Return the percentage of codes that an engine read."""
    trials = list(trials)
    codes = sum(trial.codes for trial in trials)
    return 100 * sum(trial.answers[engine].read for trial in trials) / max(codes, 1)


def wrongs(trials: Iterable[Trial], engine: str) -> int:
    """Return how many pictures an engine gave a wrong text of."""
    return sum(bool(trial.answers[engine].wrong) for trial in trials)


def times(trials: Iterable[Trial], engine: str) -> str:
    """Return median and 95th percentile of an engine's milliseconds."""
    ms = [trial.answers[engine].ms for trial in trials]
    return f"{np.median(ms):.1f} / {np.percentile(ms, 95):.0f}"


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Print a table."""
    head = list(head)
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print()


def show_photographs(trials: list[Trial]) -> None:
    """Print how the photographs were read."""
    with_code = [trial for trial in trials if trial.codes]
    own = [trial for trial in with_code if _family(trial) in OWN]
    print(f"### {len(trials)} photographs, {len(with_code)} with a code\n")
    head = ["", "read", f"of {len(own)} in Code 128, Code 39, ITF, QR, Data Matrix"]
    table(
        [*head, "wrong, of these", "wrong, of all", "ms, median / p95"],
        (
            [
                engine,
                f"{rate(with_code, engine):.1f} %",
                f"{rate(own, engine):.1f} %",
                wrongs(own, engine),
                wrongs(trials, engine),
                times(trials, engine),
            ]
            for engine in ENGINES
        ),
    )


def _family(trial: Trial) -> str:
    return trial.symbology.upper().replace("_", "")


def show_engines(groups: Mapping[str, list[Trial]]) -> None:
    """Print reading, wrong texts and times over all synthetic frames."""
    without = groups["no code"] + groups["other symbologies"]
    labelled = [trial for trials in groups.values() for trial in trials if trial.codes]
    print(f"### {len(labelled)} frames with labels, {len(without)} without\n")
    head = ["", "read", "wrong, with labels", "wrong, without", "ms, with labels", "ms, without"]
    table(
        head,
        (
            [
                engine,
                f"{rate(labelled, engine):.1f} %",
                wrongs(labelled, engine),
                wrongs(without, engine),
                times(labelled, engine),
                times(without, engine),
            ]
            for engine in ENGINES
        ),
    )


def show_kinds(groups: Mapping[str, list[Trial]]) -> None:
    """Print what was read of each kind of frame, in percent."""
    table(
        ["read, %", "frames", *ENGINES, "ms, this program"],
        (
            [
                kind,
                len(trials),
                *(f"{rate(trials, engine):.0f}" for engine in ENGINES),
                times(trials, OURS),
            ]
            for kind, trials in groups.items()
            if trials[0].codes
        ),
    )


def show_symbologies(groups: Mapping[str, list[Trial]]) -> None:
    """Print what was read of the realistic frames by symbology, in percent."""
    trials = [trial for kind in _pictures.MIXTURES for trial in groups[kind]]
    table(
        ["realistic, read, %", *ENGINES],
        (
            [
                symbology,
                *(
                    f"{rate((t for t in trials if t.symbology == symbology), engine):.0f}"
                    for engine in ENGINES
                ),
            ]
            for symbology in _pictures.OURS
        ),
    )


def show_pallets(count: int, seed: int) -> int:
    """Print how the photographs of whole pallets were read; return how many wrong texts."""
    cv2.setNumThreads(-1)
    rows, wrong = [], 0
    pictures = [_pictures.pallet(number, seed=seed) for number in range(count)]
    for name, engine in ENGINES.items():
        read, slowest = [], 0.0
        for picture in pictures:
            begun = time.perf_counter()
            found = engine(picture.grey)
            slowest = max(slowest, time.perf_counter() - begun)
            score = scored(found, Truth(tuple((c.symbology, c.text) for c in picture.codes)))
            read.append(score.read)
            wrong += len(score.wrong) if name == OURS else 0
        rows.append([name, ", ".join(map(str, read)), f"{slowest:.2f} s"])
    print("### 40 labels in 12 megapixels\n")
    table(["", "read", "slowest, by the clock"], rows)
    return wrong


def show_wrong(trials: Iterable[Trial]) -> int:
    """Print every wrong text that this program gave, and return how many."""
    found = [(trial.name, text) for trial in trials for text in trial.answers[OURS].wrong]
    for name, text in found:
        print(f"WRONG {name}: {text!r}")
    return len(found)


def draw_curves(groups: Mapping[str, list[Trial]], folder: Path) -> None:
    """Write a curve for each thing that gets worse in three steps or more."""
    folder.mkdir(parents=True, exist_ok=True)
    for sweep in (sweep for sweep in _pictures.SWEEPS if len(sweep.steps) > 2):
        lines = {
            engine: [(step, rate(groups[sweep.kind(step)], engine)) for step in sweep.steps]
            for engine in ENGINES
        }
        chart = Chart(f"{sweep.name}: labels read, %", sweep.across, lines)
        name = sweep.name.replace(" (", "-").replace(" ", "-").strip(")").lower()
        (folder / f"{name}.svg").write_text(svg(chart), encoding="utf-8")


def main(options: argparse.Namespace) -> int:
    """Print the tables; return the exit status."""
    load_before = os.getloadavg()[0]
    tasks = photographed(options.photos) + synthetic(options.frames)
    trials = list(all_tried(tasks, options))
    groups: dict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        groups[trial.kind].append(trial)
    photos = groups.pop("photographs", [])
    if photos:
        show_photographs(photos)
    show_engines(groups)
    show_kinds(groups)
    show_symbologies(groups)
    pallets = max(1, min(PALLETS, options.frames // 100))
    wrong = show_pallets(pallets, options.seed) + show_wrong(trials)
    if options.curves:
        draw_curves(groups, options.curves)
    print(f"Load {load_before:.1f} before, {os.getloadavg()[0]:.1f} after; seed {options.seed}.")
    return int(wrong > 0)


def parsed() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="Reading, beside other engines.")
    parser.add_argument("--frames", type=int, default=5200, help="synthetic frames")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--photos", type=Path, default=PHOTOS, help="folder with truth.jsonl")
    parser.add_argument("--curves", type=Path, help="folder for curves as SVG")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main(parsed()))
