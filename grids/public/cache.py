"""Cache responses by key, and forget them as soon as something changes.

All methods run in the event loop's thread; only the look-ups themselves run in threads of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from time import monotonic, time

from grids.public import changes
from grids.public.pages import messages
from grids.public.responses import Response

# Of responses for existing keys: 50,000 redirects, or 5,000 large pages.
KNOWN_BYTES = 50_000_000
UNKNOWN_MAX = 10_000
# A guessed address leads to a query at most this often.
UNKNOWN_SECONDS = 5.0
# Look-ups that wait for one of the threads; beyond that, requests are answered with 503.
PENDING_MAX = 1_000
# Requests that wait longer, as for a database that does not respond, get 503 as well.
PENDING_SECONDS = 5.0
_OUTDATED_MAX = 100_000
_MAKING = (changes.key(""), "grid ")


class ResponseCache:
    """Cache the responses of one kind of path, each looked up once at a time."""

    def __init__(
        self,
        resolve: Callable[[str], Response],
        executor: Executor,
        bytes_max: int = KNOWN_BYTES,
    ) -> None:
        self.known: dict[str, Response] = {}
        # What was known before notices were missed: it serves while the database cannot be reached.
        self._stale: dict[str, Response] = {}
        self._resolve = resolve
        self._executor = executor
        self._unknown: dict[str, float] = {}
        # The keys to forget with each notice.
        self._keys: dict[str, set[str]] = {}
        self._bytes_max = bytes_max
        self._size = 0
        # Look-ups that later requests may join, and all that have not ended.
        self._pending: dict[str, asyncio.Task[Response]] = {}
        self._running: set[asyncio.Task[Response]] = set()
        # The notices that each look-up in progress has heard: its response may be older than they are.
        self._heard: dict[object, set[str]] = {}
        # The notices since responses became stale.
        self._outdated: set[str] = set()

    async def find(self, key: str) -> Response:
        """Return the response, from memory or the database. Raises what the look-up raises.

        Keys are looked up and kept in lower case, in which aliases are the same and slugs are written.
        """
        key = key.lower()
        if answer := self._fresh(key):
            return answer
        if self._unknown.get(key, 0.0) > monotonic():
            return messages.missing()
        task = self._pending.get(key)
        if task is None:
            if len(self._running) >= PENDING_MAX:
                return messages.try_again()
            task = self._start_lookup(key)
        try:
            # A cancelled request does not cancel the look-up for the others.
            return await asyncio.wait_for(asyncio.shield(task), PENDING_SECONDS)
        except TimeoutError:
            return self._usable_stale(key) or messages.try_again()
        except Exception:
            if stale := self._usable_stale(key):
                return stale
            raise

    def _usable_stale(self, key: str) -> Response | None:
        answer = self._stale.get(key)
        return answer if answer and self._outdated.isdisjoint(_notices(key, answer)) else None

    def _fresh(self, key: str) -> Response | None:
        answer = self.known.get(key)
        if answer and answer.fresh_until <= time():
            self._stale[key] = answer
            return None
        return answer

    def _start_lookup(self, key: str) -> asyncio.Task[Response]:
        def ended(task: asyncio.Task[Response]) -> None:
            self._running.discard(task)
            if self._pending.get(key) is task:
                del self._pending[key]

        task = asyncio.create_task(self._resolve_and_keep(key))
        self._pending[key] = task
        self._running.add(task)
        task.add_done_callback(ended)
        return task

    async def _resolve_and_keep(self, key: str) -> Response:
        loop = asyncio.get_running_loop()
        lookup = object()
        heard = self._heard[lookup] = set()
        try:
            answer = await loop.run_in_executor(self._executor, self._resolve, key)
        finally:
            del self._heard[lookup]
        if _is_current(key, answer, heard):
            self._remember(key, answer)
        return answer

    def _remember(self, key: str, answer: Response) -> None:
        self._stale.pop(key, None)
        self._forget(key)
        if not answer.depends_on:
            while len(self._unknown) >= UNKNOWN_MAX:
                del self._unknown[next(iter(self._unknown))]
            self._unknown[key] = monotonic() + UNKNOWN_SECONDS
            return
        self._size += answer.size
        while self._size > self._bytes_max and self.known:
            self._forget(next(iter(self.known)))
        self.known[key] = answer
        for notice in _notices(key, answer):
            self._keys.setdefault(notice, set()).add(key)

    def _forget(self, key: str) -> None:
        answer = self.known.pop(key, None)
        if answer is None:
            return
        self._size -= answer.size
        for notice in _notices(key, answer):
            keys = self._keys[notice]
            keys.discard(key)
            if not keys:
                del self._keys[notice]

    def apply(self, notice: str) -> None:
        """Forget what a notice of `changes` concerns."""
        for heard in self._heard.values():
            heard.add(notice)
        # Later requests must not join a look-up that began before the change.
        self._pending.clear()
        if notice == changes.EVERYTHING:
            self._clear()
            return
        # What was looked for in vain may exist now: an alias, or a further part of a grid's page.
        if notice == changes.UNKNOWN or notice.startswith(_MAKING):
            self._unknown.clear()
        for key in list(self._keys.get(notice, ())):
            self._forget(key)
        if self._stale:
            self._outdated.add(notice)
            if len(self._outdated) > _OUTDATED_MAX:
                self._drop_stale()

    def _drop_stale(self) -> None:
        self._stale.clear()
        self._outdated.clear()

    def _clear(self) -> None:
        """Mark everything as stale, since notices of changes may have been missed.

        What was known is looked up again, and serves as it was only while the database cannot be reached.
        """
        usable = {key: each for key, each in self._stale.items() if self._usable_stale(key)}
        everything = usable | self.known
        fits = sum(each.size for each in everything.values()) <= self._bytes_max
        self._stale = everything if fits else self.known.copy()
        self._outdated.clear()
        self.known.clear()
        self._unknown.clear()
        self._keys.clear()
        self._size = 0


def _name(key: str) -> str:
    """Return the slug or alias that a key begins with: "page" of "page/feed.xml"."""
    return key.partition("/")[0]


def _is_current(key: str, answer: Response, heard: set[str]) -> bool:
    """Check that none of the notices heard during its look-up concerns a response."""
    if not answer.depends_on:
        return not heard
    return heard.isdisjoint((changes.EVERYTHING, changes.UNKNOWN, *_notices(key, answer)))


def _notices(key: str, answer: Response) -> tuple[str, ...]:
    return (*answer.depends_on, changes.key(_name(key)))
