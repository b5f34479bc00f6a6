"""Jobs in the admin: everything to see, nothing to edit, since only the lifecycle changes a job."""

from __future__ import annotations

from django.contrib import admin

from gridlink.lib.admin import ReadOnly
from tasks.models import Job, JobEvent, JobFile


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
