"""Read the Idempotency-Key header, for every endpoint that submits a job."""

from __future__ import annotations

import re

from rest_framework.request import Request

from gridlink.lib.errors import Invalid

_KEY = re.compile(r"\A[\x21-\x7e]{1,200}\Z")


def idempotency_key(request: Request) -> str:
    """Return the Idempotency-Key header, or "". Raises Invalid for a malformed one."""
    key = request.headers.get("Idempotency-Key", "")
    if key and not _KEY.match(key):
        raise Invalid("Idempotency-Key must be 1 to 200 visible ASCII characters.")
    return key
