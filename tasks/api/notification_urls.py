"""Routes under `/api/v1/notifications/`."""

from __future__ import annotations

from django.urls import path

from tasks.api import notifications

urlpatterns = [
    path("", notifications.NotificationListView.as_view(), name="notification-list"),
    path("read/", notifications.NotificationsReadView.as_view(), name="notifications-read"),
    path("unread/", notifications.UnreadView.as_view(), name="notifications-unread"),
    path(
        "<publicid:slug>/",
        notifications.NotificationDetailView.as_view(),
        name="notification-detail",
    ),
    path(
        "<publicid:slug>/read/",
        notifications.NotificationReadView.as_view(),
        name="notification-read",
    ),
]
