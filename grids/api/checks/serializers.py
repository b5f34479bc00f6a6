"""Define the JSON of link checks and metadata, and the parameters of their list."""

from __future__ import annotations

from rest_framework import serializers

from gridlink.lib.rest.serializers import (
    BoundedListField,
    ReadSerializer,
    StrictSerializer,
    TextField,
)
from gridlink.lib.slugs import SLUG_LENGTH
from grids.api.examples import LINK
from grids.api.fields import UrlField
from grids.api.filters import GridLinksQuery
from grids.models import Verdict

_NAMED_MAX = 100

CHECK = {
    "link": LINK["slug"],
    "url": LINK["url"],
    "title": LINK["title"],
    "verdict": "redirected",
    "status": 200,
    "final_url": "https://www.postgresql.org/docs/current/",
    "moved_to": "https://www.postgresql.org/docs/current/",
    "milliseconds": 214,
    "certificate_expires_on": "2027-01-15T23:59:59Z",
    "detail": "",
    "checked_on": "2026-11-01T09:00:00Z",
}
METADATA_WRITE = {"url": "https://www.postgresql.org/docs/"}
METADATA = {
    "url": "https://www.postgresql.org/docs/",
    "title": "PostgreSQL: Documentation",
    "description": "",
    "icon": "https://www.postgresql.org/favicon.ico",
}


def _slugs() -> BoundedListField:
    return BoundedListField(
        child=TextField(max_length=SLUG_LENGTH), required=False, default=list, max_length=_NAMED_MAX
    )


class CheckRequestSerializer(StrictSerializer):
    """Validate which links to check: those on `grids` and `links`; all without either."""

    grids = _slugs()
    links = _slugs()


class LinkCheckSerializer(ReadSerializer):
    """Represent the latest verdict on a link."""

    example = CHECK

    link = serializers.CharField(source="slug")
    url = serializers.CharField()
    title = serializers.CharField()
    verdict = serializers.ChoiceField(Verdict.choices, source="last_check.verdict")
    status = serializers.IntegerField(
        source="last_check.status", allow_null=True, help_text="Null when nothing answered."
    )
    final_url = serializers.CharField(
        source="last_check.final_url", help_text="Where redirects led; empty without any."
    )
    moved_to = serializers.CharField(
        source="last_check.moved_to", help_text="The page's new address, when it moved for good."
    )
    milliseconds = serializers.IntegerField(
        source="last_check.milliseconds", allow_null=True, help_text="With redirects."
    )
    certificate_expires_on = serializers.DateTimeField(
        source="last_check.certificate_expires_on", allow_null=True
    )
    detail = serializers.CharField(source="last_check.detail")
    checked_on = serializers.DateTimeField(source="last_check.checked_on")


class GridChecksQuery(GridLinksQuery):
    """List one `verdict` only, in reading order unless requested otherwise."""

    verdict = serializers.ChoiceField(Verdict.choices, required=False)


class MetadataRequestSerializer(StrictSerializer):
    """Validate the address of a page."""

    url = UrlField()


class MetadataSerializer(ReadSerializer):
    """Represent a page's metadata; unknown values are empty."""

    example = METADATA

    url = serializers.CharField(help_text="Where the page is, after redirects.")
    title = serializers.CharField()
    description = serializers.CharField()
    icon = serializers.CharField()
