"""Define the JSON of grids, links, layouts, profiles and imports."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from gridlink.lib.rest.serializers import (
    BoundedListField,
    StrictSerializer,
    TextField,
    TitleField,
    WholeNumberField,
)
from gridlink.lib.slugs import SLUG_LENGTH
from grids.api.fields import (
    AliasField,
    BackgroundField,
    ColumnsField,
    StyleField,
    TagsField,
    UrlField,
)
from grids.imports.modes import MODES
from grids.models import (
    COLUMNS_MAX,
    HEIGHT_MAX,
    NOTE_LENGTH,
    TITLE_LENGTH,
    Y_MAX,
    Theme,
    Visibility,
)
from grids.services.bulk import BULK_MAX

# More than fit in a body of the default size.
_TILES_MAX = 100_000


class GridWriteSerializer(StrictSerializer):
    """Validate the fields of a grid that its owner sets; `partial` for a change."""

    title = TitleField(max_length=TITLE_LENGTH)
    description = TextField(required=False, allow_blank=True, max_length=NOTE_LENGTH)
    alias = AliasField(required=False)
    visibility = serializers.ChoiceField(Visibility.choices, required=False)
    theme = serializers.ChoiceField(Theme.choices, required=False)
    columns = WholeNumberField(required=False, min_value=1, max_value=COLUMNS_MAX)


class GridSerializer(serializers.Serializer[Any]):
    """Represent a grid."""

    slug = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    alias = serializers.CharField(allow_null=True)
    visibility = serializers.ChoiceField(Visibility.choices)
    theme = serializers.ChoiceField(Theme.choices)
    columns = serializers.IntegerField()
    links_total = serializers.SerializerMethodField()
    version = serializers.IntegerField(help_text="The ETag of the grid's own fields.")
    layout_version = serializers.IntegerField(help_text="The ETag of `layout/`.")
    created_on = serializers.DateTimeField()
    modified_on = serializers.DateTimeField()
    is_deleted = serializers.BooleanField()
    deleted_on = serializers.DateTimeField(allow_null=True)

    def get_links_total(self, grid: Any) -> int:
        """Return the number of live links."""
        total: int = getattr(grid, "links_total", 0)
        return total


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


class LinkWriteSerializer(LinkFields):
    """Validate a link with the slug of its grid; `partial` for a change."""

    grid = TextField(max_length=SLUG_LENGTH)


class LinkSerializer(serializers.Serializer[Any]):
    """Represent a link."""

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
    clicks_before_import = serializers.IntegerField(
        help_text="Counted elsewhere; no other number includes them."
    )
    clicks_before_import_from = serializers.CharField(
        help_text="The format of the file that they were imported from."
    )
    version = serializers.IntegerField(help_text="The ETag.")
    created_on = serializers.DateTimeField()
    modified_on = serializers.DateTimeField()
    is_deleted = serializers.BooleanField()
    deleted_on = serializers.DateTimeField(allow_null=True)


class TileSerializer(StrictSerializer):
    """Validate one link's place in a layout."""

    slug = TextField(max_length=SLUG_LENGTH)
    x = WholeNumberField(min_value=0, max_value=COLUMNS_MAX - 1)
    y = WholeNumberField(min_value=0, max_value=Y_MAX)
    width = WholeNumberField(min_value=1, max_value=COLUMNS_MAX)
    height = WholeNumberField(min_value=1, max_value=HEIGHT_MAX)


class LayoutSerializer(StrictSerializer):
    """Validate the place of every link of a grid."""

    links = TileSerializer(many=True, max_length=_TILES_MAX)  # type: ignore[call-arg]

    def validate_links(self, links: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Refuse a link that is named twice."""
        if len({link["slug"] for link in links}) < len(links):
            raise serializers.ValidationError("A link is named twice.")
        return links


def _items() -> BoundedListField:
    return BoundedListField(
        child=serializers.JSONField(), required=False, default=list, max_length=BULK_MAX
    )


class BulkSerializer(StrictSerializer):
    """Validate three lists of items, which are validated one by one later."""

    create = _items()  # type: ignore[assignment]
    update = _items()  # type: ignore[assignment]
    delete = _items()


class BulkUpdateItem(LinkWriteSerializer):
    """Validate a change of one link; `version` guards it as If-Match would."""

    slug = TextField(max_length=SLUG_LENGTH)
    version = WholeNumberField(required=False, min_value=1)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Require the slug, though all other fields are optional."""
        if "slug" not in attrs:
            raise serializers.ValidationError({"slug": ["This field is required."]})
        return attrs


class BulkDeleteItem(StrictSerializer):
    """Validate a link to delete; `version` guards it as If-Match would."""

    slug = TextField(max_length=SLUG_LENGTH)
    version = WholeNumberField(required=False, min_value=1)


class VerdictSerializer(serializers.Serializer[Any]):
    """Represent the result of one item.

    It is `done` with the link's slug and version, or `failed` with an error.
    """

    operation = serializers.ChoiceField(["create", "update", "delete"])
    index = serializers.IntegerField()
    status = serializers.ChoiceField(["done", "failed"])
    slug = serializers.CharField(allow_null=True)
    version = serializers.IntegerField(allow_null=True)
    error = serializers.DictField(allow_null=True)


class BulkAnswerSerializer(serializers.Serializer[Any]):
    """Represent the verdicts, in the order of the request's lists."""

    done = serializers.IntegerField()
    failed = serializers.IntegerField()
    results = VerdictSerializer(many=True)


class ProfileLinkSerializer(serializers.Serializer[Any]):
    """Represent a link to visitors."""

    slug = serializers.CharField()
    url = serializers.CharField()
    short_url = serializers.CharField(help_text="Where visitors click it, counted.")
    title = serializers.CharField()
    note = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    x = serializers.IntegerField()
    y = serializers.IntegerField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    background = serializers.CharField()
    style = StyleField()  # type: ignore[assignment]


class ProfileGridSerializer(serializers.Serializer[Any]):
    """Represent a public grid and its first links; `links_url` leads to all of them."""

    slug = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    alias = serializers.CharField(allow_null=True)
    theme = serializers.ChoiceField(Theme.choices)
    columns = serializers.IntegerField()
    created_on = serializers.DateTimeField()
    links_total = serializers.IntegerField()
    links_url = serializers.URLField()
    links = ProfileLinkSerializer(many=True)


class ProfileSerializer(serializers.Serializer[Any]):
    """Represent a user to visitors; `next` and `previous` page through the grids."""

    slug = serializers.CharField()
    username = serializers.CharField()
    display_name = serializers.CharField()
    created_on = serializers.DateTimeField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    grids = ProfileGridSerializer(many=True)


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
