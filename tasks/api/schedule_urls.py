"""Routes under `/api/v1/schedules/`."""

from __future__ import annotations

from django.urls import path

from tasks.api import schedules

urlpatterns = [
    path("", schedules.ScheduleListView.as_view(), name="schedule-list"),
    path("preview/", schedules.SchedulePreviewView.as_view(), name="schedule-preview"),
    path("<publicid:slug>/", schedules.ScheduleDetailView.as_view(), name="schedule-detail"),
    path("<publicid:slug>/runs/", schedules.ScheduleRunsView.as_view(), name="schedule-runs"),
]
