"""Register the app with Django.

The name of the app is part of every migration and table, and must not change.
"""

from __future__ import annotations

from django.apps import AppConfig


class GridsConfig(AppConfig):
    """Configure the app of grids and links."""

    name = "grids"
    verbose_name = "Grids"
