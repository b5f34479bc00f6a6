"""Share rendered pages in the cache Redis, which may be away at any time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest
from time import monotonic

import msgpack
from django.conf import settings
from django.db import connections
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from grids.public.pages.document import Content

logger = logging.getLogger(__name__)

_SECONDS = 0.1
_KEPT_SECONDS = 86_400
# A Redis that does not answer is left alone for so long, so that no page waits for it again and again.
_PAUSE_SECONDS = 5.0
_PREFIX = "gridlink:page:"
_MAC_BYTES = 32


class SharedCache:
    """Keep contents under digests of all they are made of: none gets outdated."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            url,
            socket_connect_timeout=_SECONDS,
            socket_timeout=_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._paused_until = 0.0

    def get_or_make(self, key: str, make: Callable[[], Content]) -> Content:
        """Return the content of a key; without Redis it is made each time."""
        entry = self._try(lambda: self._redis.get(_PREFIX + key))
        content = _unpack(key, entry) if isinstance(entry, bytes) else None
        if content is None:
            content = make()
            made = _pack(key, content)
            self._try(lambda: self._redis.set(_PREFIX + key, made, ex=_KEPT_SECONDS))
        return content

    def _try(self, call: Callable[[], object]) -> object:
        if monotonic() < self._paused_until:
            return None
        try:
            return call()
        except (RedisError, OSError) as error:
            self._paused_until = monotonic() + _PAUSE_SECONDS
            logger.warning("cache_unavailable", extra={"error": repr(error)})
            return None


@lru_cache(maxsize=1)
def shared_cache() -> SharedCache:
    """Return the cache of this process."""
    return SharedCache(settings.CACHE_REDIS_URL)


def _pack(key: str, content: Content) -> bytes:
    fields = (content.status, content.headers, content.etag, content.gzip, content.brotli)
    packed = bytes(msgpack.packb(fields))
    return _mac(key, packed) + packed


def _unpack(key: str, entry: bytes) -> Content | None:
    mac, packed = entry[:_MAC_BYTES], entry[_MAC_BYTES:]
    if not compare_digest(mac, _mac(key, packed)):
        # Not written by these processes; it is made again.
        logger.warning("cache_entry_unreadable")
        return None
    status, headers, *others = msgpack.unpackb(packed, use_list=False)
    return Content(status, [*headers], *others)


def _mac(key: str, packed: bytes) -> bytes:
    """Authenticate an entry: only who knows the database's password can write one."""
    return blake2b(key.encode() + packed, key=_secret(), digest_size=_MAC_BYTES).digest()


@lru_cache(maxsize=1)
def _secret() -> bytes:
    # The processes of the public tier share no other secret: they have nothing to sign.
    database = connections["default"].settings_dict
    parts = [str(database[name]) for name in ("HOST", "PORT", "NAME", "USER", "PASSWORD")]
    return blake2b(repr(parts).encode()).digest()
