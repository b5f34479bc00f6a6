"""Serve the redirect tier as an ASGI application: `/l/{link}` and `/v/{grid}`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import time
from typing import Any

from django.db import DatabaseError, InterfaceError

from grids.public import responses
from grids.public.cache import ResponseCache
from grids.public.changes import EVERYTHING, ChangeListener
from grids.public.events import EventFactory
from grids.public.resolve import resolve_link, resolve_view
from grids.public.responses import Message, Response
from grids.public.writer import Stream, Writer

logger = logging.getLogger(__name__)

Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
# Connections to PostgreSQL for keys that are not cached.
_LOOKUP_THREADS = 4
_LINK, _VIEW = "/l/", "/v/"
_PREFIX_LENGTH = len(_LINK)
# A page reports its view by navigator.sendBeacon(), which is a POST, or by an image, which is a GET.
_METHODS = {_LINK: ("GET", "HEAD"), _VIEW: ("GET", "HEAD", "POST")}


class RedirectApp:
    """Redirect visitors, each after their visit is stored."""

    def __init__(self, *, redis_url: str, spool: Path, event_factory: EventFactory) -> None:
        self._redis_url = redis_url
        self._spool = spool
        self._events = event_factory
        executor = ThreadPoolExecutor(_LOOKUP_THREADS, thread_name_prefix="resolve")
        self._caches = {
            _LINK: ResponseCache(resolve_link, executor),
            _VIEW: ResponseCache(resolve_view, executor),
        }

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Handle one request, or the lifespan of the process."""
        if scope["type"] == "http":
            answer = await self._respond(scope)
            await send(answer.start)
            await send(answer.body if scope["method"] != "HEAD" else responses.NO_BODY)
        elif scope["type"] == "lifespan":
            await self._run_lifespan(receive, send)

    async def _respond(self, scope: dict[str, Any]) -> Response:
        path = scope["path"]
        prefix = path[:_PREFIX_LENGTH]
        cache = self._caches.get(prefix)
        if cache is None:
            return self._other(path)
        if scope["method"] not in _METHODS[prefix]:
            return responses.not_allowed(", ".join(_METHODS[prefix]))
        key = path[_PREFIX_LENGTH:].removesuffix("/")
        answer = cache.known.get(key) or await self._find(cache, key)
        if answer.target is None:
            return answer
        now = time()
        answer = answer.at(now)
        if answer.target is not None:
            await self._writer.keep(self._events.event(answer.target, now, scope))
        return answer.with_query(scope["query_string"])

    async def _find(self, cache: ResponseCache, key: str) -> Response:
        if not responses.KEY.fullmatch(key):
            return responses.MISSING
        try:
            return await cache.find(key)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("link_not_resolved", extra={"error": repr(error)})
            return responses.TRY_AGAIN

    def _other(self, path: str) -> Response:
        if path in ("/healthz", "/readyz"):
            where = "spool" if self._writer.is_spooling else "redis"
            return responses.plain(200, f"ok, clicks go to the {where}\n")
        return responses.ROBOTS if path == "/robots.txt" else responses.MISSING

    async def _run_lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        self._loop = asyncio.get_running_loop()
        try:
            self._writer = Writer(Stream(self._redis_url), self._spool)
        except OSError as error:
            # If raised, the server would take it for an application without lifespan, and serve requests.
            reason = f"CLICK_SPOOL cannot be used: {error}"
            await send({"type": "lifespan.startup.failed", "message": reason})
            return
        self._writer.start()
        listener = ChangeListener(self._on_notice)
        listener.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        listener.stop()
        await self._writer.close()
        await send({"type": "lifespan.shutdown.complete"})

    def _on_notice(self, notice: str) -> None:
        """Pass a notice from the listener's thread to the event loop."""
        self._loop.call_soon_threadsafe(self._apply, notice)

    def _apply(self, notice: str) -> None:
        what, _, which = notice.partition(" ")
        for cache in self._caches.values():
            if notice == EVERYTHING:
                cache.clear()
            elif what == "grid":
                cache.grid_changed(int(which))
            else:
                cache.key_changed(which)
