"""Reads of notifications, webhooks and their deliveries."""

from __future__ import annotations

from django.db.models import QuerySet

from gridlink.accounts.models import User
from tasks.models import Delivery, Notification, WebhookEndpoint


def notification_list(*, user: User, unread: bool | None = None) -> QuerySet[Notification]:
    """A user's notifications; only the unread or only the read ones when `unread` says so."""
    notifications = Notification.objects.filter(user=user)
    return notifications if unread is None else notifications.filter(read_on__isnull=unread)


def webhook_list(*, user: User) -> QuerySet[WebhookEndpoint]:
    """A user's webhooks."""
    return WebhookEndpoint.objects.filter(user=user)


def webhook_deliveries(*, endpoint: WebhookEndpoint) -> QuerySet[Delivery]:
    """What was, or is to be, sent to an endpoint."""
    return Delivery.objects.select_related("notification").filter(endpoint=endpoint)
