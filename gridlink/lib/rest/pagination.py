"""Paginate lists by keyset: one index range per page at any depth.

DRF's CursorPagination keys on one column and skips equal values by OFFSET. An import gives thousands of
links the same creation time, so here a page starts after a tuple of columns that ends in the unique id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import F, Field, Model, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gridlink.lib.errors import Invalid
from gridlink.lib.rest.serializers import StrictSerializer, validated

PAGE_SIZE = 50
PAGE_SIZE_MAX = 200
NEWEST_FIRST = ("-created_on", "-id")
_SALT = "gridlink.pagination"


class PageQuery(StrictSerializer):
    """Parse the parameters of every list; a subclass adds a list's own filters."""

    cursor = serializers.CharField(
        required=False, max_length=4000, help_text="Opaque; take it from `next` or `previous`."
    )
    limit = serializers.IntegerField(
        required=False, default=PAGE_SIZE, min_value=1, max_value=PAGE_SIZE_MAX
    )


class _Serializer:
    """Write JSON with datetimes, and as UTF-8, so that titles in any script stay short."""

    def dumps(self, obj: Any) -> bytes:
        return orjson.dumps(obj)

    def loads(self, data: bytes) -> Any:
        return orjson.loads(data)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Represent a position in a list: a row's ordering columns, and a direction.

    Its text is signed, so that no client can make one up; SECRET_KEY_FALLBACKS still verify older ones.
    """

    backward: bool
    columns: tuple[str, ...]
    values: tuple[Any, ...]

    def encode(self) -> str:
        """Return the cursor as text for a URL."""
        packed = [self.backward, self.columns, self.values]
        return signing.dumps(packed, salt=_SALT, serializer=_Serializer)

    @classmethod
    def decode(cls, text: str, model: type[Model], columns: Sequence[str]) -> Cursor:
        """Return the cursor; raise Invalid unless a list ordered by these columns issued it."""
        try:
            packed = signing.loads(text, salt=_SALT, serializer=_Serializer)
            backward, named, values = packed
            if named != list(columns):
                raise ValueError("The cursor belongs to a list in another order.")
            pairs = zip((_column(model, name) for name in columns), values, strict=True)
            checked = tuple(_checked(field, value) for field, value in pairs)
            return cls(backward, tuple(columns), checked)
        except (signing.BadSignature, ValueError, ValidationError) as error:
            raise Invalid("The cursor is not valid for this list.") from error


def _column(model: type[Model], name: str) -> Field[Any, Any]:
    field = model._meta.get_field(name)
    assert isinstance(field, Field)
    return field


def _checked(field: Field[Any, Any], value: Any) -> Any:
    value = field.to_python(value)
    # The validators include the range of numbers that the column can hold.
    field.run_validators(value)
    return value


@dataclass(frozen=True, slots=True)
class Page:
    """Hold a page of rows in the list's order, with the cursors around it."""

    rows: list[Any]
    next: Cursor | None
    previous: Cursor | None


def read_page(
    queryset: QuerySet[Any], *, ordering: tuple[str, ...], cursor: str | None, limit: int
) -> Page:
    """Read one page in one query.

    `ordering` ends in a unique column, and all its columns sort in the direction of the first.
    """
    columns = [name.removeprefix("-") for name in ordering]
    start = Cursor.decode(cursor, queryset.model, columns) if cursor else None
    backward = start is not None and start.backward
    descending = ordering[0].startswith("-") != backward
    if start:
        lookup = TupleLessThan if descending else TupleGreaterThan
        queryset = queryset.filter(lookup(Tuple(*map(F, columns)), start.values))
    keys = [F(name).desc() if descending else F(name).asc() for name in columns]
    rows = list(queryset.order_by(*keys)[: limit + 1])
    more = len(rows) > limit
    rows = rows[:limit]
    if backward:
        rows.reverse()
    has_next, has_previous = (True, more) if backward else (more, start is not None)
    return Page(
        rows,
        next=_cursor_at(rows[-1], columns, backward=False) if rows and has_next else None,
        previous=_cursor_at(rows[0], columns, backward=True) if rows and has_previous else None,
    )


def _cursor_at(row: Model, columns: list[str], *, backward: bool) -> Cursor:
    return Cursor(backward, tuple(columns), tuple(getattr(row, name) for name in columns))


def page_response(
    request: Request,
    queryset: QuerySet[Any],
    serializer_class: type[serializers.Serializer[Any]],
    *,
    query: dict[str, Any] | None = None,
    ordering: tuple[str, ...] = NEWEST_FIRST,
) -> Response:
    """Return one page as a response; `query` is a validated PageQuery, or else the request's."""
    query = query or validated(PageQuery, request.query_params)
    page = read_page(queryset, ordering=ordering, cursor=query.get("cursor"), limit=query["limit"])
    results = serializer_class(page.rows, many=True, context={"request": request}).data
    return Response({**page_links(request, page), "results": results})


def page_links(request: Request, page: Page) -> dict[str, str | None]:
    """Return the absolute URLs of the pages around `page`, as JSON."""
    urls: dict[str, str | None] = {"next": None, "previous": None}
    query = request.query_params.copy()
    for name in urls:
        if cursor := getattr(page, name):
            query["cursor"] = cursor.encode()
            urls[name] = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
    return urls
