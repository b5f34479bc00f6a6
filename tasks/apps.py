"""Register the app with Django."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import autodiscover_modules

from tasks.storage import StorageError, object_store


class TasksConfig(AppConfig):
    """Configure the app of jobs."""

    name = "tasks"
    verbose_name = "Jobs"

    def ready(self) -> None:
        """Load every app's `jobs.py`, which registers its runners."""
        autodiscover_modules("jobs")


@register("gridlink")
def storage_check(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check that the object storage can be written."""
    try:
        object_store().check()
    except (StorageError, ImproperlyConfigured) as error:
        message = f"STORAGE_URL cannot be used: {error}"
        return [Error(message, hint="See docs/settings.md.", id="gridlink.E001")]
    return []
