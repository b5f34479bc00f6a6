"""A Redis that a test may stop and start without harm to the others."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from celery import current_app
from redis import Redis

from gridlink.embedded import celery_redis_url, embedded_redis, redis_url


class OwnRedis:
    """A real Redis on a folder of its own; what is on disk survives a stop."""

    def __init__(self, folder: Path) -> None:
        self.url = redis_url(folder)
        self._folder = folder
        self._running = ExitStack()

    @property
    def pid(self) -> int:
        """The running server's."""
        return int((self._folder / "redis" / "redis.pid").read_text())

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._running.enter_context(embedded_redis(self._folder))

    def stop(self) -> None:
        """Stop the server."""
        self._running.close()

    def kill(self) -> None:
        """End the server as a crash would."""
        os.kill(self.pid, signal.SIGKILL)
        self._running.close()

    def client(self) -> Redis:
        """A connection for looking inside."""
        client: Redis = Redis.from_url(self.url, socket_timeout=5)
        return client


@contextmanager
def own_redis(folder: Path, settings: Any) -> Iterator[OwnRedis]:
    """A running Redis that this process, and those it starts, use until the block ends."""
    before = settings.REDIS_URL
    server = OwnRedis(folder)
    server.start()
    point_celery_at(server.url, settings)
    yield server
    server.stop()
    point_celery_at(before, settings)


def redis_database_url(url: str, number: int) -> str:
    """The same server's database of another number."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        # urlunsplit() drops the slashes of a scheme that it does not know.
        return f"unix://{parts.path}?db={number}"
    return urlunsplit(parts._replace(path=f"/{number}"))


def point_celery_at(url: str, settings: Any) -> None:
    """Make this process publish to another Redis, as if it had been started with that REDIS_URL."""
    settings.REDIS_URL = settings.CLICKS_REDIS_URL = url
    app: Any = current_app
    broker = celery_redis_url(url)
    app.conf.update(broker_url=broker, broker_read_url=broker, broker_write_url=broker)
    # Connections are pooled by address; the pools of the old one must not be used again.
    app._after_fork()
