"""Serve what `bench.pages` compares pages with: a constant over ASGI, and a plain Django view."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gridlink.settings")
django.setup()

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402  (needs django.setup)
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.middleware.gzip import GZipMiddleware  # noqa: E402
from django.template.loader import render_to_string  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils.decorators import decorator_from_middleware  # noqa: E402

from grids.public.pages import grid_page, selectors  # noqa: E402
from grids.public.pages.rendering import page_context  # noqa: E402

_BODY = Path(os.environ["BENCH_BODY"]).read_bytes()
_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-encoding", b"gzip"),
        (b"content-length", b"%d" % len(_BODY)),
    ],
}
_SENT = {"type": "http.response.body", "body": _BODY}


async def constant(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[Any]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Answer every request with the same bytes, and count nothing."""
    if scope["type"] == "http":
        await send(_START)
        await send(_SENT)


@decorator_from_middleware(GZipMiddleware)
def page(request: HttpRequest, key: str) -> HttpResponse:
    """Answer with a grid's page as a view without any cache does."""
    grid = selectors.page_grid(key)
    assert grid is not None
    context = grid_page.make_context(grid, selectors.part_links(grid, 1), part=1, has_more=False)
    return HttpResponse(render_to_string("public/grid.html", page_context(context)))


urlpatterns = [path("g/<str:key>", page)]
# Without middleware: a plain view at its fastest.
django.conf.settings.ROOT_URLCONF = __name__
django.conf.settings.MIDDLEWARE = []
application = WSGIHandler()
