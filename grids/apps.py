"""The app's registration with Django."""

from __future__ import annotations

from django.apps import AppConfig


class GridsConfig(AppConfig):
    """Grids and links."""

    name = "grids"
    verbose_name = "Grids"
