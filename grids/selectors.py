"""Read grids and links. Each selector is one query, unless it says otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.search import SearchQuery
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Lower
from django.db.models.lookups import In

from gridlink.accounts.models import User
from gridlink.lib.errors import Invalid
from gridlink.lib.weburl import url_key
from grids.access import Actor
from grids.models import Grid, Link, LinkQuerySet, Visibility

TILE = ("slug", "x", "y", "width", "height")
# What a profile shows of one grid; its `links_total` says how many there are.
PROFILE_LINKS = 6
_WORD = re.compile(r"[^\W_]+")
_WORDS_MAX = 16


def search_query(text: str) -> SearchQuery:
    """Return a query for words that begin with those of `text`. Raises Invalid without any."""
    words = _WORD.findall(text)[:_WORDS_MAX]
    if not words:
        raise Invalid("There is no word to search for.", fields={"q": ["Give at least one word."]})
    return SearchQuery(
        " & ".join(f"'{word}':*" for word in words), search_type="raw", config="simple"
    )


def grid_list(
    *, user: User, deleted: bool = False, visibility: str = "", q: str = ""
) -> QuerySet[Grid]:
    """List a user's grids, each with its `links_total`."""
    grids = Grid.objects.filter(user=user, is_deleted=deleted)
    if visibility:
        grids = grids.filter(visibility=visibility)
    if q:
        grids = grids.filter(search=search_query(q))
    return with_totals(grids)


def with_totals(grids: QuerySet[Grid]) -> QuerySet[Grid]:
    """Add `links_total`, the number of live links."""
    return _counted(grids, Link.objects.filter(is_deleted=False))


def _counted(grids: QuerySet[Grid], links: QuerySet[Link]) -> QuerySet[Grid]:
    totals = (
        links.filter(grid=OuterRef("pk"))
        .order_by()
        .values("grid")
        .annotate(links=Count("pk"))
        .values("links")
    )
    return grids.annotate(links_total=Coalesce(Subquery(totals, output_field=IntegerField()), 0))


def grid_shown(*, actor: Actor, grid: Grid) -> Grid:
    """Return a grid with the `links_total` that the actor may see."""
    return _counted(Grid.objects.filter(pk=grid.pk), _visible(actor, grid)).get()


def grid_links(*, actor: Actor, grid: Grid) -> QuerySet[Link]:
    """List a grid's live links with their grid; for others only the active ones."""
    return _visible(actor, grid).filter(grid=grid).with_grid()


def _visible(actor: Actor, grid: Grid) -> LinkQuerySet:
    live = Link.objects.filter(is_deleted=False)
    return live if grid.user_id == actor.pk else live.active()


def link_list(
    *,
    user: User,
    grid: str = "",
    deleted: bool = False,
    q: str = "",
    tag: str = "",
    url: str = "",
    created_from: datetime | None = None,
    created_until: datetime | None = None,
) -> QuerySet[Link]:
    """List a user's links with their grids."""
    links = Link.objects.filter(user=user, is_deleted=deleted, grid__is_deleted=False)
    wanted = Q()
    if grid:
        wanted &= Q(grid__slug=grid)
    if tag:
        wanted &= Q(tags__contains=[tag])
    if url:
        wanted &= Q(url_key=url_key(url))
    if created_from:
        wanted &= Q(created_on__gte=created_from)
    if created_until:
        wanted &= Q(created_on__lt=created_until)
    if q:
        wanted &= Q(search=search_query(q))
    return links.filter(wanted).with_grid()


def profile_grids(*, user: User) -> QuerySet[Grid]:
    """List a user's public grids, each with its `links_total`.

    `first_links` are the keys of its first PROFILE_LINKS links, read from the index, however many more there
    are.
    """
    shown = Link.objects.filter(is_deleted=False).active()
    first = shown.filter(grid=OuterRef("pk")).order_by("y", "x", "id")
    grids = Grid.objects.live().filter(user=user, visibility=Visibility.PUBLIC)
    keys = ArraySubquery(first.values("pk")[:PROFILE_LINKS])
    return _counted(grids, shown).annotate(first_links=keys)


def profile_links(*, grids: list[Any]) -> dict[int, list[Link]]:
    """Return for each grid of `profile_grids` its first links in reading order, without notes."""
    links = Link.objects.defer("note").in_bulk([key for grid in grids for key in grid.first_links])
    return {grid.pk: [links[key] for key in grid.first_links if key in links] for grid in grids}


def grid_tiles(*, actor: Actor, grid: Grid) -> QuerySet[Link, Any]:
    """List the tiles of live links that the actor may see, as named tuples."""
    return _visible(actor, grid).filter(grid=grid).values_list(*TILE, "id", named=True)


def link_resolve(*, key: str) -> Link | None:
    """Return the link with a slug or alias, with its grid.

    It may be in the trash; links of private grids and closed accounts are not found.
    """
    links = Link.objects.filter(has_key(key), user__is_active=True).with_grid()
    shown = links.exclude(grid__visibility=Visibility.PRIVATE)
    # Among links that had the alias the live one, else the last.
    return shown.order_by("is_deleted", "-deleted_on").first()


def grid_resolve(*, key: str) -> Grid | None:
    """Return the live grid with a slug or alias, unless it is private."""
    grids = Grid.objects.live().filter(has_key(key), user__is_active=True)
    return grids.exclude(visibility=Visibility.PRIVATE).first()


def has_alias(aliases: Iterable[str]) -> Q:
    """Match rows with one of these aliases, in capitals or not, by index."""
    return Q(In(Lower("alias"), [alias.lower() for alias in aliases]))


def has_key(key: str) -> Q:
    """Return the condition that a row's slug or alias is `key`."""
    # A slug has an underscore and an alias never does.
    return Q(slug=key) if "_" in key else has_alias([key])
