"""The admin's log-in, throttled like the API's."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError

from gridlink.accounts import throttle
from gridlink.lib.errors import Throttled


class ThrottledLoginForm(AdminAuthenticationForm):
    """Counts every try before the password is looked at."""

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError when there were too many tries."""
        assert self.request is not None
        address = throttle.client_address(self.request, settings.TRUSTED_PROXIES)
        try:
            throttle.take_login(str(self.cleaned_data.get("username", "")), address)
        except Throttled as error:
            raise ValidationError(error.message) from error
        cleaned: dict[str, Any] = super().clean()
        return cleaned
