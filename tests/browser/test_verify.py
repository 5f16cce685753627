"""The page that checks a record finds what the stand-alone verifier finds, and sends nothing."""

import base64
import hashlib
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import BrowserContext, FilePayload, Page, expect

from silog_scan import verify_ledger
from silog_scan.core.events import GENESIS
from silog_scan.services import keys
from silog_scan.verify_ledger import Checker, Unreadable, Wrong
from silog_scan.web.ledger import PROBLEMS
from tests.exports import Export, chained, forged, invented, line_of

CASES = 1_000
COMMON = {"line", "fields", "altered", "order", "gap", "fork", "ends", "other", "paper", "empty"}
CHECK = """async cases => {
  const page = document.querySelector("script[src$='/verify.js']");
  const {verify} = await import(new URL("verdict.js", page.src));
  const cut = (bytes, length) => new ReadableStream({start(stream) {
    for (let at = 0; at < bytes.length; at += length) stream.enqueue(bytes.slice(at, at + length));
    stream.close();
  }});
  return Promise.all(cases.map(({record, paper, length}) => {
    const bytes = Uint8Array.from(atob(record), letter => letter.charCodeAt(0));
    const file = {size: bytes.length, stream: () => cut(bytes, length)};
    return verify({file, paper, key: ""}, () => {});
  }));
}"""
DIGESTS = """async sizes => {
  const page = document.querySelector("script[src$='/verify.js']");
  const {sha256, hex} = await import(new URL("sha256.js", page.src));
  return sizes.map(size => hex(sha256(new TextEncoder().encode("abc".repeat(size)))));
}"""


@pytest.fixture
def page(context: BrowserContext, origin: str) -> Page:
    opened = context.new_page()
    opened.goto(f"{origin}/verify")
    opened.locator("#ready").wait_for()
    return opened


# The two verifiers agree.


@dataclass(frozen=True)
class Case:
    """A file, and a paper or none."""

    lines: list[bytes]
    paper: str = ""

    def as_json(self, chance: random.Random) -> dict[str, Any]:
        record = base64.b64encode(b"".join(self.lines)).decode()
        return {"record": record, "paper": self.paper, "length": chance.choice((17, 100, 10_000))}


def test_both_verifiers_agree_on_random_exports(page: Page) -> None:
    chance = random.Random(20240214)  # noqa: S311  # no secret
    cases = [case(chance, is_broken=number % 2 == 1) for number in range(CASES)]
    expected = [verdict(one) for one in cases]

    answers = page.evaluate(CHECK, [one.as_json(chance) for one in cases])

    assert [told(answer) for answer in answers] == expected
    assert sum("stations" in one for one in expected) >= CASES // 2
    assert {one.get("problem", {}).get("code") for one in answers} >= COMMON


@pytest.mark.parametrize("paper", ["", "x\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"])
def test_both_verifiers_agree_on_what_is_written_otherwise(page: Page, paper: str) -> None:
    lines = [
        *(written(kind, body) for kind, body in ODD),
        b"\xef\xbb\xbf" + written("k", "{}"),
        b"",
    ]
    cases = [Case([line], paper) for line in lines]
    expected = [verdict(one) for one in cases]

    answers = page.evaluate(CHECK, [one.as_json(random.Random(1)) for one in cases])  # noqa: S311

    assert [told(answer) for answer in answers] == expected


def verdict(one: Case) -> dict[str, Any]:
    """Return what the stand-alone verifier says of a file and a paper."""
    try:
        paper = verify_ledger.read_checkpoint(one.paper) if one.paper else None
        checker = Checker(paper)
        checker.check(cut(one.lines))
    except Wrong as wrong:
        kind = "unreadable" if isinstance(wrong, Unreadable) else "wrong"
        return {"verdict": kind, "told": str(wrong)}
    sums = checker.sums
    return {
        "verdict": "fits" if paper else "alone",
        "told": "",
        "stations": [[name, *head] for name, head in checker.found.items()],
        "stock": [[*key, str(sum_)] for key, sum_ in sorted(sums.stock.items()) if sum_],
        "units": [
            [*key, str(sum_), str(sums.expected.get(key[0], {}).get(key[2], 0))]
            for key, sum_ in sorted(sums.units.items())
        ],
    }


def cut(lines: Iterable[bytes]) -> list[bytes]:
    """Return a file's lines as Python reads them from it."""
    pieces = b"".join(lines).split(b"\n")
    return [piece + b"\n" for piece in pieces[:-1]] + [piece for piece in pieces[-1:] if piece]


