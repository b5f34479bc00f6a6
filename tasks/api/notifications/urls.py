"""Route `/api/v1/notifications/`."""

from __future__ import annotations

from django.urls import path

from tasks.api.notifications import views

urlpatterns = [
    path("", views.NotificationListView.as_view(), name="notification-list"),
    path("read/", views.NotificationsReadView.as_view(), name="notifications-read"),
    path("unread/", views.UnreadView.as_view(), name="notifications-unread"),
    path("<publicid:slug>/", views.NotificationDetailView.as_view(), name="notification-detail"),
    path("<publicid:slug>/read/", views.NotificationReadView.as_view(), name="notification-read"),
]
