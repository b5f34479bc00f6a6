"""Jobs, schedules, and what was told of jobs, in the admin: everything to see, nothing to edit."""

from __future__ import annotations

from django.contrib import admin

from gridlink.lib.admin import ReadOnly
from tasks.models import (
    Delivery,
    Job,
    JobEvent,
    JobFile,
    Notification,
    Schedule,
    ScheduledRun,
    WebhookEndpoint,
)


class JobFileInline(ReadOnly, admin.TabularInline[JobFile, Job]):
    """A job's files."""

    model = JobFile


class JobEventInline(ReadOnly, admin.TabularInline[JobEvent, Job]):
    """A job's history."""

    model = JobEvent
    ordering = ("id",)


@admin.register(Job)
class JobAdmin(ReadOnly, admin.ModelAdmin[Job]):
    """Jobs."""

    list_display = ("slug", "kind", "user", "status", "attempt", "queue", "created_on")
    list_filter = ("status", "queue", "kind")
    search_fields = ("slug", "user__username")
    list_select_related = ("user",)
    ordering = ("-id",)
    inlines = (JobFileInline, JobEventInline)
    show_full_result_count = False


@admin.register(Schedule)
class ScheduleAdmin(ReadOnly, admin.ModelAdmin[Schedule]):
    """Schedules."""

    list_display = ("slug", "name", "action", "user", "is_enabled", "failures", "next_on")
    list_filter = ("is_enabled", "action")
    search_fields = ("slug", "name", "user__username")
    list_select_related = ("user",)
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(Notification)
class NotificationAdmin(ReadOnly, admin.ModelAdmin[Notification]):
    """What users were told."""

    list_display = ("slug", "type", "title", "user", "created_on", "read_on")
    list_filter = ("type",)
    search_fields = ("slug", "job", "user__username")
    list_select_related = ("user",)
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(ScheduledRun)
class ScheduledRunAdmin(ReadOnly, admin.ModelAdmin[ScheduledRun]):
    """What became of each slot."""

    list_display = ("slot", "schedule", "status", "job", "note")
    list_filter = ("status",)
    search_fields = ("schedule__slug", "job__slug")
    list_select_related = ("schedule", "job")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnly, admin.ModelAdmin[WebhookEndpoint]):
    """Webhooks, without their secrets."""

    list_display = ("slug", "url", "user", "is_enabled", "failures", "note")
    list_filter = ("is_enabled",)
    search_fields = ("slug", "url", "user__username")
    list_select_related = ("user",)
    ordering = ("-id",)
    exclude = ("secret", "previous_secret")
    show_full_result_count = False


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, admin.ModelAdmin[Delivery]):
    """The outbox."""

    list_display = ("slug", "channel", "user", "status", "attempts", "next_on", "code", "error")
    list_filter = ("channel", "status")
    search_fields = ("slug", "notification__slug", "notification__job", "user__username")
    list_select_related = ("user",)
    ordering = ("-id",)
    show_full_result_count = False
