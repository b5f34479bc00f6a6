"""Register accounts in the admin: users can be edited, tokens only viewed and revoked."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.http import HttpRequest

from gridlink.accounts.forms import ThrottledLoginForm
from gridlink.accounts.models import Token, User
from gridlink.lib.admin import NotEditable

admin.site.login_form = ThrottledLoginForm


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    """Show and edit users."""

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
        """Return what is deleted with a user.

        Jobs and links cannot be deleted one by one, but that must not keep a user from being deleted.
        """
        objects, counts, _, protected = super().get_deleted_objects(objs, request)
        return objects, counts, set(), protected


@admin.register(Token)
class TokenAdmin(NotEditable, admin.ModelAdmin[Token]):
    """Show and revoke tokens; only the API issues them."""

    list_display = ("name", "slug", "user", "scopes", "expires_on", "last_used_on")
    search_fields = ("slug", "name", "user__username")
    list_select_related = ("user",)
