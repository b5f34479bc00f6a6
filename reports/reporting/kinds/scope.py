"""Resolve which existing grids and links a report is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Self

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from rest_framework import serializers

from gridlink.lib.errors import Invalid
from gridlink.lib.rest.serializers import BoundedListField, StrictSerializer, TextField
from grids.models import TAG_LENGTH, TAGS_MAX, Grid, Link, LinkQuerySet
from reports.analytics.sources import MetricsSource, account_source, grids_source, links_source

NAMED_MAX = 10_000
# The most remarks about what is missing.
_REMARKS_MAX = 20
_NOTHING_LEFT = "None of the report's grids and links exist any more."


def _slugs(prefix: str) -> BoundedListField:
    slug = serializers.RegexField(rf"\A{prefix}_[0-9a-f]{{32}}\Z", trim_whitespace=False)
    return BoundedListField(child=slug, required=False, max_length=NAMED_MAX)


class ScopeSerializer(StrictSerializer):
    """Choose grids and links; without any, the whole account."""

    grids = _slugs("gr")
    links = _slugs("li")
    tags = BoundedListField(
        child=TextField(max_length=TAG_LENGTH),
        required=False,
        max_length=TAGS_MAX,
        help_text="Only links that have all of them.",
    )


class _Named(NamedTuple):
    """Represent a named grid or link; links are also in the trash with their grid."""

    pk: int
    title: str
    in_trash: bool


_Found = dict[str, _Named]


@dataclass(frozen=True, slots=True)
class ResolvedScope:
    """Hold the source of metrics and the links, including those in the trash."""

    source: MetricsSource
    links: LinkQuerySet
    description: str
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """Hold slugs of grids and links, and tags; all empty is the whole account.

    As in exports, a link belongs to the scope if it is on one of the grids or among the links, where any are
    named, and has all of the tags.
    """

    grids: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Self:
        """Return the scope from JSON, without duplicates; what it names need not exist.

        Raises Invalid, whose `fields` are `grids`, `links` and `tags`.
        """
        serializer = ScopeSerializer(data=given)
        if not serializer.is_valid():
            raise Invalid("The scope is not valid.", fields=dict(serializer.errors))
        found = serializer.validated_data
        return cls(**{name: tuple(dict.fromkeys(values)) for name, values in found.items()})

    def as_json(self) -> dict[str, list[str]]:
        """Return JSON that `parse` accepts."""
        return {name: list(values) for name, values in asdict(self).items()}

    @property
    def is_all(self) -> bool:
        """Check whether the scope is the whole account."""
        return not (self.grids or self.links or self.tags)

    def resolve(self, *, user_id: int) -> ResolvedScope:
        """Find what the user has of the scope, in up to three queries.

        What is in the trash keeps its metrics, and what is deleted has none; `remarks` name both.
        """
        owned = Link.objects.filter(user_id=user_id)
        if self.is_all:
            return ResolvedScope(account_source(user_id=user_id), owned, "All grids", ())
        grids = _found(Grid.objects.filter(user_id=user_id), self.grids, Q(is_deleted=True))
        links = _found(owned, self.links, Q(is_deleted=True) | Q(grid__is_deleted=True))
        remarks = [*_remarks("grid", self.grids, grids), *_remarks("link", self.links, links)]
        links_in_scope = self._filtered(owned, grids, links)
        source, is_empty = self._source(links_in_scope, grids)
        if is_empty:
            remarks.append(_NOTHING_LEFT)
        description = self._description(grids, links)
        return ResolvedScope(source, links_in_scope, description, tuple(remarks))

    def _filtered(self, owned: LinkQuerySet, grids: _Found, links: _Found) -> LinkQuerySet:
        condition = Q()
        if self.grids or self.links:
            condition &= Q(grid_id__in=_keys(grids)) | Q(pk__in=_keys(links))
        if self.tags:
            condition &= Q(tags__contains=list(self.tags))
        return owned.filter(condition)

    def _source(self, links: LinkQuerySet, grids: _Found) -> tuple[MetricsSource, bool]:
        # Metrics of a grid include links that have left it since.
        if not (self.links or self.tags):
            return grids_source(grid_ids=_keys(grids)), not grids
        keys = list(links.order_by("pk").values_list("pk", flat=True))
        return links_source(link_ids=keys), not keys

    def _description(self, grids: _Found, links: _Found) -> str:
        named = [_counted("grid", self.grids, grids), _counted("link", self.links, links)]
        what = " and ".join(filter(None, named)) or "All links"
        tags = ", ".join(self.tags)
        return what[0].upper() + what[1:] + (f", tagged {tags}" if tags else "")


def _found(rows: QuerySet[Any], slugs: tuple[str, ...], in_trash: Q) -> _Found:
    if not slugs:
        return {}
    flag = ExpressionWrapper(in_trash, output_field=BooleanField())
    found = rows.filter(slug__in=slugs).annotate(in_trash=flag).order_by("pk")
    return {slug: _Named(*named) for slug, *named in found.values_list("slug", *_Named._fields)}


def _keys(found: _Found) -> list[int]:
    return [named.pk for named in found.values()]


def _counted(what: str, slugs: tuple[str, ...], found: _Found) -> str:
    if len(slugs) == 1 and found:
        return f"{what} “{found[slugs[0]].title}”"
    return f"{len(slugs)} {what}{'s' * (len(slugs) > 1)}" if slugs else ""


def _remarks(what: str, slugs: tuple[str, ...], found: _Found) -> list[str]:
    remarks = list(_missing(what, slugs, found))
    if len(remarks) <= _REMARKS_MAX:
        return remarks
    more = f"{len(remarks) - _REMARKS_MAX} more {what}s are in the trash or no longer exist."
    return [*remarks[:_REMARKS_MAX], more]


def _missing(what: str, slugs: tuple[str, ...], found: _Found) -> Iterable[str]:
    for slug in slugs:
        if slug not in found:
            yield f"The {what} {slug} no longer exists."
        elif found[slug].in_trash:
            yield f"The {what} “{found[slug].title}” is in the trash."