def told(answer: dict[str, Any]) -> dict[str, Any]:
    """Return what the page says, as ``verdict`` has it."""
    if "problem" in answer:
        problem = answer["problem"]
        template = PROBLEMS[problem["code"]].template
        return {"verdict": answer["verdict"], "told": template % problem["values"]}
    report = answer["report"]
    stations = [[one["name"], one["sequence"], one["digest"]] for one in report["stations"]]
    sums = {"stock": report["stock"], "units": report["units"]}
    return {"verdict": answer["verdict"], "told": "", "stations": stations, **sums}


def case(chance: random.Random, *, is_broken: bool) -> Case:
    """Return a random export with or without a checkpoint, of all or of an earlier time."""
    export = invented(chance, stations=chance.randint(1, 3), length=6)
    earlier = {station: chance.randint(0, length) for station, length in export.lengths.items()}
    known = {station: sequence for station, sequence in earlier.items() if sequence}
    papers = ("", export.paper(), export.paper(known))
    sound = Case(export.lines, chance.choice(papers))
    return chance.choice(BREAKS)(sound, chance, export) if is_broken else sound


# How a record is broken.


def _alter_a_byte(one: Case, chance: random.Random, _: Export) -> Case:
    lines, number = [*one.lines], chance.randrange(len(one.lines))
    line = bytearray(lines[number])
    line[chance.randrange(len(line))] = chance.randrange(256)
    lines[number] = bytes(line)
    return replace(one, lines=lines)


def _remove(one: Case, chance: random.Random, _: Export) -> Case:
    gone = chance.randrange(len(one.lines))
    return replace(one, lines=one.lines[:gone] + one.lines[gone + 1 :])


def _swap(one: Case, chance: random.Random, _: Export) -> Case:
    lines, (a, b) = [*one.lines], chance.choices(range(len(one.lines)), k=2)
    lines[a], lines[b] = lines[b], lines[a]
    return replace(one, lines=lines)


def _insert(one: Case, chance: random.Random, _: Export) -> Case:
    at, other = chance.randint(0, len(one.lines)), invented(chance, stations=1, length=2)
    strange = chance.choice((*one.lines, *other.lines, b"\n", b"{}\n", b" \n", b"\xff\n"))
    return replace(one, lines=[*one.lines[:at], strange, *one.lines[at:]])


def _cut_the_tail(one: Case, chance: random.Random, _: Export) -> Case:
    return replace(one, lines=one.lines[: chance.randrange(len(one.lines))])


def _write_anew(one: Case, chance: random.Random, export: Export) -> Case:
    bodies = [(event.station, event.kind, dict(event.body)) for event in export.log]
    bodies[chance.randrange(len(bodies))][2]["text"] = "changed"
    return Case(chained(bodies).lines, one.paper)


def _forge(one: Case, chance: random.Random, export: Export) -> Case:
    lines, number = [*one.lines], chance.randrange(len(one.lines))
    event = export.log[number]
    change: dict[str, Any] = chance.choice(
        ({"body": {}}, {"previous": "x"}, {"sequence": event.sequence + 1})
    )
    lines[number] = line_of(forged(event, **change))
    return replace(one, lines=lines)


def _misprint(one: Case, chance: random.Random, export: Export) -> Case:
    paper = one.paper or export.paper()
    at = chance.randrange(len(paper))
    return replace(one, paper=paper[:at] + chance.choice("A1 \n=\r\u0661+") + paper[at + 1 :])


def _end_lines_otherwise(one: Case, chance: random.Random, _: Export) -> Case:
    lines = [line.replace(b"\n", chance.choice((b"\r\n", b" \n", b"\n\n"))) for line in one.lines]
    return replace(one, lines=lines)


def _type_otherwise(one: Case, _: random.Random, export: Export) -> Case:
    """Return what is not broken at all."""
    paper = (one.paper or export.paper()).replace("\n", " \r\n")
    return Case([*one.lines[:-1], one.lines[-1].rstrip(b"\n")], f"\ufeff\n{paper}\n\n-- x y")


BREAKS: tuple[Callable[[Case, random.Random, Export], Case], ...] = (
    _alter_a_byte, _remove, _swap, _insert, _cut_the_tail, _write_anew, _forge, _misprint,
    _end_lines_otherwise, _type_otherwise,
)  # fmt: skip


def nested(depth: int) -> str:
    return '{"a":' + "[" * depth + "]" * depth + "}"


