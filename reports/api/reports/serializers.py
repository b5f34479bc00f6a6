"""The JSON of reports and their runs."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from gridlink.accounts.models import WeekStart
from gridlink.lib.rest.pagination import PageQuery
from gridlink.lib.rest.serializers import (
    BoundedListField,
    StrictSerializer,
    TitleField,
)
from reports.models import TITLE_LENGTH
from reports.reporting.kinds.registry import NAMES
from reports.reporting.kinds.scope import ScopeSerializer
from reports.reporting.renderers.base import Paper
from reports.reporting.renderers.registry import RENDERERS
from reports.reporting.runs.ranges import RangeSerializer


class ReportWriteSerializer(StrictSerializer):
    """A report's definition."""

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
        """Each once, in the order they were named."""
        return list(dict.fromkeys(formats))


class ReportSerializer(serializers.Serializer[Any]):
    """A report as its owner sees it."""

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
    """Narrow by kind."""

    kind = serializers.ChoiceField(NAMES, required=False)


class RunWriteSerializer(StrictSerializer):
    """How to run a report."""

    like = serializers.RegexField(
        r"\Ajb_[0-9a-f]{32}\Z",
        required=False,
        help_text="An earlier run of the report: ask just what it asked, its instants included.",
    )
    fresh = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Count anew, even where nothing has changed since an earlier run of the same question.",
    )


class ParameterSerializer(serializers.Serializer[Any]):
    """A parameter of a kind of report."""

    name = serializers.CharField()
    type = serializers.CharField()
    help = serializers.CharField()
    choices = serializers.ListField(child=serializers.CharField())
    minimum = serializers.IntegerField(allow_null=True)
    maximum = serializers.IntegerField(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        """`default` too, which is an attribute of every field."""
        return {**super().get_fields(), "default": serializers.JSONField()}


class KindSerializer(serializers.Serializer[Any]):
    """A kind of report."""

    name = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    parameters = ParameterSerializer(many=True)


class KindsSerializer(serializers.Serializer[Any]):
    """All kinds of reports."""

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
        help_text="The fact that had this value in an earlier period.",
    )
    change_of = serializers.CharField(
        allow_blank=True, required=False, help_text="The fact that has changed by this part of it."
    )


class _TableSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    columns = _ColumnSerializer(many=True)
    rows = serializers.ListField(child=serializers.ListField(child=serializers.JSONField()))
    key = serializers.ListField(
        child=serializers.CharField(), help_text="The columns that tell a row from all others."
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


class ResultSerializer(serializers.Serializer[Any]):
    """What a run found: the same in every format."""

    kind = serializers.CharField()
    title = serializers.CharField()
    subtitle = serializers.CharField()
    zone = serializers.CharField()
    facts = _FactSerializer(many=True)
    tables = _TableSerializer(many=True)
    charts = _ChartSerializer(many=True)
    remarks = serializers.ListField(child=serializers.CharField())


class RunSerializer(serializers.Serializer[Any]):
    """A run: what it asked, what its numbers rest on, and what it found."""

    job = serializers.CharField()
    status = serializers.CharField()
    asked = serializers.DictField()
    basis = serializers.DictField(
        allow_null=True,
        help_text="The key of the last click that was stored, the version of the rules for bots, and a"
        " summary of the data. Null until the run has succeeded.",
    )
    result = ResultSerializer(allow_null=True)


class ChangesSerializer(serializers.Serializer[Any]):
    """What changed between two runs: why, and in which facts and tables. Of each table at most 1,000 rows are
    named; `counts` are of all."""

    reasons = serializers.ListField(child=serializers.CharField())
    facts = serializers.ListField(child=serializers.DictField())
    tables = serializers.DictField()
    only_before = serializers.ListField(child=serializers.CharField())
    only_after = serializers.ListField(child=serializers.CharField())
