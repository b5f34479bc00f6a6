"""Hold the project: settings, accounts and what all apps share.

Only the Celery app is imported here, so that `shared_task` binds to it in every process.
"""

from __future__ import annotations

from celery_app import app as celery_app

__all__ = ["celery_app"]
