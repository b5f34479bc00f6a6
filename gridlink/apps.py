"""Register the project as a Django app, for its system checks."""

from __future__ import annotations

from django.apps import AppConfig


class GridlinkConfig(AppConfig):
    """Configure the project itself, which has no models."""

    name = "gridlink"
    label = "gridlink"

    def ready(self) -> None:
        """Register the checks of `manage.py check`."""
        from gridlink import checks  # noqa: F401  (imported for its registrations)
