"""Test the pages that processes share in a Redis, which nobody misses when it is away."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgpack
import pytest
from redis import Redis

from grids.public.pages import rendering, shared_cache
from grids.public.pages.document import Content, make_content
from grids.public.pages.shared_cache import SharedCache
from tests.support.processes import free_port
from tests.support.redis import OwnRedis

PAGE = make_content(b"<p>page</p>", "text/html", status=404, headers=[(b"retry-after", b"2")])
KEY = "gridlink:page:key"


class Maker:
    """Makes PAGE, and counts how often."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> Content:
        self.made += 1
        return PAGE


def never() -> Content:
    raise AssertionError("made again")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnRedis]:
    redis = OwnRedis(tmp_path_factory.mktemp("cache"))
    redis.start()
    yield redis
    redis.stop()


@pytest.fixture
def redis(server: OwnRedis) -> Redis:
    client = server.client()
    client.flushall()
    return client


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time of the cache, as a test sets it."""
    now = [1000.0]
    monkeypatch.setattr(shared_cache, "monotonic", lambda: now[0])
    return now


@contextmanager
def frozen(redis: Redis) -> Iterator[None]:
    """Within the block it takes connections, and answers nothing."""
    pid = redis.info("server")["process_id"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_what_one_process_made_another_has(server: OwnRedis, redis: Redis) -> None:
    make = Maker()
    assert SharedCache(server.url).get_or_make("key", make) == PAGE
    assert SharedCache(server.url).get_or_make("key", never) == PAGE
    assert make.made == 1
    assert 0 < redis.ttl(KEY) <= 86_400
    assert SharedCache(server.url).get_or_make("other", make) == PAGE
    assert make.made == 2


def test_no_model_is_kept(server: OwnRedis, redis: Redis) -> None:
    """Only what msgpack can say: nothing that runs when it is read."""
    SharedCache(server.url).get_or_make("key", Maker())
    packed: Any = redis.get(KEY)
    status, sent, etag, *bodies = msgpack.unpackb(packed[32:])
    assert (status, sent, etag) == (404, [[*each] for each in PAGE.headers], PAGE.etag)
    assert bodies == [PAGE.gzip, PAGE.brotli]


GARBAGE = [
    b"",
    b"\x00",
    b"\xc1",
    b"garbage" * 1000,
    b"\x80\x04\x95K\x01.",
    msgpack.packb(None),
    msgpack.packb(5),
    msgpack.packb({"a": 1}),
    msgpack.packb([]),
    msgpack.packb([200, [], "etag", b""]),
    msgpack.packb([200, 7, "etag", b"", b""]),
    msgpack.packb([200, [], "etag", 5, 6]),
    msgpack.packb([200, [], None, b"", b""]),
    msgpack.packb(["200", [[1]], "etag", "text", "text"]),
    msgpack.packb([200, [], "etag", b"", b"", b"more"]),
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda each: repr(each[:16]))
def test_garbage_is_made_anew(server: OwnRedis, redis: Redis, garbage: bytes) -> None:
    redis.set(KEY, garbage)
    make = Maker()
    assert SharedCache(server.url).get_or_make("key", make) == PAGE
    assert make.made == 1
    # And is no more.
    assert SharedCache(server.url).get_or_make("key", never) == PAGE


def test_a_key_of_another_kind(server: OwnRedis, redis: Redis) -> None:
    redis.rpush(KEY, "one")
    assert SharedCache(server.url).get_or_make("key", Maker()) == PAGE


def test_a_redis_that_is_full(server: OwnRedis, redis: Redis) -> None:
    redis.config_set("maxmemory", 1)
    try:
        assert SharedCache(server.url).get_or_make("key", Maker()) == PAGE
    finally:
        redis.config_set("maxmemory", 0)


def test_without_redis_each_page_is_made(clock: list[float]) -> None:
    cache, make = SharedCache(f"redis://127.0.0.1:{free_port()}/0"), Maker()
    assert [cache.get_or_make("key", make) for _ in range(3)] == [PAGE] * 3
    assert make.made == 3


def test_a_redis_that_does_not_answer_is_left_alone(
    server: OwnRedis, redis: Redis, clock: list[float]
) -> None:
    cache = SharedCache(server.url)
    with frozen(redis):
        begun = time.monotonic()
        assert [cache.get_or_make("key", Maker()) for _ in range(20)] == [PAGE] * 20
        # One waited; the others did not ask.
        assert time.monotonic() - begun < 1
    assert redis.get(KEY) is None
    clock[0] += 4.9
    cache.get_or_make("key", Maker())
    assert redis.get(KEY) is None
    clock[0] += 0.2
    cache.get_or_make("key", Maker())
    assert redis.get(KEY) is not None


def test_a_redis_that_comes_back(tmp_path: Path, clock: list[float]) -> None:
    server = OwnRedis(tmp_path / "redis")
    server.start()
    cache = SharedCache(server.url)
    assert cache.get_or_make("key", Maker()) == PAGE
    server.kill()
    make = Maker()
    assert cache.get_or_make("key", make) == PAGE
    assert make.made == 1
    server.start()
    try:
        clock[0] += 5.1
        cache.get_or_make("key", Maker())
        assert cache.get_or_make("key", never) == PAGE
    finally:
        server.stop()


def test_a_second_process_renders_nothing(
    server: OwnRedis, redis: Redis, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CACHE_REDIS_URL = server.url
    context = {"title": "A", "heading": "A", "text": "B"}
    first = rendering.render_page("message.html", context)
    shared_cache.shared_cache.cache_clear()

    def render(*_: object) -> str:
        raise AssertionError("rendered again")

    monkeypatch.setattr(rendering, "render_to_string", render)
    assert rendering.render_page("message.html", context) == first
    with pytest.raises(AssertionError, match="rendered again"):
        rendering.render_page("message.html", {**context, "text": "C"})
    with pytest.raises(AssertionError, match="rendered again"):
        rendering.render_page("message.html", context, status=404)
    shared_cache.shared_cache.cache_clear()
