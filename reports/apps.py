"""Register the app with Django.

Django reads this when it starts; the name of the app is part of every migration and table, and is not to be
changed.
"""

from __future__ import annotations

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """Configure the app of clicks, exports and reports."""

    name = "reports"
    verbose_name = "Reports"
