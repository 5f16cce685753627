"""Blurred labels recognised among the expected: which, at what cost, and what wrongly.

Curves of blur against recognition, from corners that are known and from those that are found, the
cost by the size of the set, strangers (half of them one digit beside an expected label) and crops
without a label. Every trial follows from the seed and
its chunk; with --log chunks are appended to a file as they end, so that a long run may be watched.

Run: python bench/expected.py [--labels 20] [--strangers 2000] [--crops 500] [--workers 2] [--log F]
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np
from _blurred import PAPER, Conditions, mixture, shot
from _crops import crop
from _strangers import Crowd, expected

from silog_scan.core.labels import Pattern
from silog_scan.services.labels import drawn
from silog_scan.vision.engines import read_zxing
from silog_scan.vision.expected import ExpectedLabels, recognised
from silog_scan.vision.stills import read_still

CHUNK = 200
BASE = {"code128": Conditions(), "datamatrix": Conditions(module=3)}
CURVES = {
    "defocus": [1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0],
    "motion": [2.0, 4.0, 6.0, 8.0, 10.0, 14.0, 18.0],
    "noise": [10.0, 20.0, 30.0, 45.0, 60.0],
}
END_TO_END = {"defocus": [2.0, 3.0, 4.0, 5.0], "motion": [6.0, 12.0]}
SIZES = (100, 1_000, 40_000)
CROWDS = (
    ("code128", "random", 4),
    ("code128", "sequence", 4),
    ("datamatrix", "random", 4),
    ("qrcode", "random", 4),
)
"""Symbology, numbering, and which part of the strangers they get."""


@cache
def labels(size: int, symbology: str, numbering: str) -> ExpectedLabels:
    """Return a set of expected labels, built once in each process."""
    cv2.setNumThreads(1)
    return ExpectedLabels(expected(size, symbology, numbering), drawn)


# The curves.


def curves(symbology: str, count: int) -> Iterator[str]:
    """Yield a table for each kind of blur, 1,000 expected."""
    for blur, values in CURVES.items():
        points = [point(symbology, blur, value, count) for value in values]
        unit = "grey levels" if blur == "noise" else "px"
        yield f"\n{symbology}, {blur}, {unit} | " + " | ".join(f"{value:g}" for value in values)
        yield "---" + " | ---" * len(values)
        for row in ("zxing-cpp", "best answer right", "accepted", "wrong"):
            figures = " | ".join(f"{100 * each[row] / count:.0f}" for each in points)
            yield f"{row}, % | {figures}"


def point(symbology: str, blur: str, value: float, count: int) -> Counter[str]:
    """Return what becomes of some labels at one point of a curve."""
    chance = np.random.default_rng([round(10 * value), count])
    seen = BASE[symbology]
    contrast = 0.45 if blur == "noise" else 1.0
    optics = replace(seen.optics, contrast=contrast, **{blur: value})
    patterns, tally = expected(1_000, symbology, "random"), Counter[str]()
    for _ in range(count):
        pattern = patterns[int(chance.integers(len(patterns)))]
        moved = replace(optics, along=chance.uniform(-30, 30))
        picture, corners = shot(pattern, replace(seen, optics=moved), chance)
        answer = labels(1_000, symbology, "random").recognise(picture, corners)
        read = {reading.text for reading in read_zxing(picture, thorough=True)}
        is_right = answer is not None and answer.text == pattern.text
        is_accepted = answer is not None and answer.is_accepted
        tally["zxing-cpp"] += pattern.text in read
        tally["best answer right"] += is_right
        tally["accepted"] += is_right and is_accepted
        tally["wrong"] += is_accepted and not is_right
    return tally


# From the picture to the text, the place found on the way.


def ends(count: int) -> Iterator[str]:
    """Yield a table of labels located and accepted, with the printed frame and without it."""
    kinds = [(symbology, is_framed) for symbology in BASE for is_framed in (False, True)]
    heads = (f"{symbology}, {'framed' if framed else 'bare'}" for symbology, framed in kinds)
    yield f"\nlocated and accepted of {count} | " + " | ".join(heads) + " | wrong"
    yield "---" + " | ---" * (len(kinds) + 1)
    for blur, values in END_TO_END.items():
        for value in values:
            tallies = [end_to_end(*kind, blur=blur, value=value, count=count) for kind in kinds]
            figures = " | ".join(str(tally["accepted"]) for tally in tallies)
            yield f"{blur} {value:g} px | {figures} | {sum(each['wrong'] for each in tallies)}"


def end_to_end(
    symbology: str, is_framed: bool, *, blur: str, value: float, count: int
) -> Counter[str]:
    """Return what is recognised in pictures nobody knows the place of the label in.

    It lies on white: on darker ground the paper's own edge would be found for a frame.
    """
    chance = np.random.default_rng([round(10 * value), count, is_framed])
    base, patterns = BASE[symbology], expected(1_000, symbology, "random")
    tally = Counter[str]()
    for _ in range(count):
        pattern = patterns[int(chance.integers(len(patterns)))]
        optics = replace(base.optics, is_disc=True, jpeg=80, along=chance.uniform(-30, 30))
        optics = replace(optics, **{blur: value})
        turn = chance.uniform(-8, 8)
        held = replace(base, is_framed=is_framed, ground=PAPER, turn=turn, optics=optics)
        picture, _ = shot(pattern, held, chance)
        located = read_still(picture, stages=())
        found = recognised(picture, located, labels(1_000, symbology, "random"))
        texts = {each.text for each in found}
        tally["accepted"] += pattern.text in texts
        tally["wrong"] += bool(texts - {pattern.text})
    return tally


# The cost.


def costs(count: int) -> Iterator[str]:
    """Yield a table of the time to build a set, and to recognise a label in it."""
    yield "\nexpected | symbology | build, s | a label, ms CPU | accepted, % | wrong"
    yield "--- | --- | --- | --- | --- | ---"
    for symbology in BASE:
        for size in SIZES:
            patterns = expected(size, symbology, "wards")
            began = time.process_time()
            among = ExpectedLabels(patterns, drawn)
            built = time.process_time() - began
            tally, spent = cost(among, patterns, count)
            right, wrong = 100 * tally["right"] / count, tally["wrong"]
            each = 1000 * spent / count
            yield f"{size:,} | {symbology} | {built:.2f} | {each:.0f} | {right:.0f} | {wrong}"


def cost(
    among: ExpectedLabels, patterns: Sequence[Pattern], count: int
) -> tuple[Counter[str], float]:
    """Return how labels at a defocus of 3 pixels are answered, and the seconds it took."""
    chance, tally, spent = np.random.default_rng(7), Counter[str](), 0.0
    held = BASE[patterns[0].symbology]
    seen = replace(held, optics=replace(held.optics, defocus=3))
    for _ in range(count):
        pattern = patterns[int(chance.integers(len(patterns)))]
        picture, corners = shot(pattern, seen, chance)
        began = time.process_time()
        answer = among.recognise(picture, corners)
        spent += time.process_time() - began
        is_accepted = answer is not None and answer.is_accepted
        is_right = is_accepted and answer.text == pattern.text
        tally["right"] += is_right
        tally["wrong"] += is_accepted and not is_right
    return tally, spent


# Strangers, and what is no label.


def strangers(
    chunk: int, *, symbology: str, size: int, numbering: str, seed: int
) -> dict[str, object]:
    """Return what becomes of a chunk of labels nobody expects, and some that are expected."""
    chance = np.random.default_rng([seed, chunk])
    patterns = expected(size, symbology, numbering)
    crowd, tally, false = Crowd(patterns, chance), Counter[str](), []
    while tally["strangers"] < CHUNK:
        trial = crowd.trial()
        seen = mixture(chance, is_linear=symbology == "code128")
        answer = labels(size, symbology, numbering).recognise(*shot(trial.pattern, seen, chance))
        tally["strangers" if trial.kind else "in set"] += 1
        tally[trial.kind or "of the set"] += 1
        if answer and answer.is_accepted:
            if trial.kind or answer.text != trial.pattern.text:
                false.append(
                    [trial.kind, trial.pattern.text, answer.text, answer.evidence.as_json()]
                )
            else:
                tally["accepted"] += 1
    return {"what": f"{symbology}, {size:,} {numbering}", "false": false, **tally}


def without_label(chunk: int, *, size: int, seed: int) -> dict[str, object]:
    """Return what becomes of a chunk of crops without a label, against both kinds of sets."""
    chance = np.random.default_rng([seed, chunk, 1])
    among = [labels(size, symbology, "random") for symbology in BASE]
    false = []
    for _ in range(CHUNK):
        picture, corners = crop(chance)
        answers = (each.recognise(picture, corners) for each in among)
        false += [
            ["crop", "", answer.text, answer.evidence.as_json()]
            for answer in answers
            if answer and answer.is_accepted
        ]
    return {"what": f"no label, {size:,} random", "false": false, "crops": CHUNK}


Chunk = Callable[[int], dict[str, object]]


def run(chunk: Chunk, count: int, workers: int, log: Path | None) -> Iterator[str]:
    """Yield the totals of as many chunks as ``count`` needs, and every false accept."""
    total, false, what = Counter[str](), [], ""
    with ProcessPoolExecutor(workers) as pool:
        for result in pool.map(chunk, range(-(-count // CHUNK))):
            if log:
                with log.open("a") as file:
                    file.write(json.dumps(result) + "\n")
            what, found = result.pop("what"), result.pop("false")
            false += found
            total.update(result)
    figures = ", ".join(f"{name} {count:,}" for name, count in total.items())
    yield f"\n{what}: **{len(false)} false**; {figures}"
    yield from map(str, false)


def main() -> None:
    """Print all tables."""
    chosen = _options()
    if chosen.labels:
        for symbology in BASE:
            print(*curves(symbology, chosen.labels), sep="\n", flush=True)
        print(*ends(chosen.labels), sep="\n", flush=True)
        print(*costs(chosen.labels), sep="\n", flush=True)
    for symbology, numbering, share in CROWDS if chosen.strangers else ():
        chunk = partial(
            strangers, symbology=symbology, size=chosen.size, numbering=numbering, seed=chosen.seed
        )
        lines = run(chunk, chosen.strangers // share, chosen.workers, chosen.log)
        print(*lines, sep="\n", flush=True)
    if chosen.crops:
        chunk = partial(without_label, size=chosen.size, seed=chosen.seed)
        print(*run(chunk, chosen.crops, chosen.workers, chosen.log), sep="\n", flush=True)


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, default in (("labels", 6), ("strangers", 1_000), ("crops", 400), ("workers", 2)):
        options.add_argument(f"--{name}", type=int, default=default)
    options.add_argument("--size", type=int, default=10_000, help="expected by strangers' sets")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--log", type=Path)
    return options.parse_args()


if __name__ == "__main__":
    main()
