"""A pattern is kept in few letters and comes back as it was."""

from hypothesis import given
from hypothesis import strategies as st

from silog_scan.core.labels import Pattern, from_bits

ROWS = st.integers(1, 30).flatmap(
    lambda width: st.lists(
        st.text("01", min_size=width, max_size=width), min_size=1, max_size=20
    ).map(tuple)
)


@given(rows=ROWS)
def test_what_is_kept_is_the_pattern(rows: tuple[str, ...]) -> None:
    pattern = Pattern("A", "qrcode", rows)

    kept = from_bits("A", "qrcode", width=pattern.size[0], bits=pattern.bits)

    assert kept == pattern
