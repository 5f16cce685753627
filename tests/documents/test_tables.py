"""A manifest file is a table whatever kind of file it is."""

import io
from pathlib import Path

import pytest

from silog_scan.core.errors import Malformed
from silog_scan.documents import manifest_files, tables, workbooks
from silog_scan.documents.manifest_files import Dialect
from silog_scan.documents.tables import Layout

ROWS = [
    ("BERITA ACARA PENYERAHAN", ""), ("", ""), ("kode koli", "kode tujuan"),
    ("1271-KS-000001", "12.71.01"), ("00123", "12.70"),
]  # fmt: skip


@pytest.fixture(params=["csv", "xlsx"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Write the rows as one kind of file or another; the name tells nothing."""
    path = tmp_path / "manifest"
    if request.param == "csv":
        path.write_bytes(manifest_files.write_csv(ROWS, dialect=Dialect("cp1252", ";")))
    else:
        workbooks.write_xlsx(ROWS, path)
    return path


def test_codes_come_as_they_were_written_below_the_header(file: Path) -> None:
    with tables.opened(file) as table:
        rows = [row.texts for row in table.rows]

    assert (table.header, table.header_row) == (ROWS[2], 3)
    assert rows == ROWS[3:]


def test_it_may_be_said_which_row_is_the_header(file: Path) -> None:
    with tables.opened(file, Layout(header_row=4)) as table:
        assert table.header == ROWS[3]


def test_a_sheet_is_chosen_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "manifest"
    workbooks.write_xlsx(ROWS, path, sheet="Medan")

    with tables.opened(path, Layout(sheet="Medan")) as table:
        assert (table.sheet, table.sheets, table.dialect) == ("Medan", ("Medan",), None)
    with pytest.raises(Malformed, match="Choose one of"), tables.opened(path, Layout(sheet="X")):
        pass


@pytest.mark.parametrize(
    ("start", "words"),
    [(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old one (XLS)"), (b"PK\x03\x04", "damaged")],
)
def test_what_only_begins_like_a_workbook_is_refused(
    tmp_path: Path, start: bytes, words: str
) -> None:
    (tmp_path / "manifest").write_bytes(start + io.BytesIO(b"\0" * 100).read())

    with pytest.raises(Malformed) as caught, tables.opened(tmp_path / "manifest"):
        pass

    assert words in str(caught.value)
