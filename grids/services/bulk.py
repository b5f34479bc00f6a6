"""Create, update and delete up to a thousand links in one call.

All of it is one transaction, with a number of queries that does not depend on the number of items. Each item
gets a verdict; one that cannot be done leaves no trace and does not keep the others from being done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from django.db import transaction

from gridlink.accounts.models import User
from gridlink.lib.errors import ApplicationError, Conflict, NotFound
from gridlink.lib.models import require_version
from gridlink.lib.unset import UNSET, Unset
from grids.layout.locking import LockedGrids
from grids.models import Link
from grids.selectors import has_alias
from grids.services import links
from grids.services.changes import LinkChanges, NewLink
from grids.services.rows import alias_conflict, insert_links, update_links

BULK_MAX = 1000
_UPDATED = (
    "grid_id", "url", "url_key", "title", "note", "tags", "alias", "x", "y", "width", "height",
    "background", "style", "active_from", "active_until", "forward_query", "version",
    "modified_on",
)  # fmt: skip
_DELETED = ("is_deleted", "deleted_on", "version", "modified_on")


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkItem:
    """Represent one item, the `index`-th of its list; a new link has no slug."""

    index: int
    slug: str = ""
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkUpdate(BulkItem):
    """Represent a change of one link."""

    changes: LinkChanges


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkCreate(BulkItem):
    """Represent a link to make."""

    new: NewLink


@dataclass(frozen=True, slots=True)
class Verdict:
    """Tell what became of one item: the link as it is now, or the error."""

    operation: str
    index: int
    slug: str = ""
    link: Link | None = None
    error: ApplicationError | None = None


@dataclass(slots=True)
class BulkRequest:
    """List the items; in this order places and aliases are freed first."""

    delete: list[BulkItem] = field(default_factory=list)
    update: list[BulkUpdate] = field(default_factory=list)
    create: list[BulkCreate] = field(default_factory=list)


ItemT = TypeVar("ItemT", bound=BulkItem)


def link_bulk(*, user: User, request: BulkRequest) -> list[Verdict]:
    """Do what can be done, and return a verdict on each item."""
    with transaction.atomic(), alias_conflict():
        return _Bulk(user, request).run()


class _Bulk:
    """Carry out one request in memory, and write what can be done."""

    def __init__(self, user: User, request: BulkRequest) -> None:
        self._request = request
        slugs = {item.slug for item in [*request.delete, *request.update]}
        links = Link.objects.filter(user=user, slug__in=slugs, is_deleted=False)
        ids = links.values_list("grid_id", flat=True)
        self._grids = LockedGrids(user.pk, slugs=self._grid_slugs(), ids=ids)
        # Read once the grids are locked.
        self._links = {link.slug: link for link in links}
        self._aliases = self._taken_aliases()
        # Links whose alias changes. The index is checked row by row, so all are freed before any is taken.
        self._freed: list[int] = []

    def run(self) -> list[Verdict]:
        verdicts = [
            *self._each("delete", self._request.delete, self._delete),
            *self._each("update", self._request.update, self._update),
            *self._each("create", self._request.create, self._create),
        ]
        self._write(verdicts)
        self._grids.save()
        return verdicts

    def _each(
        self, operation: str, items: Iterable[ItemT], act: Callable[[ItemT], Link]
    ) -> Iterable[Verdict]:
        for item in items:
            try:
                yield Verdict(operation, item.index, item.slug, link=act(item))
            except ApplicationError as error:
                yield Verdict(operation, item.index, item.slug, error=error)

    def _delete(self, item: BulkItem) -> Link:
        link = self._link(item)
        links.discard(self._grids, link)
        self._aliases.discard(_folded(link.alias))
        del self._links[link.slug]
        return link

    def _update(self, item: BulkUpdate) -> Link:
        link = self._link(item)
        self._check_alias(item.changes.alias, link)
        after = links.changed(self._grids, link, item.changes)
        self._note_alias(link, after)
        # A second update of the same link in this request would overwrite the first.
        del self._links[link.slug]
        return after

    def _create(self, item: BulkCreate) -> Link:
        self._check_alias(item.new.alias, None)
        link = links.build(self._grids, item.new)
        self._note_alias(None, link)
        return link

    def _link(self, item: BulkItem) -> Link:
        link = self._links.get(item.slug)
        if link is None:
            raise NotFound("There is no such link, or the request names it twice.")
        self._grids.by_id(link.grid_id)
        require_version(link.version, item.version)
        return link

    def _check_alias(self, alias: str | Unset | None, link: Link | None) -> None:
        own = _folded(link.alias) if link else None
        wanted = None if alias is UNSET else _folded(alias)
        if wanted and wanted in self._aliases and wanted != own:
            raise Conflict("The alias is taken.", fields={"alias": ["The alias is taken."]})

    def _note_alias(self, before: Link | None, after: Link) -> None:
        if before and before.alias != after.alias:
            self._aliases.discard(_folded(before.alias))
            self._freed.append(before.pk)
        if after.alias:
            self._aliases.add(_folded(after.alias))

    def _write(self, verdicts: list[Verdict]) -> None:
        done: dict[str, list[Link]] = {"delete": [], "update": [], "create": []}
        for verdict in verdicts:
            if verdict.link is not None:
                done[verdict.operation].append(verdict.link)
        update_links(done["delete"], _DELETED)
        Link.objects.filter(pk__in=self._freed).update(alias=None)
        update_links(done["update"], _UPDATED)
        insert_links(done["create"])

    def _grid_slugs(self) -> set[str]:
        moves = [item.changes.grid for item in self._request.update]
        made = {item.new.grid for item in self._request.create}
        return {grid for grid in moves if grid is not UNSET} | made

    def _taken_aliases(self) -> set[str | None]:
        wanted = {item.new.alias for item in self._request.create}
        wanted |= {alias for i in self._request.update if (alias := i.changes.alias) is not UNSET}
        live = Link.objects.filter(has_alias(filter(None, wanted)), is_deleted=False)
        return set(map(_folded, live.values_list("alias", flat=True)))


def _folded(alias: str | None) -> str | None:
    return alias.lower() if alias else None
