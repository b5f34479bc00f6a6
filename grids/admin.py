"""Show grids and links in the admin, read-only: writes go through the services."""

from __future__ import annotations

from django.contrib import admin

from gridlink.lib.admin import ReadOnly
from grids.models import Grid, Link


@admin.register(Grid)
class GridAdmin(ReadOnly, admin.ModelAdmin[Grid]):
    """Show grids."""

    list_display = ("title", "slug", "user", "visibility", "is_deleted", "created_on")
    list_filter = ("visibility", "is_deleted")
    search_fields = ("slug", "alias", "user__username")
    list_select_related = ("user",)
    ordering = ("-id",)
    exclude = ("search",)
    show_full_result_count = False


@admin.register(Link)
class LinkAdmin(ReadOnly, admin.ModelAdmin[Link]):
    """Show links."""

    list_display = ("title", "slug", "url", "grid", "user", "is_deleted", "created_on")
    list_filter = ("is_deleted",)
    search_fields = ("slug", "alias", "user__username")
    list_select_related = ("user", "grid")
    ordering = ("-id",)
    exclude = ("search",)
    show_full_result_count = False
