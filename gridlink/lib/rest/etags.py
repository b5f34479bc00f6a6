"""Detect concurrent changes by ETag and If-Match (RFC 9110, 13.1.1)."""

from __future__ import annotations

import re

from rest_framework.request import Request

from gridlink.lib.errors import Invalid, PreconditionRequired

_TAG = re.compile(r'\A"([0-9]{1,18})"\Z')


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
