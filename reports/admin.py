"""Show in the admin, read-only, how far clicks are counted."""

from __future__ import annotations

from django.contrib import admin

from gridlink.lib.admin import ReadOnly
from reports.models import Producer, SetAside


@admin.register(Producer)
class ProducerAdmin(ReadOnly, admin.ModelAdmin[Producer]):
    """Show `public` processes, and how many of their events never arrived."""

    list_display = ("name", "number", "accepted", "missing", "seen_on")
    search_fields = ("name",)
    ordering = ("-seen_on",)
    show_full_result_count = False


@admin.register(SetAside)
class SetAsideAdmin(ReadOnly, admin.ModelAdmin[SetAside]):
    """Show entries and events that could not be read."""

    list_display = ("entry", "producer", "number", "events", "reason", "created_on")
    search_fields = ("entry", "producer")
    ordering = ("-id",)
    exclude = ("payload",)
    show_full_result_count = False
