"""What a process of a worker keeps from one task to the next: its database connections, as the web does from
one request to the next, and what it has loaded.

Celery closes the connections before and after each task. A new one costs more than a small report does:
PostgreSQL starts a process, which has to read the catalogue first.
"""

from __future__ import annotations

from celery import signals
from django.db import close_old_connections


def connect_worker_signals() -> None:
    """Have a task begin with the connections of the one before, unless they broke or are too old."""
    # As Django does around a request. How many tasks may do with one is CELERY_DB_REUSE_MAX.
    signals.task_prerun.connect(close_old_connections)
    signals.task_postrun.connect(close_old_connections)
    signals.worker_process_init.connect(_freeze_loaded_objects)


def _freeze_loaded_objects(**_: object) -> None:
    # Not above: the project itself imports the Celery app.
    from gridlink.lib.garbage import freeze_loaded_objects

    freeze_loaded_objects()
