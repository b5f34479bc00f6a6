"""Writes of links. One link or a thousand go the same way: lock the grids, change in memory, write."""

from __future__ import annotations

from copy import copy
from typing import Any

from django.db import transaction
from django.utils import timezone

from gridlink.accounts.models import User
from gridlink.lib.errors import Conflict, Invalid, NotFound
from gridlink.lib.models import require_version
from gridlink.lib.weburl import url_key
from grids.layout.locking import LockedGrids
from grids.models import Grid, Link
from grids.services.grids import alias_conflict

_GEOMETRY = {"x", "y", "width", "height", "grid"}


def link_create(*, user: User, fields: dict[str, Any]) -> Link:
    """Put a link on a grid. `fields["grid"]` is the grid's slug; without x and y it gets the first free
    place. Raises NotFound for the grid, Conflict for a taken alias, Invalid for a tile that does not fit."""
    with transaction.atomic():
        grids = LockedGrids(user.pk, slugs=[fields["grid"]])
        link = build(grids, fields)
        with alias_conflict():
            link.save(force_insert=True)
        grids.save()
    return link


def link_update(*, link: Link, version: int | None, changes: dict[str, Any]) -> Link:
    """Change a link; `changes["grid"]` moves it. Raises PreconditionFailed, NotFound for the new grid,
    Conflict for a taken alias, Invalid for a tile that does not fit."""
    slugs = [changes["grid"]] if "grid" in changes else []
    with transaction.atomic():
        grids = LockedGrids(link.user_id, slugs=slugs, ids=[link.grid_id])
        link = _current(link, grids, version)
        link = changed(grids, link, changes)
        with alias_conflict():
            link.save()
        grids.save()
    return link


def link_delete(*, link: Link, version: int | None) -> None:
    """Put a link in the trash and free its place. Raises PreconditionFailed."""
    with transaction.atomic():
        grids = LockedGrids(link.user_id, ids=[link.grid_id])
        link = _current(link, grids, version)
        discard(grids, link)
        link.save()
        grids.save()


def link_restore(*, link: Link) -> Link:
    """Take a link out of the trash, to its old place or, when that is taken, the first free one.
    Raises Conflict when its alias was given away meanwhile."""
    with transaction.atomic():
        grids = LockedGrids(link.user_id, ids=[link.grid_id])
        found = Link.objects.filter(pk=link.pk, is_deleted=True).first()
        if found is None:
            raise NotFound
        _put_back(grids, found)
        found.is_deleted, found.deleted_on = False, None
        _touch(found)
        with alias_conflict():
            found.save()
        grids.save()
    return found


def build(grids: LockedGrids, fields: dict[str, Any]) -> Link:
    """A new link in its place, not yet saved. Raises as `link_create` does."""
    fields = dict(fields)
    grid = grids.by_slug(fields.pop("grid"))
    at = _position(fields)
    link = Link(user_id=grid.user_id, grid=grid, **fields)
    link.url_key = url_key(link.url)
    _check_window(link)
    grids.place(link, at=at)
    return link


def changed(grids: LockedGrids, link: Link, changes: dict[str, Any]) -> Link:
    """A changed copy of a link, its tile moved if the changes say so; not yet saved. Raises as
    `link_update` does, and then nothing has moved."""
    changes = dict(changes)
    moves = _GEOMETRY & changes.keys()
    target = grids.by_slug(changes.pop("grid")) if "grid" in changes else grids.by_id(link.grid_id)
    at = _position(changes, link if target.pk == link.grid_id else None)
    after = copy(link)
    for name, value in changes.items():
        setattr(after, name, value)
    after.grid = target
    after.url_key = url_key(after.url)
    _check_window(after)
    _touch(after)
    if moves:
        grids.move(link, after, at=at)
    return after


def discard(grids: LockedGrids, link: Link) -> None:
    """Put a link in the trash, in memory."""
    grids.lift(link)
    link.is_deleted, link.deleted_on = True, timezone.now()
    _touch(link)


def _current(link: Link, grids: LockedGrids, version: int | None) -> Link:
    grids.by_id(link.grid_id)
    found = Link.objects.filter(pk=link.pk, is_deleted=False).first()
    if found is None:
        raise NotFound
    require_version(found.version, version)
    if found.grid_id != link.grid_id:
        # Between the look and the lock; the lock may be on the wrong grid.
        raise Conflict("The link is being moved to another grid; try again.")
    return found


def _position(fields: dict[str, Any], stays: Link | None = None) -> tuple[int, int] | None:
    """The wanted position, taken out of `fields`; a link that stays on its grid keeps what is not named."""
    x, y = fields.pop("x", None), fields.pop("y", None)
    if stays is not None:
        return (stays.x if x is None else x, stays.y if y is None else y)
    if (x is None) != (y is None):
        message = "Give both x and y, or neither for the first free place."
        raise Invalid(message, fields={"x": [message]})
    return None if x is None else (x, y)


def _put_back(grids: LockedGrids, link: Link) -> None:
    grid: Grid = grids.by_id(link.grid_id)
    link.width = min(link.width, grid.columns)
    try:
        grids.place(link, at=(link.x, link.y))
    except Invalid:
        grids.place(link, at=None)


def _check_window(link: Link) -> None:
    if link.active_from and link.active_until and link.active_until <= link.active_from:
        message = "The active window must end after it begins."
        raise Invalid(message, fields={"active_until": [message]})


def _touch(link: Link) -> None:
    link.version += 1
    link.modified_on = timezone.now()
