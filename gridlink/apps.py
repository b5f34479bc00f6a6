"""The project as a Django app: it registers the system checks."""

from __future__ import annotations

from django.apps import AppConfig


class GridlinkConfig(AppConfig):
    """The project itself; it has no models."""

    name = "gridlink"
    label = "gridlink"

    def ready(self) -> None:
        """Register the checks of `manage.py check`."""
        from gridlink import checks  # noqa: F401  (imported for its registrations)
