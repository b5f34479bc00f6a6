"""Keep a worker's database connections and loaded objects from task to task.

By default Celery closes connections around each task, and a new one costs more than a small report:
PostgreSQL starts a process, which has to read the catalogue first.
"""

from __future__ import annotations

from celery import signals
from django.db import close_old_connections


def connect_worker_signals() -> None:
    """Close only broken and old connections around a task, as Django does around a request."""
    # CELERY_DB_REUSE_MAX says how many tasks may use one.
    signals.task_prerun.connect(close_old_connections)
    signals.task_postrun.connect(close_old_connections)
    signals.worker_process_init.connect(_freeze_loaded_objects)


def _freeze_loaded_objects(**_: object) -> None:
    # Imported late: the project itself imports the Celery app.
    from gridlink.lib.garbage import freeze_loaded_objects

    freeze_loaded_objects()
