"""Store grids: pages of links that their owners lay out as tiles."""

from __future__ import annotations

from functools import partial, reduce
from operator import add
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Lower, Replace

from gridlink.lib.models import Record, SoftDeleted
from gridlink.lib.slugs import SLUG_LENGTH, alias_validator, new_slug
from gridlink.web.themes import THEMES

RowT = TypeVar("RowT", bound=models.Model)
new_grid_slug = partial(new_slug, "gr")

TITLE_LENGTH = 300
NOTE_LENGTH = 10_000
COLUMNS_MAX = 24
ALIAS_LENGTH = 64
THEME_LENGTH = 16


class Visibility(models.TextChoices):
    """Name who may see a grid."""

    PUBLIC = "public", "Listed on the owner's profile"
    UNLISTED = "unlisted", "For everybody who has the address"
    PRIVATE = "private", "For the owner"


class ColourScheme(models.TextChoices):
    """Name whether a grid's page is light or dark."""

    AUTO = "auto", "As the visitor's device"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


AUTO_THEME = "auto"


def theme_choices() -> list[tuple[str, str]]:
    """Return the themes of pages, and "auto" for the default one."""
    return [(AUTO_THEME, "Default"), *((name, each.label) for name, each in THEMES.items())]


def alias_field() -> models.CharField[str | None, str | None]:
    """Return a field for an alias, unique without regard to case; "none" must be NULL."""
    return models.CharField(
        max_length=ALIAS_LENGTH, null=True, blank=True, validators=[alias_validator]
    )


def _search_vector(**weights: str) -> Any:
    """Return the search vector of these columns, each with its weight.

    The configuration is named, so that the expression is immutable and may be stored; "simple" does not stem,
    since titles come in every language. Addresses are split at their punctuation.
    """
    vectors = [
        SearchVector(_split_at_punctuation(column), config="simple", weight=weight)
        for column, weight in weights.items()
    ]
    return reduce(add, vectors)


def _split_at_punctuation(column: str) -> Any:
    # Mark by mark: translate(), which does it in one call, takes four times as long.
    text: Any = F(column)
    for mark in "/.:-_?=&%#+,@":
        text = Replace(text, Value(mark), Value(" "), output_field=models.TextField())
    return text


class GridQuerySet(models.QuerySet["Grid"]):
    """Narrow grids in ways that several selectors share."""

    def live(self) -> GridQuerySet:
        """Return grids that are not in the trash."""
        return self.filter(is_deleted=False)


class SearchableManager(models.Manager[RowT]):
    """Leave the search vector unread, which is larger than the rest of the row."""

    def get_queryset(self) -> models.QuerySet[RowT]:
        """Return all rows."""
        return super().get_queryset().defer("search")


GridManager = SearchableManager.from_queryset(GridQuerySet)


class Grid(Record, SoftDeleted):
    """Store a grid: a page of links, `columns` cells wide and as long as needed.

    `version` grows with every change of the grid's own fields and is its ETag; `layout_version` grows with
    every change of its tiles or their places.
    """

    slug = models.CharField(max_length=SLUG_LENGTH, editable=False, default=new_grid_slug)
    # Where a composite index begins with a foreign key, the key needs none of its own.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="grids", db_index=False
    )
    title = models.CharField(max_length=TITLE_LENGTH)
    description = models.TextField(max_length=NOTE_LENGTH, blank=True)
    alias = alias_field()
    visibility = models.CharField(
        max_length=8, choices=Visibility.choices, default=Visibility.PRIVATE
    )
    theme = models.CharField(max_length=THEME_LENGTH, choices=theme_choices, default=AUTO_THEME)
    colour_scheme = models.CharField(
        max_length=5, choices=ColourScheme.choices, default=ColourScheme.AUTO
    )
    columns = models.PositiveSmallIntegerField(default=6)
    version = models.PositiveIntegerField(default=1, editable=False)
    layout_version = models.PositiveIntegerField(default=1, editable=False)
    search = models.GeneratedField(
        expression=_search_vector(title="A", description="B"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = GridManager()

    class Meta:
        db_table = "grids_grid"
        constraints = [
            models.UniqueConstraint(fields=["slug"], name="grid_slug_once"),
            models.UniqueConstraint(
                Lower("alias"), condition=Q(is_deleted=False), name="grid_alias_once"
            ),
            models.CheckConstraint(
                condition=Q(columns__gte=1, columns__lte=COLUMNS_MAX), name="grid_columns"
            ),
            models.CheckConstraint(
                condition=Q(is_deleted=True, deleted_on__isnull=False)
                | Q(is_deleted=False, deleted_on__isnull=True),
                name="grid_deleted_on_iff_deleted",
            ),
        ]
        indexes = [
            models.Index("user", "is_deleted", "created_on", "id", name="grid_user_created"),
            models.Index("user", "is_deleted", "modified_on", "id", name="grid_user_modified"),
            models.Index("user", "is_deleted", "title", "id", name="grid_user_title"),
            GinIndex("search", name="grid_search"),
        ]

    def __str__(self) -> str:
        return self.title
