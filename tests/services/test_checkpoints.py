"""Checkpoints of the station's own ledger: signed, kept, due in the evening; the key's story."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from silog_scan.core import checkpoints as papers
from silog_scan.core.checkpoints import Comparison
from silog_scan.core.errors import Refused
from silog_scan.services import checkpoints, keys, ledgers, proofs
from silog_scan.services.checkpoints import Signed
from silog_scan.services.keys import Signer
from silog_scan.services.proofs import Asked
from silog_scan.store.db import Database
from tests.conftest import NOON
from tests.desk import OTHER_DESK, Desk, box

EVENING = datetime(2029, 1, 24, 11, tzinfo=UTC)  # 18.00 WIB


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def signer(database: Database, folder: Path) -> Signer:
    with database.reading() as session:
        return checkpoints.signer_of(session, folder)


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(database.writing, tmp_path / "attachments")


def made(database: Database, signer: Signer, at: datetime = NOON, reason: str = "asked") -> Signed:
    with database.writing() as session:
        return checkpoints.make(session, signer, at=at, reason=reason)


def objection(database: Database, signed: Signed) -> str | None:
    comparison = Comparison(papers.parse(signed.note))
    with database.reading() as session:
        assert not any(
            c.broken for c in ledgers.verify(comparison.watching(ledgers.log_of(session)))
        )
    told = comparison.objection()
    return str(told) if told else None


def test_a_checkpoint_covers_every_event_and_is_signed(database: Database, signer: Signer) -> None:
    signed = made(database, signer)

    assert signed.size == papers.parse(signed.note).size > 0
    assert keys.is_signed(signed.note, signer.vkey)
    assert objection(database, signed) is None


def test_an_older_checkpoint_is_checked_against_a_longer_ledger(
    database: Database, signer: Signer, desk: Desk
) -> None:
    signed = made(database, signer)

    desk.imports(box())
    desk.scan()
    desk.of(OTHER_DESK).scan()

    assert objection(database, signed) is None


def test_a_checkpoint_made_aside_is_the_same(database: Database, signer: Signer) -> None:
    def write(call):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        with database.writing() as session:
            return call(session)

    aside = checkpoints.make_aside(database, write, signer, at=NOON, reason="asked")

    assert aside.note == made(database, signer).note


def test_checkpoints_are_kept_as_they_were_handed_out(database: Database, signer: Signer) -> None:
    first, second = made(database, signer), made(database, signer, reason="closing")

    with database.reading() as session:
        assert checkpoints.every(session, 5) == [second, first]
        assert checkpoints.latest(session) == second


@pytest.mark.parametrize("change", ["12.71", "\n1\n", "Gudang Medan"])
def test_an_altered_text_is_not_signed(database: Database, signer: Signer, change: str) -> None:
    note = made(database, signer).note
    altered = note.replace(change, f"{change}9", 1)

    assert (altered == note) or not keys.is_signed(altered, signer.vkey)
    assert not keys.is_signed(note, Signer(signer.name, Ed25519PrivateKey.generate()).vkey)


def test_the_ledger_names_the_key_once(database: Database, signer: Signer, desk: Desk) -> None:
    made(database, signer)
    made(database, signer)

    (event,) = desk.events("signing-key")
    assert event.body["key"] == signer.vkey


def test_the_key_is_its_owners_only_and_stays(folder: Path, signer: Signer) -> None:
    again = keys.made(folder, signer.name)

    assert again.vkey == signer.vkey
    assert [p.stat().st_mode & 0o077 for p in (folder, folder / "signing.pem")] == [0, 0]


def test_a_new_key_is_vouched_for_by_the_old(
    database: Database, signer: Signer, folder: Path, desk: Desk
) -> None:
    before = made(database, signer)

    vkey = checkpoints.replace(database, folder, at=NOON)

    changed = desk.events("signing-key")[-1].body
    assert (changed["key"], changed["before"]) == (vkey, signer.vkey)
    assert keys.is_vouched_for(vkey, signer.vkey, changed["signature"])
    after = made(database, keys.made(folder, signer.name))
    assert keys.is_signed(after.note, vkey)
    assert not keys.is_signed(after.note, signer.vkey)
    assert keys.is_signed(before.note, signer.vkey)


@pytest.mark.parametrize("left", [None, b"gone"])
def test_a_lost_key_is_told_and_only_replaced_when_asked(
    database: Database, signer: Signer, folder: Path, left: bytes | None
) -> None:
    made(database, signer)
    (folder / "signing.pem").unlink()
    if left:
        (folder / "signing.pem").write_bytes(left)

    with pytest.raises(Refused, match=r"ledger key --replace"), database.reading() as session:
        checkpoints.signer_of(session, folder)

    checkpoints.replace(database, folder, at=NOON)

    with database.reading() as session:
        proof = proofs.prove(ledgers.log_of(session), Asked())
        assert checkpoints.signer_of(session, folder).vkey == checkpoints.public_key(session)
    assert not proof.fits
    assert "without the word of the key before" in str(proof.sentences[-1])


def test_another_key_in_its_place_is_not_used(
    database: Database, signer: Signer, folder: Path
) -> None:
    made(database, signer)
    (folder / "signing.pem").unlink()
    keys.made(folder, signer.name)

    with pytest.raises(Refused, match="is not in"), database.reading() as session:
        checkpoints.signer_of(session, folder)


@pytest.mark.parametrize("is_named", [True, False])
def test_a_power_cut_while_a_key_is_replaced_leaves_one_in_force(
    database: Database,
    signer: Signer,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_named: bool,
) -> None:
    made(database, signer)
    cut = "take_over" if is_named else "prepared"
    monkeypatch.setattr(keys, cut, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        checkpoints.replace(database, folder, at=NOON)
    monkeypatch.undo()

    with database.reading() as session:
        now = checkpoints.signer_of(session, folder)

    assert (now.vkey != signer.vkey) is is_named
    assert keys.is_signed(made(database, now).note, now.vkey)


def test_no_checkpoint_is_due_twice_an_evening(
    database: Database, signer: Signer, desk: Desk
) -> None:
    def due(at: datetime) -> bool:
        with database.reading() as session:
            return checkpoints.is_due(session, at)

    assert due(NOON)
    made(database, signer, EVENING - timedelta(hours=1))
    assert not due(EVENING)  # nothing happened since
    desk.imports(box())
    assert not due(EVENING - timedelta(minutes=1))
    assert due(EVENING)
    made(database, signer, EVENING)
    desk.scan()
    assert not due(EVENING + timedelta(hours=5))
    assert due(EVENING + timedelta(days=1))


@pytest.mark.parametrize(
    ("at", "evening"),
    [
        (EVENING, EVENING),
        (EVENING - timedelta(seconds=1), EVENING - timedelta(days=1)),
        (EVENING + timedelta(hours=12), EVENING),
    ],
)
def test_evening_is_that_of_the_place(at: datetime, evening: datetime) -> None:
    assert checkpoints.last_evening(at, "12.71") == evening
    assert checkpoints.last_evening(at - timedelta(hours=2), "91.71") == evening - timedelta(
        hours=2
    )


@pytest.mark.parametrize(
    ("place", "station", "name"),
    [
        ("12.71", "Gudang Kota Medan", "silog-scan/12.71/Gudang-Kota-Medan"),
        ("12.71.G01", "Meja 1+2", "silog-scan/12.71.G01/Meja-1-2"),
    ],
)
def test_a_signers_name_is_one_word(place: str, station: str, name: str) -> None:
    assert keys.name_of(place, station) == name


# What an outsider can check.


@pytest.fixture
def paper(database: Database, signer: Signer, desk: Desk) -> str:
    desk.imports(box())
    desk.scan()
    return made(database, signer).note


def proved(database: Database, asked: Asked) -> tuple[bool, str]:
    with database.reading() as session:
        proof = proofs.prove(ledgers.log_of(session), asked)
    return proof.fits, " ".join(str(sentence) for sentence in proof.sentences)


def test_a_paper_and_its_key_are_confirmed(database: Database, signer: Signer, paper: str) -> None:
    fits, told = proved(database, Asked.of(note=paper, key=signer.vkey, folder=None))

    assert fits
    assert "Its signature is good." in told


def test_a_strangers_signature_is_told(database: Database, signer: Signer, paper: str) -> None:
    stranger = Signer(signer.name, Ed25519PrivateKey.generate())

    assert not proved(database, Asked(note=paper, key=stranger.vkey))[0]


def test_the_ledgers_own_key_is_named_where_none_is_given(
    database: Database, signer: Signer, paper: str
) -> None:
    fits, told = proved(database, Asked(note=paper))

    assert fits
    assert signer.vkey in told


def test_a_paper_of_another_ledger_does_not_fit(database: Database, paper: str) -> None:
    of = papers.parse(paper)
    other = replace(of, root=bytes(32)).text()

    assert not proved(database, Asked(note=other))[0]


def test_imported_files_are_held_against_their_digests(
    database: Database, paper: str, desk: Desk
) -> None:
    assert paper
    asked = Asked(folder=desk.attachments)
    assert proved(database, asked)[0]

    file = next(desk.attachments.glob("*.csv"))
    file.write_bytes(file.read_bytes() + b"\n")

    fits, told = proved(database, asked)
    assert not fits
    assert file.stem in told


@pytest.mark.parametrize("key", ["", "name", "name+00000000+AAAA", "n+zz+AQ=="])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(Refused, match="no public key"):
        Asked.of(note="a\n0\nAAAA\n", key=key, folder=None)


def test_a_key_without_a_paper_is_refused(signer: Signer) -> None:
    with pytest.raises(Refused, match="--checkpoint"):
        Asked.of(note=None, key=signer.vkey, folder=None)
