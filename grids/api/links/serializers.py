"""Define the JSON of links, and of many links in one call."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from gridlink.lib.rest.serializers import (
    BoundedListField,
    ReadSerializer,
    StrictSerializer,
    TextField,
    TitleField,
    WholeNumberField,
)
from gridlink.lib.slugs import SLUG_LENGTH
from grids.access import Actor
from grids.api import examples
from grids.api.fields import AliasField, BackgroundField, StyleField, TagsField, UrlField
from grids.models import COLUMNS_MAX, HEIGHT_MAX, NOTE_LENGTH, TITLE_LENGTH, Y_MAX
from grids.services.bulk import BULK_MAX


class TileFields(StrictSerializer):
    """Validate a position and size, in cells."""

    x = WholeNumberField(required=False, min_value=0, max_value=COLUMNS_MAX - 1)
    y = WholeNumberField(required=False, min_value=0, max_value=Y_MAX)
    width = WholeNumberField(required=False, min_value=1, max_value=COLUMNS_MAX)
    height = WholeNumberField(required=False, min_value=1, max_value=HEIGHT_MAX)


class LinkFields(TileFields):
    """Validate the fields of a link that its owner sets, without its grid."""

    url = UrlField()
    title = TitleField(max_length=TITLE_LENGTH)
    note = TextField(required=False, allow_blank=True, max_length=NOTE_LENGTH)
    tags = TagsField(required=False)
    alias = AliasField(required=False)
    background = BackgroundField(required=False)
    style = StyleField(required=False)  # type: ignore[assignment]
    active_from = serializers.DateTimeField(required=False, allow_null=True)
    active_until = serializers.DateTimeField(required=False, allow_null=True)
    forward_query = serializers.BooleanField(
        required=False,
        help_text="Whether the redirect appends the query it was called with; new links do, by default.",
    )


class LinkWriteSerializer(LinkFields):
    """Validate a link with the slug of its grid; `partial` for a change."""

    grid = TextField(max_length=SLUG_LENGTH)


class LinkSerializer(ReadSerializer):
    """Represent a link."""

    example = examples.LINK

    slug = serializers.CharField()
    grid = serializers.CharField(source="grid.slug")
    url = serializers.CharField()
    short_url = serializers.CharField(help_text="Where visitors click it, counted.")
    title = serializers.CharField()
    note = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    alias = serializers.CharField(allow_null=True)
    x = serializers.IntegerField()
    y = serializers.IntegerField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    background = serializers.CharField()
    style = StyleField()  # type: ignore[assignment]
    active_from = serializers.DateTimeField(allow_null=True)
    active_until = serializers.DateTimeField(allow_null=True)
    forward_query = serializers.BooleanField()
    clicks_before_import = serializers.IntegerField(
        required=False,
        help_text="Counted elsewhere; no other number includes them. Only its owner sees this.",
    )
    clicks_before_import_from = serializers.CharField(
        required=False,
        help_text="The format of the file that they were imported from. Only its owner sees this.",
    )
    version = serializers.IntegerField(help_text="The ETag.")
    created_on = serializers.DateTimeField()
    modified_on = serializers.DateTimeField()
    is_deleted = serializers.BooleanField()
    deleted_on = serializers.DateTimeField(allow_null=True)


class VisitorLinkSerializer(LinkSerializer):
    """Represent a link to others than its owner: without what was counted of it."""

    clicks_before_import = None  # type: ignore[assignment]
    clicks_before_import_from = None  # type: ignore[assignment]


def link_serializer(actor: Actor, owner_id: int) -> type[LinkSerializer]:
    """Return the serializer of an owner's links for whoever asks."""
    return LinkSerializer if actor.pk == owner_id else VisitorLinkSerializer


def _items() -> BoundedListField:
    return BoundedListField(
        child=serializers.JSONField(), required=False, default=list, max_length=BULK_MAX
    )


class BulkSerializer(StrictSerializer):
    """Validate three lists of items, which are validated one by one later."""

    create = _items()  # type: ignore[assignment]
    update = _items()  # type: ignore[assignment]
    delete = _items()


class BulkDeleteItem(StrictSerializer):
    """Validate a link to delete; `version` guards it as If-Match would."""

    slug = TextField(max_length=SLUG_LENGTH)
    version = WholeNumberField(required=False, min_value=1)


class BulkUpdateItem(BulkDeleteItem, LinkWriteSerializer):
    """Validate a change of one link; `version` guards it as If-Match would."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Require the slug, though all other fields are optional."""
        if "slug" not in attrs:
            raise serializers.ValidationError({"slug": ["This field is required."]})
        return attrs


class VerdictSerializer(ReadSerializer):
    """Represent an item's result: `done` with slug and version, or `failed` with an error."""

    operation = serializers.ChoiceField(["create", "update", "delete"])
    index = serializers.IntegerField()
    status = serializers.ChoiceField(["done", "failed"])
    slug = serializers.CharField(allow_null=True)
    version = serializers.IntegerField(allow_null=True)
    error = serializers.DictField(allow_null=True)


class BulkAnswerSerializer(ReadSerializer):
    """Represent the verdicts, in the order of the request's lists."""

    example = examples.BULK_ANSWER

    done = serializers.IntegerField()
    failed = serializers.IntegerField()
    results = VerdictSerializer(many=True)
