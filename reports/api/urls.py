"""Routes under `/api/v1/` for exports, analytics, the ledger and reports."""

from __future__ import annotations

from django.urls import path

from reports.api import report_views, views

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
    path("reports/", report_views.ReportListView.as_view(), name="report-list"),
    path("reports/kinds/", report_views.ReportKindsView.as_view(), name="report-kinds"),
    path("reports/<publicid:slug>/", report_views.ReportDetailView.as_view(), name="report-detail"),
    path(
        "reports/<publicid:slug>/runs/", report_views.ReportRunsView.as_view(), name="report-runs"
    ),
    path(
        "reports/<publicid:slug>/runs/<publicid:run>/",
        report_views.ReportRunView.as_view(),
        name="report-run",
    ),
    path(
        "reports/<publicid:slug>/runs/<publicid:run>/diff/<publicid:other>/",
        report_views.ReportRunDiffView.as_view(),
        name="report-run-diff",
    ),
]
