"""What a second thread does while the first one waits for the database."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Generic, TypeVar

Rest = TypeVar("Rest")
Result = TypeVar("Result")


class Beside(Generic[Rest]):
    """Work for the one thread of `thread`: first what is waited for, and then, once, `rest`. Beside each
    other they would share the interpreter, and both be late."""

    def __init__(self, thread: Executor, rest: Callable[[], Rest]) -> None:
        self._thread = thread
        self._work = rest
        self._rest: Future[Rest] | None = None

    def submit(self, work: Callable[[], Result]) -> Future[Result]:
        """What this gives is waited for; the rest follows it."""
        future = self._thread.submit(work)
        self._start()
        return future

    def rest(self) -> Rest:
        """The outcome of the rest, when it is done."""
        return self._start().result()

    def _start(self) -> Future[Rest]:
        if self._rest is None:
            self._rest = self._thread.submit(self._work)
        return self._rest
