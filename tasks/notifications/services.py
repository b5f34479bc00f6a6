"""Mark notifications as read and manage webhooks, on a user's request."""

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
from gridlink.lib.unset import UNSET, Unset, given
from gridlink.lib.weburl import BadUrl
from tasks.broker import publisher
from tasks.models import Channel, Delivery, Notification, NotificationType, WebhookEndpoint
from tasks.notifications import endpoints, outbox
from tasks.notifications.channels.webhook_secret import encrypt, new_secret
from tasks.notifications.channels.webhook_url import check_webhook_url

# How long events are also signed with the previous secret, so that a receiver can switch without a gap.
ROTATION = timedelta(hours=24)
_NO_FAILURES: dict[str, Any] = {
    "failures": 0,
    "failing_since": None,
    "rests_until": None,
    "note": "",
}


@dataclass(frozen=True, slots=True)
class IssuedWebhook:
    """Hold a webhook with its secret, which is shown only once."""

    endpoint: WebhookEndpoint
    secret: str


@dataclass(frozen=True, slots=True)
class WebhookChanges:
    """Hold the fields of a webhook to change; those left UNSET stay as they are."""

    url: str | Unset = UNSET
    events: list[str] | Unset = UNSET
    is_enabled: bool | Unset = UNSET


def notifications_mark_read(*, user: User, slug: str = "") -> int:
    """Mark one notification, or all, as read; return how many were unread."""
    unread = Notification.objects.filter(user=user, read_on=None)
    return (unread.filter(slug=slug) if slug else unread).update(read_on=Now())


def webhook_create(*, user: User, url: str, events: list[str]) -> IssuedWebhook:
    """Add a webhook. Raises Invalid for an unusable URL, and Conflict beyond WEBHOOKS_PER_USER."""
    secret = new_secret()
    with transaction.atomic():
        # Serializes a user's requests, so that each counts the webhooks that the others created.
        lock_row(user)
        if WebhookEndpoint.objects.filter(user=user).count() >= settings.WEBHOOKS_PER_USER:
            raise Conflict(f"An account can have at most {settings.WEBHOOKS_PER_USER} webhooks.")
        endpoint = WebhookEndpoint.objects.create(
            user=user, url=_checked_url(url), events=_normalized(events), secret=encrypt(secret)
        )
    return IssuedWebhook(endpoint, secret)


@transaction.atomic
def webhook_update(*, endpoint: WebhookEndpoint, changes: WebhookChanges) -> WebhookEndpoint:
    """Change a webhook. Raises Invalid for an unusable URL.

    Enabling it or changing its URL resets its failures; disabling it gives up its waiting deliveries.
    """
    endpoint = _locked(endpoint)
    values = dict(given(changes))
    if changes.url is not UNSET:
        values["url"] = _checked_url(changes.url)
    if changes.events is not UNSET:
        values["events"] = _normalized(changes.events)
    if changes.is_enabled is True or changes.url is not UNSET:
        values.update(_NO_FAILURES)
    for name, value in values.items():
        setattr(endpoint, name, value)
    endpoint.modified_on = timezone.now()
    endpoint.save(update_fields=[*values, "modified_on"])
    if not endpoint.is_enabled:
        outbox.give_up(endpoint, endpoints.DISABLED)
    return endpoint


@transaction.atomic
def webhook_delete(*, endpoint: WebhookEndpoint) -> None:
    """Delete a webhook and all its deliveries, past and waiting."""
    _locked(endpoint).delete()


@transaction.atomic
def webhook_rotate(*, endpoint: WebhookEndpoint) -> IssuedWebhook:
    """Give a webhook a new secret; the previous one also signs during ROTATION."""
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
    endpoint = _lock_for_sending(endpoint)
    ping = Notification.objects.create(
        user_id=endpoint.user_id,
        type=NotificationType.PING,
        title="A webhook was tried out",
        data={"webhook": endpoint.slug},
        # The user who requested it needs no notice of it.
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
    """Send an event again; raise Throttled, or Conflict if disabled or still waiting."""
    assert delivery.endpoint is not None
    _lock_for_sending(delivery.endpoint)
    if not outbox.requeue(delivery):
        raise Conflict("The delivery is still under way; it is tried again automatically.")
    publisher.deliver_on_commit()
    delivery.refresh_from_db()
    return delivery


def _lock_for_sending(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """Lock an enabled webhook and end its pause. Raises Conflict and Throttled."""
    endpoint = _locked(endpoint)
    if not endpoint.is_enabled:
        raise Conflict("The webhook is disabled; enable it first.")
    throttle.take("delivery", str(endpoint.user_id), settings.DELIVERIES_BY_HAND)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(rests_until=None)
    return endpoint


def _locked(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    locked = endpoints.lock(endpoint)
    if locked is None:
        raise NotFound
    return locked


def _checked_url(url: str) -> str:
    try:
        return check_webhook_url(url)
    except BadUrl as error:
        raise Invalid("The address cannot be used.", fields={"url": [str(error)]}) from error


def _normalized(events: list[str]) -> list[str]:
    return sorted(set(events))
