"""The parameters of analytics and the ledger."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from gridlink.accounts.models import WeekStart
from gridlink.lib.rest.pagination import PageQuery
from gridlink.lib.rest.serializers import QuerySerializer
from reports.analytics.groupings import READERS, Wish
from reports.analytics.periods import Period, period_of

_SINCE = (
    "A date, whose local day is included, or a date and time, which is local unless it states an offset."
    " Without it: 30 local days up to `to`."
)
# Of one grid, or one link, that is all.
_GROUPINGS = [name for name in READERS if name != "grid"]
_UNTIL = "As `from`; a date's whole day is included, a time itself is not. Without it: now."


def _moment(help_text: str) -> serializers.CharField:
    return serializers.CharField(required=False, max_length=40, help_text=help_text)


class PeriodQuery(QuerySerializer):
    """From when until when, told in which time zone."""

    to = _moment(_UNTIL)
    tz = serializers.CharField(
        required=False, default="UTC", max_length=64, help_text="IANA name, such as Europe/Athens."
    )

    def get_fields(self) -> dict[str, Any]:
        """`from` too, which no class body can name."""
        return {"from": _moment(_SINCE), **super().get_fields()}


class AnalyticsQuery(PeriodQuery):
    """And how the numbers are grouped."""

    group_by = serializers.ChoiceField(_GROUPINGS, required=False, default="day")
    include_bots = serializers.BooleanField(
        required=False, default=False, help_text="Whether `clicks` and the order count bots too."
    )
    week_start = serializers.ChoiceField(WeekStart.choices, required=False, default="monday")
    limit = serializers.IntegerField(
        required=False,
        default=100,
        min_value=1,
        max_value=1000,
        help_text="Of groups that are not times, the largest; the others are one row.",
    )


class LedgerQuery(PeriodQuery, PageQuery):
    """The ledger of all links, or of one."""

    link = serializers.RegexField(r"\Ali_[0-9a-f]{32}\Z", required=False)


def period_in(query: dict[str, Any]) -> Period:
    """The period that a validated PeriodQuery asks for. Raises Invalid."""
    since, until = query.get("from", ""), query.get("to", "")
    return period_of(since=since, until=until, tz=query["tz"], now=timezone.now())


def wish_in(query: dict[str, Any]) -> Wish:
    """How a validated AnalyticsQuery wants the numbers."""
    names = ("group_by", "include_bots", "week_start", "limit")
    return Wish(**{name: query[name] for name in names})
