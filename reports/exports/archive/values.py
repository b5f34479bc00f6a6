"""Check the JSON values of an archive strictly, and write them as cells for COPY.

To COPY, an empty cell is NULL and a quoted one is text, whatever it contains.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

# Of what the server dates itself. Nothing near these overflows, in whatever time zone.
_YEARS = range(1970, 2200)


class BadValue(ValueError):
    """Report a value that the field cannot hold; the message says why."""


@dataclass(frozen=True, slots=True)
class Value:
    """Define a kind of value: its SQL type and how its cell is written.

    `cell` raises BadValue. `ref` is the prefix of the slugs that the value refers to, if it does.
    """

    sql: str
    cell: Callable[[Any], str]
    ref: str = ""


def quoted(text: str) -> str:
    """Return a cell of text."""
    return '"' + text.replace('"', '""') + '"'


def text(length: int, check: Callable[[str], object] | None = None) -> Value:
    """Accept text up to a length; `check` raises ValueError for what is not allowed."""

    def cell(value: Any) -> str:
        if type(value) is not str:
            raise BadValue("is no text")
        if len(value) > length:
            raise BadValue(f"is longer than {length} characters")
        if check:
            try:
                check(value)
            except ValueError as error:
                raise BadValue(f"cannot be {value[:80]!r}: {error}") from error
        return quoted(value)

    return Value("text", cell)


def choice(words: Collection[str]) -> Value:
    """Accept one of a few words."""

    def cell(value: Any) -> str:
        if type(value) is not str or value not in words:
            raise BadValue(f"is none of: {', '.join(sorted(words))}")
        return quoted(value)

    return Value("text", cell)


def matching(
    pattern: re.Pattern[str],
    description: str,
    *,
    sql: str = "text",
    parse: Callable[[str], object] = str,
    ref: str = "",
) -> Value:
    """Accept text that matches a pattern, which must match nothing that needs quotes.

    `parse` raises ValueError for what is not allowed nevertheless.
    """

    def cell(value: Any) -> str:
        if type(value) is not str or not pattern.fullmatch(value):
            raise BadValue(f"is no {description}")
        try:
            parse(value)
        except ValueError as error:
            raise BadValue(f"is no {description.split()[0]}: {error}") from error
        return value

    return Value(sql, cell, ref)


def reference(prefix: str) -> Value:
    """Accept the slug of a user, grid, link or other row, by its prefix."""
    pattern = re.compile(rf"{prefix}_[0-9a-f]{{32}}")
    return matching(pattern, f"name like {prefix}_…", ref=prefix)


def integer(low: int, high: int) -> Value:
    """Accept a whole number between two bounds, both included."""

    def cell(value: Any) -> str:
        if type(value) is not int:
            raise BadValue("is no whole number")
        if not low <= value <= high:
            raise BadValue(f"is not between {low} and {high}")
        return str(value)

    return Value("bigint", cell)


def _boolean_cell(value: Any) -> str:
    if type(value) is not bool:
        raise BadValue("is neither true nor false")
    return "t" if value else "f"


def check_year(when: date) -> None:
    """Raise ValueError for a day or moment that the server cannot have noted."""
    if when.year not in _YEARS:
        raise ValueError(f"the year is not from {_YEARS[0]} to {_YEARS[-1]}")


def _moments(parse: Callable[[str], object]) -> Value:
    pattern = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(\+00:00|Z)", re.ASCII)
    description = "moment like 2026-03-04T05:06:07.000089+00:00"
    return matching(pattern, description, sql="timestamptz", parse=parse)


def _days(parse: Callable[[str], object]) -> Value:
    pattern = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
    return matching(pattern, "day like 2026-03-04", sql="date", parse=parse)


BOOLEAN = Value("boolean", _boolean_cell)
VERSION = integer(1, 1 << 30)
"""A version with room to grow: a column holds twice as much, and every change adds one."""
MOMENT = _moments(lambda text: check_year(datetime.fromisoformat(text)))
"""An instant in UTC, to the microsecond, that the server noted."""
DAY = _days(lambda text: check_year(date.fromisoformat(text)))
ANY_MOMENT = _moments(datetime.fromisoformat)
"""An instant that the owner chose."""
ANY_DAY = _days(date.fromisoformat)


def texts(most: int, length: int) -> Value:
    """Accept a list of at most so many texts of 1 to `length` characters."""

    def cell(value: Any) -> str:
        if type(value) is not list or not all(type(item) is str for item in value):
            raise BadValue("is no list of texts")
        if len(value) > most or any(not 0 < len(item) <= length for item in value):
            raise BadValue(f"has more than {most} texts of 1 to {length} characters")
        escaped = (item.replace("\\", "\\\\").replace('"', '\\"') for item in value)
        return quoted("{" + ",".join(f'"{item}"' for item in escaped) + "}")

    return Value("varchar[]", cell)


def json_value(check: Callable[[Any], object]) -> Value:
    """Accept JSON; `check` raises ValueError for what is not allowed."""

    def cell(value: Any) -> str:
        try:
            check(value)
        except ValueError as error:
            raise BadValue(f"cannot be this: {error}") from error
        return quoted(json.dumps(value))

    return Value("jsonb", cell)


def nullable(value: Value) -> Value:
    """Accept null, which is an empty cell, besides a value."""
    cell = value.cell
    return Value(value.sql, lambda given: "" if given is None else cell(given), value.ref)
