"""Test what a redirect process caches, and when it forgets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

import pytest

from grids.public import cache, responses
from grids.public.cache import ResponseCache
from grids.public.responses import Response


class Inline(Executor):
    """Answers at once, in the caller's thread."""

    def submit(self, call: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
        from concurrent.futures import Future

        future: Future[Any] = Future()
        future.set_result(call(*arguments, **named))
        return future


class Book:
    """Stands for the database: what each key leads to, and what was asked."""

    def __init__(self, **pages: int) -> None:
        self.pages = pages
        self.asked: list[str] = []
        self.trouble: Exception | None = None
        # While closed, whoever asks waits with the answer of before.
        self.open = threading.Event()
        self.open.set()

    def __call__(self, key: str) -> Response:
        self.asked.append(key)
        grid = self.pages.get(key)
        self.open.wait(10)
        if self.trouble:
            raise self.trouble
        return responses.gone(grid) if grid else responses.MISSING


def run(scene: Callable[[ResponseCache, Book], Coroutine[Any, Any, None]], book: Book) -> None:
    async def play() -> None:
        with ThreadPoolExecutor(4) as executor:
            try:
                await scene(ResponseCache(book, executor), book)
            finally:
                book.open.set()

    asyncio.run(play())


async def grids(found: ResponseCache, *keys: str) -> list[int]:
    return [(await found.find(key)).grid for key in keys]


async def asked(book: Book, times: int) -> None:
    async with asyncio.timeout(5):
        while len(book.asked) < times:
            await asyncio.sleep(0.001)


def test_a_key_is_looked_up_once() -> None:
    async def scene(found: ResponseCache, book: Book) -> None:
        assert await grids(found, "a", "a", "b", "a") == [1, 1, 2, 1]
        assert book.asked == ["a", "b"]

    run(scene, Book(a=1, b=2))


def test_many_who_ask_at_once_share_a_look_up() -> None:
    async def scene(found: ResponseCache, book: Book) -> None:
        book.open.clear()
        visitors = [asyncio.create_task(found.find("a")) for _ in range(500)]
        await asked(book, 1)
        # The first one leaves; the others get their answer.
        visitors[0].cancel()
        book.open.set()
        results = await asyncio.gather(*visitors, return_exceptions=True)
        assert isinstance(results[0], asyncio.CancelledError)
        assert [answer.grid for answer in results[1:] if isinstance(answer, Response)] == [1] * 499
        assert book.asked == ["a"]

    run(scene, Book(a=1))


def test_a_look_up_that_fails_is_tried_again() -> None:
    async def scene(found: ResponseCache, book: Book) -> None:
        def broken(key: str) -> Response:
            raise OSError(key)

        found._resolve = broken
        results = await asyncio.gather(found.find("a"), found.find("a"), return_exceptions=True)
        assert [repr(error) for error in results] == ["OSError('a')"] * 2
        found._resolve = book
        assert await grids(found, "a") == [1]

    run(scene, Book(a=1))


def test_what_is_not_there_is_asked_about_again_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1000.0]
    monkeypatch.setattr(cache, "monotonic", lambda: now[0])

    async def scene(found: ResponseCache, book: Book) -> None:
        assert await grids(found, "a", "a") == [0, 0]
        book.pages["a"] = 1
        now[0] += cache.UNKNOWN_SECONDS - 0.01
        assert await grids(found, "a") == [0]
        assert book.asked == ["a"]
        now[0] += 0.02
        assert await grids(found, "a", "a") == [1, 1]
        assert book.asked == ["a", "a"]

    run(scene, Book())


def test_keys_are_one_in_capitals_or_not() -> None:
    async def scene(found: ResponseCache, book: Book) -> None:
        assert await grids(found, "a", "A", "Nothing", "NOTHING") == [1, 1, 0, 0]
        assert book.asked == ["a", "nothing"]
        found.key_changed("a")
        assert list(found.known) == []

    run(scene, Book(a=1))


def test_a_hundred_thousand_guesses_take_bounded_memory() -> None:
    async def scene(found: ResponseCache, book: Book) -> None:
        found._executor = Inline()
        for number in range(100_000):
            assert await found.find(f"li_{number:032x}") is responses.MISSING
        assert len(found._unknown) == cache.UNKNOWN_MAX
        assert [found.known, found._by_grid, found._pending, found._running] == [{}, {}, {}, set()]

    run(scene, Book())


