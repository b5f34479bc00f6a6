"""Up to a thousand creates, updates and deletes of links in one call, with a verdict for each.

All of it is one transaction, with a number of queries that does not depend on the number of items. An item
that cannot be done leaves no trace and does not keep the others from being done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from gridlink.accounts.models import User
from gridlink.lib.errors import ApplicationError, Conflict, NotFound
from gridlink.lib.models import require_version
from grids.layout.locking import LockedGrids
from grids.models import Link
from grids.services import links
from grids.services.grids import alias_conflict

BULK_MAX = 1000
_UPDATED = [
    "grid", "url", "url_key", "title", "note", "tags", "alias", "x", "y", "width", "height",
    "background", "style", "active_from", "active_until", "version", "modified_on",
]  # fmt: skip
_DELETED = ["is_deleted", "deleted_on", "version", "modified_on"]


@dataclass(frozen=True, slots=True)
class Item:
    """One wish: `index` is its place in the request's list; `fields` are validated."""

    index: int
    fields: dict[str, Any]
    slug: str = ""
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one item; `error` when nothing did."""

    operation: str
    index: int
    slug: str = ""
    link: Link | None = None
    error: ApplicationError | None = None


@dataclass(slots=True)
class BulkRequest:
    """The wishes, done in the order deletes, updates, creates: so places and aliases get free first."""

    delete: list[Item] = field(default_factory=list)
    update: list[Item] = field(default_factory=list)
    create: list[Item] = field(default_factory=list)


def link_bulk(*, user: User, request: BulkRequest) -> list[Verdict]:
    """Do what can be done, and say of each item whether it was."""
    with transaction.atomic(), alias_conflict():
        return _Bulk(user, request).run()


class _Bulk:
    def __init__(self, user: User, request: BulkRequest) -> None:
        self._request = request
        self._grids = LockedGrids(user.pk, slugs=self._grid_slugs(), ids=self._grid_ids(user))
        self._links = {
            link.slug: link
            for link in Link.objects.filter(user=user, slug__in=self._slugs(), is_deleted=False)
        }
        self._aliases = self._taken_aliases()
        # Links that gave their alias up. The index is asked row by row, so all are freed before any is taken.
        self._freed: list[int] = []

    def run(self) -> list[Verdict]:
        verdicts = [
            *self._each("delete", self._request.delete, self._delete),
            *self._each("update", self._request.update, self._update),
            *self._each("create", self._request.create, self._create),
        ]
        done = [verdict for verdict in verdicts if verdict.link]
        self._write(done)
        self._grids.save()
        return verdicts

    def _each(
        self, operation: str, items: Iterable[Item], act: Callable[[Item], Link]
    ) -> Iterable[Verdict]:
        for item in items:
            try:
                yield Verdict(operation, item.index, item.slug, link=act(item))
            except ApplicationError as error:
                yield Verdict(operation, item.index, item.slug, error=error)

    def _delete(self, item: Item) -> Link:
        link = self._link(item)
        links.discard(self._grids, link)
        self._aliases.discard(link.alias)
        del self._links[link.slug]
        return link

    def _update(self, item: Item) -> Link:
        link = self._link(item)
        self._claim_alias(item.fields, link)
        after = links.changed(self._grids, link, item.fields)
        self._settle_alias(link, after)
        # A second update of the same link in this request would overwrite the first.
        del self._links[link.slug]
        return after

    def _create(self, item: Item) -> Link:
        self._claim_alias(item.fields, None)
        link = links.build(self._grids, item.fields)
        self._settle_alias(None, link)
        return link

    def _link(self, item: Item) -> Link:
        link = self._links.get(item.slug)
        if link is None:
            raise NotFound("There is no such link, or the request names it twice.")
        self._grids.by_id(link.grid_id)
        require_version(link.version, item.version)
        return link

    def _claim_alias(self, fields: dict[str, Any], link: Link | None) -> None:
        alias = fields.get("alias")
        if alias and alias in self._aliases and not (link and link.alias == alias):
            raise Conflict("The alias is taken.", fields={"alias": ["The alias is taken."]})

    def _settle_alias(self, before: Link | None, after: Link) -> None:
        if before and before.alias != after.alias:
            self._aliases.discard(before.alias)
            self._freed.append(before.pk)
        if after.alias:
            self._aliases.add(after.alias)

    def _write(self, done: list[Verdict]) -> None:
        by_operation: dict[str, list[Link]] = {"delete": [], "update": [], "create": []}
        for verdict in done:
            assert verdict.link is not None
            by_operation[verdict.operation].append(verdict.link)
        Link.objects.bulk_update(by_operation["delete"], _DELETED)
        Link.objects.filter(pk__in=self._freed).update(alias=None)
        Link.objects.bulk_update(by_operation["update"], _UPDATED)
        Link.objects.bulk_create(by_operation["create"])

    def _slugs(self) -> set[str]:
        return {item.slug for item in [*self._request.delete, *self._request.update]}

    def _grid_slugs(self) -> set[str]:
        items = [*self._request.create, *self._request.update]
        return {item.fields["grid"] for item in items if "grid" in item.fields}

    def _grid_ids(self, user: User) -> set[int]:
        owned = Link.objects.filter(user=user, slug__in=self._slugs(), is_deleted=False)
        return set(owned.values_list("grid_id", flat=True))

    def _taken_aliases(self) -> set[str | None]:
        items = [*self._request.create, *self._request.update]
        wanted = {item.fields["alias"] for item in items if item.fields.get("alias")}
        live = Link.objects.filter(alias__in=wanted, is_deleted=False)
        return set(live.values_list("alias", flat=True))
