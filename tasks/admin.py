"""Show jobs, schedules, notifications and deliveries in the admin, read-only."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin

from gridlink.lib.admin import ReadOnly
from tasks import models


class NewestFirst(ReadOnly, admin.ModelAdmin[Any]):
    """List rows with their users, newest first, without counting them all."""

    list_select_related: ClassVar[Any] = ("user",)
    ordering = ("-id",)
    show_full_result_count = False


class JobFileInline(ReadOnly, admin.TabularInline[models.JobFile, models.Job]):
    """Show a job's files."""

    model = models.JobFile


class JobEventInline(ReadOnly, admin.TabularInline[models.JobEvent, models.Job]):
    """Show a job's history."""

    model = models.JobEvent
    ordering = ("id",)


@admin.register(models.Job)
class JobAdmin(NewestFirst):
    """Show jobs."""

    list_display = ("slug", "kind", "user", "status", "attempt", "queue", "created_on")
    list_filter = ("status", "queue", "kind")
    search_fields = ("slug", "user__username")
    inlines = (JobFileInline, JobEventInline)


@admin.register(models.Schedule)
class ScheduleAdmin(NewestFirst):
    """Show schedules."""

    list_display = ("slug", "name", "action", "user", "is_enabled", "failures", "next_on")
    list_filter = ("is_enabled", "action")
    search_fields = ("slug", "name", "user__username")


@admin.register(models.Notification)
class NotificationAdmin(NewestFirst):
    """Show notifications."""

    list_display = ("slug", "type", "title", "user", "created_on", "read_on")
    list_filter = ("type",)
    search_fields = ("slug", "job", "user__username")


@admin.register(models.ScheduledRun)
class ScheduledRunAdmin(NewestFirst):
    """Show the outcome of each slot."""

    list_display = ("slot", "schedule", "status", "job", "note")
    list_filter = ("status",)
    search_fields = ("schedule__slug", "job__slug")
    list_select_related = ("schedule", "job")


@admin.register(models.WebhookEndpoint)
class WebhookEndpointAdmin(NewestFirst):
    """Show webhooks, without their secrets."""

    list_display = ("slug", "url", "user", "is_enabled", "failures", "note")
    list_filter = ("is_enabled",)
    search_fields = ("slug", "url", "user__username")
    exclude = ("secret", "previous_secret")


@admin.register(models.Delivery)
class DeliveryAdmin(NewestFirst):
    """Show the outbox."""

    list_display = ("slug", "channel", "user", "status", "attempts", "next_on", "code", "error")
    list_filter = ("channel", "status")
    search_fields = ("slug", "notification__slug", "notification__job", "user__username")