def test_of_too_many_links_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "KNOWN_MAX", 3)

    async def scene(found: ResponseCache, book: Book) -> None:
        await grids(found, *"abcde")
        assert list(found.known) == ["c", "d", "e"]
        assert found._by_grid == {2: {"c", "d"}, 3: {"e"}}

    run(scene, Book(a=1, b=2, c=2, d=2, e=3))


def test_a_change_of_a_key() -> None:
    async def scene(found: ResponseCache, book: Book) -> None:
        assert await grids(found, "a", "b", "c") == [1, 1, 0]
        book.pages.update(a=5, b=6, c=7)
        found.key_changed("a")
        found.key_changed("c")
        found.key_changed("never heard of")
        assert await grids(found, "a", "b", "c") == [5, 1, 7]

    run(scene, Book(a=1, b=1))


def test_a_change_of_a_grid() -> None:
    async def scene(found: ResponseCache, book: Book) -> None:
        assert await grids(found, "a", "b", "c") == [1, 1, 2]
        book.pages.update(a=5, b=6, c=7)
        found.grid_changed(1)
        found.grid_changed(99)
        assert await grids(found, "a", "b", "c") == [5, 6, 2]
        assert found._by_grid == {2: {"c"}, 5: {"a"}, 6: {"b"}}

    run(scene, Book(a=1, b=1, c=2))


def test_a_change_of_everything() -> None:
    async def scene(found: ResponseCache, book: Book) -> None:
        assert await grids(found, "a", "b") == [1, 0]
        book.pages.update(a=5, b=6)
        found.clear()
        assert await grids(found, "a", "b") == [5, 6]

    run(scene, Book(a=1))


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found.key_changed("a"),
        lambda found: found.grid_changed(1),
        lambda found: found.clear(),
    ],
    ids=["key", "grid", "all"],
)
def test_a_change_during_a_look_up(change: Callable[[ResponseCache], None]) -> None:
    async def scene(found: ResponseCache, book: Book) -> None:
        book.open.clear()
        before = asyncio.create_task(found.find("a"))
        await asked(book, 1)
        book.pages["a"] = 2
        change(found)
        # Who comes after the change does not join those who came before.
        after = asyncio.create_task(found.find("a"))
        await asked(book, 2)
        book.open.set()
        assert [(await before).grid, (await after).grid] == [1, 2]
        assert await grids(found, "a") == [2]
        assert book.asked == ["a", "a"]
        assert [found._pending, found._running] == [{}, set()]

    run(scene, Book(a=1))


def test_only_so_many_look_ups_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "PENDING_MAX", 10)

    async def scene(found: ResponseCache, book: Book) -> None:
        book.open.clear()
        waiting = [asyncio.create_task(found.find(f"{number}")) for number in range(10)]
        await asked(book, 4)
        assert await found.find("late") is responses.TRY_AGAIN
        # Nor does a change make room.
        found.clear()
        assert await found.find("later") is responses.TRY_AGAIN
        book.open.set()
        assert await asyncio.gather(*waiting) == [responses.MISSING] * 10
        assert await found.find("late") is responses.MISSING

    run(scene, Book())


def test_nobody_waits_long_for_a_database_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cache, "PENDING_SECONDS", 0.05)

    async def scene(found: ResponseCache, book: Book) -> None:
        book.open.clear()
        results = await asyncio.gather(found.find("a"), found.find("a"))
        assert [*results] == [responses.TRY_AGAIN] * 2
        book.open.set()
        monkeypatch.setattr(cache, "PENDING_SECONDS", 5)
        assert await grids(found, "a") == [1]
        assert book.asked == ["a"]

    run(scene, Book(a=1))


def test_what_is_doubted_serves_while_nobody_can_be_asked() -> None:
    async def scene(found: ResponseCache, book: Book) -> None:
        assert await grids(found, "a", "b", "c") == [1, 2, 3]
        found.clear()
        book.trouble = ConnectionError("gone")
        assert await grids(found, "a", "b") == [1, 2]
        # What is heard of is stale no more, but known to be other.
        found.key_changed("b")
        found.grid_changed(3)
        for key in ("b", "c", "d"):
            with pytest.raises(ConnectionError):
                await found.find(key)
        book.trouble, book.pages["a"] = None, 5
        assert await grids(found, "a", "b") == [5, 2]
        # Anew: what was then is nobody's answer any more.
        found.clear()
        book.trouble = ConnectionError("gone")
        assert await grids(found, "a") == [5]

    run(scene, Book(a=1, b=2, c=3))
