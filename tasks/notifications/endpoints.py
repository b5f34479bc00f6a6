"""Lock and disable webhook endpoints."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.db.models.functions import Now

from tasks.models import Notification, NotificationType, WebhookEndpoint
from tasks.notifications import outbox

DISABLED = "The webhook is disabled."


def lock(endpoint: WebhookEndpoint) -> WebhookEndpoint | None:
    """Lock and return the endpoint's row; None if it is deleted."""
    rows = WebhookEndpoint.objects.select_for_update(no_key=True)
    return rows.filter(pk=endpoint.pk).first()


def disable(endpoint: WebhookEndpoint, note: str) -> None:
    """Disable a locked endpoint, give up what waits for it, and notify its owner."""
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        is_enabled=False, note=note, modified_on=Now()
    )
    outbox.give_up(endpoint, DISABLED)
    Notification.objects.create(
        user_id=endpoint.user_id,
        type=NotificationType.WEBHOOK_DISABLED,
        # Only the host: a path may hold a secret of the receiver's.
        title=f"The webhook to {urlsplit(endpoint.url).hostname} was disabled"[:300],
        data={"slug": endpoint.slug, "url": endpoint.url, "note": note},
    )
