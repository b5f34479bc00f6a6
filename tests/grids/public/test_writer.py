"""Test storing events in Redis, and what happens when Redis or the disk fails."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from grids.public import wire, writer
from grids.public.spool import SUFFIX, Spool
from grids.public.wire import Event
from grids.public.writer import Fields, Stream, Writer
from tests.support.grids.visits import HOUR, arrived, event, numbers, once
from tests.support.redis import OwnRedis

Scene = Callable[[Writer], Awaitable[None]]


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_RETRY_SECONDS", "_ADOPT_SECONDS"):
        monkeypatch.setattr(writer, name, 0.05)
    monkeypatch.setattr(writer, "_REDIS_SECONDS", 0.3)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[OwnRedis]:
    server = OwnRedis(tmp_path / "redis")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def play(stream: OwnRedis | type[Stream], folder: Path, scene: Scene, url: str = "") -> None:
    async def whole() -> None:
        made = Stream(stream.url) if isinstance(stream, OwnRedis) else stream(url)
        one = Writer(made, folder)
        one.start()
        try:
            async with asyncio.timeout(20):
                await scene(one)
        finally:
            await one.close()

    asyncio.run(whole())


async def until(condition: Callable[[], Any]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


async def keep(one: Writer, *found: int) -> None:
    """Events that arrive one after another, so that each is a group."""
    for number in found:
        await one.keep(event(number))


@contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def append(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Spool, "append", append)
        yield


@contextmanager
def hanging(server: OwnRedis) -> Iterator[None]:
    pid = int(server.client().info("server")["process_id"])
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def assert_arrived_once(server: OwnRedis, count: int) -> None:
    """Every event of one producer, in order, in groups whose numbers have no gap."""
    groups = once(arrived(server.client()))
    assert [group.number for group in groups] == list(range(1, len(groups) + 1))
    assert [number for group in groups for number in numbers(group.events)] == list(range(count))
    assert groups[-1].accepted == count
    assert len({group.producer for group in groups}) == 1
    results: Any = server.client().hgetall(wire.COUNTERS)
    assert results == {groups[0].producer.encode(): b"%d" % count}


def test_what_arrives_together_is_one_group_until_it_is_too_large(
    redis: OwnRedis, folder: Path
) -> None:
    async def scene(one: Writer) -> None:
        await asyncio.gather(*(one.keep(event(number)) for number in range(4500)))
        assert one.accepted == 4500

    play(redis, folder, scene)
    groups = arrived(redis.client())
    assert [len(group.events) for group in groups] == [2000, 2000, 500]
    assert [group.accepted for group in groups] == [2000, 4000, 4500]
    assert_arrived_once(redis, 4500)
    assert list(folder.iterdir()) == []


def test_an_event_is_safe_once_it_is_said_to_be(redis: OwnRedis, folder: Path) -> None:
    async def scene(one: Writer) -> None:
        for number in range(20):
            await one.keep(event(number))
            assert numbers(arrived(redis.client())[-1].events) == [number]

    play(redis, folder, scene)
    assert_arrived_once(redis, 20)


def test_what_was_taken_is_written_before_the_end(redis: OwnRedis, folder: Path) -> None:
    async def scene(one: Writer) -> None:
        for number in range(7):
            one.keep(event(number))

    play(redis, folder, scene)
    assert_arrived_once(redis, 7)


def test_one_visitor_who_leaves_takes_nothing_from_the_others(
    redis: OwnRedis, folder: Path
) -> None:
    async def wait(one: Writer, number: int) -> str:
        await one.keep(event(number))
        return "written"

    async def scene(one: Writer) -> None:
        visitors = [asyncio.create_task(wait(one, number)) for number in range(3)]
        await asyncio.sleep(0)
        visitors[1].cancel()
        results = await asyncio.gather(*visitors, return_exceptions=True)
        assert [str(one) for one in results] == ["written", "", "written"]
        await keep(one, 3)

    play(redis, folder, scene)
    assert_arrived_once(redis, 4)


def test_while_redis_is_away_the_disk_keeps_what_comes(redis: OwnRedis, folder: Path) -> None:
    async def scene(one: Writer) -> None:
        await keep(one, 0, 1)
        await asyncio.to_thread(redis.stop)
        await keep(one, *range(2, 300))
        assert one.is_spooling
        assert one.accepted == 300
        await asyncio.to_thread(redis.start)
        # EventFactory go on coming while it is caught up.
        for number in range(300, 400):
            await keep(one, number)
        await until(lambda: not one.is_spooling)
        await keep(one, 400)

    play(redis, folder, scene)
    assert_arrived_once(redis, 401)
    assert list(folder.iterdir()) == []


def test_a_second_absence_is_like_the_first(redis: OwnRedis, folder: Path) -> None:
    async def scene(one: Writer) -> None:
        for first in (0, 10):
            await asyncio.to_thread(redis.stop)
            await keep(one, *range(first, first + 5))
            await asyncio.to_thread(redis.start)
            await until(lambda: not one.is_spooling)
            await keep(one, *range(first + 5, first + 10))

    play(redis, folder, scene)
    assert_arrived_once(redis, 20)


def test_a_redis_that_hangs_keeps_nobody_waiting(redis: OwnRedis, folder: Path) -> None:
    async def scene(one: Writer) -> None:
        await keep(one, 0)
        with hanging(redis):
            async with asyncio.timeout(1):
                await keep(one, 1)
            async with asyncio.timeout(5):
                await keep(one, *range(2, 50))
            assert one.is_spooling
        await until(lambda: not one.is_spooling)
        await keep(one, 50)

    play(redis, folder, scene)
    assert_arrived_once(redis, 51)


class Deaf(Stream):
    """Does not hear the answers to its third and fourth call, though what it sent has arrived."""

    calls = 0

    async def send(self, groups: list[Fields]) -> None:
        self.calls += 1
        await super().send(groups)
        if self.calls in (3, 4):
            raise ConnectionResetError


def test_what_may_have_arrived_is_sent_again_under_its_number(
    redis: OwnRedis, folder: Path
) -> None:
    async def scene(one: Writer) -> None:
        await keep(one, *range(6))
        await until(lambda: not one.is_spooling)

    play(Deaf, folder, scene, redis.url)
    groups = [group.number for group in arrived(redis.client())]
    assert groups.count(3) == 3
    assert_arrived_once(redis, 6)


def test_a_redis_without_memory_is_as_good_as_away(redis: OwnRedis, folder: Path) -> None:
    async def scene(one: Writer) -> None:
        await keep(one, 0)
        redis.client().config_set("maxmemory", "1")
        await keep(one, *range(1, 20))
        assert one.is_spooling
        # Of what was tried in vain nothing has got in.
        assert len(arrived(redis.client())) == 1
        redis.client().config_set("maxmemory", "0")
        await until(lambda: not one.is_spooling)
        await keep(one, 20)

    play(redis, folder, scene)
    assert [group.number for group in arrived(redis.client())] == list(range(1, 22))
    assert_arrived_once(redis, 21)


class Odd(Stream):
    """Fails at first as nobody expects."""

    calls = 0

    async def send(self, groups: list[Fields]) -> None:
        self.calls += 1
        if self.calls < 5:
            raise RuntimeError("odd")
        await super().send(groups)


def test_no_failure_ends_the_writer(redis: OwnRedis, folder: Path) -> None:
    async def scene(one: Writer) -> None:
        await keep(one, 0, 1, 2)
        await until(lambda: not one.is_spooling)
        await keep(one, 3)

    play(Odd, folder, scene, redis.url)
    assert_arrived_once(redis, 4)


def test_an_event_that_cannot_be_written_is_counted(redis: OwnRedis, folder: Path) -> None:
    odd: Event = event(0)._replace(address="\ud800")

    async def scene(one: Writer) -> None:
        await one.keep(odd)
        await keep(one, 1)

    play(redis, folder, scene)
    (group,) = arrived(redis.client())
    assert (group.number, group.accepted, numbers(group.events)) == (1, 2, [1])
    assert group.unkept == {(1, 2, 3, HOUR): 1}


async def lose(one: Writer, redis: OwnRedis) -> None:
    """Two events that can be neither sent nor put by, after one that may have been sent."""
    await asyncio.to_thread(redis.stop)
    await keep(one, 0, 1)
    await one.keep(event(2, link=4, at=(HOUR + 3599) * 1000))
    await one.keep(event(3, link=4, at=(HOUR + 3600) * 1000))


LOST = {(1, 2, 3, HOUR): 1, (1, 2, 4, HOUR): 1, (1, 2, 4, HOUR + 3600): 1}


def test_what_could_not_be_kept_is_told_with_the_next_group(
    redis: OwnRedis, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(one: Writer) -> None:
        with full_disk(monkeypatch):
            await lose(one, redis)
            assert one.unkept == LOST
            await asyncio.to_thread(redis.start)
            await until(lambda: not one.is_spooling)
            await keep(one, 4, 5)

    play(redis, folder, scene)
    groups = arrived(redis.client())
    assert [group.number for group in groups] == [1, 2, 3]
    assert [group.unkept for group in groups] == [{}, LOST, {}]
    assert [numbers(group.events) for group in groups] == [[0], [4], [5]]
    assert [group.accepted for group in groups] == [1, 5, 6]


def test_what_could_not_be_kept_is_told_on_disk_as_well(
    redis: OwnRedis, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(one: Writer) -> None:
        with full_disk(monkeypatch):
            await lose(one, redis)
        await keep(one, 4)
        assert one.unkept == {}
        await asyncio.to_thread(redis.start)
        await until(lambda: not one.is_spooling)

    play(redis, folder, scene)
    groups = arrived(redis.client())
    assert [(group.number, group.unkept) for group in groups] == [(1, {}), (2, LOST)]


def test_what_could_not_be_kept_is_told_at_the_end(
    redis: OwnRedis, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(one: Writer) -> None:
        with full_disk(monkeypatch):
            await lose(one, redis)
        await asyncio.to_thread(redis.start)

    play(redis, folder, scene)
    groups = arrived(redis.client())
    assert [len(group.events) for group in groups] == [1, 0]
    assert groups[-1].unkept == LOST
    assert groups[-1].accepted == 4
    assert list(folder.iterdir()) == []


def test_a_spool_that_breaks_while_it_is_used_stops_nobody(redis: OwnRedis, folder: Path) -> None:
    async def scene(one: Writer) -> None:
        await asyncio.to_thread(redis.stop)
        await keep(one, 0)
        one._spool.path.write_bytes(b"\x00" * one._spool.path.stat().st_size)
        await asyncio.to_thread(redis.start)
        await keep(one, *range(1, 10))
        assert one.is_spooling

    play(redis, folder, scene)
    assert len(list(folder.iterdir())) == 1


async def die(one: Writer) -> None:
    """As a process does that is killed: its tasks end at once, and its lock is free."""
    tasks = (one._work, one._adoption)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    os.close(one._spool._file)


def leave_behind(redis: OwnRedis, folder: Path, first: int) -> str:
    """A spool with five groups, and whose it was."""

    async def scene() -> str:
        one = Writer(Stream(redis.url), folder)
        one.start()
        await keep(one, *range(first, first + 5))
        await die(one)
        return one.producer

    return asyncio.run(scene())


def test_the_spools_of_the_dead_are_sent_by_the_living(redis: OwnRedis, folder: Path) -> None:
    redis.stop()
    dead = [leave_behind(redis, folder, first) for first in (0, 5)]
    for age, producer in enumerate(dead):
        os.utime(folder / f"{producer}{SUFFIX}", (1000 + age, 1000 + age))
    # What nobody can read is in nobody's way, and what a crash cut short ends there.
    (folder / f"folder{SUFFIX}").mkdir()
    (folder / f"zeros{SUFFIX}").write_bytes(b"\x00" * 100)
    with (folder / f"{dead[1]}{SUFFIX}").open("ab") as file:
        file.write(b"\x00" * 100)

    async def scene(one: Writer) -> None:
        await keep(one, 10)
        await asyncio.to_thread(redis.start)
        left = {f"folder{SUFFIX}", one._spool.path.name}
        await until(lambda: {path.name for path in folder.iterdir()} == left)
        await until(lambda: not one.is_spooling)
        assert one.accepted == 1

    play(redis, folder, scene)
    results: dict[str, list[int]] = {}
    for group in once(arrived(redis.client())):
        assert group.number == len(results.setdefault(group.producer, [])) + 1
        results[group.producer] += numbers(group.events)
    assert list(results.values()) != []
    assert [results[producer] for producer in dead] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    assert sorted(results.values())[-1] == [10]
    assert len(results) == 3
    counters: Any = redis.client().hgetall(wire.COUNTERS)
    assert [counters[producer.encode()] for producer in dead] == [b"5", b"5"]


def test_a_spool_that_cannot_be_used_is_told_at_once(tmp_path: Path, redis: OwnRedis) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        play(redis, tmp_path / "file" / "spool", lambda _: asyncio.sleep(0))
