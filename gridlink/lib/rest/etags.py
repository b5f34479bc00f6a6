"""Optimistic concurrency: a version travels as an ETag and comes back in If-Match (RFC 9110, 13.1.1)."""

from __future__ import annotations

import re

from rest_framework.request import Request

from gridlink.lib.errors import Invalid, PreconditionRequired

_TAG = re.compile(r'\A"([0-9]{1,18})"\Z')


def etag_of(version: int) -> dict[str, str]:
    """The headers of an answer that shows this version."""
    return {"ETag": f'"{version}"'}


def if_match(request: Request) -> int | None:
    """The version the caller means to change; None for `*`, any version.

    Raises PreconditionRequired without the header and Invalid when it is not one of our tags.
    """
    header = request.headers.get("If-Match", "").strip()
    if not header:
        raise PreconditionRequired("Send If-Match with the ETag you read, or * to override.")
    if header == "*":
        return None
    match = _TAG.match(header)
    if not match:
        raise Invalid('If-Match must be one ETag such as "3", or *.')
    return int(match[1])
