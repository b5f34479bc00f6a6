"""Store events before their visitors get a response: in Redis, else on disk.

Groups are sent one after another in the order of their numbers, and whatever may have been written already
is written again under the same number, never under another. So the reader counts each exactly once.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter
from itertools import chain
from pathlib import Path
from time import monotonic
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from grids.public import wire
from grids.public.spool import SUFFIX, Spool, abandoned
from grids.public.wire import Event, Group

logger = logging.getLogger(__name__)

# Events of one group: about a quarter of a megabyte.
GROUP_MAX = 2_000
# The spool is sent in pieces that neither delay visitors nor take a slow network a second.
REPLAY_GROUPS = 100
REPLAY_BYTES = 1_000_000
_REDIS_SECONDS = 1.0
_RETRY_SECONDS = 0.5
_ADOPT_SECONDS = 10.0
_HOUR = 3600
_HOUR_MS = 1000 * _HOUR
# After a failed attempt, the next one waits so many times as long as that one took.
_BACKOFF_FACTOR = 4

# As `wire.encode` makes them.
Fields = dict[Any, Any]


# One command and one reply for any number of groups: a MULTI block costs a process twice the time.
# Redis refuses the whole script when it is out of memory, so groups are written all or none.
_APPEND = """
local first = 3
while ARGV[first] do
    local last = first + ARGV[first]
    redis.call('XADD', KEYS[1], '*', unpack(ARGV, first + 1, last))
    first = last + 1
end
return redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
"""


class Stream:
    """Write to the Redis stream. Raises whatever redis-py does without a connection."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(
            url,
            socket_connect_timeout=_REDIS_SECONDS,
            # One timeout around all, in `send`: redis-py's own makes a task of every command.
            socket_timeout=None,
            # The writer handles failures itself, without delay.
            retry=Retry(NoBackoff(), 0),
        )
        self._append = self._redis.register_script(_APPEND)

    async def send(self, groups: list[Fields]) -> None:
        """Append encoded groups of one producer, all or none, and wait for Redis."""
        args: list[Any] = [groups[-1][b"p"], groups[-1][b"a"]]
        for fields in groups:
            args.append(2 * len(fields))
            args.extend(chain.from_iterable(fields.items()))
        async with asyncio.timeout(_REDIS_SECONDS):
            await self._append(keys=[wire.STREAM, wire.COUNTERS], args=args)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()


class _Written(asyncio.Future[None]):
    """Complete when a batch is stored; shared, so that no waiting request can cancel it."""

    def cancel(self, msg: Any = None) -> bool:
        """Refuse."""
        return False


class _Batch:
    """Hold events that are stored together, and the future of their storage."""

    __slots__ = ("events", "written")

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.written = _Written(loop=asyncio.get_running_loop())


