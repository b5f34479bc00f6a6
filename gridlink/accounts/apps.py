"""The app's registration with Django."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Accounts."""

    name = "gridlink.accounts"
    verbose_name = "Accounts"
