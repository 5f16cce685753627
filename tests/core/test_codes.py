"""What a text identifies, and what cannot be a code at all."""

import time
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silog_scan.core import codes
from silog_scan.core.codes import ITEM_LETTERS, Identity, Kind, Modifiers

SSCC = "106141411234567897"
GTIN = "09506000134352"
GS, RS, EOT = "\x1d", "\x1e", "\x04"
DIGITS = st.text("0123456789", min_size=1, max_size=17)


@pytest.mark.parametrize(
    ("text", "symbology"),
    [
        pytest.param("", None, id="empty"),
        pytest.param("\r\n", None, id="blank"),
        pytest.param("]C1", None, id="a symbology identifier alone"),
        pytest.param("A" * 4_097, None, id="too long"),
        pytest.param("A\x00B", None, id="NUL"),
        pytest.param("A\tB", None, id="a tab inside"),
        pytest.param("A\x85B", None, id="a C1 control"),
        pytest.param("A\x7f", None, id="DEL"),
        pytest.param("\udc41", None, id="a lone surrogate"),
        pytest.param("00" + SSCC[:-1] + "8", None, id="an SSCC's check digit"),
        pytest.param("(00)" + SSCC[:-1] + "8", None, id="an SSCC's, in brackets"),
        pytest.param("]C100" + SSCC[:-1] + "8", None, id="an SSCC's, as GS1-128"),
        pytest.param("(01)" + GTIN[:-1] + "9", None, id="a GTIN's"),
        pytest.param("]C101" + GTIN[:-1] + "9", None, id="a GTIN's, as GS1-128"),
        pytest.param(f"https://id.gs1.org/01/{GTIN[:-1]}9/21/A", None, id="a GTIN's, in a link"),
        pytest.param(f"https://id.gs1.org/00/{SSCC[:-1]}8", None, id="an SSCC's, in a link"),
        pytest.param("]E04006381333932", None, id="an EAN-13's by its identifier"),
        pytest.param("]I114012345678909", None, id="an ITF-14's by its identifier"),
        pytest.param("4006381333932", "ean13", id="an EAN-13's"),
        pytest.param("96385075", "ean8", id="an EAN-8's"),
        pytest.param("036000291453", "upca", id="a UPC-A's"),
    ],
)
def test_what_cannot_be_a_code_is_told_why(text: str, symbology: str | None) -> None:
    assert codes.flaw(text, symbology) is not None


