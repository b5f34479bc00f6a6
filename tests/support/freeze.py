"""Holding an export in the middle, for as long as a test wants, on a machine of any speed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_SECONDS = 60
# An export of LINKS rows makes some dozens of fetches, each longer than this.
_STEP = 0.002
LINKS = 60_000


@contextmanager
def export_frozen() -> Iterator[None]:
    """Stop the Postgres backend that feeds an export in Netscape HTML, from soon after its first rows until
    the block ends. The worker waits for rows; its heart, on another connection, beats on."""
    pid = _backend()
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def no_export_runs() -> bool:
    """Whether Postgres has noticed that whoever read an export is gone."""
    return _exporting() is None


def _backend() -> int:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        if pid := _exporting():
            return pid
        time.sleep(_STEP)
    raise AssertionError(f"no export began within {_SECONDS} s")


def _exporting() -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND query LIKE 'FETCH %% FROM export_rows' AND state <> 'idle'",
            [],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else None
