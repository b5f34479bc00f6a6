"""Grids and the links on them."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Now, Replace

from gridlink.lib.models import Record, SoftDeleted, count_field
from gridlink.lib.slugs import SLUG_LENGTH, alias_validator, new_slug
from gridlink.lib.weburl import URL_LENGTH
from grids.models.import_run import SOURCE_LENGTH

new_grid_slug = partial(new_slug, "gr")
LINK_PREFIX = "li"
new_link_slug = partial(new_slug, LINK_PREFIX)

TITLE_LENGTH = 300
NOTE_LENGTH = 10_000
TAG_LENGTH = 64
TAGS_MAX = 50
COLUMNS_MAX = 24
HEIGHT_MAX = 50
Y_MAX = 1_000_000
ALIAS_LENGTH = 64


class Visibility(models.TextChoices):
    """Who may see a grid."""

    PUBLIC = "public", "Listed on the owner's profile"
    UNLISTED = "unlisted", "For whoever knows the address"
    PRIVATE = "private", "For the owner"


class Theme(models.TextChoices):
    """How a grid's page looks."""

    AUTO = "auto", "As the visitor's device"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


def _without_marks(column: str) -> Any:
    # One by one: translate(), which does it in one call, takes four times as long and half of what all of a
    # link's vector does.
    text: Any = F(column)
    for mark in "/.:-_?=&%#+,@":
        text = Replace(text, Value(mark), Value(" "), output_field=models.TextField())
    return text


def _words(*columns: tuple[str, str]) -> Any:
    # The configuration is named, so that the expression is immutable and may be stored; "simple" does not
    # stem, since titles come in every language. Addresses are split at their punctuation.
    vectors = [
        SearchVector(_without_marks(column), config="simple", weight=weight)
        for column, weight in columns
    ]
    total: Any = vectors[0]
    for vector in vectors[1:]:
        total = total + vector
    return total


class GridQuerySet(models.QuerySet["Grid"]):
    """Narrowings that several selectors share."""

    def live(self) -> GridQuerySet:
        """Grids that are not in the trash."""
        return self.filter(is_deleted=False)


class _GridManager(models.Manager["Grid"]):
    """Leaves the search vector where it is: it is for the index, and larger than the rest of the row."""

    def get_queryset(self) -> models.QuerySet[Grid]:
        """All grids."""
        return super().get_queryset().defer("search")


GridManager = _GridManager.from_queryset(GridQuerySet)


