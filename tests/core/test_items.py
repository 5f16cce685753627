"""The catalogue of goods."""

import pytest

from silog_scan.core.codes import ITEM_LETTERS, Kind, identify
from silog_scan.core.errors import Conflict, Malformed
from silog_scan.core.items import BUILT_IN, Catalogue, Item

CONTRACT = [
    "KOTAK", "BILIK", "SURAT-PPWP", "SURAT-DPR", "SURAT-DPD", "SURAT-DPRDP", "SURAT-DPRDK",
    "SURAT-PGUB", "SURAT-PBUP", "TINTA", "SEGEL", "KABEL-TIES", "SAMPUL", "FORMULIR",
    "ALAT-TUNANETRA", "ALAT-COBLOS", "DCT", "STIKER-KOTAK",
]  # fmt: skip


def test_the_built_in_items_are_those_of_the_contract() -> None:
    assert [item.code for item in BUILT_IN] == CONTRACT
    assert set(ITEM_LETTERS.values()) == set(CONTRACT)


@pytest.mark.parametrize("item", BUILT_IN, ids=lambda item: item.code)
def test_every_item_has_names_units_and_a_barcode_of_its_own(item: Item) -> None:
    identity = identify(item.barcode)

    assert (identity.kind, identity.code) == (Kind.ITEM, item.code)
    assert item.name("id")
    assert item.name("en")
    assert item.unit("id")
    assert item.unit("en")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("KOTAK", "KOTAK"),
        ("kotak suara", "KOTAK"),
        ("Ballot  Box", "KOTAK"),
        (" KOTAKSUARA ", "KOTAK"),
        ("surat_dprdk", "SURAT-DPRDK"),
        ("Surat Suara DPR", "SURAT-DPR"),
        ("segel", "SEGEL"),
        ("segel plastik", "KABEL-TIES"),
        ("kabel ties", "KABEL-TIES"),
        ("SLG-ITEM-TINTA", "TINTA"),
    ],
)
def test_an_item_is_found_by_code_name_or_barcode(text: str, code: str) -> None:
    found = Catalogue().find(text)

    assert found is not None
    assert found.code == code


@pytest.mark.parametrize("text", ["", "surat suara", "kotak amal", "KOTAK1"])
def test_what_fits_no_item_or_several_is_not_found(text: str) -> None:
    assert Catalogue().find(text) is None


def test_a_slip_of_the_pen_gives_the_likely_item() -> None:
    likely = Catalogue().likely("SURAT DPRK")

    assert likely is not None
    assert likely.code == "SURAT-DPRDK"
    assert Catalogue().likely("genset") is None


def test_more_items_can_be_added() -> None:
    catalogue = Catalogue([*BUILT_IN, Item("LEM", "lem", "glue", "botol", "bottle")])

    assert catalogue.find("Glue") == catalogue.items[-1]


@pytest.mark.parametrize("code", ["", "lem", "LEM A", "-LEM", "LÉM", "L" * 41])
def test_a_code_that_labels_cannot_carry_is_refused(code: str) -> None:
    with pytest.raises(Malformed, match="capital letters") as refusal:
        Catalogue([Item(code, "lem", "glue", "botol", "bottle")])

    assert refusal.value.code == "item-code"


def test_a_name_that_another_item_has_is_refused() -> None:
    with pytest.raises(Conflict, match="already called Tinta") as refusal:
        Catalogue([*BUILT_IN, Item("TINTA2", "Tinta", "more ink", "botol", "bottle")])

    assert refusal.value.code == "item-taken"
