"""Read notifications, webhooks and their deliveries."""

from __future__ import annotations

from django.db.models import QuerySet

from gridlink.accounts.models import User
from tasks.models import Delivery, Notification, WebhookEndpoint


def notification_list(*, user: User, unread: bool | None = None) -> QuerySet[Notification]:
    """List a user's notifications: all, only the unread or only the read ones."""
    notifications = Notification.objects.filter(user=user)
    return notifications if unread is None else notifications.filter(read_on__isnull=unread)


def webhook_list(*, user: User) -> QuerySet[WebhookEndpoint]:
    """List a user's webhooks."""
    return WebhookEndpoint.objects.filter(user=user)


def webhook_deliveries(*, endpoint: WebhookEndpoint) -> QuerySet[Delivery]:
    """List the deliveries to an endpoint."""
    return Delivery.objects.select_related("notification").filter(endpoint=endpoint)
