"""Define the parameters of the lists."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gridlink.lib.rest.pagination import PageQuery, page_response
from gridlink.lib.weburl import BadUrl, check_url
from grids.models import TAG_LENGTH, Visibility

# What a list can be ordered by, each with an index that walks it; the id makes the order total.
_ORDERINGS: dict[str, tuple[str, ...]] = {
    "created_on": ("created_on", "id"),
    "modified_on": ("modified_on", "id"),
    "title": ("title", "id"),
}
TILES_SHOWN = 5_000
_POSITION: dict[str, tuple[str, ...]] = {"position": ("y", "x", "id")}


def _choices(*tables: dict[str, tuple[str, ...]]) -> list[str]:
    names = [name for table in tables for name in table]
    return [*names, *(f"-{name}" for name in names)]


def ordering_of(name: str) -> tuple[str, ...]:
    """Return the columns that an `ordering` parameter stands for."""
    columns = {**_ORDERINGS, **_POSITION}[name.removeprefix("-")]
    return tuple(f"-{column}" for column in columns) if name.startswith("-") else columns


class GridListQuery(PageQuery):
    """Filter grids: `q` searches titles and descriptions; `deleted=true` lists the trash."""

    q = serializers.CharField(required=False, max_length=200)
    visibility = serializers.ChoiceField(Visibility.choices, required=False)
    deleted = serializers.BooleanField(required=False, default=False)
    ordering = serializers.ChoiceField(_choices(_ORDERINGS), required=False, default="-created_on")


class LinkListQuery(PageQuery):
    """Filter links: `q` searches titles, notes and addresses; `url` finds equal addresses."""

    q = serializers.CharField(required=False, max_length=200)
    grid = serializers.RegexField(r"\Agr_[0-9a-f]{32}\Z", required=False)
    tag = serializers.CharField(required=False, max_length=TAG_LENGTH)
    url = serializers.CharField(required=False, max_length=4096)
    created_from = serializers.DateTimeField(required=False)
    created_until = serializers.DateTimeField(required=False)
    deleted = serializers.BooleanField(required=False, default=False)
    ordering = serializers.ChoiceField(_choices(_ORDERINGS), required=False, default="-created_on")

    def validate_url(self, url: str) -> str:
        """Refuse an address that no link can have."""
        try:
            return check_url(url)
        except BadUrl as error:
            raise serializers.ValidationError(str(error)) from error


class GridLinksQuery(PageQuery):
    """Order the links of one grid, in reading order unless requested otherwise."""

    ordering = serializers.ChoiceField(
        _choices(_POSITION, _ORDERINGS), required=False, default="position"
    )


class LayoutQuery(PageQuery):
    """Page through the tiles of a layout, which are small."""

    limit = serializers.IntegerField(
        required=False, default=TILES_SHOWN, min_value=1, max_value=TILES_SHOWN
    )


class ProfileQuery(PageQuery):
    """Limit grids to fewer a page, since each comes with some of its links."""

    limit = serializers.IntegerField(required=False, default=20, min_value=1, max_value=50)


def without_page(query: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters that filter a list, without those that page through it."""
    return {k: v for k, v in query.items() if k not in ("cursor", "limit", "ordering")}


def list_response(
    request: Request,
    rows: QuerySet[Any],
    serializer_class: type[serializers.Serializer[Any]],
    query: dict[str, Any],
) -> Response:
    """Return a page of rows as JSON, in the order of the query's `ordering`."""
    ordering = ordering_of(query["ordering"])
    return page_response(request, rows, serializer_class, query=query, ordering=ordering)
