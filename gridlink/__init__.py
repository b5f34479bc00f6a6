"""The project: settings, accounts and what all apps share.

The Celery app is imported here, and nothing else may be, so that `shared_task` binds to it in every process.
"""

from __future__ import annotations

from celery_app import app as celery_app

__all__ = ["celery_app"]
