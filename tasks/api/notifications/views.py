"""Serve `notifications/`: what the account was notified of."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gridlink.accounts.permissions import actor_of
from gridlink.lib.rest.pagination import page_response
from gridlink.lib.rest.schema import operation
from gridlink.lib.rest.serializers import validated
from tasks.access import notification_read
from tasks.api.notifications.serializers import (
    MarkedSerializer,
    NotificationListQuery,
    NotificationSerializer,
    UnreadSerializer,
)
from tasks.notifications import services
from tasks.notifications.selectors import notification_list

_NO_STORE = {"Cache-Control": "no-store"}


class NotificationListView(APIView):
    """List notifications."""

    @operation("List notifications", NotificationListQuery, page_of=NotificationSerializer)
    def get(self, request: Request) -> Response:
        """List the account's notifications, newest first. Every job that ended has one."""
        query = validated(NotificationListQuery, request.query_params)
        rows = notification_list(user=actor_of(request), unread=query["unread"])
        return page_response(
            request, rows, NotificationSerializer, query=query, ordering=("-id",), large="data"
        )


class UnreadView(APIView):
    """Count unread notifications."""

    @operation("Count unread notifications", answers=UnreadSerializer)
    def get(self, request: Request) -> Response:
        """Return how many notifications are unread."""
        count = notification_list(user=actor_of(request), unread=True).count()
        return Response({"unread": count}, headers=_NO_STORE)


class NotificationsReadView(APIView):
    """Mark all notifications as read."""

    @operation("Mark all notifications as read", answers=MarkedSerializer)
    def post(self, request: Request) -> Response:
        """Mark all notifications as read; return how many were unread."""
        marked = services.notifications_mark_read(user=actor_of(request))
        return Response({"marked": marked})


class NotificationDetailView(APIView):
    """Show a notification."""

    @operation("Show a notification", answers=NotificationSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Show a notification, without marking it as read."""
        return Response(NotificationSerializer(notification_read(actor_of(request), slug)).data)


class NotificationReadView(APIView):
    """Mark a notification as read."""

    @operation("Mark a notification as read", answers=NotificationSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Mark a notification as read; has no effect if it already is."""
        actor = actor_of(request)
        notification = notification_read(actor, slug)
        services.notifications_mark_read(user=actor, slug=notification.slug)
        return Response(NotificationSerializer(notification_read(actor, slug)).data)
