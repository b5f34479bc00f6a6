"""Archive schedules: what they start, when, and where results go."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework.exceptions import ValidationError

from gridlink.accounts.models import User
from gridlink.lib.errors import ApplicationError, Invalid, NotFound
from reports.exports.archive import names
from reports.exports.archive.fields import model_fields
from reports.exports.archive.table import Table
from reports.exports.archive.tables.records import check_title
from reports.exports.archive.tables.validated import (
    Decision,
    Row,
    ValidatedTable,
    check_object,
    first_error,
)
from reports.exports.archive.values import ANY_DAY, VERSION, BadValue, nullable, reference, text
from tasks.models import NOTE_LENGTH, Schedule
from tasks.schedules.deliveries import CHANNELS, validate_deliveries
from tasks.schedules.firing import database_now
from tasks.schedules.recurrence import TEXT_LENGTH
from tasks.schedules.registry import get_action
from tasks.schedules.rules import make_rule

# More than a request may send, since defaults are filled in.
_PARAMS_LENGTH = 40_000
_RULE = ("rule", "form", "time_zone", "starts_on", "ends_on")
_NAMES = (
    "slug", "name", "action", "params", *_RULE, "missed", "deliveries", "is_enabled", "note",
    "version", "created_on", "modified_on",
)  # fmt: skip


def _check_deliveries(deliveries: Any) -> None:
    if type(deliveries) is not list or not all(map(_is_delivery, deliveries)):
        raise ValueError("it is no list of channels with their options")
    try:
        if validate_deliveries(deliveries) != deliveries:
            raise ValueError("a channel lacks an option")
    except Invalid as error:
        raise ValueError(error.message) from error


def _is_delivery(value: Any) -> bool:
    if type(value) is not dict or type(value.get("channel")) is not str:
        return False
    options = [option for name, option in value.items() if name != "channel"]
    return value["channel"] in CHANNELS and all(type(option) is bool for option in options)


class SchedulesTable(ValidatedTable):
    """Restore schedules that start anew: at the first slot from now on, without failures."""

    name = "schedules"
    kind = "sc"
    model = Schedule
    limit = "SCHEDULES_PER_USER"
    label = "name"
    fields = model_fields(
        Schedule,
        "schedule",
        _NAMES,
        checks={
            "name": check_title,
            "params": check_object(_PARAMS_LENGTH),
            "deliveries": _check_deliveries,
        },
        overrides={
            "slug": reference("sc"),
            "rule": text(TEXT_LENGTH),
            "starts_on": ANY_DAY,
            "ends_on": nullable(ANY_DAY),
            "version": VERSION,
        },
    )
    left_out = Table.left_out | {"failures", "next_on", "last_slot"}
    source = "FROM tasks_schedule AS schedule WHERE schedule.user_id = %(user)s"
    order = "schedule.id"
    compared_as = {"params": "row.remapped"}
    staged = (*ValidatedTable.staged, "remapped jsonb", "next_on timestamptz", "fault text")

    def check(self, row: Mapping[str, Any]) -> None:
        """Require that it ends after it starts."""
        if row["ends_on"] and row["ends_on"] < row["starts_on"]:
            raise BadValue("ends before it starts")

    def remap(self, cursor: Any) -> None:
        """Stage the grids, links and report of the parameters as they are here."""
        paths = {"gr": "{filters,grids}", "li": "{filters,links}"}
        names.remap_references(cursor, self.staging, "params", paths)
        cursor.execute(
            """
            UPDATE archive_schedules AS row
            SET remapped = jsonb_set(row.remapped, '{report}', to_jsonb(report.new_slug))
            FROM archive_reports AS report WHERE report.slug = row.params ->> 'report'"""
        )

    def validate(self, user: User, row: Row) -> Decision:
        """Find the next slot; disable a schedule that could start nothing."""
        if not row["is_enabled"]:
            return Decision(staged={"next_on": None, "fault": ""})
        try:
            next_on = _next(row)
            _check_action(user, row)
        except (ApplicationError, ValidationError) as error:
            reason = _reason(error)
            note = f"Disabled when it was restored. {reason}"[:NOTE_LENGTH]
            return Decision(
                remark=f"it is disabled: {reason}", staged={"next_on": None, "fault": note}
            )
        return Decision(staged={"next_on": next_on, "fault": ""})

    def model_values(self, row: Row) -> Row:
        """Return the values, with the next slot, or disabled with the reason."""
        return {
            **super().model_values(row),
            "is_enabled": row["is_enabled"] and not row["fault"],
            "note": row["fault"] or row["note"],
            "next_on": row["next_on"],
        }


def _next(row: Row) -> datetime | None:
    """Return the first slot from now on; raise Invalid for an invalid rule."""
    slots = make_rule(**{name: row[name] for name in _RULE}).next(database_now(), 1)
    return slots[0] if slots else None


def _check_action(user: User, row: Row) -> None:
    """Raise what `validate` does, but tolerate names that do not exist here.

    They may come with this archive, or be as deleted as they were there, which the schedule reports when it
    fires.
    """
    action = get_action(row["action"])
    try:
        action.validate(user=user, params=row["remapped"])
    except NotFound:
        return


def _reason(error: ApplicationError | ValidationError) -> str:
    if isinstance(error, ValidationError):
        return first_error(error.detail)
    return first_error(error.fields) if error.fields else error.message