@pytest.mark.parametrize(
    ("text", "symbology"),
    [
        ("A", None),
        ("A" * 4_096, None),
        (f"[)>{RS}06{GS}S1{RS}{EOT}", None),
        ("kotak suara é ✓", None),
        ("00" + SSCC, None),
        ("4006381333931", "ean13"),
        ("96385074", "ean8"),
        ("036000291452", "upca"),
        ("4006381333932", None),
        ("4006381333932", "code128"),
        ("123456789012345678", None),
        (" 1271-KS-004512\r\n", None),
    ],
)
def test_what_may_be_a_code_has_no_flaw(text: str, symbology: str | None) -> None:
    assert codes.flaw(text, symbology) is None


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        ("1271-KS-004512", Identity(Kind.PACKAGE, "1271-KS-004512", "KOTAK", "12.71")),
        (" 1271-KS-004512\r\n", Identity(Kind.PACKAGE, "1271-KS-004512", "KOTAK", "12.71")),
        ("]C11271-KS-004512", Identity(Kind.PACKAGE, "1271-KS-004512", "KOTAK", "12.71")),
        ("]A01271-KS-004512", Identity(Kind.PACKAGE, "1271-KS-004512", "KOTAK", "12.71")),
        ("1271-ks-004512", Identity(Kind.PACKAGE, "1271-KS-004512", "KOTAK", "12.71")),
        ("kpu-a7", Identity(Kind.TEXT, "kpu-a7")),
        ("]C0KPU-a7", Identity(Kind.TEXT, "KPU-a7")),
        ("slg-item-tinta", Identity(Kind.ITEM, "TINTA")),
        ("]E00036000291452", Identity(Kind.TEXT, "036000291452")),
        ("0036000291452", Identity(Kind.TEXT, "0036000291452")),
        ("kotak {GS} 7", Identity(Kind.TEXT, "kotak {GS} 7")),
        ("1271-ZZ-004512", Identity(Kind.TEXT, "1271-ZZ-004512")),
        ("1271-KS-4512", Identity(Kind.TEXT, "1271-KS-4512")),
        ("1271-KS-٠٠٤٥١٢", Identity(Kind.TEXT, "1271-KS-٠٠٤٥١٢")),
        ("SLG-ITEM-TINTA", Identity(Kind.ITEM, "TINTA")),
        ("SLG-PLACE-12.71.01", Identity(Kind.PLACE, "12.71.01")),
        ("SLG-TASK-RECEIVE", Identity(Kind.TASK, "receive")),
        ("SLG-CMD-QTY-40", Identity(Kind.COMMAND, "QTY-40")),
        ("SLG-ITEM-", Identity(Kind.TEXT, "SLG-ITEM-")),
        ("SLG-OTHER-1", Identity(Kind.TEXT, "SLG-OTHER-1")),
        (SSCC, Identity(Kind.SSCC, SSCC)),
        ("00" + SSCC, Identity(Kind.SSCC, SSCC)),
        ("(00)" + SSCC, Identity(Kind.SSCC, SSCC)),
        ("]C100" + SSCC, Identity(Kind.SSCC, SSCC)),
        ("https://id.gs1.org/00/" + SSCC, Identity(Kind.SSCC, SSCC)),
        ("123456789012345678", Identity(Kind.TEXT, "123456789012345678")),
        (f"(01){GTIN}(21)A1", Identity(Kind.GS1, f"(01){GTIN}(21)A1")),
        (f"]d201{GTIN}21A1", Identity(Kind.GS1, f"(01){GTIN}(21)A1")),
        (f"01{GTIN}21A1{GS}10B", Identity(Kind.GS1, f"(01){GTIN}(21)A1")),
        ("https://kpu.go.id/00/x", Identity(Kind.TEXT, "https://kpu.go.id/00/x")),
        ("(99)", Identity(Kind.TEXT, "(99)")),
        ("4006381333931", Identity(Kind.TEXT, "4006381333931")),
    ],
)
def test_a_text_tells_what_it_identifies(text: str, identity: Identity) -> None:
    assert codes.identify(text) == identity


@given(
    st.integers(11, 97), st.integers(1, 99), st.sampled_from(sorted(ITEM_LETTERS)),
    st.integers(0, 999_999),
)  # fmt: skip
def test_our_own_labels_read_back(province: int, regency: int, letters: str, serial: int) -> None:
    text = f"{province}{regency:02d}-{letters}-{serial:06d}"

    region = f"{province}.{regency:02d}"
    assert codes.identify(text) == Identity(Kind.PACKAGE, text, ITEM_LETTERS[letters], region)


SPELLINGS_OF_SSCC = [
    "{}", "00{}", "(00){}", "]C100{}", "]d200{}", "]e000{}", "]C000{}",
    "https://id.gs1.org/00/{}", "\x1d00{}", "{{GS}}00{}",
]  # fmt: skip


@given(st.text("0123456789", min_size=17, max_size=17), st.sampled_from(SPELLINGS_OF_SSCC))
def test_every_spelling_of_an_sscc_is_one_identity(digits: str, spelling: str) -> None:
    sscc = digits + codes.check_digit(digits)

    text = spelling.format(sscc)

    assert codes.flaw(text) is None
    assert codes.identify(text) == Identity(Kind.SSCC, sscc)


SPELLINGS_OF_SGTIN = [
    "(01){gtin}(21){serial}", "(21){serial}(01){gtin}", "]C101{gtin}21{serial}",
    "]d221{serial}\x1d01{gtin}", "]Q301{gtin}10LOT\x1d21{serial}",
    "01{gtin}17261231{{GS}}21{serial}",
    "21{serial}<gs>01{gtin}", "]C121{serial}^]01{gtin}", "https://id.gs1.org/01/{gtin}/21/{serial}",
    "https://kpu.go.id/x/01/{gtin}/10/LOT/21/{serial}?17=261231",
]  # fmt: skip
SERIALS = st.text("ABCXYZ0123456789-", min_size=1, max_size=20)


