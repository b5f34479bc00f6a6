"""Read and write headers about versions (RFC 9110, 13.1), repeated requests and new rows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from django.utils.http import parse_etags
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.serializers import Serializer

from gridlink.lib.errors import Invalid, PreconditionRequired

# The version, then the state of what else is shown, which is no matter of changes.
_TAG = re.compile(r'\A"([0-9]{1,18})(?:-[0-9a-f-]{1,100})?"\Z')
_KEY = re.compile(r"\A[\x21-\x7e]{1,200}\Z")


def etag_of(version: int, *state: int | str) -> str:
    """Return the ETag of a version, and of a `state` without versions."""
    return f'"{"-".join(map(str, (version, *state)))}"'


def digest_of(shown: Any) -> str:
    """Return a digest of JSON, the state of what changes without a version."""
    return blake2b(json.dumps(shown, default=str).encode(), digest_size=8).hexdigest()


def is_known(request: Request, etag: str) -> bool:
    """Return whether If-None-Match names the ETag: the client has what it asks for."""
    if request.method not in SAFE_METHODS:
        return False
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return known == ["*"] or etag in {tag.removeprefix("W/") for tag in known}


def tagged(request: Request, etag: str, show: Callable[[], Any]) -> Response:
    """Return what is shown under an ETag, or 304 without having it shown.

    It may depend on who asks.
    """
    headers = {"ETag": etag, "Vary": "Authorization"}
    if is_known(request, etag):
        return Response(status=304, headers=headers)
    return Response(show(), headers=headers)


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


def versioned(request: Request, shown: Serializer[Any]) -> Response:
    """Return a row of a serializer as JSON with its ETag, or 304."""
    assert shown.instance is not None
    return tagged(request, etag_of(shown.instance.version), lambda: shown.data)


def created(response: Response, request: Request, view: str, slug: str) -> Response:
    """Make a response 201, with the Location where `view` shows the new row."""
    response.status_code = 201
    response["Location"] = reverse(view, args=[slug], request=request)
    return response
