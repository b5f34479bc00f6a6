"""Throttle logging in to the admin as the API does."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError

from gridlink.accounts import throttle
from gridlink.lib.errors import Throttled


class ThrottledLoginForm(AdminAuthenticationForm):
    """Count each attempt before the password is checked."""

    def clean(self) -> dict[str, Any]:
        """Validate the form; raise ValidationError after too many attempts."""
        assert self.request is not None
        address = throttle.client_of(self.request)
        try:
            throttle.take_login(str(self.cleaned_data.get("username", "")), address)
        except Throttled as error:
            raise ValidationError(error.message) from error
        cleaned: dict[str, Any] = super().clean()
        return cleaned
