"""What the redirect process knows by heart: answers by key, forgotten the moment something changes.

All methods run in the event loop's thread; only the look-ups themselves run in threads of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from time import monotonic

from grids.public import answers
from grids.public.answers import Answer

# Answers that lead somewhere; one takes about a kilobyte.
KNOWN_MAX = 50_000
UNKNOWN_MAX = 10_000
# Whoever guesses addresses asks the database about each at most this often.
UNKNOWN_SECONDS = 5.0
# Look-ups that wait for one of the threads; whoever comes then is asked to try again.
PENDING_MAX = 1_000
# And so is whoever waits longer, as for a database that does not answer.
PENDING_SECONDS = 5.0


class AnswerCache:
    """Answers to one kind of path, each looked up at most once at a time."""

    def __init__(self, resolve: Callable[[str], Answer], executor: Executor) -> None:
        self.known: dict[str, Answer] = {}
        # What was known until changes went unheard: it serves for as long as nobody can be asked.
        self._doubted: dict[str, Answer] = {}
        self._resolve = resolve
        self._executor = executor
        self._unknown: dict[str, float] = {}
        self._by_grid: dict[int, set[str]] = {}
        # Those that whoever comes next may join, and those that have not ended.
        self._pending: dict[str, asyncio.Task[Answer]] = {}
        self._running: set[asyncio.Task[Answer]] = set()
        # Grows with every change; an answer that was looked up before one may be of the time before it.
        self._changes = 0

    async def find(self, key: str) -> Answer:
        """The answer, from memory or the database; raises what the look-up raises."""
        if answer := self.known.get(key):
            return answer
        if self._unknown.get(key, 0.0) > monotonic():
            return answers.MISSING
        task = self._pending.get(key)
        if task is None:
            if len(self._running) >= PENDING_MAX:
                return answers.TRY_AGAIN
            task = self._begin(key)
        try:
            # One visitor who leaves does not end the look-up for the others.
            return await asyncio.wait_for(asyncio.shield(task), PENDING_SECONDS)
        except TimeoutError:
            return self._doubted.get(key, answers.TRY_AGAIN)
        except Exception:
            if doubted := self._doubted.get(key):
                return doubted
            raise

    def _begin(self, key: str) -> asyncio.Task[Answer]:
        def ended(task: asyncio.Task[Answer]) -> None:
            self._running.discard(task)
            if self._pending.get(key) is task:
                del self._pending[key]

        task = asyncio.create_task(self._look_up(key))
        self._pending[key] = task
        self._running.add(task)
        task.add_done_callback(ended)
        return task

    async def _look_up(self, key: str) -> Answer:
        loop = asyncio.get_running_loop()
        changes = self._changes
        answer = await loop.run_in_executor(self._executor, self._resolve, key)
        if changes == self._changes:
            self._remember(key, answer)
        return answer

    def _remember(self, key: str, answer: Answer) -> None:
        self._doubted.pop(key, None)
        if not answer.grid:
            _make_room(self._unknown, UNKNOWN_MAX)
            self._unknown[key] = monotonic() + UNKNOWN_SECONDS
            return
        while len(self.known) >= KNOWN_MAX:
            self._forget(next(iter(self.known)))
        self.known[key] = answer
        self._by_grid.setdefault(answer.grid, set()).add(key)

    def _forget(self, key: str) -> None:
        answer = self.known.pop(key, None)
        if answer is None:
            return
        keys = self._by_grid[answer.grid]
        keys.discard(key)
        if not keys:
            del self._by_grid[answer.grid]

    def _changed(self) -> None:
        self._changes += 1
        # Who comes from now on must not be told what was looked up before.
        self._pending.clear()

    def key_changed(self, key: str) -> None:
        """Forget a key, known or unknown."""
        self._changed()
        self._unknown.pop(key, None)
        self._doubted.pop(key, None)
        self._forget(key)

    def grid_changed(self, grid: int) -> None:
        """Forget everything on a grid."""
        self._changed()
        for key in list(self._by_grid.get(grid, ())):
            self._forget(key)
        self._doubted = {key: each for key, each in self._doubted.items() if each.grid != grid}

    def clear(self) -> None:
        """Doubt everything: changes may have gone unheard. What was known is looked up again, and serves as
        it was only while the database cannot be asked."""
        self._changed()
        everything = self._doubted | self.known
        self._doubted = everything if len(everything) <= KNOWN_MAX else self.known.copy()
        self.known.clear()
        self._unknown.clear()
        self._by_grid.clear()


def _make_room(entries: dict[str, float], most: int) -> None:
    while len(entries) >= most:
        del entries[next(iter(entries))]
