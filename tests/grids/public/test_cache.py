"""Test what a process of the public tier caches, and when it forgets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest

from grids.public import cache, changes, responses
from grids.public.cache import ResponseCache
from grids.public.pages.messages import missing, try_again
from grids.public.responses import Response


class Inline(Executor):
    """Answers at once, in the caller's thread."""

    def submit(self, call: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
        from concurrent.futures import Future

        future: Future[Any] = Future()
        future.set_result(call(*arguments, **named))
        return future


@dataclass(frozen=True, slots=True, eq=False)
class Large(Response):
    """Takes ten bytes, so that few fill a cache."""

    @property
    def size(self) -> int:
        return 10


def of_grid(number: int, *others: str) -> Response:
    """An answer that depends on a grid."""
    plain = responses.plain(200, "")
    return Large(plain.start, plain.body, depends_on=(changes.grid(number), *others))


def grid_of(answer: Response) -> int:
    """The number of the grid that an answer depends on, 0 for one that depends on nothing."""
    return int(answer.depends_on[0].removeprefix("grid ")) if answer.depends_on else 0


class Book:
    """Stands for the database: what each key leads to, and what was asked."""

    def __init__(self, **pages: int) -> None:
        self.pages = pages
        # What an answer depends on besides its grid.
        self.others: dict[str, tuple[str, ...]] = {}
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
        return of_grid(grid, *self.others.get(key, ())) if grid else missing()


def run(scene: Callable[[ResponseCache, Book], Coroutine[Any, Any, None]], book: Book) -> None:
    async def play() -> None:
        with ThreadPoolExecutor(4) as executor:
            try:
                await scene(ResponseCache(book, executor), book)
            finally:
                book.open.set()

    asyncio.run(play())


async def grids(found: ResponseCache, *keys: str) -> list[int]:
    return [grid_of(await found.find(key)) for key in keys]


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
        assert [grid_of(each) for each in results[1:] if isinstance(each, Response)] == [1] * 499
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
        found.apply("key a")
        assert list(found.known) == []

    run(scene, Book(a=1))


def test_a_hundred_thousand_guesses_take_bounded_memory() -> None:
    async def scene(found: ResponseCache, book: Book) -> None:
        found._executor = Inline()
        for number in range(100_000):
            assert await found.find(f"li_{number:032x}") is missing()
        assert len(found._unknown) == cache.UNKNOWN_MAX
        assert [found.known, found._keys, found._pending, found._running] == [{}, {}, {}, set()]

    run(scene, Book())


def test_of_too_many_bytes_the_oldest_are_forgotten() -> None:
    async def scene(found: ResponseCache, book: Book) -> None:
        found._bytes_max = 39
        await grids(found, *"abcde")
        assert list(found.known) == ["c", "d", "e"]
        assert found._size == 30
        names = {f"key {key}": {key} for key in "cde"}
        assert found._keys == {"grid 2": {"c", "d"}, "grid 3": {"e"}, **names}

    run(scene, Book(a=1, b=2, c=2, d=2, e=3))


def test_the_count_of_bytes_follows_every_change() -> None:
    async def scene(found: ResponseCache, book: Book) -> None:
        await grids(found, *"abcd")
        assert found._size == 30
        found.apply("key a")
        assert found._size == 20
        found.apply("grid 2")
        assert [found._size, found.known, found._keys] == [0, {}, {}]
        await grids(found, *"abc")
        found.apply("all")
        assert [found._size, found.known, found._keys] == [0, {}, {}]

    run(scene, Book(a=1, b=2, c=2))


def test_a_change_of_a_key() -> None:
    async def scene(found: ResponseCache, book: Book) -> None:
        assert await grids(found, "a", "b", "c") == [1, 1, 0]
        book.pages.update(a=5, b=6, c=7)
        found.apply("key a")
        found.apply("key c")
        found.apply("key never heard of")
        assert await grids(found, "a", "b", "c") == [5, 1, 7]

    run(scene, Book(a=1, b=1))


def test_a_change_of_a_grid() -> None:
    async def scene(found: ResponseCache, book: Book) -> None:
        assert await grids(found, "a", "b", "c") == [1, 1, 2]
        book.pages.update(a=5, b=6, c=7)
        found.apply("grid 1")
        found.apply("grid 99")
        assert await grids(found, "a", "b", "c") == [5, 6, 2]
        names = {f"key {key}": {key} for key in "abc"}
        assert found._keys == {"grid 2": {"c"}, "grid 5": {"a"}, "grid 6": {"b"}, **names}

    run(scene, Book(a=1, b=1, c=2))


def test_a_change_of_everything() -> None:
    async def scene(found: ResponseCache, book: Book) -> None:
        assert await grids(found, "a", "b") == [1, 0]
        book.pages.update(a=5, b=6)
        found.apply("all")
        assert await grids(found, "a", "b") == [5, 6]

    run(scene, Book(a=1))


def test_a_change_of_anything_that_an_answer_depends_on() -> None:
    async def scene(found: ResponseCache, book: Book) -> None:
        book.others = {"a": ("user 7",), "b": ("user 8", "profile 8")}
        assert await grids(found, "a", "b", "c") == [1, 2, 0]
        book.pages.update(a=5, b=6, c=7)
        for notice in ("profile 7", "user 9", "nothing that anybody knows", ""):
            found.apply(notice)
        assert await grids(found, "a", "b", "c") == [1, 2, 0]
        found.apply("user 7")
        assert await grids(found, "a", "b", "c") == [5, 2, 0]
        found.apply("profile 8")
        assert await grids(found, "a", "b", "c") == [5, 6, 0]
        # A grid that has changed may have a part that it had not.
        found.apply("grid 11")
        assert await grids(found, "a", "b", "c") == [5, 6, 7]

    run(scene, Book(a=1, b=2))


def test_what_became_visible_may_be_anything_that_was_not_there() -> None:
    async def scene(found: ResponseCache, book: Book) -> None:
        assert await grids(found, "a", "b", "c") == [1, 0, 0]
        book.pages.update(a=5, b=6)
        found.apply("unknown")
        # What was known is not asked about again.
        assert await grids(found, "a", "b", "c") == [1, 6, 0]
        assert book.asked == ["a", "b", "c", "b", "c"]

    run(scene, Book(a=1))


def test_a_key_has_all_that_lies_below_it() -> None:
    async def scene(found: ResponseCache, book: Book) -> None:
        below = ["a", "a/2", "a/feed.xml", "ab"]
        assert await grids(found, *below) == [1, 1, 1, 1]
        book.pages.update(dict.fromkeys(below, 5))
        found.apply("key a")
        assert await grids(found, *below) == [5, 5, 5, 1]

    run(scene, Book(**dict.fromkeys(("a", "a/2", "a/feed.xml", "ab"), 1)))


def test_what_is_no_longer_fresh_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(cache, "time", lambda: now[0])

    async def scene(found: ResponseCache, book: Book) -> None:
        def ends(key: str) -> Response:
            return replace(book(key), fresh_until=1010.0)

        found._resolve = ends
        assert await grids(found, "a", "a") == [1, 1]
        book.pages["a"], now[0] = 2, 1009.9
        assert await grids(found, "a") == [1]
        now[0], book.trouble = 1010.0, ConnectionError("gone")
        # As long as nobody can be asked, it is better than nothing.
        assert await grids(found, "a") == [1]
        book.trouble, found._resolve = None, book
        assert await grids(found, "a", "a") == [2, 2]
        assert [found._size, found._stale] == [10, {}]
        assert book.asked == ["a"] * 3

    run(scene, Book(a=1))


@pytest.mark.parametrize("notice", ["key a", "grid 1", "all", "unknown"])
def test_a_change_during_a_look_up(notice: str) -> None:
    async def scene(found: ResponseCache, book: Book) -> None:
        book.open.clear()
        before = asyncio.create_task(found.find("a"))
        await asked(book, 1)
        book.pages["a"] = 2
        found.apply(notice)
        # Who comes after the change does not join those who came before.
        after = asyncio.create_task(found.find("a"))
        await asked(book, 2)
        book.open.set()
        assert [grid_of(await before), grid_of(await after)] == [1, 2]
        assert await grids(found, "a") == [2]
        assert book.asked == ["a", "a"]
        assert [found._pending, found._running] == [{}, set()]

    run(scene, Book(a=1))


def test_a_change_of_something_else_during_a_look_up_costs_nothing() -> None:
    async def scene(found: ResponseCache, book: Book) -> None:
        book.open.clear()
        waiting = asyncio.create_task(found.find("a"))
        await asked(book, 1)
        found.apply("grid 99")
        book.open.set()
        await waiting
        assert await grids(found, "a", "a") == [1, 1]
        assert book.asked == ["a"]

    run(scene, Book(a=1))


def test_only_so_many_look_ups_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "PENDING_MAX", 10)

    async def scene(found: ResponseCache, book: Book) -> None:
        book.open.clear()
        waiting = [asyncio.create_task(found.find(f"{number}")) for number in range(10)]
        await asked(book, 4)
        assert await found.find("late") is try_again()
        # Nor does a change make room.
        found.apply("all")
        assert await found.find("later") is try_again()
        book.open.set()
        assert await asyncio.gather(*waiting) == [missing()] * 10
        assert await found.find("late") is missing()

    run(scene, Book())


