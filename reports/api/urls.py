"""Routes under `/api/v1/` for exports."""

from __future__ import annotations

from django.urls import path

from reports.api import views

urlpatterns = [path("exports/", views.ExportListView.as_view(), name="export-list")]
