"""Resolve identifiers of requests to grids and links, and check permissions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from gridlink.accounts.access import users_named
from gridlink.accounts.models import User
from gridlink.lib.errors import NotFound
from grids.models import Grid, Link, Visibility

Actor = User | AnonymousUser
RowT = TypeVar("RowT", bound=Model)


def grid_read(actor: Actor, slug: str) -> Grid:
    """Return a live grid that the actor may see. Raises NotFound."""
    grid = _only(Grid.objects.live().select_related("user").filter(slug=slug))
    return _visible(actor, grid, grid)


def grid_write(actor: User, slug: str) -> Grid:
    """Return one of the actor's own live grids. Raises NotFound."""
    return _only(Grid.objects.live().filter(user=actor, slug=slug))


def grids_write(actor: User, slugs: Iterable[str]) -> None:
    """Raise NotFound unless all are the actor's own live grids: one query."""
    _check_all(Grid.objects.live().filter(user=actor), slugs)


def grid_trashed(actor: User, slug: str) -> Grid:
    """Return one of the actor's own grids in the trash. Raises NotFound."""
    return _only(Grid.objects.filter(user=actor, slug=slug, is_deleted=True))


def link_read(actor: Actor, slug: str) -> Link:
    """Return a live link on a grid that the actor may see. Raises NotFound.

    Links of others are visible within their active window only.
    """
    own_or_active = Q(user=actor.pk) | Q(pk__in=Link.objects.active().filter(slug=slug))
    links = Link.objects.live().with_grid().select_related("grid__user").filter(slug=slug)
    link = _only(links.filter(own_or_active))
    return _visible(actor, link.grid, link)


def link_write(actor: User, slug: str) -> Link:
    """Return one of the actor's own live links. Raises NotFound."""
    return _only(Link.objects.live().with_grid().filter(user=actor, slug=slug))


def links_write(actor: User, slugs: Iterable[str]) -> None:
    """Raise NotFound unless all are the actor's own live links: one query."""
    _check_all(Link.objects.live().filter(user=actor), slugs)


def link_trashed(actor: User, slug: str) -> Link:
    """Return one of the actor's trashed links on a live grid. Raises NotFound."""
    links = Link.objects.with_grid().filter(user=actor, slug=slug, is_deleted=True)
    return _only(links.filter(grid__is_deleted=False))


def profile_read(username: str) -> User:
    """Return an active user with a public grid; raise NotFound.

    All others look like a name that nobody has.
    """
    public = Grid.objects.live().filter(user=OuterRef("pk"), visibility=Visibility.PUBLIC)
    return _only(users_named(username).filter(Exists(public)))


def _check_all(rows: QuerySet[Any], slugs: Iterable[str]) -> None:
    named = set(slugs)
    if named and rows.filter(slug__in=named).count() < len(named):
        raise NotFound


def _only(rows: QuerySet[RowT]) -> RowT:
    row = rows.first()
    if row is None:
        raise NotFound
    return row


def _visible(actor: Actor, grid: Grid, row: RowT) -> RowT:
    is_public = grid.visibility != Visibility.PRIVATE and grid.user.is_active
    if grid.user_id != actor.pk and not is_public:
        raise NotFound
    return row
