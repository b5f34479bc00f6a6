"""Which grids and links a report is about, as they were named once and as they are found when it runs."""

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
# Of what is missing, so many are named.
_MISSING_MAX = 20
_NOTHING_LEFT = "There is nothing left of what the report is about."


def _names(prefix: str) -> BoundedListField:
    slug = serializers.RegexField(rf"\A{prefix}_[0-9a-f]{{32}}\Z", trim_whitespace=False)
    return BoundedListField(child=slug, required=False, max_length=NAMED_MAX)


class ScopeSerializer(StrictSerializer):
    """Of which grids and links; without any of it, of the whole account."""

    grids = _names("gr")
    links = _names("li")
    tags = BoundedListField(
        child=TextField(max_length=TAG_LENGTH),
        required=False,
        max_length=TAGS_MAX,
        help_text="Only links that have all of them.",
    )


class _Named(NamedTuple):
    """A grid or a link that was named, as it is now; a link is also in the trash with its grid."""

    pk: int
    title: str
    in_trash: bool


_Found = dict[str, _Named]


@dataclass(frozen=True, slots=True)
class Resolved:
    """The scope as it is now: whose numbers, and which links of the owner, those in the trash included.
    `words` say it to people, `missing` are sentences about what is not what it was."""

    source: MetricsSource
    links: LinkQuerySet
    words: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """Slugs of grids and links, and tags. A link is meant when it is on one of the grids or among the links,
    if any are named, and has all of the tags, as in exports. Nothing named is the whole account."""

    grids: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Self:
        """From JSON; what is named need not be there, and twice is once. Raises Invalid, whose `fields` are
        `grids`, `links` and `tags`."""
        serializer = ScopeSerializer(data=given)
        if not serializer.is_valid():
            raise Invalid("The scope is not valid.", fields=dict(serializer.errors))
        found = serializer.validated_data
        return cls(**{name: tuple(dict.fromkeys(values)) for name, values in found.items()})

    def as_json(self) -> dict[str, list[str]]:
        """As `parse` takes it."""
        return {name: list(values) for name, values in asdict(self).items()}

    @property
    def is_all(self) -> bool:
        """Whether it is the whole account."""
        return not (self.grids or self.links or self.tags)

    def resolve(self, *, user_id: int) -> Resolved:
        """What of it the user has now: up to three queries. What is in the trash keeps its numbers, and what
        is gone has none; `missing` names both."""
        mine = Link.objects.filter(user_id=user_id)
        if self.is_all:
            return Resolved(account_source(user_id=user_id), mine, "All grids", ())
        grids = _found(Grid.objects.filter(user_id=user_id), self.grids, Q(is_deleted=True))
        links = _found(mine, self.links, Q(is_deleted=True) | Q(grid__is_deleted=True))
        missing = [*_missing("grid", self.grids, grids), *_missing("link", self.links, links)]
        narrowed = self._narrowed(mine, grids, links)
        source, is_empty = self._source(narrowed, grids)
        if is_empty:
            missing.append(_NOTHING_LEFT)
        return Resolved(source, narrowed, self._words(grids, links), tuple(missing))

    def _narrowed(self, mine: LinkQuerySet, grids: _Found, links: _Found) -> LinkQuerySet:
        wanted = Q()
        if self.grids or self.links:
            wanted &= Q(grid_id__in=_keys(grids)) | Q(pk__in=_keys(links))
        if self.tags:
            wanted &= Q(tags__contains=list(self.tags))
        return mine.filter(wanted)

    def _source(self, narrowed: LinkQuerySet, grids: _Found) -> tuple[MetricsSource, bool]:
        # A grid has numbers of its own, of links too that have left it since.
        if not (self.links or self.tags):
            return grids_source(grid_ids=_keys(grids)), not grids
        keys = list(narrowed.order_by("pk").values_list("pk", flat=True))
        return links_source(link_ids=keys), not keys

    def _words(self, grids: _Found, links: _Found) -> str:
        named = [_counted("grid", self.grids, grids), _counted("link", self.links, links)]
        what = " and ".join(filter(None, named)) or "All links"
        tags = ", ".join(self.tags)
        return what[0].upper() + what[1:] + (f", tagged {tags}" if tags else "")


def _found(rows: QuerySet[Any], slugs: tuple[str, ...], in_trash: Q) -> _Found:
    if not slugs:
        return {}
    flag = ExpressionWrapper(in_trash, output_field=BooleanField())
    found = rows.filter(slug__in=slugs).annotate(in_trash=flag).order_by("pk")
    return {slug: _Named(*names) for slug, *names in found.values_list("slug", *_Named._fields)}


def _keys(found: _Found) -> list[int]:
    return [named.pk for named in found.values()]


def _counted(what: str, slugs: tuple[str, ...], found: _Found) -> str:
    if len(slugs) == 1 and found:
        return f"{what} “{found[slugs[0]].title}”"
    return f"{len(slugs)} {what}{'s' * (len(slugs) > 1)}" if slugs else ""


def _missing(what: str, slugs: tuple[str, ...], found: _Found) -> list[str]:
    said = list(_said(what, slugs, found))
    if len(said) <= _MISSING_MAX:
        return said
    more = f"{len(said) - _MISSING_MAX} more {what}s are in the trash or gone."
    return [*said[:_MISSING_MAX], more]


def _said(what: str, slugs: tuple[str, ...], found: _Found) -> Iterable[str]:
    for slug in slugs:
        if slug not in found:
            yield f"The {what} {slug} is gone."
        elif found[slug].in_trash:
            yield f"The {what} “{found[slug].title}” is in the trash."
