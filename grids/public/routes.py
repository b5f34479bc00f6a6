"""Name the paths of the public tier, and what answers each."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

from grids.public.cache import ResponseCache
from grids.public.pages.grid_page import resolve_grid_page
from grids.public.pages.links import resolve_link, resolve_view
from grids.public.pages.qr import resolve_qr
from grids.public.pages.site import resolve_site
from grids.public.pages.static_files import resolve_static
from grids.public.responses import KEY, Response

# Connections to PostgreSQL for keys that are not cached.
_LOOKUP_THREADS = 4
_READ = ("GET", "HEAD")
_PAGES_BYTES = 96_000_000
_OTHERS_BYTES = 16_000_000
_NAME = KEY.pattern


@dataclass(frozen=True, slots=True)
class Route:
    """Describe the paths that begin with `prefix`: what follows must match `keys`."""

    prefix: str
    methods: tuple[str, ...]
    keys: re.Pattern[str]
    cache: ResponseCache


def make_routes() -> list[Route]:
    """Return all routes; the first one is for paths that no other prefix fits."""
    executor = ThreadPoolExecutor(_LOOKUP_THREADS, thread_name_prefix="resolve")
    return [
        _route(executor, "/", r"[@A-Za-z0-9_.-]{0,80}", resolve_site, _OTHERS_BYTES),
        Route("/l/", _READ, KEY, ResponseCache(resolve_link, executor)),
        # A page reports its view by navigator.sendBeacon(), which is a POST, or by an image, which is a GET.
        Route("/v/", (*_READ, "POST"), KEY, ResponseCache(resolve_view, executor)),
        _route(
            executor,
            "/g/",
            rf"(?:{_NAME})(?:/(?:[1-9][0-9]{{0,3}}|feed\.xml|feed\.json|icon\.svg))?",
            resolve_grid_page,
            _PAGES_BYTES,
        ),
        _route(
            executor, "/qr/", rf"(?:utm/)?[gl]/(?:{_NAME})\.(?:svg|png)", resolve_qr, _OTHERS_BYTES
        ),
        _route(executor, "/static/", r"[\w./-]{1,200}", resolve_static, _OTHERS_BYTES),
    ]


def _route(
    executor: Executor,
    prefix: str,
    keys: str,
    resolve: Callable[[str], Response],
    bytes_max: int,
) -> Route:
    return Route(
        prefix, _READ, re.compile(keys), ResponseCache(resolve, executor, bytes_max=bytes_max)
    )
