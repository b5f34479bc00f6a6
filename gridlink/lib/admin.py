"""Provide what the admin pages of all apps share."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.options import BaseModelAdmin
from django.http import HttpRequest

# The type checker needs `ModelAdmin[Job]`; without this Python could not evaluate it.
BaseModelAdmin.__class_getitem__ = classmethod(lambda cls, _: cls)  # type: ignore[attr-defined]


class NotEditable:
    """Forbid adding and changing rows."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False."""
        return False


class ReadOnly(NotEditable):
    """Forbid deleting rows as well."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False."""
        return False
