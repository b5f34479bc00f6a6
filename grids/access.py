"""Resolve identifiers of requests to grids and links, and check permissions."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from gridlink.accounts.models import User
from gridlink.lib.errors import NotFound
from grids.models import Grid, Link, Visibility

Actor = User | AnonymousUser


def grid_read(actor: Actor, slug: str) -> Grid:
    """Return a live grid that the actor may see. Raises NotFound."""
    grid = Grid.objects.live().select_related("user").filter(slug=slug).first()
    if grid is None or not _may_see(actor, grid):
        raise NotFound
    return grid


def grid_write(actor: User, slug: str) -> Grid:
    """Return one of the actor's own live grids. Raises NotFound."""
    grid = Grid.objects.live().filter(user=actor, slug=slug).first()
    if grid is None:
        raise NotFound
    return grid


def grid_trashed(actor: User, slug: str) -> Grid:
    """Return one of the actor's own grids in the trash. Raises NotFound."""
    grid = Grid.objects.filter(user=actor, slug=slug, is_deleted=True).first()
    if grid is None:
        raise NotFound
    return grid


def link_read(actor: Actor, slug: str) -> Link:
    """Return a live link on a grid that the actor may see. Raises NotFound.

    Links of others are visible within their active window only.
    """
    links = Link.objects.live().with_grid().select_related("grid__user").filter(slug=slug)
    link = links.filter(
        Q(user=actor.pk) | Q(pk__in=Link.objects.active().filter(slug=slug))
    ).first()
    if link is None or not _may_see(actor, link.grid):
        raise NotFound
    return link


def link_write(actor: User, slug: str) -> Link:
    """Return one of the actor's own live links. Raises NotFound."""
    link = Link.objects.live().with_grid().filter(user=actor, slug=slug).first()
    if link is None:
        raise NotFound
    return link


def link_trashed(actor: User, slug: str) -> Link:
    """Return one of the actor's own links in the trash. Raises NotFound.

    Its grid is not in the trash.
    """
    links = Link.objects.with_grid().filter(user=actor, slug=slug, is_deleted=True)
    link = links.filter(grid__is_deleted=False).first()
    if link is None:
        raise NotFound
    return link


def _may_see(actor: Actor, grid: Grid) -> bool:
    if grid.user_id == actor.pk:
        return True
    return grid.visibility != Visibility.PRIVATE and grid.user.is_active
