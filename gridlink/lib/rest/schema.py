"""Describe the API in OpenAPI: error responses, examples and common headers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, TypeVar

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    inline_serializer,
)
from rest_framework import serializers

from gridlink.lib.rest.exceptions import error_body
from gridlink.lib.rest.serializers import ReadSerializer

_ERRORS: dict[int, tuple[str, str, Any]] = {
    400: ("invalid", "Some fields are not valid.", {"title": ["This field is required."]}),
    401: ("unauthenticated", "The token is not valid.", None),
    403: ("forbidden", "The token lacks the scope 'write'.", None),
    404: ("not_found", "Not found.", None),
    409: ("conflict", "The alias is taken.", None),
    406: ("not_acceptable", "Could not satisfy the request Accept header.", None),
    410: ("gone", "The file has expired.", None),
    412: ("precondition_failed", "It changed since you read it: the version is now 4.", None),
    411: ("length_required", "State the body's length in Content-Length.", None),
    413: ("too_large", "The body is over the limit of 5242880 bytes.", None),
    415: ("unsupported_media_type", 'Unsupported media type "text/plain" in request.', None),
    416: ("range_not_satisfiable", "The file has 1024 bytes.", None),
    422: ("unprocessable", "This Idempotency-Key was used for another request.", None),
    428: ("precondition_required", "Send If-Match with the ETag you read.", None),
    429: ("throttled", "Too many attempts; try again in 60 seconds.", None),
    503: ("unavailable", "The database cannot be reached.", None),
}


class ErrorDetailSerializer(serializers.Serializer[Any]):
    """Describe an error: `code` for programs, `message` for people."""

    code = serializers.CharField()
    message = serializers.CharField()
    fields = serializers.DictField(  # type: ignore[assignment]
        required=False, help_text="Messages per field of the input, nested as the input was."
    )


class ErrorSerializer(serializers.Serializer[Any]):
    """Wrap an error."""

    error = ErrorDetailSerializer()


class GridlinkSchema(AutoSchema):
    """Derive tags and operation ids from paths."""

    def get_tags(self) -> list[str]:
        """Return the first part of the path after the version."""
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def get_operation_id(self) -> str:
        """Return a readable id made of the path and the method."""
        words = [part.strip("{}") for part in self.path.removeprefix("/api/v1/").split("/") if part]
        return "_".join([*words, self.method.lower()])


def errors(*statuses: int) -> dict[int, OpenApiResponse]:
    """Return the error responses of an operation: `statuses`, and 406 and 503.

    Where a body can be too large (413), it can also lack its length (411) or have another type (415).
    """
    of_bodies = (411, 415) if 413 in statuses else ()
    return {status: _error(status) for status in sorted({*statuses, *of_bodies, 406, 503})}


def _error(status: int) -> OpenApiResponse:
    code, message, fields = _ERRORS[status]
    example = OpenApiExample(code, value=error_body(code, message, fields))
    return OpenApiResponse(ErrorSerializer, description=message, examples=[example])


def _page_of(item: type[ReadSerializer], example: Any) -> OpenApiResponse:
    value = {"next": None, "previous": None, "results": [example]}
    return OpenApiResponse(_page(item), examples=[OpenApiExample("a page", value=value)])


@cache
def _page(item: type[ReadSerializer]) -> serializers.Serializer[Any]:
    return inline_serializer(
        f"{item.__name__.removesuffix('Serializer')}Page",
        {
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "results": item(many=True),
        },
    )


def _success(item: type[ReadSerializer], example: Any) -> OpenApiResponse:
    return OpenApiResponse(item, examples=[OpenApiExample("success", value=example)])


def _header(name: str, description: str, **options: Any) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description, **options)


ETAG = _header(
    "ETag",
    "The version that is shown; send it back in If-Match to change just that.",
    response=[200, 201],
)
LOCATION = _header("Location", "The address of what was made.", response=[201, 202])
REPLAYED = _header(
    "Idempotent-Replayed",
    "The job is that of an earlier request: with the same Idempotency-Key, or just like this one and"
    " unfinished.",
    response=[202],
    enum=["true"],
)
IF_MATCH = _header(
    "If-Match",
    "The ETag of the version you mean to change, or `*`.",
    required=True,
    pattern=r'^(\*|"[0-9]{1,18}(-[0-9a-f-]{1,100})?")$',
)
IF_NONE_MATCH = _header(
    "If-None-Match", "ETags of what you have, or `*`; if one still holds, the answer is 304."
)
UNCHANGED = OpenApiResponse(description="It is as you have it.")
IDEMPOTENCY_KEY = _header(
    "Idempotency-Key",
    "Send the same key again to get the same job instead of a second one.",
    pattern=r"^[\x21-\x7e]{1,200}$",
)

# The errors that follow from a header of the request; a query serializer brings 400.
_ERRORS_OF_HEADERS = {"If-Match": {400, 412, 428}, "Idempotency-Key": {422, 429}}
Method = TypeVar("Method", bound=Callable[..., Any])
Documented = OpenApiParameter | type[serializers.Serializer[Any]]


def operation(
    summary: str,
    *parameters: Documented,
    body: Any = None,
    examples: Mapping[str, Any] | None = None,
    answers: type[ReadSerializer] | None = None,
    page_of: type[ReadSerializer] | None = None,
    example: Any = None,
    status: int | None = None,
    also: Iterable[int] = (),
    public: bool = False,
) -> Callable[[Method], Method]:
    """Document a view's method for OpenAPI.

    `parameters` are headers and query serializers, `examples` are of the `body`, by name. The response
    `answers` with one object or a `page_of` them, shown by an `example` other than the serializer's, if
    given. `status` is 200, or 204 without either. `also` are errors that do not follow from the rest: the
    token, the body, the path, queries and headers bring their own. A `public` operation needs no token.
    """
    media_type = next(iter(body)) if isinstance(body, dict) else "application/json"
    shown = [
        OpenApiExample(name, value=value, request_only=True, media_type=media_type)
        for name, value in (examples or {}).items()
    ]
    response = None
    if item := page_of or answers:
        response = (_page_of if page_of else _success)(item, example or item.example)
    success = status or (200 if response else 204)

    def decorate(method: Method) -> Method:
        statuses = {*also, *(() if public else (401, 403)), *(() if body is None else (400, 413))}
        # Beside `self` and `request`: what the path names may not exist.
        statuses |= {404} if len(inspect.signature(method).parameters) > 2 else set()
        for parameter in parameters:
            header = parameter.name if isinstance(parameter, OpenApiParameter) else None
            statuses |= _ERRORS_OF_HEADERS.get(header, set()) if header else {400}
        unchanged = {304: UNCHANGED} if IF_NONE_MATCH in parameters else {}
        documented: Method = extend_schema(
            summary=summary,
            parameters=list(parameters),
            request=body,
            responses={success: response, **unchanged, **errors(*statuses)},
            examples=shown or None,
            auth=[] if public else None,
        )(method)
        return documented

    return decorate
