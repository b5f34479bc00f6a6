"""The JSON of export requests."""

from __future__ import annotations

from rest_framework import serializers

from gridlink.lib.rest.serializers import BoundedListField, StrictSerializer, TextField
from grids.models import TAG_LENGTH
from reports.exports.compression import COMPRESSIONS
from reports.exports.registry import FORMATS

_FILTERS_MAX = 100


class ExportFiltersSerializer(StrictSerializer):
    """Which rows; empty means all."""

    grids = BoundedListField(
        child=TextField(max_length=35), required=False, max_length=_FILTERS_MAX
    )
    tags = BoundedListField(
        child=TextField(max_length=TAG_LENGTH), required=False, max_length=_FILTERS_MAX
    )


class ExportSerializer(StrictSerializer):
    """What to export, and how."""

    kind = serializers.ChoiceField(["links"])
    format = serializers.ChoiceField(sorted(FORMATS))
    compression = serializers.ChoiceField(sorted(COMPRESSIONS), required=False, default="none")
    filters = ExportFiltersSerializer(required=False, default=dict)
