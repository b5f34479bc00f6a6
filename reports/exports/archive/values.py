"""What the fields of an archive may hold. Each kind checks a value of JSON strictly, and writes it for COPY.

To COPY an empty cell is NULL, and a quoted one is text, whatever it says.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar

BIGGEST = (1 << 63) - 1
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(\+00:00|Z)")
_SLUG = re.compile(r"[a-z]{2}_[0-9a-f]{32}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


class BadValue(ValueError):
    """A value cannot be what the field holds; the message says why."""


class Value(ABC):
    """A kind of value: its type in SQL, and how it is checked."""

    sql: ClassVar[str]

    @abstractmethod
    def cell(self, value: Any) -> str:
        """The value for COPY. Raises BadValue."""


def quoted(text: str) -> str:
    """A cell of text."""
    return '"' + text.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Text(Value):
    """Text of at most so many characters; `check` raises ValueError for what it may not say."""

    sql = "text"
    length: int
    check: Callable[[str], object] | None = None

    def cell(self, value: Any) -> str:
        """Quoted."""
        if type(value) is not str:
            raise BadValue("is no text")
        if len(value) > self.length:
            raise BadValue(f"is longer than {self.length} characters")
        if self.check:
            try:
                self.check(value)
            except ValueError as error:
                raise BadValue(f"cannot be {value[:80]!r}: {error}") from error
        return quoted(value)


@dataclass(frozen=True, slots=True)
class Choice(Value):
    """One of a few words."""

    sql = "text"
    words: Collection[str]

    def cell(self, value: Any) -> str:
        """Quoted."""
        if type(value) is not str or value not in self.words:
            raise BadValue(f"is none of: {', '.join(sorted(self.words))}")
        return quoted(value)


@dataclass(frozen=True, slots=True)
class Matched(Value):
    """Text of a pattern, which matches nothing that would have to be quoted."""

    sql = "text"
    pattern: re.Pattern[str]
    what: str

    def cell(self, value: Any) -> str:
        """As it is."""
        if type(value) is not str or not self.pattern.fullmatch(value):
            raise BadValue(f"is no {self.what}")
        return value


@dataclass(frozen=True, slots=True)
class Ref(Value):
    """The public name of a user, grid or link, by the prefix of its slug."""

    sql = "text"
    prefix: str

    def cell(self, value: Any) -> str:
        """As it is."""
        if type(value) is not str or not _SLUG.fullmatch(value) or value[:2] != self.prefix:
            raise BadValue(f"is no name like {self.prefix}_…")
        return value


@dataclass(frozen=True, slots=True)
class Integer(Value):
    """A whole number between two, both included."""

    sql = "bigint"
    low: int = 0
    high: int = BIGGEST

    def cell(self, value: Any) -> str:
        """In digits."""
        if type(value) is not int:
            raise BadValue("is no whole number")
        if not self.low <= value <= self.high:
            raise BadValue(f"is not between {self.low} and {self.high}")
        return str(value)


class Flag(Value):
    """True or false."""

    sql = "boolean"

    def cell(self, value: Any) -> str:
        """As t or f."""
        if type(value) is not bool:
            raise BadValue("is neither true nor false")
        return "t" if value else "f"


class Moment(Value):
    """An instant in UTC, to the microsecond."""

    sql = "timestamptz"

    def cell(self, value: Any) -> str:
        """As ISO 8601 has it."""
        if type(value) is not str or not _MOMENT.fullmatch(value):
            raise BadValue("is no moment like 2026-03-04T05:06:07.000089+00:00")
        try:
            datetime.fromisoformat(value)
        except ValueError as error:
            raise BadValue(f"is no moment: {error}") from error
        return value


class Day(Value):
    """A UTC day."""

    sql = "date"

    def cell(self, value: Any) -> str:
        """As ISO 8601 has it."""
        if type(value) is not str or not _DAY.fullmatch(value):
            raise BadValue("is no day like 2026-03-04")
        try:
            date.fromisoformat(value)
        except ValueError as error:
            raise BadValue(f"is no day: {error}") from error
        return value


@dataclass(frozen=True, slots=True)
class Texts(Value):
    """A few texts of a length, each once."""

    sql = "varchar[]"
    count: int
    length: int

    def cell(self, value: Any) -> str:
        """As an array of Postgres, each element quoted."""
        if type(value) is not list or not all(type(item) is str for item in value):
            raise BadValue("is no list of texts")
        if len(value) > self.count or any(not 0 < len(item) <= self.length for item in value):
            raise BadValue(f"has more than {self.count} texts of 1 to {self.length} characters")
        escaped = (item.replace("\\", "\\\\").replace('"', '\\"') for item in value)
        return quoted("{" + ",".join(f'"{item}"' for item in escaped) + "}")


@dataclass(frozen=True, slots=True)
class Json(Value):
    """A JSON value, by a check that raises ValueError."""

    sql = "jsonb"
    check: Callable[[Any], object]

    def cell(self, value: Any) -> str:
        """As JSON."""
        try:
            self.check(value)
        except ValueError as error:
            raise BadValue(f"cannot be this: {error}") from error
        return quoted(json.dumps(value))


@dataclass(frozen=True, slots=True)
class Maybe(Value):
    """A value, or null."""

    of: Value

    @property
    def sql(self) -> str:  # type: ignore[override]
        """That of the value."""
        return self.of.sql

    def cell(self, value: Any) -> str:
        """Null is an empty cell."""
        return "" if value is None else self.of.cell(value)
