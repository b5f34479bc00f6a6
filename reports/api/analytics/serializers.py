"""Serialize answers of analytics and the ledger."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from gridlink.lib.rest.serializers import ReadSerializer
from reports.api.analytics import examples


class _CountsSerializer(ReadSerializer):
    """Metrics of clicks, and of the people behind them."""

    clicks = serializers.IntegerField(help_text="`humans` and, with `include_bots`, `bots`.")
    humans = serializers.IntegerField()
    bots = serializers.IntegerField()
    duplicates = serializers.IntegerField(
        help_text="Repeats by one visitor of one link within a short time; in no other number."
    )
    refused = serializers.IntegerField(
        help_text="Redirected without their details; counted where their UTC hour begins."
    )
    visitors = serializers.IntegerField(
        help_text="Different humans of each UTC day, at their first click: parts of time add up."
    )


def _rate_field(*, required: bool = True) -> serializers.FloatField:
    return serializers.FloatField(
        required=required,
        allow_null=True,
        help_text="`humans` per view of the grid, from 0 up, to four places; null without views.",
    )


class AnalyticsTotalsSerializer(_CountsSerializer):
    """Serialize the sums of all results."""

    views = serializers.IntegerField(help_text="Humans' views of the grid's page, without repeats.")
    click_through_rate = _rate_field()


class AnalyticsRowSerializer(_CountsSerializer):
    """Serialize one group; `group_by` decides which further fields are present."""

    key = serializers.CharField(
        allow_null=True,
        allow_blank=True,
        help_text="The local hour with its offset, the local date, the month, the link's slug, or the value;"
        " empty for none or unknown; null for `other` and `not kept`.",
    )
    label = serializers.CharField(  # type: ignore[assignment]
        help_text="The key for people. `other`: the sum of what is over the limit. `not kept`: clicks that"
        " were refused, or whose details are kept no longer."
    )
    start = serializers.DateTimeField(required=False, help_text="Of a time: its part in the range.")
    end = serializers.DateTimeField(required=False, help_text="Of a time; not included.")
    views = serializers.IntegerField(required=False, help_text="Of a time.")
    click_through_rate = _rate_field(required=False)
    slug = serializers.CharField(required=False, allow_null=True, help_text="Of a link.")
    title = serializers.CharField(required=False, allow_null=True, help_text="Of a link.")
    url = serializers.CharField(required=False, allow_null=True, help_text="Of a link.")
    x = serializers.IntegerField(required=False, help_text="Of a tile, in cells.")
    y = serializers.IntegerField(required=False, help_text="Of a tile, in cells.")
    width = serializers.IntegerField(required=False, help_text="Of a tile, in cells.")
    height = serializers.IntegerField(required=False, help_text="Of a tile, in cells.")


class _RangeSerializer(ReadSerializer):
    """Serialize the period that was asked for, in local time."""

    to = serializers.DateTimeField(help_text="Not included.")
    tz = serializers.CharField()

    def get_fields(self) -> dict[str, Any]:
        """Add `from`, a keyword of Python that no class body can name."""
        return {"from": serializers.DateTimeField(), **super().get_fields()}


class AnalyticsSerializer(_RangeSerializer):
    """Serialize the totals of a period, and the groups that add up to them."""

    example = examples.ANALYTICS

    group_by = serializers.CharField()
    include_bots = serializers.BooleanField()
    approximate_before = serializers.DateTimeField(
        allow_null=True,
        help_text="Single clicks from before this time are kept no longer: hours and days that the range or"
        " a group cuts there are counted as a whole, where they begin. Null when nothing is cut there.",
    )
    totals = AnalyticsTotalsSerializer()
    results = AnalyticsRowSerializer(many=True)


class LedgerCountsSerializer(ReadSerializer):
    """Serialize what became of accepted clicks."""

    accepted = serializers.IntegerField()
    humans = serializers.IntegerField(help_text="Recorded clicks of people, without repeats.")
    duplicates = serializers.IntegerField()
    bots = serializers.IntegerField()
    refused = serializers.IntegerField(help_text="Redirected, but without their details.")


class LedgerRowSerializer(LedgerCountsSerializer):
    """Serialize a link's clicks in one UTC hour."""

    hour = serializers.DateTimeField(help_text="When the hour begins, in local time.")
    link = serializers.CharField(allow_null=True, help_text="Null for a deleted link.")


class LedgerSerializer(_RangeSerializer):
    """Serialize a page of ledger hours, newest first, with the sums of all pages."""

    example = examples.LEDGER

    balanced = serializers.BooleanField(
        help_text="Whether accepted = humans + duplicates + bots + refused, in every row of every page."
    )
    totals = LedgerCountsSerializer()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = LedgerRowSerializer(many=True)
