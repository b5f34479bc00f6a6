"""Validate the parameters of analytics and the ledger."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from gridlink.accounts.models import WeekStart
from gridlink.lib.rest.pagination import PageQuery
from gridlink.lib.rest.serializers import StrictSerializer
from reports.analytics.groupings import READERS, AnalyticsQuery
from reports.analytics.periods import Period, parse_period
from reports.analytics.read_plan import RawRetention
from reports.analytics.sources import MetricsSource

_SINCE = (
    "A date, whose local day is included, or a date and time, which is local unless it states an offset."
    " Without it: 30 local days up to `to`."
)
# Of one grid or one link, all but this.
_GROUPINGS = [name for name in READERS if name != "grid"]
_UNTIL = "As `from`; a date's whole day is included, a time itself is not. Without it: now."


def _moment(help_text: str) -> serializers.CharField:
    return serializers.CharField(required=False, max_length=40, help_text=help_text)


class PeriodParameters(StrictSerializer):
    """Validate a period and its time zone."""

    to = _moment(_UNTIL)
    tz = serializers.CharField(
        required=False, default="UTC", max_length=64, help_text="IANA name, such as Europe/Athens."
    )

    def get_fields(self) -> dict[str, Any]:
        """Add `from`, a keyword of Python that no class body can name."""
        return {"from": _moment(_SINCE), **super().get_fields()}


class AnalyticsParameters(PeriodParameters):
    """Validate a period and how its metrics are grouped."""

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


class LedgerParameters(PeriodParameters, PageQuery):
    """Validate a period, a page and, optionally, a link."""

    link = serializers.RegexField(r"\Ali_[0-9a-f]{32}\Z", required=False)


def requested_period(query: dict[str, Any]) -> Period:
    """Return the period that validated PeriodParameters ask for. Raises Invalid."""
    since, until = query.get("from", ""), query.get("to", "")
    return parse_period(since=since, until=until, tz=query["tz"], now=timezone.now())


def analytics_query(query: dict[str, Any], *, source: MetricsSource) -> AnalyticsQuery:
    """Return the query that validated AnalyticsParameters ask of a source. Raises Invalid."""
    period = requested_period(query)
    return AnalyticsQuery(
        source=source,
        period=period,
        retention=RawRetention(period.end),
        group_by=query["group_by"],
        include_bots=query["include_bots"],
        week_start=query["week_start"],
        limit=query["limit"],
    )
