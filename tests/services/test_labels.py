"""What was printed is kept with its package, and a place is given what it still expects."""

import pytest

from silog_scan.core.errors import Refused
from silog_scan.core.labels import Pattern
from silog_scan.documents import labels as encoder
from silog_scan.documents.label_sheets import Label
from silog_scan.services import labels
from silog_scan.services.actors import Actor
from silog_scan.services.labels import Kind
from tests.cast import BOX, MEDAN
from tests.desk import HENDRA, RINA, Desk, box, ink

BARS, SQUARES = Kind("code128"), Kind("datamatrix")
SECOND, STRANGE = "1271-KS-000777", "GRAFIKA-88213"
SSCC = "123456789012345675"


def make(desk: Desk, *codes: str, kind: Kind = BARS, actor: Actor = RINA) -> list[Label]:
    with desk.writing() as session:
        return labels.make(session, actor, codes, kind=kind, at=desk.at)


def expected(desk: Desk, place: str = MEDAN, **chosen: str) -> list[Pattern]:
    with desk.writing() as session:
        return labels.expected_patterns(session, place=place, **chosen)


def test_a_printed_package_of_an_open_manifest_is_expected_as_it_was_printed(desk: Desk) -> None:
    desk.imports(box())

    [made] = make(desk, BOX)

    assert expected(desk) == [made.pattern] == [encoder.encode(BOX, "code128")]


def test_a_package_without_a_label_of_ours_is_not_in_the_set(desk: Desk) -> None:
    desk.imports(box(), box(SECOND))

    make(desk, BOX)

    assert [pattern.text for pattern in expected(desk)] == [BOX]


def test_a_label_of_what_no_manifest_lists_is_not_in_the_set(desk: Desk) -> None:
    desk.imports(box())

    make(desk, STRANGE)

    assert expected(desk) == []


def test_a_scanned_package_stays_in_the_set(desk: Desk) -> None:
    desk.imports(box())
    make(desk, BOX)

    desk.scan(BOX)

    assert [pattern.text for pattern in expected(desk)] == [BOX]


def test_a_closed_manifest_is_expected_no_more(desk: Desk) -> None:
    desk.imports(box())
    make(desk, BOX)

    desk.of(HENDRA).close()

    assert expected(desk) == []


def test_what_is_bound_for_another_place_is_not_expected_here(desk: Desk) -> None:
    desk.imports(box())
    make(desk, BOX)

    assert expected(desk, place="12.75") == []
    assert expected(desk, manifest="SJ-2") == []


def test_a_package_may_have_labels_of_two_kinds(desk: Desk) -> None:
    desk.imports(box())
    make(desk, BOX)
    make(desk, BOX, kind=SQUARES)

    found = {pattern.symbology: pattern.size for pattern in expected(desk)}
    assert found == {"code128": (156, 1), "datamatrix": (16, 16)}


def test_printing_twice_keeps_one_pattern_and_records_both(desk: Desk) -> None:
    desk.imports(box())

    make(desk, BOX, BOX)
    make(desk, BOX)

    assert len(expected(desk)) == 1
    assert [event.body["codes"] for event in desk.events("labels-printed")] == [2, 1]


def test_the_record_of_a_print_commits_to_its_modules(desk: Desk) -> None:
    make(desk, BOX)
    make(desk, SECOND)

    first, second = desk.events("labels-printed")
    assert first.body["labels_sha256"] != second.body["labels_sha256"]
    assert (first.body["user"], first.body["encoder"]) == ("rina", encoder.ENCODER)
    assert desk.broken() == []


def test_a_label_says_item_and_destination(desk: Desk) -> None:
    desk.imports(box(), ink(40))

    known, strange = make(desk, BOX, STRANGE)

    assert known.item == "Kotak suara"
    assert known.destination[0].startswith("TPS ")
    assert (strange.item, strange.destination) == ("", ())


def test_elsewhere_nobody_learns_where_a_package_goes(desk: Desk, ppk: Actor) -> None:
    desk.imports(box())

    [label] = make(desk, BOX, actor=ppk)

    assert label.item == ""


def test_an_sscc_is_kept_as_a_scanner_sends_it(desk: Desk) -> None:
    desk.imports(box(SSCC))

    make(desk, SSCC, kind=Kind("code128", gs1=True))

    assert [pattern.text for pattern in expected(desk)] == [f"00{SSCC}"]


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        ("SLG-BADGE-SECRET", "label-code"),
        (" A-1", "label-code"),
        ("", "label-code"),
        ("Kotak é", "label-letters"),
    ],
)
def test_a_code_that_cannot_be_printed_refuses_the_whole_print(
    desk: Desk, code: str, refusal: str
) -> None:
    with pytest.raises(Refused) as caught:
        make(desk, BOX, code)

    assert caught.value.code == refusal
    assert "Line 2" in str(caught.value)
    assert desk.events("labels-printed") == []


def test_an_observer_prints_nothing(desk: Desk, observer: Actor) -> None:
    with pytest.raises(Refused, match="Observers"):
        make(desk, BOX, actor=observer)


def test_the_packages_of_somebody_elses_manifest_are_not_told(desk: Desk, ppk: Actor) -> None:
    desk.imports(box())

    with desk.writing() as session, pytest.raises(Refused) as caught:
        labels.codes_of_manifest(session, ppk, "SJ-1")

    assert caught.value.code == "unknown-manifest"


def test_a_manifest_without_packages_has_nothing_to_print(desk: Desk) -> None:
    with pytest.raises(Refused) as caught:
        make(desk)

    assert caught.value.code == "labels-none"


def test_the_set_ends_at_its_cap(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "MOST_EXPECTED", 1)
    desk.imports(box(), box(SECOND))

    make(desk, SECOND, BOX)

    assert [pattern.text for pattern in expected(desk)] == [BOX]
