"""Run `manage.py ensure_admin`, which creates or repairs the administrator."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from gridlink.accounts.services import admin_ensure
from gridlink.env import env_secret, env_str
from gridlink.lib.errors import Conflict


class Command(BaseCommand):
    help = "Create or repair the administrator ADMIN_USER (default admin) with ADMIN_PASSWORD."

    def handle(self, *args: Any, **options: Any) -> None:
        password = env_secret("ADMIN_PASSWORD")
        if not password:
            raise CommandError("Set ADMIN_PASSWORD (or ADMIN_PASSWORD_FILE).")
        try:
            user = admin_ensure(username=env_str("ADMIN_USER", "admin"), password=password)
        except Conflict as error:
            raise CommandError(f"{error.message} Set ADMIN_USER to another name.") from error
        self.stdout.write(f"Administrator: {user.username}")
