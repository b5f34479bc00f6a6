"""The JSON of a wish for an export."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from gridlink.lib.rest.serializers import BoundedListField, StrictSerializer, TextField
from grids.models import TAG_LENGTH
from reports.exports.archive.format import ARCHIVE_FORMAT
from reports.exports.archive.format import KIND as ACCOUNT
from reports.exports.columns import MOMENTS
from reports.exports.compression import COMPRESSIONS
from reports.exports.formats.csv import DELIMITERS
from reports.exports.registry import FORMATS, SOURCES
from reports.exports.sources.clicks import VERDICTS

_FILTERS_MAX = 100
_COLUMNS_MAX = 50


class ExportFiltersSerializer(StrictSerializer):
    """Which rows; empty means all."""

    grids = BoundedListField(
        child=TextField(max_length=35), required=False, max_length=_FILTERS_MAX
    )
    links = BoundedListField(
        child=TextField(max_length=35),
        required=False,
        max_length=_FILTERS_MAX,
        help_text="Of clicks.",
    )
    tags = BoundedListField(
        child=TextField(max_length=TAG_LENGTH),
        required=False,
        max_length=_FILTERS_MAX,
        help_text="Of links, which have all of them.",
    )
    verdicts = BoundedListField(
        child=serializers.ChoiceField(sorted(VERDICTS)),
        required=False,
        max_length=len(VERDICTS),
        help_text="Of clicks.",
    )
    to = TextField(
        required=False,
        max_length=40,
        help_text="Of clicks. As `from`; a date's whole day is included, a time itself is not.",
    )

    def get_fields(self) -> dict[str, Any]:
        """`from` too, which no class body can name."""
        since = TextField(
            required=False,
            max_length=40,
            help_text="Of clicks: a date in `time_zone`, or a date and time, which is local unless it states"
            " an offset.",
        )
        return {"from": since, **super().get_fields()}


class ExportSerializer(StrictSerializer):
    """What to export, and how."""

    kind = serializers.ChoiceField(sorted([*SOURCES, ACCOUNT]))
    format = serializers.ChoiceField(
        sorted([*FORMATS, ARCHIVE_FORMAT]),
        help_text="`zip` is for an account, and nothing else is; `netscape` is for links alone.",
    )
    compression = serializers.ChoiceField(sorted(COMPRESSIONS), required=False, default="none")
    columns = BoundedListField(
        child=TextField(max_length=50),
        required=False,
        max_length=_COLUMNS_MAX,
        help_text="Their names, in the order wanted; all, when it is left out.",
    )
    time_zone = serializers.CharField(
        required=False,
        default="UTC",
        max_length=64,
        help_text="IANA name: of the times in the file, and of `from` and `to`.",
    )
    delimiter = serializers.ChoiceField(
        list(DELIMITERS), required=False, default="comma", help_text="Of CSV."
    )
    bom = serializers.BooleanField(
        required=False, default=False, help_text="Whether CSV begins with a byte order mark."
    )
    times = serializers.ChoiceField(
        list(MOMENTS),
        required=False,
        default="offset",
        help_text=(
            "Of CSV: with Z or the offset of `time_zone`, or without, which spreadsheets take for a time."
        ),
    )
    filters = ExportFiltersSerializer(required=False, default=dict)
