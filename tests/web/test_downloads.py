"""The names of downloads."""

import pytest

from silog_scan.web.downloads import attachment


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("SJ-1271-0147.csv", 'filename="SJ-1271-0147.csv"'),
        ("../../etc/passwd.csv", 'filename="-..-etc-passwd.csv"'),
        ('a"; filename=evil.exe; x=".csv', 'filename="a---filename=evil.exe--x=-.csv"'),
        ("a\r\nSet-Cookie: x=1.csv", 'filename="a--Set-Cookie--x=1.csv"'),
        ("gpj.\u202eexe.csv", 'filename="gpj.-exe.csv"'),
        ("a\0\ud800.csv", 'filename="a--.csv"'),
        ("é.csv", "filename=\"-.csv\"; filename*=UTF-8''%C3%A9.csv"),
        ("é'\"%41.csv", "filename=\"----41.csv\"; filename*=UTF-8''%C3%A9---41.csv"),
        ("", 'filename="-"'),
    ],
    ids=ascii,
)
def test_a_download_has_a_name_that_neither_leads_elsewhere_nor_hides(name: str, told: str) -> None:
    assert attachment(name) == f"attachment; {told}"


def test_a_long_name_is_cut_and_keeps_its_ending() -> None:
    assert attachment(f"{'a' * 4_000}.csv") == f'attachment; filename="{"a" * 100}.csv"'
