"""Route `/api/v1/` to the views of jobs, notifications, webhooks and schedules."""

from __future__ import annotations

from django.urls import path

from tasks.api.jobs import files
from tasks.api.jobs import views as jobs
from tasks.api.notifications import views as notifications
from tasks.api.schedules import views as schedules
from tasks.api.webhooks import views as webhooks

urlpatterns = [
    path("jobs/", jobs.JobListView.as_view(), name="job-list"),
    path("jobs/<publicid:slug>/", jobs.JobDetailView.as_view(), name="job-detail"),
    path("jobs/<publicid:slug>/cancel/", jobs.JobCancelView.as_view(), name="job-cancel"),
    path("jobs/<publicid:slug>/retry/", jobs.JobRetryView.as_view(), name="job-retry"),
    path("jobs/<publicid:slug>/events/", jobs.JobEventsView.as_view(), name="job-events"),
    path("jobs/<publicid:slug>/files/<str:name>/", files.JobFileView.as_view(), name="job-file"),
    path(
        "jobs/<publicid:slug>/files/<str:name>/downloads/",
        files.JobFileDownloadsView.as_view(),
        name="job-file-downloads",
    ),
    path(
        "jobs/<publicid:slug>/files/<str:name>/revoke/",
        files.JobFileRevokeView.as_view(),
        name="job-file-revoke",
    ),
    path("notifications/", notifications.NotificationListView.as_view(), name="notification-list"),
    path(
        "notifications/read/",
        notifications.NotificationsReadView.as_view(),
        name="notifications-read",
    ),
    path("notifications/unread/", notifications.UnreadView.as_view(), name="notifications-unread"),
    path(
        "notifications/<publicid:slug>/",
        notifications.NotificationDetailView.as_view(),
        name="notification-detail",
    ),
    path(
        "notifications/<publicid:slug>/read/",
        notifications.NotificationReadView.as_view(),
        name="notification-read",
    ),
    path("webhooks/", webhooks.WebhookListView.as_view(), name="webhook-list"),
    path("webhooks/<publicid:slug>/", webhooks.WebhookDetailView.as_view(), name="webhook-detail"),
    path(
        "webhooks/<publicid:slug>/rotate/",
        webhooks.WebhookRotateView.as_view(),
        name="webhook-rotate",
    ),
    path("webhooks/<publicid:slug>/test/", webhooks.WebhookTestView.as_view(), name="webhook-test"),
    path(
        "webhooks/<publicid:slug>/deliveries/",
        webhooks.WebhookDeliveriesView.as_view(),
        name="webhook-deliveries",
    ),
    path(
        "webhooks/<publicid:slug>/deliveries/<publicid:delivery>/replay/",
        webhooks.DeliveryReplayView.as_view(),
        name="delivery-replay",
    ),
    path("schedules/", schedules.ScheduleListView.as_view(), name="schedule-list"),
    path("schedules/preview/", schedules.SchedulePreviewView.as_view(), name="schedule-preview"),
    path(
        "schedules/<publicid:slug>/", schedules.ScheduleDetailView.as_view(), name="schedule-detail"
    ),
    path(
        "schedules/<publicid:slug>/runs/",
        schedules.ScheduleRunsView.as_view(),
        name="schedule-runs",
    ),
]