@given(
    st.text("0123456789", min_size=13, max_size=13), SERIALS, st.sampled_from(SPELLINGS_OF_SGTIN)
)
def test_every_spelling_of_gtin_and_serial_is_one_identity(
    digits: str, serial: str, spelling: str
) -> None:
    gtin = digits + codes.check_digit(digits)

    text = spelling.format(gtin=gtin, serial=serial)

    assert codes.flaw(text) is None
    assert codes.identify(text) == Identity(Kind.GS1, f"(01){gtin}(21){serial}")


@pytest.mark.parametrize("length", [7, 11, 12])
@given(st.data())
def test_a_short_gtin_is_the_long_one_with_zeros(length: int, data: st.DataObject) -> None:
    digits = data.draw(st.text("0123456789", min_size=length, max_size=length))
    gtin = digits + codes.check_digit(digits)

    whole = f"(01){gtin:0>14}(21)A1"

    assert codes.identify(f"(01){gtin}(21)A1").code == whole
    assert codes.identify(f"https://id.gs1.org/01/{gtin}/21/A1").code == whole


@pytest.mark.parametrize(
    "text",
    [
        "https://" + "/01/" * 1_000,
        "https://id.gs1.org/01/" + GTIN + "/21/" + "%" * 4_000,
        "(01)" * 1_000,
        "(21)" + "{GS}" * 1_000,
        "]C1" + "21A\x1d" * 1_000,
        "]d2" + "0" * 4_090,
        "]Q3" + "21A\x1d" * 255,
        "]C1" * 1_300,
        "1" * 4_096,
        "1271-KS-" * 500,
    ],
    ids=lambda text: text[:12],
)
def test_a_hostile_text_costs_no_more_than_a_frame(text: str) -> None:
    codes.identify("]C10109506000134352")  # biip is loaded once

    before = time.process_time()
    codes.flaw(text)
    codes.identify(text)
    took = time.process_time() - before

    assert took < 0.01


PIECES = st.sampled_from([
    "]C1", "]d2", "]E0", "(00)", "(01)", "(21)", "{GS}", "<GS>", "^]", GS, "https://", "/01/",
    "/00/", "/21/", "?", "%", "00", "01", "21", "310", GTIN, SSCC, "A", "[", "1271-KS-",
])  # fmt: skip


@given(st.lists(PIECES, max_size=12))
def test_pieces_of_codes_in_any_order_are_refused_or_identified(pieces: list[str]) -> None:
    text = "".join(pieces)

    assert codes.flaw(text) or codes.identify(text).code


@given(st.text(max_size=60))
def test_any_text_is_refused_or_identified(text: str) -> None:
    assert codes.flaw(text) or codes.identify(text).code


@given(DIGITS, st.integers(0, 16), st.integers(1, 9))
def test_a_check_digit_catches_every_single_misread_digit(text: str, at: int, by: int) -> None:
    at %= len(text)
    misread = text[:at] + str((int(text[at]) + by) % 10) + text[at + 1 :]

    assert codes.check_digit(misread) != codes.check_digit(text)


@pytest.mark.parametrize(
    ("commands", "said"),
    [
        (["DAMAGED"], Modifiers(damaged=True)),
        (["QTY-40"], Modifiers(quantity=40)),
        (["QTY-40", "DAMAGED"], Modifiers(damaged=True, quantity=40)),
        (["QTY-40", "QTY-5"], Modifiers(quantity=5)),
        (["QTY-40", "DAMAGED", "CLEAR"], Modifiers()),
        (["QTY-0"], Modifiers()),
        (["QTY-12345678"], Modifiers()),
        (["DAMAGED", "DANCE"], Modifiers(damaged=True)),
    ],
)
def test_commands_change_the_scan_that_follows(commands: list[str], said: Modifiers) -> None:
    heard = reduce(Modifiers.after, commands, Modifiers())

    assert heard == said
