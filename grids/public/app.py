"""Serve the public tier as an ASGI application: redirects, pages and what belongs to them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import time
from typing import Any

from django.db import DatabaseError, InterfaceError

from grids.public import responses
from grids.public.changes import ChangeListener
from grids.public.events import EventFactory
from grids.public.pages import messages
from grids.public.responses import Message, Response
from grids.public.routes import Route, make_routes
from grids.public.writer import Stream, Writer

logger = logging.getLogger(__name__)

Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
_HEALTH = ("healthz", "readyz")


class PublicApp:
    """Answer visitors, each after their visit is stored."""

    def __init__(self, *, redis_url: str, spool: Path, event_factory: EventFactory) -> None:
        self._redis_url = redis_url
        self._spool = spool
        self._events = event_factory
        self._site, *others = make_routes()
        self._routes = {route.prefix: route for route in others}

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
        route = self._routes.get(path[: path.find("/", 1) + 1], self._site)
        if scope["method"] not in route.methods:
            return responses.not_allowed(", ".join(route.methods))
        key = path[len(route.prefix) :].removesuffix("/")
        now = time()
        answer = route.cache.known.get(key)
        if answer is None or answer.fresh_until <= now:
            answer = await self._find(route, key)
        if not answer.since <= now < answer.until:
            answer = messages.early() if now < answer.since else messages.gone()
        if answer.target is not None:
            await self._writer.keep(self._events.event(answer.target, now, scope))
        return answer.negotiate(scope)

    async def _find(self, route: Route, key: str) -> Response:
        if route is self._site and key in _HEALTH:
            return self._health()
        if not route.keys.fullmatch(key):
            return messages.missing()
        try:
            return await route.cache.find(key)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("link_not_resolved", extra={"error": repr(error)})
            return messages.try_again()
        except Exception:
            logger.exception("page_defect")
            return messages.try_again()

    def _health(self) -> Response:
        where = "spool" if self._writer.is_spooling else "redis"
        return responses.plain(200, f"ok, clicks go to the {where}\n")

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
        for route in (self._site, *self._routes.values()):
            route.cache.apply(notice)
