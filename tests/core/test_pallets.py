"""On which pallet labels are that were seen together."""

import pytest

from silog_scan.core.pallets import pallet_of

ON = {"a": "P", "b": "P", "c": "P", "d": "Q", "e": None, "f": None}


@pytest.mark.parametrize(
    ("codes", "pallet"),
    [
        ("abc", "P"),
        ("abd", "P"),
        ("ad", None),
        ("ef", None),
        ("aef", None),
        ("abe", "P"),
        ("xyz", None),
        ("axyz", "P"),
        ("", None),
        ("Pd", "P"),
    ],
    ids=[
        "all on one",
        "a stray from another",
        "no majority",
        "all loose",
        "most loose",
        "most on one",
        "strangers",
        "strangers have no say",
        "nothing",
        "its own label",
    ],
)
def test_the_pallet_is_the_one_that_most_of_the_labels_are_on(
    codes: str, pallet: str | None
) -> None:
    assert pallet_of(list(codes), ON) == pallet
