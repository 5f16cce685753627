"""Known texts of pictures, and how an engine's answer is held against them."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

Read = tuple[str, str]
"""A symbology, in whatever spelling, and a text."""

_FOREIGN = {"QRCODE", "DATAMATRIX"}
"""What may hold other letters than ASCII, which engines spell in several ways."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is in one picture: the codes and other spellings that are right as well."""

    codes: tuple[Read, ...]
    also: tuple[Read, ...] = ()
    is_spelling_unsure: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """How many of the codes were read, and the texts that are none of them."""

    read: int
    wrong: tuple[str, ...]


def scored(answers: list[Read], truth: Truth) -> Score:
    """Return what is right and wrong in an engine's answers to one picture."""
    found = [canonical(*answer) for answer in answers]
    codes = [canonical(*code) for code in truth.codes]
    right = codes + [canonical(*code) for code in truth.also]
    wrong = {text for name, text in found if not _is_right((name, text), right, truth)}
    read = sum(any(_is_same(answer, code) for answer in found) for code in codes)
    if truth.is_spelling_unsure:
        read = int(len(found) > len(wrong))
    return Score(read, tuple(sorted(wrong)))


def photographs(folder: Path) -> dict[str, Truth]:
    """Return the truth of each file in a folder of photographs (its ``truth.jsonl``)."""
    lines = (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    return dict(_photograph(json.loads(line)) for line in lines if line)


def canonical(symbology: str, text: str) -> Read:
    """Return symbology and text in one spelling: retail codes as 13 digits, GS1 without marks."""
    name = re.sub(r"[^A-Za-z0-9]", "", symbology).upper()
    text = text.replace("\r\n", "\n").rstrip("\r\n").replace("\x1d", "").strip()
    text = re.sub(r"\((\d{2,4})\)", r"\1", text)
    match name:
        case "UPCE" if len(text) == 8:
            return "EAN", _unpacked(text).zfill(13)
        case "EANUPC" | "UPCA" | "UPCE" | "EAN13" if len(text) > 8:
            return "EAN", text[:13].zfill(13)
        case "EANUPC":
            return "EAN8", text
        case _ if name.startswith("CODE39"):
            return "CODE39", text.strip("*")
    kind = next((kind for kind in ("QRCODE", "ITF") if kind in name), name)
    return kind, text


def _unpacked(text: str) -> str:
    """Return the 12 digits that the 8 of a UPC-E stand for."""
    system, body, last, check = text[0], text[1:6], text[6], text[7]
    if last in "012":
        return system + body[:2] + last + "0000" + body[2:] + check
    if last == "3":
        return system + body[:3] + "00000" + body[3:] + check
    if last == "4":
        return system + body[:4] + "00000" + body[4:] + check
    return system + body + "0000" + last + check


def _photograph(line: dict[str, str | list[str] | bool | None]) -> tuple[str, Truth]:
    name, symbology, text = str(line["file"]), line["symbology"], str(line["text"])
    if not symbology:
        return name, Truth(())
    others = line.get("also", [])
    also = [(str(symbology), other) for other in others] if isinstance(others, list) else []
    is_unsure = bool(line.get("charset_unsure"))
    return name, Truth(((str(symbology), text),), tuple(also), is_spelling_unsure=is_unsure)


def _is_right(answer: Read, right: list[Read], truth: Truth) -> bool:
    is_let_pass = truth.is_spelling_unsure and answer[0] == "QRCODE"
    return is_let_pass or any(_is_same(answer, code) for code in right)


def _is_same(answer: Read, code: Read) -> bool:
    if answer[0] == code[0] and answer[0] in _FOREIGN:
        is_foreign = not (answer[1] + code[1]).isascii()
        return answer == code or (is_foreign and _ascii(answer[1]) == _ascii(code[1]))
    return answer == code


def _ascii(text: str) -> str:
    return re.sub(r"[^\x21-\x7e]", "", text)
