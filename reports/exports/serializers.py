"""Read the JSON of a request for an export."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from gridlink.lib.rest.serializers import BoundedListField, StrictSerializer, TextField
from grids.models import TAG_LENGTH
from reports.exports.archive.format import ARCHIVE_FORMAT
from reports.exports.archive.format import KIND as ACCOUNT
from reports.exports.columns import TIME_FORMATS
from reports.exports.compression import COMPRESSIONS
from reports.exports.formats.csv import DELIMITERS
from reports.exports.registry import FORMATS, SOURCES
from reports.exports.sources.clicks import VERDICTS

_FILTERS_MAX = 100
_COLUMNS_MAX = 50


def _texts(length: int, most: int, help_text: str | None = None) -> BoundedListField:
    return BoundedListField(
        child=TextField(max_length=length), required=False, max_length=most, help_text=help_text
    )


class ExportFiltersSerializer(StrictSerializer):
    """Select rows; empty means all."""

    grids = _texts(35, _FILTERS_MAX)
    links = _texts(35, _FILTERS_MAX, "For clicks.")
    tags = _texts(TAG_LENGTH, _FILTERS_MAX, "For links, which must have all of them.")
    verdicts = BoundedListField(
        child=serializers.ChoiceField(sorted(VERDICTS)),
        required=False,
        max_length=len(VERDICTS),
        help_text="For clicks.",
    )
    to = TextField(
        required=False,
        max_length=40,
        help_text="For clicks. Like `from`; a date includes its whole day, a time is excluded.",
    )

    def get_fields(self) -> dict[str, Any]:
        """Add `from`, which is a keyword and cannot be an attribute."""
        since = TextField(
            required=False,
            max_length=40,
            help_text="For clicks: a date in `time_zone`, or a date and time, which is local unless it has"
            " an offset.",
        )
        return {"from": since, **super().get_fields()}


class ExportSerializer(StrictSerializer):
    """Choose what to export, and how."""

    kind = serializers.ChoiceField(sorted([*SOURCES, ACCOUNT]))
    format = serializers.ChoiceField(
        sorted([*FORMATS, ARCHIVE_FORMAT]),
        required=False,
        help_text="Without it: `zip` for an account, which has no other, and else `csv`. `netscape` is for"
        " links only.",
    )
    compression = serializers.ChoiceField(sorted(COMPRESSIONS), required=False, default="none")
    columns = _texts(50, _COLUMNS_MAX, "Their names in the order wanted; all, if omitted.")
    time_zone = serializers.CharField(
        required=False,
        default="UTC",
        max_length=64,
        help_text="IANA name: of the times in the file, and of `from` and `to`.",
    )
    delimiter = serializers.ChoiceField(
        list(DELIMITERS), required=False, default="comma", help_text="For CSV."
    )
    bom = serializers.BooleanField(
        required=False, default=False, help_text="Whether CSV begins with a byte order mark."
    )
    times = serializers.ChoiceField(
        list(TIME_FORMATS),
        required=False,
        default="offset",
        help_text="For CSV: times with Z or the offset of `time_zone`, or without, as spreadsheets read"
        " them.",
    )
    filters = ExportFiltersSerializer(required=False, default=dict)
