"""Write a workbook of deflated rows, on as many sheets as they need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from reports.xlsx.archive import ENTRY_BYTES, Archive
from reports.xlsx.cells import HEADER_STYLE, SheetColumn
from reports.xlsx.frames import Frame

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

SHEET_ROWS = 1_048_576
"""The most rows of a sheet, its header included."""

_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"

# The number of sheets is known only at the end, so every other .xml is declared as one.
_CONTENT_TYPES = f"""{_DECLARATION}<Types xmlns="{_PACKAGE}/content-types">\
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>\
<Default Extension="xml" ContentType="{_TYPE}.worksheet+xml"/>\
<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>\
<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>"""

_ROOT_LINKS = f"""{_DECLARATION}<Relationships xmlns="{_PACKAGE}/relationships">\
<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>"""

_STYLES = f"""{_DECLARATION}<styleSheet xmlns="{_MAIN}">\
<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/>\
<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd"/></numFmts>\
<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>\
<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>\
<fills count="2"><fill><patternFill patternType="none"/></fill>\
<fill><patternFill patternType="gray125"/></fill></fills>\
<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>\
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>\
<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>\
<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>\
<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>\
<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>\
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>"""


class Workbook:
    """Write a workbook: `add` all rows in order, then `close`; `out` need not seek.

    The same columns and frames give the same bytes.
    """

    def __init__(
        self,
        out: SupportsWrite[bytes],
        columns: Sequence[SheetColumn],
        *,
        sheet_rows: int = SHEET_ROWS,
    ) -> None:
        self._archive = Archive(out)
        self._columns = columns
        self._sheet_rows = sheet_rows
        self._sheets = self._left = self._bytes = 0
        self._archive.add("[Content_Types].xml", _CONTENT_TYPES.encode())
        self._archive.add("_rels/.rels", _ROOT_LINKS.encode())
        self._archive.add("xl/styles.xml", _STYLES.encode())
        self._begin_sheet()

    def add(self, frames: Iterable[Frame]) -> None:
        """Append rows."""
        for frame in frames:
            self._add(frame)

    def close(self) -> None:
        """End the last sheet and list all sheets."""
        self._end_sheet()
        self._archive.add("xl/workbook.xml", _workbook(self._sheets).encode())
        self._archive.add("xl/_rels/workbook.xml.rels", _workbook_links(self._sheets).encode())
        self._archive.close()

    def _add(self, frame: Frame) -> None:
        while frame.rows > self._left:
            if self._left:
                head, frame = frame.split(self._left)
                self._append(head)
            self._next_sheet()
        if self._bytes + frame.size > ENTRY_BYTES:
            self._next_sheet()
        self._append(frame)

    def _append(self, frame: Frame) -> None:
        self._archive.append(frame)
        self._left -= frame.rows
        self._bytes += frame.size

    def _next_sheet(self) -> None:
        self._end_sheet()
        self._begin_sheet()

    def _begin_sheet(self) -> None:
        self._sheets += 1
        self._left, self._bytes = self._sheet_rows - 1, 0
        self._archive.begin(f"xl/worksheets/sheet{self._sheets}.xml")
        self._archive.append(Frame.of(_sheet_start(self._columns).encode()))

    def _end_sheet(self) -> None:
        self._archive.append(Frame.of(b"</sheetData></worksheet>"))
        self._archive.end()


def _sheet_start(columns: Sequence[SheetColumn]) -> str:
    widths = "".join(
        f'<col min="{n}" max="{n}" width="{column.cell.width}" customWidth="1"/>'
        for n, column in enumerate(columns, 1)
    )
    header = "".join(
        f'<c s="{HEADER_STYLE}" t="inlineStr"><is><t>{escape(column.name)}</t></is></c>'
        for column in columns
    )
    return (
        f'{_DECLARATION}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f"<cols>{widths}</cols><sheetData><row>{header}</row>\n"
    )


def _workbook(sheets: int) -> str:
    names = ["Gridlink", *(f"Gridlink {number}" for number in range(2, sheets + 1))]
    listed = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(names, 1)
    )
    return f'{_DECLARATION}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>'


def _workbook_links(sheets: int) -> str:
    targets = [f"worksheets/sheet{number}.xml" for number in range(1, sheets + 1)]
    listed = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="{target}"/>'
        for n, target in enumerate(targets, 1)
    )
    styles = f'<Relationship Id="rId{sheets + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/>'
    return f'{_DECLARATION}<Relationships xmlns="{_PACKAGE}/relationships">{listed}{styles}</Relationships>'
