"""Texts of strangers as people may see them."""

import pytest

from silog_scan.core.errors import say
from silog_scan.core.visible import isolated, visible


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("1271-KS-004501 <b>", "1271-KS-004501 <b>"),
        ("kotak é 箱 📦", "kotak é 箱 📦"),
        ("a\u202eb", "a[U+202E]b"),
        ("a\u200b\u2066b", "a[U+200B][U+2066]b"),
        ("a\0\x1d\x1b[2J", "a[U+0000][U+001D][U+001B][2J"),
        ("a\u00a0b\u2028", "a[U+00A0]b[U+2028]"),
        ("\ud800", "[U+D800]"),
        ("a\u3164\u2800\u034f", "a[U+3164][U+2800][U+034F]"),
        ("a\ufe0f\U000e0101\U000e0041", "a[U+FE0F][U+E0101][U+E0041]"),
    ],
    ids=ascii,
)
def test_what_hides_is_written_out(text: str, seen: str) -> None:
    assert visible(text) == seen


def test_a_text_from_right_to_left_turns_nothing_around_it() -> None:
    assert isolated("\u05e9\u05dc\u05d5\u05dd 12") == "\u2068\u05e9\u05dc\u05d5\u05dd 12\u2069"
    assert isolated("kotak 12") == "kotak 12"


def test_a_sentence_shows_what_hides_in_its_values() -> None:
    inner = say("of %(name)s", name="b\u200b")

    assert str(say("%(code)s %(n)s %(more)s", code="a\u202e", n=7, more=inner)) == (
        "a[U+202E] 7 of b[U+200B]"
    )
