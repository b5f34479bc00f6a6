"""Register accounts in the admin: users can be edited, tokens only viewed and revoked."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest

from gridlink.accounts.forms import ThrottledLoginForm
from gridlink.accounts.models import Token, User
from gridlink.lib.admin import NotEditable

admin.site.login_form = ThrottledLoginForm
admin.site.unregister(Group)
# What decides on the rights of an account.
_RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    """Show and edit users.

    Only superusers grant rights, and touch accounts that have some: whoever sets the password or the address
    of such an account can act with its rights.
    """

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

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Return also the rights, unless a superuser asks."""
        rights = () if _is_superuser(request) else _RIGHTS
        return (*super().get_readonly_fields(request, obj), *rights)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Check also who may touch the account; Django asks this for its password too."""
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Check also who may touch the account."""
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what is deleted with a user.

        Jobs and links cannot be deleted one by one, but that must not keep a user from being deleted.
        """
        objects, counts, needed, protected = super().get_deleted_objects(objs, request)
        return objects, counts, needed & {self.opts.verbose_name}, protected


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin):
    """Show groups; only superusers decide which rights their members have."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Check that a superuser asks."""
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Check that a superuser asks."""
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Check that a superuser asks."""
        return _is_superuser(request)


@admin.register(Token)
class TokenAdmin(NotEditable, admin.ModelAdmin[Token]):
    """Show and revoke tokens; only the API issues them."""

    list_display = ("name", "slug", "user", "scopes", "expires_on", "last_used_on")
    search_fields = ("slug", "name", "user__username")
    list_select_related = ("user",)


def _is_superuser(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_superuser


def _may_touch(request: HttpRequest, user: User | None) -> bool:
    """Check that the account has no rights, is one's own, or a superuser asks."""
    if user is None or user.pk == request.user.pk or _is_superuser(request):
        return True
    has_rights = user.is_staff or user.groups.exists() or user.user_permissions.exists()
    return not (user.is_superuser or has_rights)
