"""Route `/api/v1/` to exports, analytics, the ledger and reports."""

from __future__ import annotations

from django.urls import path

from reports.api import exports
from reports.api.analytics import views as analytics
from reports.api.reports import views as reports

urlpatterns = [
    path("exports/", exports.ExportListView.as_view(), name="export-list"),
    path(
        "grids/<publicid:slug>/analytics/",
        analytics.GridAnalyticsView.as_view(),
        name="grid-analytics",
    ),
    path(
        "links/<publicid:slug>/analytics/",
        analytics.LinkAnalyticsView.as_view(),
        name="link-analytics",
    ),
    path("grids/<publicid:slug>/ledger/", analytics.GridLedgerView.as_view(), name="grid-ledger"),
    path("reports/", reports.ReportListView.as_view(), name="report-list"),
    path("reports/kinds/", reports.ReportKindsView.as_view(), name="report-kinds"),
    path("reports/<publicid:slug>/", reports.ReportDetailView.as_view(), name="report-detail"),
    path("reports/<publicid:slug>/runs/", reports.ReportRunsView.as_view(), name="report-runs"),
    path(
        "reports/<publicid:slug>/runs/<publicid:run>/",
        reports.ReportRunView.as_view(),
        name="report-run",
    ),
    path(
        "reports/<publicid:slug>/runs/<publicid:run>/diff/<publicid:other>/",
        reports.ReportRunDiffView.as_view(),
        name="report-run-diff",
    ),
]
