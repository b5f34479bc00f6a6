"""How a worker process stops: a job that it still runs is handed back, not left to its lease."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Any

from celery.signals import worker_process_init


@worker_process_init.connect
def stop_gently(**_: Any) -> None:
    """Turn the pool's SIGTERM into SystemExit, which the executor answers by handing the job back.

    Celery resets the signal to its default in pool processes, and the default ends them mid-instruction.
    """
    signal.signal(signal.SIGTERM, _exit)


def _exit(signum: int, frame: FrameType | None) -> None:
    sys.exit(0)
