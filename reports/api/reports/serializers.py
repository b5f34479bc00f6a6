"""Validate and represent reports and their runs as JSON."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from gridlink.accounts.models import WeekStart
from gridlink.lib.rest.pagination import PageQuery
from gridlink.lib.rest.serializers import (
    BoundedListField,
    ReadSerializer,
    StrictSerializer,
    TitleField,
)
from reports.api.reports import examples
from reports.models import TITLE_LENGTH
from reports.reporting.kinds.registry import NAMES
from reports.reporting.kinds.scope import ScopeSerializer
from reports.reporting.renderers.base import Paper
from reports.reporting.renderers.registry import RENDERERS
from reports.reporting.runs.ranges import RangeSerializer


class ReportWriteSerializer(StrictSerializer):
    """Define a report."""

    title = TitleField(max_length=TITLE_LENGTH)
    kind = serializers.ChoiceField(NAMES)
    params = serializers.DictField(
        required=False, default=dict, help_text="Those of the kind; see `reports/kinds/`."
    )
    scope = ScopeSerializer(required=False, default=dict)
    range = RangeSerializer(required=False, default=lambda: {"preset": "last_30_days"})
    time_zone = serializers.CharField(
        required=False, max_length=64, help_text="IANA name. Without it: the account's."
    )
    week_start = serializers.ChoiceField(
        WeekStart.choices, required=False, help_text="Without it: the account's."
    )
    include_bots = serializers.BooleanField(required=False, default=False)
    formats = BoundedListField(
        child=serializers.ChoiceField(list(RENDERERS)),
        required=False,
        default=lambda: ["json"],
        allow_empty=False,
        max_length=len(RENDERERS),
    )
    paper = serializers.ChoiceField(
        [paper.value for paper in Paper], required=False, default=Paper.A4.value
    )

    def validate_formats(self, formats: list[str]) -> list[str]:
        """Remove duplicates, keeping the order."""
        return list(dict.fromkeys(formats))


class ReportSerializer(ReadSerializer):
    """Represent a report."""

    example = examples.REPORT

    slug = serializers.CharField()
    title = serializers.CharField()
    kind = serializers.ChoiceField(NAMES)
    params = serializers.DictField()
    scope = serializers.DictField()
    range = serializers.DictField()
    time_zone = serializers.CharField()
    week_start = serializers.ChoiceField(WeekStart.choices)
    include_bots = serializers.BooleanField()
    formats = serializers.ListField(child=serializers.ChoiceField(list(RENDERERS)))
    paper = serializers.ChoiceField([paper.value for paper in Paper])
    version = serializers.IntegerField()
    created_on = serializers.DateTimeField()
    modified_on = serializers.DateTimeField()


class ReportListQuery(PageQuery):
    """Filter reports by kind."""

    kind = serializers.ChoiceField(NAMES, required=False)


class RunWriteSerializer(StrictSerializer):
    """Choose how to run a report."""

    like = serializers.RegexField(
        r"\Ajb_[0-9a-f]{32}\Z",
        required=False,
        help_text="An earlier run of the report: use its parameters, the instants of its range included.",
    )
    fresh = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Count again, even if the data is unchanged since an earlier run of the same query.",
    )


class ParameterSerializer(ReadSerializer):
    """Represent a parameter of a kind of report."""

    name = serializers.CharField()
    type = serializers.CharField()
    help = serializers.CharField()
    choices = serializers.ListField(child=serializers.CharField())
    minimum = serializers.IntegerField(allow_null=True)
    maximum = serializers.IntegerField(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        """Add `default`, which is an attribute of every field."""
        return {**super().get_fields(), "default": serializers.JSONField()}


class KindSerializer(ReadSerializer):
    """Represent a kind of report."""

    name = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    parameters = ParameterSerializer(many=True)


class KindsSerializer(ReadSerializer):
    """Represent all kinds of reports."""

    example = examples.KINDS

    results = KindSerializer(many=True)


class _ColumnSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    type = serializers.CharField()


class _FactSerializer(_ColumnSerializer):
    value = serializers.JSONField(allow_null=True)
    before_of = serializers.CharField(
        allow_blank=True,
        required=False,
        help_text="The fact whose value in the earlier period this is.",
    )
    change_of = serializers.CharField(
        allow_blank=True, required=False, help_text="The fact whose relative change this is."
    )


class _TableSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    columns = _ColumnSerializer(many=True)
    rows = serializers.ListField(child=serializers.ListField(child=serializers.JSONField()))
    key = serializers.ListField(
        child=serializers.CharField(), help_text="The columns that identify a row."
    )
    note = serializers.CharField(allow_blank=True)


class _ChartSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    shape = serializers.CharField()
    table = serializers.CharField()
    labels = serializers.CharField()
    series = serializers.ListField(child=serializers.CharField())
    rows = serializers.IntegerField(help_text="How many of the first rows are drawn.")


class ResultSerializer(ReadSerializer):
    """Represent the result of a run, which is the same in every format."""

    kind = serializers.CharField()
    title = serializers.CharField()
    subtitle = serializers.CharField()
    zone = serializers.CharField()
    facts = _FactSerializer(many=True)
    tables = _TableSerializer(many=True)
    charts = _ChartSerializer(many=True)
    remarks = serializers.ListField(child=serializers.CharField())


class RunSerializer(ReadSerializer):
    """Represent a run: its parameters, the fingerprint of its data, and its result."""

    example = examples.RUN

    job = serializers.CharField()
    status = serializers.CharField()
    asked = serializers.DictField()
    basis = serializers.DictField(
        allow_null=True,
        help_text="A fingerprint of the data: the key of the last stored click, the version of the bot rules"
        " and sums. Null until the run has succeeded.",
    )
    result = ResultSerializer(allow_null=True)


class ChangesSerializer(ReadSerializer):
    """Represent the changes between two runs, with their reasons.

    At most 1,000 rows of each table are listed; `counts` count all.
    """

    example = examples.CHANGES

    reasons = serializers.ListField(child=serializers.CharField())
    facts = serializers.ListField(child=serializers.DictField())
    tables = serializers.DictField()
    only_before = serializers.ListField(child=serializers.CharField())
    only_after = serializers.ListField(child=serializers.CharField())
