"""Keyset pages: `{next, previous, results}`, each read with one index range whatever its depth.

DRF's CursorPagination keys on one column and skips by OFFSET among equal values; an import gives thousands
of links the same instant, so here a page starts after a whole row of columns, ended by the unique id.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import F, Field, Model, QuerySet
from django.db.models.fields.tuple_lookups import (  # type: ignore[import-untyped,unused-ignore]
    Tuple,
    TupleGreaterThan,
    TupleLessThan,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gridlink.lib.errors import Invalid
from gridlink.lib.rest.serializers import QuerySerializer

PAGE_SIZE = 50
PAGE_SIZE_MAX = 200


class PageQuery(QuerySerializer):
    """The parameters every list takes; a list's own filters are a subclass of this."""

    cursor = serializers.CharField(
        required=False, max_length=4000, help_text="Opaque; take it from `next` or `previous`."
    )
    limit = serializers.IntegerField(
        required=False, default=PAGE_SIZE, min_value=1, max_value=PAGE_SIZE_MAX
    )


@cache
def _box() -> Fernet:
    secret = b"gridlink.pagination" + settings.SECRET_KEY.encode()
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(secret).digest()))


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two rows: the columns of the row it touches, and which way to read from there.

    As text it is encrypted and authenticated: the row's key stays inside, and none can be made up.
    """

    backward: bool
    columns: tuple[str, ...]
    values: tuple[Any, ...]

    def encode(self) -> str:
        """The cursor as text for a URL."""
        values = [v.isoformat() if isinstance(v, datetime) else v for v in self.values]
        packed = json.dumps([self.backward, self.columns, values], separators=(",", ":"))
        return _box().encrypt(packed.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, model: type[Model], columns: Sequence[str]) -> Cursor:
        """Raises Invalid for text that no list ordered by these columns gave out."""
        try:
            packed = _box().decrypt(text + "=" * (-len(text) % 4))
            backward, named, values = json.loads(packed)
            if named != list(columns):
                raise ValueError("of a list in another order")
            pairs = zip((_column(model, name) for name in columns), values, strict=True)
            return cls(backward, tuple(columns), tuple(_as_kept(field, v) for field, v in pairs))
        except (InvalidToken, ValueError, ValidationError) as error:
            raise Invalid("The cursor is not one that this list gave out.") from error


def _column(model: type[Model], name: str) -> Field[Any, Any]:
    field = model._meta.get_field(name)
    assert isinstance(field, Field)
    return field


def _as_kept(field: Field[Any, Any], value: Any) -> Any:
    value = field.to_python(value)
    # Among them the range of numbers that the column can hold.
    field.run_validators(value)
    return value


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows in the list's own order, and the cursors around it."""

    rows: list[Any]
    next: Cursor | None
    previous: Cursor | None


def read_page(
    queryset: QuerySet[Any], *, ordering: tuple[str, ...], cursor: str | None, limit: int
) -> Page:
    """Read one page in one query. `ordering` ends in a unique column; all run the way the first does."""
    columns = [name.removeprefix("-") for name in ordering]
    place = Cursor.decode(cursor, queryset.model, columns) if cursor else None
    descending = ordering[0].startswith("-") != bool(place and place.backward)
    if place:
        lookup = TupleLessThan if descending else TupleGreaterThan
        queryset = queryset.filter(lookup(Tuple(*map(F, columns)), place.values))
    keys = [F(name).desc() if descending else F(name).asc() for name in columns]
    rows = list(queryset.order_by(*keys)[: limit + 1])
    more = len(rows) > limit
    rows = rows[:limit]
    backward = bool(place and place.backward)
    if backward:
        rows.reverse()
    has_next, has_previous = (True, more) if backward else (more, place is not None)
    return Page(
        rows,
        next=_beside(rows, -1, columns, backward=False) if rows and has_next else None,
        previous=_beside(rows, 0, columns, backward=True) if rows and has_previous else None,
    )


def _beside(rows: list[Any], index: int, columns: list[str], *, backward: bool) -> Cursor:
    return Cursor(backward, tuple(columns), tuple(getattr(rows[index], name) for name in columns))


def page_response(
    request: Request,
    queryset: QuerySet[Any],
    *,
    query: dict[str, Any],
    ordering: tuple[str, ...],
    serialize: Callable[[list[Any]], Any],
) -> Response:
    """A list's answer; `query` is the validated PageQuery and `serialize` turns its rows into JSON."""
    page = read_page(queryset, ordering=ordering, cursor=query.get("cursor"), limit=query["limit"])
    return Response(
        {
            "next": page_url(request, page.next),
            "previous": page_url(request, page.previous),
            "results": serialize(page.rows),
        }
    )


def page_url(request: Request, cursor: Cursor | None) -> str | None:
    """The absolute address of the same list at another place."""
    if cursor is None:
        return None
    query = request.query_params.copy()
    query["cursor"] = cursor.encode()
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
