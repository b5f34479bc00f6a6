"""Read and write headers about versions (RFC 9110, 13.1.1), repeated requests and new rows."""

from __future__ import annotations

import re
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.serializers import Serializer

from gridlink.lib.errors import Invalid, PreconditionRequired

_TAG = re.compile(r'\A"([0-9]{1,18})"\Z')
_KEY = re.compile(r"\A[\x21-\x7e]{1,200}\Z")


def etag_of(version: int) -> dict[str, str]:
    """Return the header of a response that shows this version."""
    return {"ETag": f'"{version}"'}


def if_match(request: Request) -> int | None:
    """Return the version to change, or None for `*`; raise PreconditionRequired or Invalid."""
    header = request.headers.get("If-Match", "").strip()
    if not header:
        raise PreconditionRequired("Send If-Match with the ETag you read, or * to override.")
    if header == "*":
        return None
    match = _TAG.match(header)
    if not match:
        raise Invalid('If-Match must be one ETag such as "3", or *.')
    return int(match[1])


def idempotency_key(request: Request) -> str:
    """Return the Idempotency-Key header, or "". Raises Invalid for a malformed one."""
    key = request.headers.get("Idempotency-Key", "")
    if key and not _KEY.match(key):
        raise Invalid("Idempotency-Key must be 1 to 200 visible ASCII characters.")
    return key


def versioned(shown: Serializer[Any]) -> Response:
    """Return a row of a serializer as JSON, with its ETag."""
    assert shown.instance is not None
    return Response(shown.data, headers=etag_of(shown.instance.version))


def created(response: Response, request: Request, view: str, slug: str) -> Response:
    """Make a response 201, with the Location where `view` shows the new row."""
    response.status_code = 201
    response["Location"] = reverse(view, args=[slug], request=request)
    return response
