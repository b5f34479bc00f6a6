"""Route `/api/v1/schedules/`.

`gridlink.urls` includes these.
"""

from __future__ import annotations

from django.urls import path

from tasks.api.schedules import views

urlpatterns = [
    path("", views.ScheduleListView.as_view(), name="schedule-list"),
    path("preview/", views.SchedulePreviewView.as_view(), name="schedule-preview"),
    path("<publicid:slug>/", views.ScheduleDetailView.as_view(), name="schedule-detail"),
    path("<publicid:slug>/runs/", views.ScheduleRunsView.as_view(), name="schedule-runs"),
]
