"""Define the JSON of imports."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from gridlink.lib.rest.serializers import (
    StrictSerializer,
)
from grids.api.fields import (
    ColumnsField,
)
from grids.imports.modes import MODES


class ImportSerializer(StrictSerializer):
    """Validate the form fields of an upload, beside `file`."""

    source = serializers.CharField(  # type: ignore[assignment]
        required=False, default="auto", max_length=30
    )
    mode = serializers.ChoiceField(sorted(MODES), required=False, default="apply")
    columns = ColumnsField(required=False, help_text="The table's column of each field, as JSON.")
    file = serializers.FileField(allow_empty_file=True)


class ImportSourcesSerializer(serializers.Serializer[Any]):
    """Represent the formats and columns that can be imported."""

    sources = serializers.ListField(child=serializers.CharField())
    columns = serializers.ListField(
        child=serializers.CharField(),
        help_text="The fields of a table whose columns an import may name.",
    )
