"""Register the app with Django."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class TasksConfig(AppConfig):
    """Configure the app of jobs."""

    name = "tasks"
    verbose_name = "Jobs"

    def ready(self) -> None:
        """Load every app's `jobs.py`, which registers its runners."""
        autodiscover_modules("jobs")
