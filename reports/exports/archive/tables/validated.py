"""Share what reports, schedules and webhooks have in common: few rows, each validated before creation."""

from __future__ import annotations

import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.conf import settings

from gridlink.accounts.models import User
from reports.exports.archive.table import Scope
from reports.exports.archive.tables.records import RecordTable

# A row may have a megabyte.
_PAGE_ROWS = 20
_REMARK_LENGTH = 500
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """Say what happens to a row, why, and which further columns are staged with it."""

    outcome: str = "create"
    remark: str = ""
    staged: Mapping[str, Any] = field(default_factory=dict)


class ValidatedTable(RecordTable, ABC):
    """Restore rows of which a user may have a limited number.

    What is invalid in this instance is left out or restored disabled, and reported.
    """

    since = 2
    limit: ClassVar[str]
    """The setting with the most rows of a user; 0 means any number."""

    @abstractmethod
    def validate(self, user: User, row: Row) -> Decision:
        """Decide on a row that does not exist here."""

    def remap(self, cursor: Any) -> None:
        """Stage the slugs of other rows as they are here."""

    def model_values(self, row: Row) -> Row:
        """Return the model's values for a staged row, except user and slug."""
        return {
            each.column: row["remapped" if each.name in self.compared_as else each.name]
            for each in self.fields
            if each.name != "slug"
        }

    def decide(self, cursor: Any, scope: Scope) -> None:
        """Keep what exists here; validate the rest in the order of the archive."""
        self.reset(cursor, scope)
        self.remap(cursor)
        self.keep_existing(cursor, scope)
        user = User.objects.get(pk=scope.user_id)
        # No lock keeps other requests waiting for a restore: one at the same time may exceed the limit.
        left = self._limit() - self.model._base_manager.filter(user=user).count()
        for row in self._to_create(cursor):
            if left <= 0:
                self._leave_out(cursor, row["line"])
                break
            decision = self.validate(user, row)
            self._stage(cursor, row["line"], decision)
            left -= decision.outcome == "create"

    def insert(self, cursor: Any, scope: Scope) -> None:
        """Insert the new rows."""
        for row in self._to_create(cursor):
            values = self.model_values(row)
            created = self.model(user_id=scope.user_id, slug=row["new_slug"], **values)
            created.save(force_insert=True)

    def _limit(self) -> int:
        limit: int = getattr(settings, self.limit)
        return limit or sys.maxsize

    def _to_create(self, cursor: Any) -> Iterator[Row]:
        """Yield the staged rows to create, with all their columns."""
        # A cursor of Django's returns JSON as text.
        parsed = {each.name for each in self.fields if each.value.sql == "jsonb"} | {"remapped"}
        for page in self.pages(cursor, "*", "outcome = 'create'", _PAGE_ROWS):
            names = [column.name for column in cursor.description]
            for row in page:
                yield {
                    name: json.loads(value) if name in parsed and value else value
                    for name, value in zip(names, row, strict=True)
                }

    def _stage(self, cursor: Any, line: int, decision: Decision) -> None:
        columns = "".join(f", {name} = %({name})s" for name in decision.staged)
        cursor.execute(
            f"UPDATE {self.staging} SET outcome = %(outcome)s, remark = {_and_remark('%(remark)s')}{columns}"
            " WHERE line = %(line)s",
            {
                "line": line,
                "outcome": decision.outcome,
                "remark": decision.remark[:_REMARK_LENGTH],
                **decision.staged,
            },
        )

    def _leave_out(self, cursor: Any, line: int) -> None:
        reason = f"there are {self._limit()} {self.name} here already, the most allowed"
        cursor.execute(
            f"UPDATE {self.staging} SET outcome = 'skip', remark = {_and_remark('%s')}"
            " WHERE outcome = 'create' AND line >= %s",
            [reason, line],
        )


def check_object(length: int) -> Callable[[Any], None]:
    """Return a check for a JSON object of limited length, with finite numbers."""

    def check(value: Any) -> None:
        if type(value) is not dict:
            raise ValueError("it is no object")
        if len(json.dumps(value, allow_nan=False)) > length:
            raise ValueError(f"it is longer than {length} characters")

    return check


def first_error(errors: Any) -> str:
    """Return the first message of nested errors, after the names of its fields."""
    if isinstance(errors, Mapping):
        return next(f"{name}: {first_error(value)}" for name, value in errors.items() if value)
    if isinstance(errors, list | tuple):
        return first_error(next(filter(None, errors)))
    return str(errors)


def _and_remark(further: str) -> str:
    return f"concat_ws('; ', nullif(remark, ''), nullif({further}, ''))"