_BODIES = (
    '{"n":1.0}', '{"n":1e3}', '{"n":0.5}', '{"n":-0}', '{"n":01}', '{"n":+1}', '{"n":NaN}',
    '{"n":-Infinity}', '{"n":9007199254740991}', '{"n":9007199254740992}',
    '{"n":-9007199254740992}', '{"n":9007199254740993}', '{"n":12345678901234567890}',
    '{"n":' + "9" * 5000 + "}", '{"s":"\\ud800"}', '{"s":"\\ud83d\\ude00"}', '{"s":"\\u00e9"}',
    '{"s":"\\/"}', '{"s":"\\u2028"}', '{"s":"\t"}', '{"s":"\\t"}', '{"s":"\\u0009"}',
    '{"s":"\\u001F"}', '{"s":"\\u001f"}', '{"s":"\x7f"}', '{"s":"\\\\ud800"}', "{}", "{ }", "[]",
    "null", "7", '{"a": 1}', '{"b":1,"a":2}', '{"a":1,"b":2}', '{"a":1,"a":1}', '{"10":1,"9":2}',
    '{"9":2,"10":1}', '{"\U0001f600":1,"\uff21":2}', '{"\uff21":2,"\U0001f600":1}',
    '{"__proto__":1}', '{"a":true}', '{"a":truE}', '{"a":1,}', '{"a":1}}', "",
    *map(nested, (97, 98, 99, 100, 5000)), '{"digest":"x","id":"y"}',
)  # fmt: skip
_EFFECTS = (
    "null", "{}", "[]", '"x"', '["x"]', "[[]]", "[null]", "[{}]", '[{"quantity":1}]',
    '[{"condition":"good"}]', '[{"condition":"good","quantity":1}]',
    '[{"condition":"good","quantity":true}]', '[{"condition":"good","quantity":"1"}]',
    '[{"condition":"good","item":null,"quantity":1}]',
    '[{"condition":"good","count":1,"quantity":1}]',
    '[{"condition":"good","count":0,"quantity":1,"units":7}]',
    '[{"condition":"good","count":1,"item":"K","manifest":"S","quantity":1,"task":"t","units":1}]',
    '[{"condition":"good","item":"","quantity":1,"to":"12"}]',
    '[{"condition":"good","item":"K","quantity":1,"to":12}]',
)  # fmt: skip
_IMPORTS = (
    "{}", '{"number":"S"}', '{"number":1,"totals":[]}', '{"number":"S","totals":{}}',
    '{"number":"S","totals":[]}', '{"number":"S","totals":[{"item":"K"}]}',
    '{"number":"S","totals":[{"item":"K","quantity":1}]}', '{"totals":[]}',
    '{"from":1,"number":"S","totals":[]}', '{"number":"S","totals":[{"quantity":1}]}',
)  # fmt: skip
ODD = [
    *(("scan", body) for body in _BODIES),
    *(("scan", f'{{"effects":{effects}}}') for effects in _EFFECTS),
    *(("manifest-imported", body) for body in _IMPORTS),
]
"""The kind of an event, and a body as somebody may have written it; its digest is right."""


def written(kind: str, body: str) -> bytes:
    rest = f'"id":"x","kind":"{kind}","previous":"{GENESIS}","sequence":1,"station":"S"}}'
    start = f'{{"at":"t","body":{body},'
    digest = hashlib.sha256((start + rest).encode()).hexdigest()
    return f'{start}"digest":"{digest}",{rest}\n'.encode()


def test_the_pages_own_sha_256_is_the_standards(page: Page) -> None:
    sizes = [*range(70), 400, 33_333]

    digests = page.evaluate(DIGESTS, sizes)

    assert digests == [hashlib.sha256(b"abc" * size).hexdigest() for size in sizes]


# The page.


def check(page: Page, lines: list[bytes], paper: str = "", key: str = "") -> str:
    """Check a record as a person does, and return what the page says."""
    record = FilePayload(name="catatan.jsonl", mimeType="", buffer=b"".join(lines))
    page.set_input_files("#file", record)
    page.fill("#paper", paper)
    if key:
        page.locator("#check summary").click()
        page.fill("#key", key)
    page.locator("#begin").click()
    page.locator("#verdict [data-what]").wait_for()
    return page.locator("#verdict").inner_text()


@pytest.fixture
def record() -> Export:
    return invented(random.Random(3), stations=2, length=9)  # noqa: S311  # no secret


