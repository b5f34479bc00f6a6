"""Build the SQL with which Postgres writes the rows of a sheet as XML."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

# Excel's, in UTF-16 code units.
CELL_LENGTH = 32_767
_LARGEST = 10**15 - 1
# The indexes of `workbook`'s cell styles.
HEADER_STYLE, TIMESTAMP_STYLE = 1, 2

# Rows hold no raw line end, quote or delimiter of this COPY, so each comes out unchanged on a line. Only a
# text that is too long puts a quote into its row, by which `frames` finds it.
VERBATIM = r"FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02'"
TOO_LONG = "\x01"

# XML cannot represent these characters; Excel writes them as _xHHHH_.
_FORBIDDEN = r"\u0001-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff"
# What needs more than &amp;, &lt; and &gt;.
_RARE = rf"[\t\n\r{_FORBIDDEN}]|_x[0-9A-Fa-f]{{4}}_|^ | $"
# An underscore that Excel would read as an escape, also of one that is written later.
_MISTAKEN = rf"_(?=x[0-9A-Fa-f]{{4}}[_{_FORBIDDEN}])"
_PRESERVE = ' xml:space="preserve"'
_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
_LINE_ENDS = ((r"\t", "&#9;"), (r"\n", "&#10;"), (r"\r", "&#13;"))


@dataclass(frozen=True, slots=True)
class Cell:
    """Define a kind of cell: the SQL of its XML, and its width.

    `xml` takes the name of the column and the SQL of the value.
    """

    xml: Callable[[str, str], str]
    width: int = 14


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """Represent a column of a sheet by the name of an SQL column."""

    name: str
    cell: Cell

    @property
    def sql(self) -> str:
        """Return the SQL of the cell."""
        quoted = self.name.replace('"', '""')
        return self.cell.xml(self.name, f'"{quoted}"')


def row_xml(columns: Sequence[SheetColumn]) -> str:
    """Return SQL for a row `<row>…</row>` on one line, never null.

    It names the columns several times, so it should select from a subquery:
    `COPY (SELECT {row_xml} FROM (SELECT … ORDER BY …) AS rows) TO STDOUT WITH ({VERBATIM})`.
    """
    cells = " || ".join(column.sql for column in columns)
    return f"('<row>' || {cells} || '</row>')"


def _text(name: str, sql: str) -> str:
    is_too_long = f"octet_length({sql}) > {CELL_LENGTH} AND {_utf16_length(sql)} > {CELL_LENGTH}"
    rare = _inline(_escaped(sql), _PRESERVE)
    return (
        f"CASE WHEN {sql} IS NULL THEN '<c/>' WHEN {is_too_long} THEN {_too_long(name)}"
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


def _too_long(name: str) -> str:
    quoted = name.replace("'", "''")
    return rf"E'\x01' || '{quoted}' || E'\x01'"


def _integer(name: str, sql: str) -> str:
    # Excel keeps 15 digits and replaces the others by zeros: an integer with more is text.
    large = f"{sql} NOT BETWEEN -{_LARGEST} AND {_LARGEST}"
    return f"CASE WHEN {large} THEN {_inline(f'{sql}::text')} ELSE {_value(sql)} END"


def _value(sql: str, attributes: str = "") -> str:
    return f"coalesce('<c{attributes}><v>' || {sql} || '</v></c>', '<c/>')"


def _timestamp(name: str, sql: str) -> str:
    serial = f"(date_part('epoch', {sql}) / 86400 + 25569)"
    cell = _value(serial, f' s="{TIMESTAMP_STYLE}"')
    # To Excel, 1900 was a leap year, nothing was before it, and year 9999 is the last: the rest is text.
    known = f"{sql} >= '1900-03-01' AND {sql} < '10000-01-01'"
    iso = f"to_json({sql}) #>> '{{}}'"
    return f"CASE WHEN {sql} IS NULL THEN '<c/>' WHEN {known} THEN {cell} ELSE {_inline(f'({iso})')} END"


TEXT = Cell(_text, width=24)
"""text: never a formula, a link or a number, whatever it looks like."""
INTEGER = Cell(_integer)
"""any integer type."""
BOOLEAN = Cell(lambda name, sql: _value(f"{sql}::int", ' t="b"'), width=10)
"""boolean."""
TIMESTAMP = Cell(_timestamp, width=20)
"""timestamp without time zone, already in the zone that the sheet shows; exact to the millisecond."""
