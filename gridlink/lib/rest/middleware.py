"""Limit request bodies by their Content-Length, before they are read."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from gridlink.lib.rest.exceptions import error_response

# The parts of a multipart body around the file itself.
_MULTIPART_ALLOWANCE = 64 * 1024
# How much of a body that is too large is read and discarded.
_DISCARDED_MAX = 32 * 1024 * 1024


class BodyLimitMiddleware:
    """Answer 413 for a body over its limit, and 411 for one without a length."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Refuse the request or pass it on."""
        if "HTTP_TRANSFER_ENCODING" in request.META:
            return error_response(411, "State the body's length in Content-Length.")
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not (length.isascii() and length.isdigit()):
            return error_response(400, "Content-Length must be a whole number.")
        limit = self._limit(request)
        if int(length) > limit:
            # A client that is still sending would get a broken pipe instead of the response.
            _discard(request, min(int(length), _DISCARDED_MAX))
            return error_response(413, f"The body is over the limit of {limit} bytes.")
        return self.get_response(request)

    @staticmethod
    def _limit(request: HttpRequest) -> int:
        if request.path == reverse("import-list"):
            return int(settings.IMPORT_BYTES) + _MULTIPART_ALLOWANCE
        return int(settings.API_BODY_BYTES)


def _discard(request: HttpRequest, size: int) -> None:
    while size > 0 and (chunk := request.read(min(size, 64 * 1024))):
        size -= len(chunk)
