"""Route `/api/v1/jobs/`."""

from __future__ import annotations

from django.urls import path

from tasks.api.jobs import files, views

urlpatterns = [
    path("", views.JobListView.as_view(), name="job-list"),
    path("<publicid:slug>/", views.JobDetailView.as_view(), name="job-detail"),
    path("<publicid:slug>/cancel/", views.JobCancelView.as_view(), name="job-cancel"),
    path("<publicid:slug>/retry/", views.JobRetryView.as_view(), name="job-retry"),
    path("<publicid:slug>/events/", views.JobEventsView.as_view(), name="job-events"),
    path("<publicid:slug>/files/<str:name>/", files.JobFileView.as_view(), name="job-file"),
    path(
        "<publicid:slug>/files/<str:name>/downloads/",
        files.JobFileDownloadsView.as_view(),
        name="job-file-downloads",
    ),
    path(
        "<publicid:slug>/files/<str:name>/revoke/",
        files.JobFileRevokeView.as_view(),
        name="job-file-revoke",
    ),
]
