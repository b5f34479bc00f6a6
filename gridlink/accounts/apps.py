"""Register the app with Django.

The app's label is part of migrations and tables: never change its name.
"""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Configure the app `accounts`."""

    name = "gridlink.accounts"
    verbose_name = "Accounts"
