"""The ASGI application of the redirect tier: `/l/{link}` and `/v/{grid}`, and nothing else of Gridlink."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import time
from typing import Any

from django.db import DatabaseError, InterfaceError

from grids.public import answers
from grids.public.answers import Answer, Message
from grids.public.cache import AnswerCache
from grids.public.changes import EVERYTHING, ChangeListener
from grids.public.resolve import resolve_link, resolve_view
from grids.public.visit import Visitors
from grids.public.writer import Stream, Writer

logger = logging.getLogger(__name__)

Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
# Connections to Postgres for what the cache does not know.
_LOOKUP_THREADS = 4
_LINK, _VIEW = "/l/", "/v/"
_PREFIX_LENGTH = len(_LINK)
# A page tells of its view by navigator.sendBeacon(), which is a POST, or by an image, which is a GET.
_METHODS = {_LINK: ("GET", "HEAD"), _VIEW: ("GET", "HEAD", "POST")}


class RedirectApp:
    """Sends visitors on, each after their visit is kept."""

    def __init__(self, *, redis_url: str, spool: Path, visitors: Visitors) -> None:
        self._redis_url = redis_url
        self._spool = spool
        self._visitors = visitors
        executor = ThreadPoolExecutor(_LOOKUP_THREADS, thread_name_prefix="resolve")
        self._caches = {
            _LINK: AnswerCache(resolve_link, executor),
            _VIEW: AnswerCache(resolve_view, executor),
        }

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """One request, or the life of the process."""
        if scope["type"] == "http":
            answer = await self._answer(scope)
            await send(answer.start)
            await send(answer.body if scope["method"] != "HEAD" else answers.NO_BODY)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _answer(self, scope: dict[str, Any]) -> Answer:
        path = scope["path"]
        prefix = path[:_PREFIX_LENGTH]
        cache = self._caches.get(prefix)
        if cache is None:
            return self._other(path)
        if scope["method"] not in _METHODS[prefix]:
            return answers.not_allowed(", ".join(_METHODS[prefix]))
        key = path[_PREFIX_LENGTH:].removesuffix("/")
        answer = cache.known.get(key) or await self._find(cache, key)
        if answer.target is None:
            return answer
        now = time()
        answer = answer.at(now)
        if answer.target is not None:
            await self._writer.keep(self._visitors.event(answer.target, now, scope))
        return answer

    async def _find(self, cache: AnswerCache, key: str) -> Answer:
        if not answers.KEY.fullmatch(key):
            return answers.MISSING
        try:
            return await cache.find(key)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("link_not_resolved", extra={"error": repr(error)})
            return answers.TRY_AGAIN

    def _other(self, path: str) -> Answer:
        if path in ("/healthz", "/readyz"):
            where = "spool" if self._writer.is_spooling else "redis"
            return answers.plain(200, f"ok, clicks go to the {where}\n")
        return answers.ROBOTS if path == "/robots.txt" else answers.MISSING

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._loop = asyncio.get_running_loop()
        try:
            self._writer = Writer(Stream(self._redis_url), self._spool)
        except OSError as error:
            # Raised, it would be taken for an application that has no life, and visitors let in.
            reason = f"CLICK_SPOOL cannot be used: {error}"
            await send({"type": "lifespan.startup.failed", "message": reason})
            return
        self._writer.start()
        listener = ChangeListener(self._heard)
        listener.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        listener.stop()
        await self._writer.close()
        await send({"type": "lifespan.shutdown.complete"})

    def _heard(self, notice: str) -> None:
        """In the listener's thread."""
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
