"""Accounts in the admin: users can be mended, tokens only looked at and revoked."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.http import HttpRequest

from gridlink.accounts.forms import ThrottledLoginForm
from gridlink.accounts.models import Token, User

admin.site.login_form = ThrottledLoginForm


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    """Users."""

    list_display = ("username", "slug", "email", "is_active", "is_staff", "created_on")
    search_fields = ("username", "slug", "email")
    ordering = ("-id",)
    readonly_fields = ("slug", "created_on", "modified_on", "last_login")
    fieldsets = (
        (None, {"fields": ("username", "password", "slug")}),
        ("Person", {"fields": ("display_name", "email")}),
        ("Preferences", {"fields": ("time_zone", "week_start", "locale", "email_jobs")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        ("Times", {"fields": ("last_login", "created_on", "modified_on")}),
    )

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes with a user. That jobs and links cannot be deleted one by one does not keep their
        owner from being deleted."""
        objects, counts, _, protected = super().get_deleted_objects(objs, request)
        return objects, counts, set(), protected


@admin.register(Token)
class TokenAdmin(admin.ModelAdmin[Token]):
    """Tokens: their secrets are not kept, so there is nothing to edit."""

    list_display = ("name", "slug", "user", "scopes", "expires_on", "last_used_on")
    search_fields = ("slug", "name", "user__username")
    list_select_related = ("user",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Tokens are issued by log-in only."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Token | None = None) -> bool:
        """Nothing of a token may change."""
        return False
