"""Serve `links/bulk/`: create, change and delete many links in one call."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import accumulate
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gridlink.accounts.permissions import actor_of
from gridlink.lib.errors import Invalid
from gridlink.lib.json_values import json_size
from gridlink.lib.rest.exceptions import error_body
from gridlink.lib.rest.pagination import PAGE_BYTES
from gridlink.lib.rest.schema import operation
from gridlink.lib.rest.serializers import StrictSerializer, validated
from gridlink.lib.slugs import SLUG_LENGTH
from grids.api import examples
from grids.api.links.serializers import (
    BulkAnswerSerializer,
    BulkDeleteItem,
    BulkSerializer,
    BulkUpdateItem,
    LinkWriteSerializer,
)
from grids.services.bulk import (
    BULK_MAX,
    BulkCreate,
    BulkItem,
    BulkRequest,
    BulkUpdate,
    Verdict,
    link_bulk,
)
from grids.services.changes import LinkChanges, NewLink


class LinkBulkView(APIView):
    """Create, change and delete many links."""

    @operation(
        "Create, change and delete many links",
        body=BulkSerializer,
        examples={"one of each": examples.BULK},
        answers=BulkAnswerSerializer,
        also=[409],
    )
    def post(self, request: Request) -> Response:
        """Do up to 1,000 items in one transaction: deletes, then updates, then creates.

        Each item gets a verdict; one that fails leaves no trace and does not keep the others from being
        done. Once there is 1 MiB of errors, further ones come without their fields.
        """
        lists = validated(BulkSerializer, request.data)
        if sum(map(len, lists.values())) > BULK_MAX:
            raise Invalid(f"At most {BULK_MAX} items go in one call.")
        wanted, refused = BulkRequest(), []
        for name, (serializer_class, parse) in _ITEMS.items():
            serializer = serializer_class()
            for index, raw in enumerate(lists[name]):
                try:
                    fields = serializer.run_validation(raw)
                    getattr(wanted, name).append(parse(index, fields))
                except ValidationError as error:
                    problem = Invalid("Some fields are not valid.", fields=dict(error.detail))  # type: ignore[arg-type]
                    refused.append(Verdict(name, index, _slug_of(raw), error=problem))
        verdicts = link_bulk(user=actor_of(request), request=wanted)
        return Response(_bulk_answer([*verdicts, *refused]))


def _bulk_update(index: int, fields: dict[str, Any]) -> BulkUpdate:
    slug, version = fields.pop("slug"), fields.pop("version", None)
    return BulkUpdate(index=index, slug=slug, version=version, changes=LinkChanges(**fields))


# Of each operation the serializer of its items, and what makes an item of the fields.
_ITEMS: dict[str, tuple[Callable[[], StrictSerializer], Callable[[int, dict[str, Any]], Any]]] = {
    "delete": (BulkDeleteItem, lambda index, fields: BulkItem(index=index, **fields)),
    "update": (partial(BulkUpdateItem, partial=True), _bulk_update),
    "create": (
        LinkWriteSerializer,
        lambda index, fields: BulkCreate(index=index, new=NewLink(**fields)),
    ),
}


def _slug_of(raw: Any) -> str:
    slug = raw.get("slug") if isinstance(raw, dict) else None
    return slug if isinstance(slug, str) and len(slug) <= SLUG_LENGTH else ""


def _bulk_answer(verdicts: list[Verdict]) -> dict[str, Any]:
    order = list(_ITEMS)
    verdicts = sorted(verdicts, key=lambda verdict: (order.index(verdict.operation), verdict.index))
    failed = sum(verdict.error is not None for verdict in verdicts)
    results = [_verdict(verdict) for verdict in verdicts]
    _bound_errors([result["error"] for result in results if result["error"]])
    return {"done": len(verdicts) - failed, "failed": failed, "results": results}


def _bound_errors(errors: list[dict[str, Any]]) -> None:
    for error, size in zip(errors, accumulate(map(json_size, errors)), strict=True):
        if size > PAGE_BYTES:
            error.pop("fields", None)


def _verdict(verdict: Verdict) -> dict[str, Any]:
    link, error = verdict.link, verdict.error
    return {
        "operation": verdict.operation,
        "index": verdict.index,
        "status": "failed" if error else "done",
        "slug": link.slug if link else verdict.slug or None,
        "version": link.version if link else None,
        "error": error and error_body(error.error_code, error.message, error.fields)["error"],
    }
