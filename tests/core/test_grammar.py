"""The grammar of labels: what an election may set, and what its labels then say."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silog_scan.core import cells, codes
from silog_scan.core.agreement import Reading, accepted
from silog_scan.core.codes import Identity, Kind
from silog_scan.core.errors import Malformed
from silog_scan.core.grammar import grammar_of, mod97

CHECKED = r"(?P<region>\d{4})/(?P<item>[A-Z]{2})(?P<serial>\d{6})(?P<check_mod97>\d{2})"


def code39(text: str) -> Reading:
    return Reading(text, "code39", ((0, 0), (9, 0), (9, 9), (0, 9)), stage="fast")


def test_an_election_has_labels_of_its_own() -> None:
    codes.speak(grammar_of(r"PILKADA-(?P<region>\d{6})-(?P<serial>[0-9A-F]{4}) X(?P<serial>\d{6})"))

    known = codes.identify("PILKADA-127101-00FF")

    assert known == Identity(Kind.PACKAGE, "PILKADA-127101-00FF", region="12.71.01")
    assert codes.identify("x000001").code == "X000001"
    assert codes.identify("1271-KS-004512").kind is Kind.TEXT


def test_a_label_whose_check_digits_are_wrong_is_none() -> None:
    codes.speak(grammar_of(CHECKED))
    right = "1271/KS004512" + mod97("1271/KS004512")

    wrong = right[:-1] + str((int(right[-1]) + 1) % 10)

    assert codes.flaw(right) is None
    assert codes.identify(right) == Identity(Kind.PACKAGE, right, "KOTAK", "12.71")
    assert codes.flaw(wrong) is not None
    assert codes.identify(wrong).kind is Kind.TEXT


def test_the_digit_of_gs1_may_check_a_label_too() -> None:
    codes.speak(grammar_of(r"KPU-(?P<serial>\d{7})(?P<check_mod10>\d)"))

    assert codes.identify("KPU-96385074").kind is Kind.PACKAGE
    assert codes.flaw("KPU-96385075") is not None


@given(st.text("0123456789ABCXYZ", min_size=1, max_size=20))
def test_mod_97_leaves_one(body: str) -> None:
    digits = "".join(str(int(letter, 36)) for letter in body + mod97(body))

    assert int(digits) % 97 == 1


def test_weak_evidence_is_believed_for_a_label_of_the_grammar() -> None:
    codes.speak(grammar_of(r"(?P<serial>KOLI\d{4})"))

    assert accepted([code39("KOLI0001")])
    assert not accepted([code39("1271-KS-004512")])


def test_weak_evidence_is_not_believed_because_a_manifest_may_list_the_text() -> None:
    listed = cells.package("KPU 2024")

    assert listed == "KPU 2024"
    assert not accepted([code39(listed)])


def test_a_wrong_check_digit_is_no_evidence() -> None:
    codes.speak(grammar_of(r"(?P<serial>KOLI\d{4})(?P<check_mod10>\d)"))

    assert accepted([code39("KOLI12348")])
    assert not accepted([code39("KOLI12347")])


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        r"\d{6}",
        r"(?P<serial>\d{5})",
        r"(?P<serial>\d+)",
        r"(?P<serial>.{6})",
        r"(?P<serial>(\d{2}){3})",
        r"(?P<serial>\d{6}|A)",
        r"(?P<serial>\d{6})*",
        r"(?P<serial>\d{6}",
        r"(?P<serial>\d{6}))",
        r"(?P<serial>[z-a]{6})",
        r"(?P<serial>\d{9,6})",
        r"(?P<serial>\d{61})",
        r"(?P<serial>\d{6})(?P<serial>\d{6})",
        r"(?P<serial>\d{6})(?P<colour>\d{6})",
        r"(?P<check_mod10>\d)(?P<serial>\d{6})",
        r"(?P<serial>\d{6})(?=A)",
        r"(?P<serial>\d{0,20}\d{0,20}\d{0,9}A{6})",
        " ".join([r"(?P<serial>\d{6})"] * 9),
    ],
)
def test_a_pattern_that_is_malformed_or_unsafe_is_refused(pattern: str) -> None:
    with pytest.raises(Malformed) as refusal:
        grammar_of(pattern)

    assert refusal.value.code == "label-form"


@given(st.text(r"\d[]{}()?P<serial>+*|-A09,.^$ ", max_size=40))
def test_any_pattern_is_taken_or_refused(pattern: str) -> None:
    try:
        grammar = grammar_of(pattern)
    except Malformed:
        return

    assert list(grammar.read("\n" * 60)) == []


def test_the_slowest_pattern_that_is_taken_is_fast() -> None:
    grammar = grammar_of(r"(?P<serial>\d{1,2}\d{1,2}\d{1,2}\d{1,2}\d{1,2}\d{1,2}\d{1,2}\d{1,2}A)")

    before = time.process_time()
    found = list(grammar.read("1" * 16 + "B"))
    took = time.process_time() - before

    assert not found
    assert took < 0.01
