"""The app's registration with Django."""

from __future__ import annotations

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """Exports and reports."""

    name = "reports"
    verbose_name = "Reports"