class Grid(Record, SoftDeleted):
    """A page of links, `columns` cells wide and as long as it needs.

    `version` grows with every change of the grid's own fields and is its ETag; `layout_version` grows with
    every change of which tiles there are or where they stand.
    """

    slug = models.CharField(max_length=SLUG_LENGTH, editable=False, default=new_grid_slug)
    # Where a composite index begins with a foreign key, the key needs none of its own.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="grids", db_index=False
    )
    title = models.CharField(max_length=TITLE_LENGTH)
    description = models.TextField(max_length=NOTE_LENGTH, blank=True)
    alias = models.CharField(  # noqa: DJ001  (unique, so that "none" must be NULL)
        max_length=ALIAS_LENGTH, null=True, blank=True, validators=[alias_validator]
    )
    visibility = models.CharField(
        max_length=8, choices=Visibility.choices, default=Visibility.PRIVATE
    )
    theme = models.CharField(max_length=5, choices=Theme.choices, default=Theme.AUTO)
    columns = models.PositiveSmallIntegerField(default=6)
    version = models.PositiveIntegerField(default=1, editable=False)
    layout_version = models.PositiveIntegerField(default=1, editable=False)
    search = models.GeneratedField(
        expression=_words(("title", "A"), ("description", "B")),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = GridManager()

    class Meta:
        db_table = "grids_grid"
        constraints = [
            models.UniqueConstraint(fields=["slug"], name="grid_slug_once"),
            models.UniqueConstraint("alias", condition=Q(is_deleted=False), name="grid_alias_once"),
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


class LinkQuerySet(models.QuerySet["Link"]):
    """Narrowings that several selectors share."""

    def live(self) -> LinkQuerySet:
        """Links that are neither in the trash themselves nor on a grid that is."""
        return self.filter(is_deleted=False, grid__is_deleted=False)

    def active(self) -> LinkQuerySet:
        """Links whose active window, if they have one, is open now."""
        begun = Q(active_from__isnull=True) | Q(active_from__lte=Now())
        return self.filter(begun, Q(active_until__isnull=True) | Q(active_until__gt=Now()))

    def with_grid(self) -> LinkQuerySet:
        """Reads each link's grid along, in the same query."""
        return self.select_related("grid").defer("search", "grid__search")


class _LinkManager(models.Manager["Link"]):
    """Leaves the search vectors where they are, the grid's too when it is read along."""

    def get_queryset(self) -> models.QuerySet[Link]:
        """All links."""
        return super().get_queryset().defer("search")


LinkManager = _LinkManager.from_queryset(LinkQuerySet)


class Link(Record, SoftDeleted):
    """A tile: an address at `x, y` on its grid, `width` by `height` cells large.

    `user` repeats the grid's owner, so that one index can walk a user's links in order at any size.
    `url` is kept as typed; `url_key` is equal for two that lead to the same place. `base_clicks` were
    counted elsewhere, before the link was imported from a file of the format `base_clicks_from`: they stand
    beside the clicks counted here and are in none of their sums.
    """

    slug = models.CharField(max_length=SLUG_LENGTH, editable=False, default=new_link_slug)
    # One constraint for both, made by migration 0006: the owner is the grid's.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    grid = models.ForeignKey(
        Grid,
        on_delete=models.CASCADE,
        related_name="links",
        db_index=False,
        db_constraint=False,
    )
    url = models.CharField(max_length=URL_LENGTH)
    url_key = models.CharField(max_length=32, editable=False)
    title = models.CharField(max_length=TITLE_LENGTH)
    note = models.TextField(max_length=NOTE_LENGTH, blank=True)
    tags = ArrayField(models.CharField(max_length=TAG_LENGTH), default=list, blank=True)
    alias = models.CharField(  # noqa: DJ001  (unique, so that "none" must be NULL)
        max_length=ALIAS_LENGTH, null=True, blank=True, validators=[alias_validator]
    )
    x = models.PositiveSmallIntegerField()
    y = models.PositiveIntegerField()
    width = models.PositiveSmallIntegerField(default=1)
    height = models.PositiveSmallIntegerField(default=1)
    background = models.CharField(max_length=2048, blank=True)
    style = models.JSONField(default=dict, blank=True)
    active_from = models.DateTimeField(null=True, blank=True)
    active_until = models.DateTimeField(null=True, blank=True)
    base_clicks = count_field()
    base_clicks_from = models.CharField(
        max_length=SOURCE_LENGTH, blank=True, default="", db_default=""
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    # Of title, note and address, made by a trigger (migration 0006) unless it is brought along.
    search = SearchVectorField(null=True, editable=False)

    objects = LinkManager()

    class Meta:
        db_table = "grids_link"
        constraints = [
            models.UniqueConstraint(fields=["slug"], name="link_slug_once"),
            models.UniqueConstraint("alias", condition=Q(is_deleted=False), name="link_alias_once"),
            models.CheckConstraint(
                condition=Q(width__gte=1, width__lte=COLUMNS_MAX)
                & Q(height__gte=1, height__lte=HEIGHT_MAX)
                & Q(x__lt=COLUMNS_MAX, y__lte=Y_MAX),
                name="link_size",
            ),
            models.CheckConstraint(
                condition=Q(active_until__gt=F("active_from"))
                | Q(active_from__isnull=True)
                | Q(active_until__isnull=True),
                name="link_active_window",
            ),
            models.CheckConstraint(
                condition=Q(is_deleted=True, deleted_on__isnull=False)
                | Q(is_deleted=False, deleted_on__isnull=True),
                name="link_deleted_on_iff_deleted",
            ),
        ]
        indexes = [
            models.Index("user", "is_deleted", "created_on", "id", name="link_user_created"),
            models.Index("user", "is_deleted", "modified_on", "id", name="link_user_modified"),
            models.Index("user", "is_deleted", "title", "id", name="link_user_title"),
            models.Index("grid", "is_deleted", "y", "x", "id", name="link_grid_position"),
            models.Index("user", "url_key", name="link_user_url"),
            GinIndex("search", name="link_search"),
            GinIndex("tags", name="link_tags"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def short_url(self) -> str:
        """Where visitors click it: the counted redirect."""
        return f"{settings.LINK_BASE_URL}/l/{self.alias or self.slug}"
