"""Workbooks written by hand, for what no library writes."""

import io
import zipfile
from collections.abc import Mapping
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"

CONTENTS = f"""<Types xmlns="{PACKAGE}/content-types">
<Override PartName="/xl/workbook.xml" ContentType="{TYPES}.sheet.main+xml"/>
<Override PartName="/xl/sharedStrings.xml" ContentType="{TYPES}.sharedStrings+xml"/>
</Types>"""
WORKBOOK = f"""<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><workbookPr/>
<sheets><sheet name="Manifest" sheetId="1" r:id="rId1"/></sheets></workbook>"""
LINKS = f"""<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1"
Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"""
STYLES = f"""<styleSheet xmlns="{MAIN}">
<numFmts><numFmt numFmtId="170" formatCode="[$-421]dd mmmm yyyy"/></numFmts>
<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>
<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/><xf numFmtId="22"/>
<xf numFmtId="20"/><xf numFmtId="46"/></cellXfs></styleSheet>"""
"""Styles by number: 0 general, 1 and 2 days, 3 day and time, 4 time, 5 span of time."""


def packed(
    rows: str,
    *,
    strings: str = "",
    parts: Mapping[str, str | bytes] | None = None,
    method: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """Return a workbook whose sheet has these rows; ``parts`` are added, or stand instead."""
    files: dict[str, str | bytes] = {
        "[Content_Types].xml": CONTENTS,
        "xl/workbook.xml": WORKBOOK,
        "xl/_rels/workbook.xml.rels": LINKS,
        "xl/worksheets/sheet1.xml": sheet(rows),
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{strings}</sst>',
        "xl/styles.xml": STYLES,
    }
    return archive(files | dict(parts or {}), method)


def archive(files: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return the files as an archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return out.getvalue()


def sheet(rows: str) -> str:
    """Return a sheet that claims to be a single cell large."""
    return (
        f'<worksheet xmlns="{MAIN}"><dimension ref="A1"/><sheetData>{rows}</sheetData></worksheet>'
    )


def row(*cells: str) -> str:
    """Return a row of cells, without saying its number."""
    return f"<row>{''.join(cells)}</row>"


def text(value: str) -> str:
    """Return a cell with a text of its own."""
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def number(value: str, style: int = 0) -> str:
    """Return a cell with a number."""
    return f'<c s="{style}"><v>{value}</v></c>'
