"""The app's registration with Django."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class TasksConfig(AppConfig):
    """Jobs."""

    name = "tasks"
    verbose_name = "Jobs"

    def ready(self) -> None:
        """Load every app's `jobs.py`, which registers its runners, and the worker's signal handling."""
        autodiscover_modules("jobs")
        from tasks import worker  # noqa: F401  (imported for its signal receivers)