def test_a_record_is_checked_without_the_network(page: Page, record: Export) -> None:
    page.context.set_offline(True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    said = check(page, record.lines, record.paper())

    assert "It fits" in said
    assert asked == []


def test_the_first_bad_event_is_named(page: Page, record: Export) -> None:
    lines = record.lines
    lines[3] = lines[3].replace(b"2026", b"2027")

    said = check(page, lines)

    event = record.log[3]
    assert "It does not fit" in said
    assert f"Event {event.sequence} of station {event.station} was altered." in said


def test_without_a_paper_the_page_says_what_it_cannot_see(page: Page, record: Export) -> None:
    said = check(page, record.lines)

    assert "It fits" not in said
    assert "Unbroken, but compared with no paper" in said
    assert "There was no checkpoint." in said


def test_a_record_that_was_cut_off_on_its_way_is_no_forgery(page: Page, record: Export) -> None:
    *whole, last = record.lines

    said = check(page, [*whole, last[:-9]])

    assert "It cannot be read" in said
    assert "is cut off" in said


def test_a_line_left_out_of_the_paper_is_no_forgery(page: Page, record: Export) -> None:
    lines = record.paper().split("\n")

    said = check(page, record.lines, "\n".join([*lines[:3], *lines[4:]]))

    assert "It cannot be read" in said
    assert "a line is missing or typed wrongly" in said


def test_a_picture_is_no_record(page: Page) -> None:
    assert "It cannot be read" in check(page, [b"\x89PNG\r\n\x1a\n"])


def test_stock_and_manifests_are_added_up(page: Page) -> None:
    effect = {"item": "KOTAK", "quantity": 2, "condition": "good", "to": "12.71", "count": 1}
    effect |= {"manifest": "SJ-1", "task": "receive", "units": 2}
    totals = [{"item": "KOTAK", "quantity": 3, "destination": "12.71"}]
    imported = ("S", "manifest-imported", {"number": "SJ-1", "totals": totals})

    check(page, chained([imported, ("S", "scan", {"effects": [effect, effect]})]).lines)

    cells = page.locator("#found td, #found tbody th").all_text_contents()
    assert cells[3:] == ["12.71", "KOTAK", "Good", "4", "SJ-1", "Receive", "KOTAK", "4", "3"]


@pytest.fixture
def signer() -> keys.Signer:
    return keys.Signer("silog-scan/12.71/Gudang-Medan", Ed25519PrivateKey.generate())


def test_a_signature_of_the_key_that_is_given_is_good(
    page: Page, record: Export, signer: keys.Signer
) -> None:
    note = signer.note(record.paper())

    assert "it is of the key you gave" in check(page, record.lines, note, signer.vkey)


def test_a_signature_of_the_key_that_the_record_names_is_good(
    page: Page, signer: keys.Signer
) -> None:
    named = chained([("S", "signing-key", {"key": signer.vkey})])
    typed = signer.note(named.paper()).replace("\u2014", "--")

    said = check(page, named.lines, typed)

    assert "Its signature is good, of the key that the record names itself." in said
    assert signer.vkey in said


def test_a_key_unknown_to_the_record_is_asked_for(
    page: Page, record: Export, signer: keys.Signer
) -> None:
    assert "Give the public key." in check(page, record.lines, signer.note(record.paper()))


def test_a_text_that_was_not_signed_does_not_fit(
    page: Page, record: Export, signer: keys.Signer
) -> None:
    note = signer.note(record.paper()).replace("silog-scan/medan\n", "silog-scan/binjai\n")

    assert "signature is not good" in check(page, record.lines, note, signer.vkey)


def test_another_key_or_none_does_not_fit(page: Page, record: Export, signer: keys.Signer) -> None:
    stranger = keys.Signer(signer.name, Ed25519PrivateKey.generate())

    said = check(page, record.lines, signer.note(record.paper()), stranger.vkey)

    assert "not signed by this key" in said


def test_a_mistyped_key_cannot_be_read(page: Page, record: Export, signer: keys.Signer) -> None:
    key = signer.vkey.replace(signer.vkey[-8:-4], "AAAA")

    assert "It cannot be read" in check(page, record.lines, record.paper(), key)


def test_over_plain_http_all_but_the_signature_is_checked(
    page: Page, origin: str, record: Export, signer: keys.Signer
) -> None:
    page.goto(origin.replace("127.0.0.1", "silog.test") + "/verify")

    said = check(page, record.lines, signer.note(record.paper()), signer.vkey)

    assert "It fits" in said
    assert "only on pages with https" in said


def test_a_checkpoints_file_is_read_into_the_field(page: Page, record: Export) -> None:
    paper = record.paper()
    file = FilePayload(name="titik-periksa.txt", mimeType="text/plain", buffer=paper.encode())

    page.set_input_files("#paper-file", file)

    expect(page.locator("#paper")).to_have_value(paper)


def test_a_check_can_be_stopped_and_begun_again(page: Page, record: Export) -> None:
    file = FilePayload(name="catatan.jsonl", mimeType="", buffer=b"".join(record.lines))
    page.set_input_files("#file", file)
    page.evaluate("() => ['begin', 'stop'].map(id => document.getElementById(id).click())")

    expect(page.locator("#progress")).to_be_hidden()

    assert "Unbroken" in check(page, record.lines)