class Writer:
    """Store everything that this process accepts, as one producer.

    Create, start and close it in the event loop that uses it. Raises OSError when the spool's folder cannot
    be used.
    """

    def __init__(self, stream: Stream, folder: Path) -> None:
        self.producer = secrets.token_hex(8)
        # All events so far, as the reader will find them: in groups, or counted as lost.
        self.accepted = 0
        self.unkept: Counter[tuple[int, int, int, int]] = Counter()
        self.is_spooling = False
        self._stream = stream
        self._spool = Spool(folder / f"{self.producer}{SUFFIX}")
        self._number = 0
        # A group that Redis may have, and the disk has not: sent again before any other.
        self._unacknowledged: Fields | None = None
        self._batch = _Batch()
        self._has_work = asyncio.Event()
        self._next_try = 0.0
        self._is_closing = False

    def start(self) -> None:
        """Start to write, and to send what dead processes left."""
        self._work = asyncio.create_task(self._write_until_closed())
        self._adoption = asyncio.create_task(_adopt(self._stream, self._spool.path))

    def keep(self, event: Event) -> asyncio.Future[None]:
        """Take an event; the future is done when it is stored, and never fails."""
        batch = self._batch
        batch.events.append(event)
        self._has_work.set()
        return batch.written

    async def close(self) -> None:
        """Write what was taken, and end."""
        self._is_closing = True
        self._has_work.set()
        self._adoption.cancel()
        await asyncio.gather(self._work, self._adoption, return_exceptions=True)
        # The last attempt to send what no later group can carry.
        if self._unacknowledged:
            await self._catch_up()
        if self.unkept:
            await self._write([])
        if self._unacknowledged or self.unkept:
            lost = self.unkept.total() + int((self._unacknowledged or {}).get(b"c", 0))
            logger.error("clicks_not_kept", extra={"events": lost})
        self._spool.close()
        await self._stream.close()

    async def _write_until_closed(self) -> None:
        while self._batch.events or not self._is_closing:
            await self._pause()
            if self.is_spooling and monotonic() >= self._next_try:
                await self._catch_up()
            batch, self._batch = self._batch, _Batch()
            for first in range(0, len(batch.events), GROUP_MAX):
                await self._write(batch.events[first : first + GROUP_MAX])
            batch.written.set_result(None)

    async def _pause(self) -> None:
        """Wait until there is something to write, or it is time to retry Redis."""
        timeout = max(0.0, self._next_try - monotonic()) if self.is_spooling else None
        try:
            await asyncio.wait_for(self._has_work.wait(), timeout)
        except TimeoutError:
            return
        self._has_work.clear()

    async def _write(self, events: list[Event]) -> None:
        group = Group(
            producer=self.producer,
            number=self._number + 1,
            accepted=self.accepted + len(events),
            events=events,
            unkept=self.unkept,
        )
        try:
            fields = wire.encode(group)
        except Exception:
            # A defect; it must cost no more than this group.
            logger.exception("clicks_not_encoded")
            self._count_lost(events)
            return
        if not self.is_spooling:
            if not await self._send([fields]):
                await self._start_spooling(fields)
        elif not await self._append_to_spool(fields):
            self._count_lost(events)
            return
        # The number is used up, and the group carries the counts of lost events.
        self._number, self.accepted = group.number, group.accepted
        self.unkept.clear()

    async def _start_spooling(self, fields: Fields) -> None:
        self.is_spooling = True
        if not await self._append_to_spool(fields):
            # Redis may have it, so its number must not be used for other events.
            self._unacknowledged = fields

    async def _send(self, groups: list[Fields]) -> bool:
        begun = monotonic()
        try:
            await self._stream.send(groups)
        except Exception as error:
            # No error may end the writer, for which all requests wait.
            if not self.is_spooling:
                logger.warning("clicks_spooling", extra={"error": repr(error)})
            now = monotonic()
            self._next_try = now + max(_RETRY_SECONDS, _BACKOFF_FACTOR * (now - begun))
            return False
        return True

    async def _append_to_spool(self, fields: Fields) -> bool:
        try:
            await asyncio.to_thread(self._spool.append, fields)
        except Exception as error:
            logger.error("spool_full", extra={"error": repr(error)})
            return False
        return True

    def _count_lost(self, events: list[Event]) -> None:
        """Count events that could not be stored; the next written group carries the counts."""
        for event in events:
            target, hour = event.target, event.at // _HOUR_MS * _HOUR
            self.unkept[target.user, target.grid, target.link, hour] += 1
        self.accepted += len(events)

    async def _catch_up(self) -> None:
        """Send the next groups of the spool, few enough that no visitor waits long."""
        if self._unacknowledged is not None:
            if not await self._send([self._unacknowledged]):
                return
            self._unacknowledged = None
        try:
            groups, end = await asyncio.to_thread(self._spool.next, REPLAY_GROUPS, REPLAY_BYTES)
            if groups and not await self._send(groups):
                return
            self._spool.sent(end)
            if self._spool.is_sent:
                await asyncio.to_thread(self._spool.forget)
                self.is_spooling = False
                logger.info("clicks_caught_up")
        except Exception as error:
            # What is on the disk stays there for the next process.
            logger.error("spool_not_read", extra={"error": repr(error)})
            self._next_try = monotonic() + _ADOPT_SECONDS


async def _adopt(stream: Stream, own: Path) -> None:
    """Send what dead processes left on the disk, as long as this one runs."""
    while True:
        try:
            spools = abandoned(own.parent, own)
            # In a thread, since validating a large one takes time.
            while spool := await asyncio.to_thread(next, spools, None):
                try:
                    await _empty(spool, stream)
                finally:
                    spool.close()
        except Exception as error:
            logger.error("spool_not_adopted", extra={"error": repr(error)})
        await asyncio.sleep(_ADOPT_SECONDS)


async def _empty(spool: Spool, stream: Stream) -> None:
    while not spool.is_sent:
        groups, end = await asyncio.to_thread(spool.next, REPLAY_GROUPS, REPLAY_BYTES)
        try:
            await stream.send(groups)
        except Exception as error:
            logger.warning("spool_not_sent", extra={"error": repr(error)})
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            spool.sent(end)
    await asyncio.to_thread(spool.forget)
