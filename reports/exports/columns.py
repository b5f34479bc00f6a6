"""Define the columns of exports and their kinds, which each format writes its way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """Name the type of value that a column's SQL returns."""

    TEXT = auto()
    """text that people typed, which may be anything."""
    TOKEN = auto()
    """text from a fixed set."""
    INTEGER = auto()
    """integer or smallint."""
    BIGINT = auto()
    BOOLEAN = auto()
    TIMESTAMP = auto()
    """timestamptz."""
    TEXT_ARRAY = auto()
    """text[], of what people typed."""
    JSON = auto()
    """jsonb."""


@dataclass(frozen=True, slots=True)
class Column:
    """Represent a column: its name in the file and the SQL of its value."""

    name: str
    sql: str
    kind: Kind = Kind.TOKEN


Expressions = Mapping[Kind, Callable[[str], str]]
"""From the SQL of a value to that of what is written; kinds that are not named are written as they are."""


def timestamp_text(zone: str) -> Callable[[str], str]:
    """Return SQL for ISO 8601 with microseconds and Z or the offset.

    The session's time zone must be `zone`.
    """
    suffix = '"Z"' if zone == "UTC" else "TZH:TZM"
    return lambda sql: f"""to_char({sql}, 'YYYY-MM-DD"T"HH24:MI:SS.US{suffix}')"""


def local_timestamp_text(zone: str) -> Callable[[str], str]:
    """Return SQL for ISO 8601 without Z or offset, which spreadsheets recognise as a time.

    It is ambiguous in the hour that clocks repeat. The session's time zone must be `zone`.
    """
    return lambda sql: f"""to_char({sql}, 'YYYY-MM-DD"T"HH24:MI:SS.US')"""


TIME_FORMATS = {"offset": timestamp_text, "local": local_timestamp_text}
"""The ways in which CSV can write times."""


def joined_text(sql: str) -> str:
    r"""Return SQL that joins texts by commas, with a backslash before those inside."""
    return rf"""
CASE WHEN {sql} = '{{}}' THEN '' ELSE (
    SELECT string_agg(replace(replace(item, '\', '\\'), ',', '\,'), ', ' ORDER BY place)
    FROM unnest({sql}) WITH ORDINALITY AS items (item, place)
) END
"""
