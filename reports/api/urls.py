"""Routes under `/api/v1/` for exports, analytics and the ledger."""

from __future__ import annotations

from django.urls import path

from reports.api import views

urlpatterns = [
    path("exports/", views.ExportListView.as_view(), name="export-list"),
    path(
        "grids/<publicid:slug>/analytics/",
        views.GridAnalyticsView.as_view(),
        name="grid-analytics",
    ),
    path(
        "links/<publicid:slug>/analytics/",
        views.LinkAnalyticsView.as_view(),
        name="link-analytics",
    ),
    path("grids/<publicid:slug>/ledger/", views.GridLedgerView.as_view(), name="grid-ledger"),
]
