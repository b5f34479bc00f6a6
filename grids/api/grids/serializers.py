"""Define the JSON of grids and their layouts."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from gridlink.lib.rest.serializers import (
    ReadSerializer,
    StrictSerializer,
    TextField,
    TitleField,
    WholeNumberField,
)
from gridlink.lib.slugs import SLUG_LENGTH
from grids.api import examples
from grids.api.fields import AliasField
from grids.models import (
    COLUMNS_MAX,
    HEIGHT_MAX,
    NOTE_LENGTH,
    TITLE_LENGTH,
    Y_MAX,
    ColourScheme,
    Visibility,
    theme_choices,
)

# More than fit in a body of the default size.
_TILES_MAX = 100_000


class GridWriteSerializer(StrictSerializer):
    """Validate the fields of a grid that its owner sets; `partial` for a change."""

    title = TitleField(max_length=TITLE_LENGTH)
    description = TextField(required=False, allow_blank=True, max_length=NOTE_LENGTH)
    alias = AliasField(required=False)
    visibility = serializers.ChoiceField(Visibility.choices, required=False)
    theme = serializers.ChoiceField(theme_choices(), required=False)
    colour_scheme = serializers.ChoiceField(ColourScheme.choices, required=False)
    columns = WholeNumberField(required=False, min_value=1, max_value=COLUMNS_MAX)


class GridSerializer(ReadSerializer):
    """Represent a grid."""

    example = examples.GRID

    slug = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    alias = serializers.CharField(allow_null=True)
    visibility = serializers.ChoiceField(Visibility.choices)
    theme = serializers.ChoiceField(theme_choices())
    colour_scheme = serializers.ChoiceField(ColourScheme.choices)
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


class TileSerializer(StrictSerializer):
    """Validate one link's place in a layout."""

    slug = TextField(max_length=SLUG_LENGTH)
    x = WholeNumberField(min_value=0, max_value=COLUMNS_MAX - 1)
    y = WholeNumberField(min_value=0, max_value=Y_MAX)
    width = WholeNumberField(min_value=1, max_value=COLUMNS_MAX)
    height = WholeNumberField(min_value=1, max_value=HEIGHT_MAX)


class LayoutPageSerializer(ReadSerializer):
    """Represent the places of links; `next` and `previous` page through those of large grids."""

    example = {"next": None, "previous": None, **examples.LAYOUT_WRITE}

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    links = TileSerializer(many=True)


class LayoutSerializer(StrictSerializer):
    """Validate the place of every link of a grid."""

    links = TileSerializer(many=True, max_length=_TILES_MAX)  # type: ignore[call-arg]

    def validate_links(self, links: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Refuse a link that is named twice."""
        if len({link["slug"] for link in links}) < len(links):
            raise serializers.ValidationError("A link is named twice.")
        return links
