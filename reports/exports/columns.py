"""What the columns of an export hold. How each kind is written, every format says for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """What a column's SQL gives."""

    TEXT = auto()
    """text that people typed, which may be anything."""
    TOKEN = auto()
    """text from a set of ours."""
    INTEGER = auto()
    """integer or smallint."""
    BIGINT = auto()
    FLAG = auto()
    """boolean."""
    MOMENT = auto()
    """timestamptz."""
    TEXTS = auto()
    """text[], of what people typed."""
    JSON = auto()
    """jsonb."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an export: its name in the file, and the SQL of its value."""

    name: str
    sql: str
    kind: Kind = Kind.TOKEN


# From the SQL of a value to the SQL of what is written.
Expressions = Mapping[Kind, Callable[[str], str]]


def expression(column: Column, expressions: Expressions) -> str:
    """The SQL of what is written of a column; of kinds that are not named, the value itself."""
    return expressions.get(column.kind, str)(column.sql)


def chosen(columns: Iterable[Column], names: Iterable[str]) -> tuple[Column, ...]:
    """The columns of these names, in the order of the names; all of them, when none is named."""
    by_name = {column.name: column for column in columns}
    return tuple(by_name[name] for name in names) or tuple(by_name.values())


def moment_text(zone: str) -> Callable[[str], str]:
    """ISO 8601 to the microsecond: with a Z in UTC, elsewhere with the offset of that moment. The session's
    time zone must be `zone`."""
    suffix = '"Z"' if zone == "UTC" else "TZH:TZM"
    return lambda sql: f"""to_char({sql}, 'YYYY-MM-DD"T"HH24:MI:SS.US{suffix}')"""


def local_text(zone: str) -> Callable[[str], str]:
    """The same without Z or offset, which spreadsheets know for a time; in an hour that the clocks show twice
    it may be either. The session's time zone must be `zone`."""
    return lambda sql: f"""to_char({sql}, 'YYYY-MM-DD"T"HH24:MI:SS.US')"""


MOMENTS = {"offset": moment_text, "local": local_text}
"""How CSV can write moments."""


def joined(sql: str) -> str:
    r"""Texts as one, "a, b"; a comma inside one is written "\,", a backslash "\\"."""
    return rf"""
CASE WHEN {sql} = '{{}}' THEN '' ELSE (
    SELECT string_agg(replace(replace(item, '\', '\\'), ',', '\,'), ', ' ORDER BY place)
    FROM unnest({sql}) WITH ORDINALITY AS items (item, place)
) END
"""
