"""The end of an endpoint: what waited for it is given up, and its owner told."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.db.models.functions import Now

from tasks.models import Notification, NotificationType, WebhookEndpoint
from tasks.notifications import outbox

DISABLED = "The webhook is disabled."


def locked(endpoint: WebhookEndpoint) -> WebhookEndpoint | None:
    """The endpoint as it is now, until the transaction ends nobody else's to change; None if deleted."""
    rows = WebhookEndpoint.objects.select_for_update(no_key=True)
    return rows.filter(pk=endpoint.pk).first()


def disable(endpoint: WebhookEndpoint, note: str) -> None:
    """Send nothing to a locked endpoint any more, for the reason in `note`."""
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        is_enabled=False, note=note, modified_on=Now()
    )
    outbox.give_up(endpoint, DISABLED)
    Notification.objects.create(
        user_id=endpoint.user_id,
        type=NotificationType.WEBHOOK_DISABLED,
        # The host alone: a path may be a secret of the receiver's.
        title=f"The webhook to {urlsplit(endpoint.url).hostname} was disabled"[:300],
        data={"slug": endpoint.slug, "url": endpoint.url, "note": note},
    )
