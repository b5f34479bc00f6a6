"""Rows of a sheet as SQL: what Postgres has to say so that each row comes out of it as XML."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

# Excel's, in UTF-16 code units.
CELL_LENGTH = 32_767
_LARGEST = 10**15 - 1
# The indexes of `workbook`'s cell styles.
HEADER_STYLE, MOMENT_STYLE, DAY_STYLE = 1, 2, 3

# Rows hold no raw line end, quote or delimiter of this COPY, so each comes out as a line and as it is. A text
# that is too long makes its row the one exception, which `frames` finds by the quote.
VERBATIM = r"FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02'"
TOO_LONG = "\x01"

# XML has no way to write these; Excel has _xHHHH_.
_FORBIDDEN = r"\u0001-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff"
# What takes more than &amp;, &lt; and &gt;.
_RARE = rf"[\t\n\r{_FORBIDDEN}]|_x[0-9A-Fa-f]{{4}}_|^ | $"
# An underscore that Excel would take for an escape, be the next underscore one yet to be written.
_MISTAKEN = rf"_(?=x[0-9A-Fa-f]{{4}}[_{_FORBIDDEN}])"
_PRESERVE = ' xml:space="preserve"'
_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
_LINE_ENDS = ((r"\t", "&#9;"), (r"\n", "&#10;"), (r"\r", "&#13;"))


@dataclass(frozen=True, slots=True)
class Cell:
    """A kind of cell: the SQL of its XML, made from the name of its column and the SQL of its value; and the
    width of its column in characters."""

    xml: Callable[[str, str], str]
    width: int = 14


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column of a sheet, by the name of an SQL column of the type that `cell` asks for."""

    name: str
    cell: Cell

    @property
    def sql(self) -> str:
        """The SQL of the cell."""
        quoted = self.name.replace('"', '""')
        return self.cell.xml(self.name, f'"{quoted}"')


def row_xml(columns: Sequence[SheetColumn]) -> str:
    """An SQL expression of type text, never null: a row of all columns, `<row>…</row>`, on one line.

    It names the columns several times, so it is to be taken from a subquery:
    `COPY (SELECT {row_xml} FROM (SELECT … ORDER BY …) AS rows) TO STDOUT WITH ({VERBATIM})`.
    """
    cells = " || ".join(column.sql for column in columns)
    return f"('<row>' || {cells} || '</row>')"


def _text(name: str, sql: str) -> str:
    too_long = f"octet_length({sql}) > {CELL_LENGTH} AND {_utf16_length(sql)} > {CELL_LENGTH}"
    rare = _inline(_escaped(sql), _PRESERVE)
    return (
        f"CASE WHEN {sql} IS NULL THEN '<c/>' WHEN {too_long} THEN {_complaint(name)}"
        f" WHEN {sql} ~ '{_RARE}' THEN {rare} ELSE {_inline(_replaced(sql, _ENTITIES))} END"
    )


def _inline(sql: str, attributes: str = "") -> str:
    return f"""('<c t="inlineStr"><is><t{attributes}>' || {sql} || '</t></is></c>')"""


def _escaped(sql: str) -> str:
    text = f"regexp_replace({sql}, '{_MISTAKEN}', '_x005F_', 'g')"
    text = _replaced(_replaced(text, _ENTITIES), _LINE_ENDS)
    code = "'_x' || lpad(upper(to_hex(ascii(c))), 4, '0') || '_'"
    character = f"CASE WHEN c ~ '[{_FORBIDDEN}]' THEN {code} ELSE c END"
    return (
        f"CASE WHEN {sql} ~ '[{_FORBIDDEN}]' THEN (SELECT string_agg({character}, '' ORDER BY place)"
        f" FROM unnest(string_to_array({text}, NULL)) WITH ORDINALITY AS characters (c, place))"
        f" ELSE {text} END"
    )


def _replaced(sql: str, replacements: Sequence[tuple[str, str]]) -> str:
    for text, by in replacements:
        sql = f"replace({sql}, E'{text}', '{by}')"
    return sql


def _utf16_length(sql: str) -> str:
    # Characters beyond U+FFFF count twice.
    return rf"(length({sql}) + length(regexp_replace({sql}, '[\u0001-\uffff]', '', 'g')))"


def _complaint(name: str) -> str:
    quoted = name.replace("'", "''")
    return rf"E'\x01' || '{quoted}' || E'\x01'"


def _number(name: str, sql: str) -> str:
    # NaN and the infinities are no numbers to a spreadsheet.
    return (
        f"CASE WHEN {sql}::text IN ('NaN', 'Infinity', '-Infinity') THEN {_inline(f'{sql}::text')}"
        f" ELSE {_value(sql)} END"
    )


def _integer(name: str, sql: str) -> str:
    # Excel keeps 15 digits and makes zeros of the others: an integer that has more is text.
    large = f"{sql} NOT BETWEEN -{_LARGEST} AND {_LARGEST}"
    return f"CASE WHEN {large} THEN {_inline(f'{sql}::text')} ELSE {_value(sql)} END"


def _value(sql: str, attributes: str = "") -> str:
    return f"coalesce('<c{attributes}><v>' || {sql} || '</v></c>', '<c/>')"


def _flag(name: str, sql: str) -> str:
    return f"""coalesce('<c t="b"><v>' || {sql}::int || '</v></c>', '<c/>')"""


def _moment(name: str, sql: str) -> str:
    serial = f"(date_part('epoch', {sql}) / 86400 + 25569)"
    return _dated(sql, _value(serial, f' s="{MOMENT_STYLE}"'))


def _day(name: str, sql: str) -> str:
    return _dated(sql, _value(f"({sql} - date '1899-12-30')", f' s="{DAY_STYLE}"'))


def _dated(sql: str, cell: str) -> str:
    # To Excel, 1900 was a leap year, nothing was before it, and year 9999 is the last: the rest is text.
    known = f"{sql} >= '1900-03-01' AND {sql} < '10000-01-01'"
    iso = f"to_json({sql}) #>> '{{}}'"
    return f"CASE WHEN {sql} IS NULL THEN '<c/>' WHEN {known} THEN {cell} ELSE {_inline(f'({iso})')} END"


TEXT = Cell(_text, width=24)
"""text: never a formula, a link or a number, whatever it looks like."""
INTEGER = Cell(_integer)
"""Any integer type."""
NUMBER = Cell(_number)
"""numeric or a float."""
FLAG = Cell(_flag, width=10)
"""boolean."""
MOMENT = Cell(_moment, width=20)
"""timestamp without time zone, already in the zone that the sheet is to show; exact to the millisecond."""
DAY = Cell(_day, width=12)
"""date."""
