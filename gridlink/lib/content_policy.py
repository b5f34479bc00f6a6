"""Tell browsers to load nothing into a page but what this server has."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256

from django.http import HttpRequest, HttpResponse

# The admin and the API's documentation need no inline scripts or styles; both show images as data URLs.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def style_source(css: str) -> str:
    """Return the source that allows a style element with exactly this text."""
    return f"'sha256-{b64encode(sha256(css.encode()).digest()).decode()}'"


class ContentPolicyMiddleware:
    """Send the content security policy with every response."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add the header."""
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response
