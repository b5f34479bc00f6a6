"""Holding the COPYs of an export in the middle."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.db import OperationalError, connection, transaction

from tests.support.waiting import wait_for

_SECONDS = 60
_STEP = 0.002
_READ = "1s"


def copying() -> list[int]:
    """The backends that copy rows out just now. Raises OperationalError when one of them was stopped while it
    wrote of its progress: a reader waits for the end of that, and would for ever."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [_READ])
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND query LIKE 'COPY (SELECT %%' AND state = 'active' AND pid <> pg_backend_pid()",
            [],
        )
        return [int(pid) for (pid,) in cursor.fetchall()]


@contextmanager
def copies_frozen(ready: Callable[[], bool] = lambda: True) -> Iterator[None]:
    """Stop all backends that copy rows out, at a moment when there are some and `ready` says so, until the
    block ends. No row flows, and they hear of nothing."""
    pids = _frozen(ready)
    try:
        yield
    finally:
        _signal(pids, signal.SIGCONT)


def _frozen(ready: Callable[[], bool]) -> list[int]:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        if ready() and (pids := copying()):
            _signal(pids, signal.SIGSTOP)
            if _are_still_copying(pids):
                return pids
            _signal(pids, signal.SIGCONT)
        time.sleep(_STEP)
    raise AssertionError(f"no COPY within {_SECONDS} s")


def _are_still_copying(pids: list[int]) -> bool:
    """One that had just finished is idle, and would hold up the next query on its connection; one that cannot
    be read of would hold up whoever looks at the server's activity."""
    wait_for(lambda: all(map(_is_stopped, pids)), what="the stop of the backends")
    with suppress(OperationalError):
        return sorted(copying()) == sorted(pids)
    return False


def _is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        os.kill(pid, number)
