"""Store links: the tiles of a grid."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now

from gridlink.lib.models import Record, SoftDeleted, count_field
from gridlink.lib.slugs import SLUG_LENGTH, new_slug
from gridlink.lib.weburl import URL_LENGTH
from grids.models.grid import (
    COLUMNS_MAX,
    NOTE_LENGTH,
    TITLE_LENGTH,
    Grid,
    SearchableManager,
    alias_field,
)
from grids.models.import_run import SOURCE_LENGTH

LINK_PREFIX = "li"
new_link_slug = partial(new_slug, LINK_PREFIX)

TAG_LENGTH = 64
TAGS_MAX = 50
HEIGHT_MAX = 50
Y_MAX = 1_000_000
"""The last row that a tile may begin in."""


class LinkQuerySet(models.QuerySet["Link"]):
    """Narrow links in ways that several selectors share."""

    def live(self) -> LinkQuerySet:
        """Return links that are neither in the trash themselves nor on a grid that is."""
        return self.filter(is_deleted=False, grid__is_deleted=False)

    def active(self) -> LinkQuerySet:
        """Return links whose active window, if they have one, is open now."""
        begun = Q(active_from__isnull=True) | Q(active_from__lte=Now())
        return self.filter(begun, Q(active_until__isnull=True) | Q(active_until__gt=Now()))

    def with_grid(self) -> LinkQuerySet:
        """Load each link's grid in the same query."""
        return self.select_related("grid").defer("search", "grid__search")


LinkManager = SearchableManager.from_queryset(LinkQuerySet)


class Link(Record, SoftDeleted):
    """Store a link: a tile at `x, y` of its grid, `width` by `height` cells.

    `user` repeats the grid's owner, so that one index can walk a user's links in order at any size. `url` is
    kept as typed; `url_key` is equal for two that lead to the same page. `clicks_before_import` were counted
    elsewhere, before the link was imported from a file of the format `clicks_before_import_from`: they are
    shown beside the clicks counted here and are in none of their sums. With `forward_query`, the redirect
    appends the query that it was called with to `url`.
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
    alias = alias_field()
    x = models.PositiveSmallIntegerField()
    y = models.PositiveIntegerField()
    width = models.PositiveSmallIntegerField(default=1)
    height = models.PositiveSmallIntegerField(default=1)
    background = models.CharField(max_length=2048, blank=True)
    style = models.JSONField(default=dict, blank=True)
    active_from = models.DateTimeField(null=True, blank=True)
    active_until = models.DateTimeField(null=True, blank=True)
    # The database's default is for rows of releases that do not know it, and for those of old archives.
    forward_query = models.BooleanField(default=True, db_default=False)
    clicks_before_import = count_field()
    clicks_before_import_from = models.CharField(
        max_length=SOURCE_LENGTH, blank=True, default="", db_default=""
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    # Of title, note and address, made by a trigger (migration 0006) unless the statement names it.
    search = SearchVectorField(null=True, editable=False)

    objects = LinkManager()

    class Meta:
        db_table = "grids_link"
        constraints = [
            models.UniqueConstraint(fields=["slug"], name="link_slug_once"),
            models.UniqueConstraint(
                Lower("alias"), condition=Q(is_deleted=False), name="link_alias_once"
            ),
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
            # Also of links in the trash, for whose visitors the answer is 410.
            models.Index(Lower("alias"), name="link_alias", condition=Q(alias__isnull=False)),
            GinIndex("search", name="link_search"),
            GinIndex("tags", name="link_tags"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def short_url(self) -> str:
        """Return the address of the counted redirect to this link."""
        return f"{settings.LINK_BASE_URL}/l/{self.alias or self.slug}"
