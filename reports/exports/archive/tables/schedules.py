"""Schedules: what is started, when, and where results go. What became of each slot is not archived."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework.exceptions import ValidationError

from gridlink.accounts.models import User
from gridlink.lib.errors import ApplicationError, Invalid, NotFound
from reports.exports.archive import names
from reports.exports.archive.table import Field
from reports.exports.archive.tables.defined import (
    DefinedTable,
    Judged,
    Row,
    check_object,
    first_fault,
)
from reports.exports.archive.tables.placed import INTEGER_MAX, check_title
from reports.exports.archive.values import (
    BadValue,
    Choice,
    Day,
    Flag,
    Integer,
    Json,
    Maybe,
    Moment,
    Ref,
    Text,
)
from tasks.models import NAME_LENGTH, NOTE_LENGTH, Missed, RuleForm, Schedule
from tasks.schedules.deliveries import CHANNELS, checked
from tasks.schedules.firing import database_now
from tasks.schedules.recurrence import TEXT_LENGTH
from tasks.schedules.registry import get_action
from tasks.schedules.rules import make_rule

# With what was filled in, more than may be sent.
_PARAMS_LENGTH = 40_000
_RULE = ("rule", "form", "time_zone", "starts_on", "ends_on")
_COLUMNS = (
    "name", "action", *_RULE, "missed", "deliveries", "version", "created_on", "modified_on",
)  # fmt: skip
_SAME = (*_COLUMNS, "is_enabled", "note")


def _check_deliveries(deliveries: Any) -> None:
    if type(deliveries) is not list or not all(map(_is_delivery, deliveries)):
        raise ValueError("it is no list of channels with their options")
    try:
        if checked(deliveries) != deliveries:
            raise ValueError("a channel lacks an option")
    except Invalid as error:
        raise ValueError(error.message) from error


def _is_delivery(value: Any) -> bool:
    if type(value) is not dict or type(value.get("channel")) is not str:
        return False
    options = [option for name, option in value.items() if name != "channel"]
    return value["channel"] in CHANNELS and all(type(option) is bool for option in options)


def _row(table: str, params: str) -> str:
    return ", ".join(f"{table}.{name}" for name in (*_SAME, params))


class SchedulesTable(DefinedTable):
    """One schedule. It begins anew: the slot to come is the first from now on, and nothing has failed yet."""

    name = "schedules"
    kind = "sc"
    model = Schedule
    model_table = "tasks_schedule"
    limit = "SCHEDULES_PER_USER"
    label = "name"
    fields = (
        Field("slug", "schedule.slug", Ref("sc")),
        Field("name", "schedule.name", Text(NAME_LENGTH, check_title)),
        Field("action", "schedule.action", Text(50)),
        Field("params", "schedule.params", Json(check_object(_PARAMS_LENGTH))),
        Field("rule", "schedule.rule", Text(TEXT_LENGTH)),
        Field("form", "schedule.form", Choice(RuleForm.values)),
        Field("time_zone", "schedule.time_zone", Text(64)),
        Field("starts_on", "schedule.starts_on", Day()),
        Field("ends_on", "schedule.ends_on", Maybe(Day())),
        Field("missed", "schedule.missed", Choice(Missed.values)),
        Field("deliveries", "schedule.deliveries", Json(_check_deliveries)),
        Field("is_enabled", "schedule.is_enabled", Flag()),
        Field("note", "schedule.note", Text(NOTE_LENGTH)),
        Field("version", "schedule.version", Integer(1, INTEGER_MAX)),
        Field("created_on", "schedule.created_on", Moment()),
        Field("modified_on", "schedule.modified_on", Moment()),
    )
    source = "FROM tasks_schedule AS schedule WHERE schedule.user_id = %(user)s"
    order = "schedule.id"
    same = f"({_row('here', 'params')}) IS NOT DISTINCT FROM ({_row('row', 'given')})"
    extra = (*DefinedTable.extra, "given jsonb", "next_on timestamptz", "fault text")

    def check(self, row: Mapping[str, Any]) -> None:
        """It ends after it starts."""
        if row["ends_on"] and row["ends_on"] < row["starts_on"]:
            raise BadValue("ends before it starts")

    def follow(self, cursor: Any) -> None:
        """The grids and links that parameters name, and the report."""
        paths = {"gr": "{filters,grids}", "li": "{filters,links}"}
        names.follow(cursor, self.staging, "params", paths)
        cursor.execute(
            """
            UPDATE archive_schedules AS row
            SET given = jsonb_set(row.given, '{report}', to_jsonb(report.target))
            FROM archive_reports AS report WHERE report.slug = row.params ->> 'report'"""
        )

    def judge(self, user: User, row: Row) -> Judged:
        """The slot to come; one that could start nothing is disabled."""
        if not row["is_enabled"]:
            return Judged(extra={"next_on": None, "fault": ""})
        try:
            extra = {"next_on": _next(row), "fault": ""}
            _check_action(user, row)
        except (ApplicationError, ValidationError) as error:
            reason = _reason(error)
            note = f"Disabled when it was restored. {reason}"[:NOTE_LENGTH]
            return Judged(
                remark=f"it is disabled: {reason}", extra={"next_on": None, "fault": note}
            )
        return Judged(extra=extra)

    def fields_of(self, row: Row) -> Row:
        """All but what speaks of slots that have passed."""
        return {
            **{name: row[name] for name in _COLUMNS},
            "params": row["given"],
            "is_enabled": row["is_enabled"] and not row["fault"],
            "note": row["fault"] or row["note"],
            "next_on": row["next_on"],
        }


def _next(row: Row) -> datetime | None:
    """The first slot from now on. Raises Invalid for a rule that is none."""
    slots = make_rule(**{name: row[name] for name in _RULE}).next(database_now(), 1)
    return slots[0] if slots else None


def _check_action(user: User, row: Row) -> None:
    """Raises what `validate` does, but for a name of nothing that is here: it may come with this archive, or
    be gone as it was there, which is told when the schedule fires."""
    action = get_action(row["action"])
    try:
        action.validate(user=user, params=row["given"])
    except NotFound:
        return


def _reason(error: ApplicationError | ValidationError) -> str:
    if isinstance(error, ValidationError):
        return first_fault(error.detail)
    return first_fault(error.fields) if error.fields else error.message
