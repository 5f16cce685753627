"""Which passwords are taken, and how they are kept (ASVS 5.0: 6.2.1 to 6.2.9, 11.4.2)."""

import pytest

from silog_scan.core.errors import Malformed
from silog_scan.services import passwords
from silog_scan.services.passwords import NewPassword

GOOD = "correct horse battery"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("short", "password-short"),
        ("x" * 257, "password-long"),
        ("1234567890", "password-common"),
        ("Password123!", "password-common"),
        ("qwertyuiop", "password-common"),
        ("aaaaaaaaaaaa", "password-common"),
        ("Rahasia2024", "password-common"),
        ("silogscan2029", "password-common"),
        ("KPU-pemilu-2029", "password-common"),
    ],
)
def test_what_others_would_try_first_is_refused(text: str, code: str) -> None:
    with pytest.raises(Malformed) as caught:
        NewPassword(text).must_be_good()

    assert caught.value.code == code


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "empat kotak di gudang basah",
        "\U0001f4e6 peti \U0001f4e6 peti hijau",
        "x9" * 5 + "qz7!",
    ],
)
def test_any_other_is_taken_whatever_its_letters(text: str) -> None:
    NewPassword(text).must_be_good()


def test_a_password_is_kept_as_scrypt_of_the_recommended_cost() -> None:
    kept = NewPassword(GOOD).hash

    assert kept.startswith("scrypt:131072:8:1$")
    assert GOOD not in kept
    assert [passwords.is_right(kept, text) for text in (GOOD, GOOD.upper())] == [True, False]


def test_nobodys_password_is_never_right() -> None:
    assert not passwords.is_right(None, "")
