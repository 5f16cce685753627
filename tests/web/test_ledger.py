"""Evidence: the record for who watches over all of it, and a check that is open to everybody."""

import html
import json
import re
from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest
import zxingcpp
from PIL import Image, ImageDraw
from sqlalchemy import event

from silog_scan.core import checkpoints
from silog_scan.documents import qr
from silog_scan.services import keys
from silog_scan.services.actors import Role
from silog_scan.verify_ledger import Checker, read_checkpoint
from silog_scan.web.context import Backend
from silog_scan.web.ledger import VERIFIER
from tests.web.conftest import Clock, Visitor

People = Callable[[str, Role, str], Visitor]


@pytest.fixture
def observer(person: People) -> Visitor:
    return person("pemantau", Role.OBSERVER, "12.71")


# For everybody.


def test_a_stranger_may_check(stranger: Visitor) -> None:
    page = stranger.get("/verify")

    assert page.status_code == 200
    assert 'id="check"' in page.text


def test_the_sign_in_leads_a_stranger_to_the_check(stranger: Visitor) -> None:
    assert 'href="/verify"' in stranger.get("/sign-in").text


def test_the_verifier_is_handed_out_as_it_is(stranger: Visitor) -> None:
    answer = stranger.get("/verify/verify_ledger.py")

    assert answer.data == VERIFIER.read_bytes()
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.text.count("\n") < 250


def test_the_page_may_send_nothing_elsewhere_and_start_its_worker(stranger: Visitor) -> None:
    policy = stranger.get("/verify").headers["Content-Security-Policy"].split("; ")

    assert {"default-src 'none'", "script-src 'self'", "worker-src 'self'"} < set(policy)


def test_problems_come_with_their_holes(stranger: Visitor) -> None:
    page = stranger.client.get("/verify?lang=en")

    (words,) = re.findall(r'data-words="([^"]+)"', page.text)
    assert "Event %(sequence)s of station %(station)s was altered." in words


# For who watches over all.


@pytest.mark.parametrize("address", ["/ledger", "/ledger/export.jsonl", "/ledger/checkpoint.txt"])
def test_part_of_a_home_gets_no_record(person: People, address: str) -> None:
    visitor = person("wayan", Role.SUPERVISOR, "12.71.02")

    answer = visitor.get(address)

    assert answer.status_code == 403
    assert "handed out whole, to people of 12.71 or above" in answer.text


def test_part_of_a_home_makes_no_checkpoint(person: People) -> None:
    visitor = person("wayan", Role.ADMINISTRATOR, "12.71.02")

    assert visitor.post("/ledger/checkpoints").status_code == 403


def test_before_the_first_checkpoint_one_can_be_made(observer: Visitor) -> None:
    before = observer.get("/ledger").text
    answer = observer.post("/ledger/checkpoints")

    after = observer.get("/ledger").text

    assert "There is no checkpoint yet." in before
    assert (answer.status_code, answer.location) == (302, "/ledger")
    assert "when asked" in after


def test_the_page_shows_the_latest_checkpoint_as_it_was_signed(
    observer: Visitor, backend: Backend
) -> None:
    signed = backend.make_checkpoint(at=backend.clock(), reason="evening")

    page = observer.get("/ledger").text

    (text,) = re.findall(r'<pre class="sl-code sl-typed[^>]*>(.*?)</pre>', page, re.DOTALL)
    assert html.unescape(re.sub("</?span>", "", text)) == signed.note
    assert backend.signer.vkey in html.unescape(page)


@pytest.mark.usefixtures("manifest")
def test_chains_stand_where_the_record_ends(observer: Visitor) -> None:
    last = observer.get("/ledger/export.jsonl").text.splitlines()[-1]

    page = observer.get("/ledger").text

    digest = json.loads(last)["digest"]
    assert " ".join(re.findall("....", digest)) in page


@pytest.mark.usefixtures("manifest")
def test_the_export_is_checked_by_the_verifier_and_the_checkpoint(
    observer: Visitor, backend: Backend
) -> None:
    backend.make_checkpoint(at=backend.clock(), reason="closing")

    export = observer.get("/ledger/export.jsonl")
    paper = observer.get("/ledger/checkpoint.txt")

    checker = Checker(read_checkpoint(paper.text))
    checker.check(export.data.splitlines(keepends=True))
    assert f"The checkpoint's {checker.size} events are these." in [*checker.report()][-1]
    assert keys.is_signed(paper.text, backend.signer.vkey)
    assert "catatan-12.71.jsonl" in export.headers["Content-Disposition"]


def test_the_export_is_read_as_it_is_sent(observer: Visitor) -> None:
    answer = observer.client.get("/ledger/export.jsonl")

    assert answer.is_streamed


def test_an_earlier_checkpoint_is_found_by_its_time(
    observer: Visitor, backend: Backend, clock: Clock
) -> None:
    earlier = backend.make_checkpoint(at=clock.at, reason="evening")
    clock.go_on(timedelta(hours=2))
    latest = backend.make_checkpoint(at=clock.at, reason="asked")

    (address,) = re.findall(
        r'href="(/ledger/checkpoint.txt\?at=[^"]+)"', observer.get("/ledger").text
    )

    assert observer.get(address).text == earlier.note
    assert observer.get("/ledger/checkpoint.txt").text == latest.note
    assert observer.get("/ledger/checkpoint.txt?at=never").status_code == 404


def test_an_observer_finds_the_evidence_in_the_bar(observer: Visitor) -> None:
    page = observer.get("/ledger").text

    assert re.search(r'<a href="/ledger" aria-current="page">', page)


def test_however_many_checkpoints_the_page_asks_as_often(
    observer: Visitor, backend: Backend, clock: Clock
) -> None:
    counts = []
    observer.get("/ledger")  # the first page notes that the sign-in is in use
    for _ in range(2):
        for _ in range(5):
            clock.go_on(timedelta(seconds=1))
            backend.make_checkpoint(at=clock.at, reason="evening")
        counts.append(_statements(observer, backend))

    assert counts[0] == counts[1]


def _statements(observer: Visitor, backend: Backend) -> int:
    asked: list[str] = []

    def count(*told: object) -> None:
        asked.append(str(told[2]))

    event.listen(backend.database.engine, "before_cursor_execute", count)
    observer.get("/ledger")
    event.remove(backend.database.engine, "before_cursor_execute", count)
    return len(asked)


# The code on paper.


def test_the_drawn_code_reads_back_as_the_checkpoint(backend: Backend) -> None:
    note = backend.make_checkpoint(at=backend.clock(), reason="asked").note.replace("\u2014", "--")

    drawing = qr.drawn(note)

    assert drawing
    (read,) = zxingcpp.read_barcodes(np.asarray(painted(drawing)))
    assert read.text == note
    assert note.isascii()
    assert checkpoints.parse(read.text).size > 0


def painted(drawing: qr.Drawing, scale: int = 4) -> Image.Image:
    """Return the drawing's path as a picture."""
    picture = Image.new("L", (drawing.size * scale, drawing.size * scale), 255)
    pen = ImageDraw.Draw(picture)
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1", drawing.path):
        left, top = int(x) * scale, int(y) * scale
        pen.rectangle((left, top, left + int(width) * scale - 1, top + scale - 1), fill=0)
    return picture


def test_a_text_too_long_for_a_code_has_none() -> None:
    assert qr.drawn("x" * 4_000) is None
