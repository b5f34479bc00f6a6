"""What an account has few of, each judged before it is created: reports, schedules, webhooks."""

from __future__ import annotations

import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from gridlink.accounts.models import User
from reports.exports.archive.table import Scope
from reports.exports.archive.tables.slugged import SluggedTable

# A row may have a megabyte.
_PAGE = 20
_DEPTH = 32
_REMARK_LENGTH = 500
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Judged:
    """What is to become of a row that is not here, why, and what else is to be staged with it."""

    fate: str = "create"
    remark: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


class DefinedTable(SluggedTable, ABC):
    """Rows with a slug, of which a user may have so many. What makes no sense in this instance is left out,
    or restored so that it does nothing, and told."""

    since = 2
    model: ClassVar[type[models.Model]]
    limit: ClassVar[str]
    """The setting that says how many a user may have; 0 is any number."""

    def follow(self, cursor: Any) -> None:
        """Stage what names others by the slugs that these have here."""

    @abstractmethod
    def judge(self, user: User, row: Row) -> Judged:
        """Of a row that is not here."""

    @abstractmethod
    def fields_of(self, row: Row) -> Row:
        """The model's fields, but for user and slug."""

    def decide(self, cursor: Any, scope: Scope) -> None:
        """By what is here under its slug; what is not is judged, in the order of the archive."""
        self.rename(cursor, scope)
        self.follow(cursor)
        self.find(cursor, scope)
        user = User.objects.get(pk=scope.user_id)
        # Nobody else's request is made to wait for a restore: one at the same time may go beyond the limit.
        room = self._limit() - self.model._base_manager.filter(user=user).count()
        for row in self._created(cursor):
            if room <= 0:
                self._leave_out(cursor, row["line"])
                break
            judged = self.judge(user, row)
            self._note(cursor, row["line"], judged)
            room -= judged.fate == "create"

    def put(self, cursor: Any, scope: Scope) -> None:
        """New ones."""
        for row in self._created(cursor):
            made = self.model(user_id=scope.user_id, slug=row["target"], **self.fields_of(row))
            made.save(force_insert=True)

    def _limit(self) -> int:
        limit: int = getattr(settings, self.limit)
        return limit or sys.maxsize

    def _created(self, cursor: Any) -> Iterator[Row]:
        """The staged rows that are to be created, with all their columns."""
        last = 0
        while True:
            cursor.execute(
                f"SELECT * FROM {self.staging} WHERE fate = 'create' AND line > %s"
                f" ORDER BY line LIMIT {_PAGE}",
                [last],
            )
            names = [column.name for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            if not rows:
                return
            last = rows[-1]["line"]
            yield from map(self._parsed, rows)

    def _parsed(self, row: Row) -> Row:
        # A cursor of Django's gives JSON as it is written.
        parsed = {each.name for each in self.fields if each.value.sql == "jsonb"} | {"given"}
        return {
            name: json.loads(value) if name in parsed and value else value
            for name, value in row.items()
        }

    def _note(self, cursor: Any, line: int, judged: Judged) -> None:
        columns = "".join(f", {name} = %({name})s" for name in judged.extra)
        cursor.execute(
            f"UPDATE {self.staging} SET fate = %(fate)s, remark = {_remark('%(remark)s')}{columns}"
            " WHERE line = %(line)s",
            {
                "line": line,
                "fate": judged.fate,
                "remark": judged.remark[:_REMARK_LENGTH],
                **judged.extra,
            },
        )

    def _leave_out(self, cursor: Any, line: int) -> None:
        cursor.execute(
            f"UPDATE {self.staging} SET fate = 'skip', remark = {_remark('%s')}"
            " WHERE fate = 'create' AND line >= %s",
            [f"there are {self._limit()} {self.name} here already, which is all that may be", line],
        )


def check_object(length: int) -> Callable[[Any], None]:
    """A check for a JSON object of so many characters at most, of moderate depth and finite numbers."""

    def check(value: Any) -> None:
        if type(value) is not dict:
            raise ValueError("it is no object")
        _check_depth(value, _DEPTH)
        if len(json.dumps(value, allow_nan=False)) > length:
            raise ValueError(f"it is longer than {length} characters")

    return check


def first_fault(fields: Any) -> str:
    """The first of the sentences that say what is wrong with fields, however deep, after their names."""
    if isinstance(fields, Mapping):
        return next(f"{name}: {first_fault(value)}" for name, value in fields.items() if value)
    if isinstance(fields, list | tuple):
        return first_fault(next(filter(None, fields)))
    return str(fields)


def _remark(further: str) -> str:
    return f"concat_ws('; ', nullif(remark, ''), nullif({further}, ''))"


def _check_depth(value: Any, most: int) -> None:
    if most == 0:
        raise ValueError("it is nested too deeply")
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            _check_depth(item, most - 1)