def test_nobody_waits_long_for_a_database_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cache, "PENDING_SECONDS", 0.05)

    async def scene(found: ResponseCache, book: Book) -> None:
        book.open.clear()
        results = await asyncio.gather(found.find("a"), found.find("a"))
        assert [*results] == [try_again()] * 2
        book.open.set()
        monkeypatch.setattr(cache, "PENDING_SECONDS", 5)
        assert await grids(found, "a") == [1]
        assert book.asked == ["a"]

    run(scene, Book(a=1))


def test_what_is_doubted_serves_while_nobody_can_be_asked() -> None:
    async def scene(found: ResponseCache, book: Book) -> None:
        assert await grids(found, "a", "b", "c") == [1, 2, 3]
        found.apply("all")
        book.trouble = ConnectionError("gone")
        assert await grids(found, "a", "b") == [1, 2]
        # What is heard of is stale no more, but known to be other.
        found.apply("key b")
        found.apply("grid 3")
        for key in ("b", "c", "d"):
            with pytest.raises(ConnectionError):
                await found.find(key)
        book.trouble, book.pages["a"] = None, 5
        assert await grids(found, "a", "b") == [5, 2]
        # Anew: what was then is nobody's answer any more.
        found.apply("all")
        book.trouble = ConnectionError("gone")
        assert await grids(found, "a") == [5]

    run(scene, Book(a=1, b=2, c=3))
