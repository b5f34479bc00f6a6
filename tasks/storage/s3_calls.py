"""Run S3 requests whose callers another thread can interrupt."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextvars import ContextVar
from threading import Thread
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError

T = TypeVar("T")
_own_interruption: ContextVar[Future[None]] = ContextVar("own_interruption")


class Interrupted(BotoCoreError):  # type: ignore[misc]
    """Report that the request was abandoned or not made."""

    fmt = "The work with the store was broken off"


class S3Calls:
    """Run each call in a daemon thread, and wait for its end or an interruption.

    boto cannot end a request that hangs. An abandoned thread sends no further request and ends with the one
    under way, at the latest by its read timeout; the sweeper removes what that may still store.
    """

    def __init__(self) -> None:
        self._interruption: Future[None] = Future()

    def watch(self, client: Any) -> None:
        """Keep abandoned threads from sending another request through this client."""
        client.meta.events.register("before-send.s3", _refuse_if_interrupted)

    def start(self, call: Callable[..., T], *args: Any, **kwargs: Any) -> Future[T]:
        """Start a call. Raises Interrupted between `interrupt` and `resume`."""
        if self._interruption.done():
            raise Interrupted
        future: Future[T] = Future()
        work = (future, self._interruption, call, args, kwargs)
        Thread(target=_work, args=work, name="s3-call", daemon=True).start()
        return future

    def wait(self, future: Future[Any]) -> None:
        """Return once the call has ended or is interrupted."""
        wait((future, self._interruption), return_when=FIRST_COMPLETED)

    def result(self, future: Future[T]) -> T:
        """Return what the call returns, or raise what it raises. Raises Interrupted."""
        self.wait(future)
        if not future.done():
            raise Interrupted
        return future.result()

    def run(self, call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run a call and return its result. Raises Interrupted."""
        return self.result(self.start(call, *args, **kwargs))

    def interrupt(self) -> None:
        """Abandon all calls that are under way, and refuse further ones until `resume`."""
        if not self._interruption.done():
            self._interruption.set_result(None)

    def resume(self) -> None:
        """Allow calls again; abandoned ones stay abandoned."""
        if self._interruption.done():
            self._interruption = Future()


def _work(
    future: Future[T],
    interruption: Future[None],
    call: Callable[..., T],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> None:
    _own_interruption.set(interruption)
    try:
        future.set_result(call(*args, **kwargs))
    except BaseException as error:
        future.set_exception(error)
    finally:
        # The error's traceback holds this frame: with the future in it, a part would stay in memory.
        del future


def _refuse_if_interrupted(**_: Any) -> None:
    interruption = _own_interruption.get(None)
    if interruption is not None and interruption.done():
        raise Interrupted
