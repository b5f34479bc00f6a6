"""Paginate lists by keyset: one index range per page, of limited size in bytes.

DRF's CursorPagination keys on one column and skips equal values by OFFSET. An import gives thousands of
links the same creation time, so here a page starts after a tuple of columns that ends in the unique id. It
ends at the requested number of rows or at PAGE_BYTES, whichever comes first; `next` leads on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import orjson
from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import F, Field, Func, IntegerField, Model, QuerySet, TextField
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.db.models.functions import Cast
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gridlink.lib.errors import Invalid
from gridlink.lib.json_values import json_size
from gridlink.lib.rest.serializers import StrictSerializer, validated

PAGE_SIZE = 50
PAGE_SIZE_MAX = 200
PAGE_BYTES = 1 << 20
"""The most that the results of a page have together; a larger row is a page of its own."""
NEWEST_FIRST = ("-created_on", "-id")
_SALT = "gridlink.pagination"


class PageQuery(StrictSerializer):
    """Parse the parameters of every list; a subclass adds a list's own filters."""

    cursor = serializers.CharField(
        required=False, max_length=4000, help_text="Opaque; take it from `next` or `previous`."
    )
    limit = serializers.IntegerField(
        required=False,
        default=PAGE_SIZE,
        min_value=1,
        max_value=PAGE_SIZE_MAX,
        help_text="The most rows of a page. One of large rows ends sooner, at 1 MiB.",
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
    """Hold a page of rows in order, as JSON too, with the cursors around it."""

    rows: list[Any]
    results: list[Any]
    next: Cursor | None
    previous: Cursor | None


def read_page(
    queryset: QuerySet[Any],
    *,
    ordering: tuple[str, ...],
    cursor: str | None,
    limit: int,
    represent: Callable[[list[Any]], Sequence[Any]],
    large: str = "",
) -> Page:
    """Read one page in one query; `represent` returns the rows as JSON.

    `ordering` ends in a unique column, and all its columns sort in the direction of the first. A column of
    JSON that is `large` in some rows is measured first, by a query more, so that they are not all read.
    """
    columns = [name.removeprefix("-") for name in ordering]
    start = Cursor.decode(cursor, queryset.model, columns) if cursor else None
    backward = start is not None and start.backward
    listed = _listed(queryset, columns, start, ordering[0].startswith("-") != backward)
    if large:
        limit = _fitting(_sizes(listed, large, limit))
    rows = list(listed[: limit + 1])
    results = list(represent(rows[:limit]))
    fitting = _that_fit(results)
    more = len(rows) > fitting
    rows, results = rows[:fitting], results[:fitting]
    if backward:
        rows.reverse()
        results.reverse()
    has_next, has_previous = (True, more) if backward else (more, start is not None)
    return Page(
        rows,
        results,
        next=_cursor_at(rows[-1], columns, backward=False) if rows and has_next else None,
        previous=_cursor_at(rows[0], columns, backward=True) if rows and has_previous else None,
    )


def _listed(
    queryset: QuerySet[Any], columns: list[str], start: Cursor | None, descending: bool
) -> QuerySet[Any]:
    """Return the rows after `start` in their order."""
    if start:
        lookup = TupleLessThan if descending else TupleGreaterThan
        queryset = queryset.filter(lookup(Tuple(*map(F, columns)), start.values))
    return queryset.order_by(*(F(name).desc() if descending else F(name).asc() for name in columns))


def _cursor_at(row: Any, columns: list[str], *, backward: bool) -> Cursor:
    return Cursor(backward, tuple(columns), tuple(getattr(row, name) for name in columns))


def _sizes(queryset: QuerySet[Any], column: str, limit: int) -> list[int]:
    text = Cast(column, TextField())
    size = Func(text, function="octet_length", output_field=IntegerField())
    return list(queryset.prefetch_related(None).values_list(size, flat=True)[:limit])


def _that_fit(results: list[Any]) -> int:
    """Return how many of the results fit on a page."""
    if json_size(results) <= PAGE_BYTES:
        return len(results)
    return _fitting([json_size(result) + 1 for result in results])


def _fitting(sizes: list[int]) -> int:
    return max(1, sum(size <= PAGE_BYTES for size in accumulate(sizes)))


def page_response(
    request: Request,
    queryset: QuerySet[Any],
    serializer_class: type[serializers.Serializer[Any]],
    *,
    query: dict[str, Any] | None = None,
    ordering: tuple[str, ...] = NEWEST_FIRST,
    large: str = "",
) -> Response:
    """Return one page as a response; `query` is a validated PageQuery, or else the request's."""
    query = query or validated(PageQuery, request.query_params)

    def represent(rows: list[Any]) -> Sequence[Any]:
        shown: Any = serializer_class(rows, many=True, context={"request": request}).data
        return list(shown)

    page = read_page(
        queryset,
        ordering=ordering,
        cursor=query.get("cursor"),
        limit=query["limit"],
        represent=represent,
        large=large,
    )
    return Response({**page_links(request, page), "results": page.results})


def page_links(request: Request, page: Page) -> dict[str, str | None]:
    """Return the absolute URLs of the pages around `page`, as JSON."""
    urls: dict[str, str | None] = {"next": None, "previous": None}
    query = request.query_params.copy()
    for name in urls:
        if cursor := getattr(page, name):
            query["cursor"] = cursor.encode()
            urls[name] = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
    return urls
