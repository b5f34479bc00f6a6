"""Deliver notifications to webhooks, signed as Standard Webhooks asks (standardwebhooks.com)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from standardwebhooks import Webhook

from gridlink.lib.outbound.client import Limits, outbound_client
from gridlink.lib.outbound.errors import OutboundError
from tasks.models import Channel, Delivery, Notification, WebhookEndpoint
from tasks.notifications import endpoints, outbox
from tasks.notifications.channels.base import Send, Sender
from tasks.notifications.channels.webhook_secret import DecryptionFailed, decrypt
from tasks.notifications.outbox import Result, Undeliverable, Verdict

FAILURES_MAX = 20
FAILING_MAX = timedelta(days=5)
# Pauses between two attempts at a failing endpoint, whichever events they send.
_RESTS = outbox.RETRIES[:4]
_GONE = 410


class WebhookSender(Sender):
    """POST an event to an endpoint; a redirect counts as a failure."""

    channel = Channel.WEBHOOK
    at_once = 16

    def prepare(self, delivery: Delivery) -> Send:
        """Sign with the current secret, and with the previous one while it is valid."""
        endpoint = _endpoint_of(delivery)
        if not endpoint.is_enabled:
            raise Undeliverable(Result(Verdict.REJECTED, error=endpoints.DISABLED))
        body = body_of(delivery.notification)
        try:
            headers = signed(endpoint, delivery.notification.slug, body, datetime.now(UTC))
        except DecryptionFailed as error:
            raise Undeliverable(Result(Verdict.GONE, error=str(error))) from error
        return partial(_post, endpoint.url, headers, body.encode())

    @transaction.atomic
    def settle(self, delivery: Delivery, result: Result, milliseconds: int) -> None:
        """Record the result; pause a failing endpoint, and disable it in the end."""
        # Endpoints are locked before their deliveries, here and wherever both are written.
        endpoint = endpoints.lock(_endpoint_of(delivery))
        if endpoint is None or not outbox.record(delivery, result, milliseconds):
            return
        if result.verdict is Verdict.DELIVERED:
            _record_success(endpoint)
        elif endpoint.is_enabled:
            _record_failure(endpoint, result)


def body_of(notification: Notification) -> str:
    """Return the body of an event, the same in every attempt."""
    moment = notification.created_on.isoformat().replace("+00:00", "Z")
    body = {"type": notification.type, "timestamp": moment, "data": notification.data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def signed(endpoint: WebhookEndpoint, event: str, body: str, moment: datetime) -> dict[str, str]:
    """Return the headers of an event that is sent now. Raises DecryptionFailed."""
    encrypted = [endpoint.secret]
    if endpoint.previous_until and endpoint.previous_until > moment:
        encrypted.append(endpoint.previous_secret)
    signatures = [Webhook(decrypt(secret)).sign(event, moment, body) for secret in encrypted]
    return {
        "Content-Type": "application/json",
        "webhook-id": event,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _post(url: str, headers: dict[str, str], body: bytes) -> Result:
    limits = Limits(seconds=settings.DELIVERY_SECONDS, body_bytes=outbox.ANSWER_LENGTH)
    try:
        response = outbound_client(limits).request("POST", url, headers=headers, body=body)
    except OutboundError as error:
        return Result(Verdict.RETRY, error=str(error))
    text = response.body.decode(errors="replace")
    if 200 <= response.status < 300:
        return Result(Verdict.DELIVERED, response.status, text)
    verdict = Verdict.GONE if response.status == _GONE else Verdict.RETRY
    return Result(verdict, response.status, text, f"The endpoint answered {response.status}.")


def _record_success(endpoint: WebhookEndpoint) -> None:
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        failures=0, failing_since=None, rests_until=None
    )


def _record_failure(endpoint: WebhookEndpoint, result: Result) -> None:
    failures = endpoint.failures + 1
    since = endpoint.failing_since or timezone.now()
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        failures=failures,
        failing_since=since,
        rests_until=Now() + _RESTS[min(failures, len(_RESTS)) - 1],
    )
    if result.verdict is Verdict.GONE:
        endpoints.disable(endpoint, result.error)
    elif failures >= FAILURES_MAX:
        endpoints.disable(endpoint, f"{failures} attempts in a row failed. {result.error}")
    elif timezone.now() - since >= FAILING_MAX:
        endpoints.disable(endpoint, f"It failed for {FAILING_MAX.days} days. {result.error}")


def _endpoint_of(delivery: Delivery) -> WebhookEndpoint:
    assert delivery.endpoint is not None
    return delivery.endpoint
