"""Write links, one or many: lock the grids, change in memory, write."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any

from django.db import transaction

from gridlink.accounts.models import User
from gridlink.lib.errors import Conflict, Invalid, NotFound
from gridlink.lib.models import require_version
from gridlink.lib.unset import UNSET, given
from gridlink.lib.weburl import url_key
from grids.layout.locking import LockedGrids
from grids.models import Link
from grids.services.changes import LinkChanges, NewLink
from grids.services.rows import alias_conflict, set_deleted, touch

_GEOMETRY = {"x", "y", "width", "height", "grid"}


def link_create(*, user: User, new: NewLink) -> Link:
    """Put a link on one of the user's grids. Raises NotFound, Conflict or Invalid."""
    with transaction.atomic():
        grids = LockedGrids(user.pk, slugs=[new.grid])
        link = build(grids, new)
        with alias_conflict():
            link.save(force_insert=True)
        grids.save()
    return link


def link_update(*, link: Link, version: int | None, changes: LinkChanges) -> Link:
    """Change a link, and move it when the changes name a grid.

    Raises PreconditionFailed, NotFound for the grid, Conflict for the alias, Invalid for the tile.
    """
    slugs = [] if changes.grid is UNSET else [changes.grid]
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
    """Restore a link to its old or the first free place. Raises Conflict."""
    with transaction.atomic():
        grids = LockedGrids(link.user_id, ids=[link.grid_id])
        found = Link.objects.filter(pk=link.pk, is_deleted=True).first()
        if found is None:
            raise NotFound
        found.width = min(found.width, grids.by_id(found.grid_id).columns)
        try:
            grids.place(found, at=(found.x, found.y))
        except Invalid:
            grids.place(found, at=None)
        set_deleted(found, False)
        with alias_conflict():
            found.save()
        grids.save()
    return found


def build(grids: LockedGrids, new: NewLink) -> Link:
    """Make a link in its place, not yet saved. Raises as `link_create` does."""
    grid = grids.by_slug(new.grid)
    at = _position(new.x, new.y)
    fields = {**given(new), "grid": grid, "tags": list(new.tags)}
    link = Link(user_id=grid.user_id, url_key=url_key(new.url), **fields)
    _check_window(link)
    grids.place(link, at=at)
    return link


def changed(grids: LockedGrids, link: Link, changes: LinkChanges) -> Link:
    """Return a changed copy of a link, not yet saved, and move its tile.

    Raises as `link_update` does, and then nothing has moved.
    """
    values = given(changes)
    target = grids.by_id(link.grid_id) if changes.grid is UNSET else grids.by_slug(changes.grid)
    at = _new_position(values, stays=link if target.pk == link.grid_id else None)
    after = copy(link)
    for name in values.keys() - {"grid", "x", "y"}:
        setattr(after, name, values[name])
    after.grid = target
    after.url_key = url_key(after.url)
    _check_window(after)
    touch(after)
    if _GEOMETRY & values.keys():
        grids.move(link, after, at=at)
    return after


def discard(grids: LockedGrids, link: Link) -> None:
    """Put a link in the trash, in memory."""
    grids.lift(link)
    set_deleted(link, True)


def _current(link: Link, grids: LockedGrids, version: int | None) -> Link:
    grids.by_id(link.grid_id)
    found = Link.objects.filter(pk=link.pk, is_deleted=False).first()
    if found is None:
        raise NotFound
    require_version(found.version, version)
    if found.grid_id != link.grid_id:
        # Moved after it was read and before the lock, which may be on the wrong grid.
        raise Conflict("The link is being moved to another grid; try again.")
    return found


def _new_position(values: Mapping[str, Any], stays: Link | None) -> tuple[int, int] | None:
    """Return where a changed link goes; on the same grid it keeps unnamed coordinates."""
    if stays is not None:
        return values.get("x", stays.x), values.get("y", stays.y)
    return _position(values.get("x"), values.get("y"))


def _position(x: int | None, y: int | None) -> tuple[int, int] | None:
    if x is None and y is None:
        return None
    if x is None or y is None:
        message = "Give both x and y, or neither for the first free place."
        raise Invalid(message, fields={"x": [message]})
    return x, y


def _check_window(link: Link) -> None:
    if link.active_from and link.active_until and link.active_until <= link.active_from:
        message = "The active window must end after it begins."
        raise Invalid(message, fields={"active_until": [message]})
