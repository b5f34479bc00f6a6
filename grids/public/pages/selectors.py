"""Read what pages show. Each selector is one query."""

from __future__ import annotations

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import DateTimeField, Min, OuterRef, QuerySet, Subquery
from django.db.models.functions import Least, Now

from gridlink.accounts.models import User
from grids.models import Grid, Link, LinkQuerySet, Visibility
from grids.selectors import has_key

PART_LINKS = 200
"""Links of one part of a grid's page: a page of 5,000 would be megabytes."""
PREVIEW_LINKS = 6
PROFILE_GRIDS = 100
FEED_LINKS = 50


def page_grid(key: str) -> Grid | None:
    """Return the live grid with a slug or alias, unless it is private.

    Its `next_change` is when the active window of one of its links next opens or closes, or None.
    """
    grids = Grid.objects.live().filter(has_key(key), user__is_active=True)
    shown = grids.exclude(visibility=Visibility.PRIVATE).select_related("user")
    return _with_next_change(shown).first()


def part_links(grid: Grid, part: int) -> list[Link]:
    """Return the links of a part, counted from 1, and one more if others follow."""
    first = (part - 1) * PART_LINKS
    return list(_shown(grid).order_by("y", "x", "id")[first : first + PART_LINKS + 1])


def newest_links(grid: Grid) -> list[Link]:
    """Return the links of a grid that were added last, the newest first."""
    return list(_shown(grid).order_by("-created_on", "-id")[:FEED_LINKS])


def profile_owner(username: str) -> User | None:
    """Return the active user of a name."""
    return User.objects.filter(username=username, is_active=True).first()


def profile_grids(user: User) -> list[Grid]:
    """List a user's public grids, the last changed first.

    `first_links` are the keys of the links that a preview shows; `next_change` is as in `page_grid`.
    """
    shown = Link.objects.filter(grid=OuterRef("pk"), is_deleted=False).active()
    first = ArraySubquery(shown.order_by("y", "x", "id").values("pk")[:PREVIEW_LINKS])
    grids = Grid.objects.live().filter(user=user, visibility=Visibility.PUBLIC)
    listed = _with_next_change(grids.order_by("-modified_on", "-id").annotate(first_links=first))
    return list(listed[:PROFILE_GRIDS])


def preview_links(grids: list[Grid]) -> dict[int, list[Link]]:
    """Return for each grid of `profile_grids` its first links in reading order."""
    links = Link.objects.in_bulk([key for grid in grids for key in grid.first_links])  # type: ignore[attr-defined]
    return {
        grid.pk: [links[key] for key in grid.first_links if key in links]  # type: ignore[attr-defined]
        for grid in grids
    }


def public_grids() -> QuerySet[Grid]:
    """List all public grids for the map of the site, with their addresses only."""
    grids = Grid.objects.live().filter(visibility=Visibility.PUBLIC, user__is_active=True)
    return grids.only("slug", "alias", "modified_on").order_by("id")


def _shown(grid: Grid) -> LinkQuerySet:
    return Link.objects.filter(grid=grid, is_deleted=False).active()


def _with_next_change(grids: QuerySet[Grid]) -> QuerySet[Grid]:
    links = Link.objects.filter(grid=OuterRef("pk"), is_deleted=False).order_by()
    return grids.annotate(
        next_change=Least(
            _next(links, "active_from"),
            _next(links, "active_until"),
            output_field=DateTimeField(null=True),
        )
    )


def _next(links: LinkQuerySet, moment: str) -> Subquery:
    coming = links.filter(**{f"{moment}__gt": Now()})
    return Subquery(coming.values("grid").annotate(next=Min(moment)).values("next"))
