"""Writes of notifications and webhooks that a user asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from gridlink.accounts import throttle
from gridlink.accounts.models import User
from gridlink.lib.database import lock_row
from gridlink.lib.errors import Conflict, Invalid, NotFound
from gridlink.lib.weburl import BadUrl
from tasks.broker import publisher
from tasks.models import Channel, Delivery, Notification, NotificationType, WebhookEndpoint
from tasks.notifications import endpoints, outbox
from tasks.notifications.channels.webhook_secret import encrypt, new_secret
from tasks.notifications.channels.webhook_url import check_webhook_url

# For so long the previous secret signs as well, so that a receiver can change over without a gap.
ROTATION = timedelta(hours=24)
_FRESH: dict[str, Any] = {"failures": 0, "failing_since": None, "rests_until": None, "note": ""}


@dataclass(frozen=True, slots=True)
class IssuedWebhook:
    """A webhook with its secret, which is shown this once."""

    endpoint: WebhookEndpoint
    secret: str


def notifications_mark_read(*, user: User, slug: str = "") -> int:
    """Mark one notification as read, or all; how many were not yet."""
    unread = Notification.objects.filter(user=user, read_on=None)
    return (unread.filter(slug=slug) if slug else unread).update(read_on=Now())


def webhook_create(*, user: User, url: str, events: list[str]) -> IssuedWebhook:
    """Add a webhook. Raises Invalid for an address that events cannot go to, and Conflict when the account
    has as many as it may."""
    secret = new_secret()
    with transaction.atomic():
        # A user's requests take turns here, so that none misses the webhook of another.
        lock_row(user)
        if WebhookEndpoint.objects.filter(user=user).count() >= settings.WEBHOOKS_PER_USER:
            raise Conflict(f"An account has {settings.WEBHOOKS_PER_USER} webhooks at most.")
        endpoint = WebhookEndpoint.objects.create(
            user=user, url=_checked(url), events=_listed(events), secret=encrypt(secret)
        )
    return IssuedWebhook(endpoint, secret)


@transaction.atomic
def webhook_update(*, endpoint: WebhookEndpoint, changes: dict[str, Any]) -> WebhookEndpoint:
    """Change what is named. To enable it, or to give it another address, forgets its failures; to disable it
    gives up what waits for it. Raises Invalid."""
    endpoint = _locked(endpoint)
    if "url" in changes:
        changes["url"] = _checked(changes["url"])
    if "events" in changes:
        changes["events"] = _listed(changes["events"])
    if changes.get("is_enabled") or "url" in changes:
        changes = {**changes, **_FRESH}
    for name, value in changes.items():
        setattr(endpoint, name, value)
    endpoint.modified_on = timezone.now()
    endpoint.save(update_fields=[*changes, "modified_on"])
    if not endpoint.is_enabled:
        outbox.give_up(endpoint, endpoints.DISABLED)
    return endpoint


@transaction.atomic
def webhook_delete(*, endpoint: WebhookEndpoint) -> None:
    """Remove a webhook, its log, and what waits for it."""
    _locked(endpoint).delete()


@transaction.atomic
def webhook_rotate(*, endpoint: WebhookEndpoint) -> IssuedWebhook:
    """Give a webhook another secret; the one it had signs beside it for ROTATION."""
    endpoint = _locked(endpoint)
    secret = new_secret()
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        secret=encrypt(secret),
        previous_secret=endpoint.secret,
        previous_until=Now() + ROTATION,
        modified_on=Now(),
    )
    endpoint.refresh_from_db()
    return IssuedWebhook(endpoint, secret)


@transaction.atomic
def webhook_test(*, endpoint: WebhookEndpoint) -> Delivery:
    """Send a `ping`. Raises Conflict when the webhook is disabled, and Throttled."""
    endpoint = _ready(endpoint)
    ping = Notification.objects.create(
        user_id=endpoint.user_id,
        type=NotificationType.PING,
        title="A webhook was tried out",
        data={"webhook": endpoint.slug},
        # Whoever asked for it knows of it.
        read_on=Now(),
    )
    delivery = Delivery.objects.create(
        notification=ping,
        user_id=endpoint.user_id,
        channel=Channel.WEBHOOK,
        lane=endpoint.slug,
        endpoint=endpoint,
    )
    publisher.deliver_on_commit()
    delivery.refresh_from_db()
    return delivery


@transaction.atomic
def delivery_replay(*, delivery: Delivery) -> Delivery:
    """Send an event again, under its old identifier. Raises Conflict while it still waits or when its webhook
    is disabled, and Throttled."""
    assert delivery.endpoint is not None
    _ready(delivery.endpoint)
    if not outbox.requeue(delivery):
        raise Conflict("The delivery is not over yet; it is tried again by itself.")
    publisher.deliver_on_commit()
    delivery.refresh_from_db()
    return delivery


def _ready(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """The locked webhook, about to be sent something by hand and so not to rest."""
    endpoint = _locked(endpoint)
    if not endpoint.is_enabled:
        raise Conflict("The webhook is disabled; enable it first.")
    throttle.take("delivery", str(endpoint.user_id), settings.DELIVERIES_BY_HAND)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(rests_until=None)
    return endpoint


def _locked(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    locked = endpoints.locked(endpoint)
    if locked is None:
        raise NotFound
    return locked


def _checked(url: str) -> str:
    try:
        return check_webhook_url(url)
    except BadUrl as error:
        raise Invalid("The address cannot be used.", fields={"url": [str(error)]}) from error


def _listed(events: list[str]) -> list[str]:
    return sorted(set(events))
