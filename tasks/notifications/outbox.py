"""Claim deliveries of the outbox and record each attempt; only this module changes their states.

Delivery is at least once: after a worker that died before it recorded what it sent, another one sends the
same event with the same identifier once the lease ends. Times are the database's.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from gridlink.lib.text import is_storable
from tasks.models import Channel, Delivery, DeliveryStatus, WebhookEndpoint

# Pauses after each failed attempt; after the last one the delivery is given up.
RETRIES = tuple(
    timedelta(seconds=seconds) for seconds in (5, 60, 300, 1800, 2 * 3600, 6 * 3600, 24 * 3600)
)
# Spreads retries of deliveries that failed together.
JITTER = 0.2
ANSWER_LENGTH = 1024
PER_USER = 2

# Claims of one channel take turns, so that no two find the same lane free.
_TAKE_TURNS = "SELECT pg_advisory_xact_lock(hashtext('tasks.delivery'), hashtext(%(channel)s))"
# `heads` walks the index delivery_waiting from lane to lane and reads one row of each, so that a long lane
# costs no more than a short one.
_CLAIM = """
WITH RECURSIVE heads AS (
    (SELECT id, lane, user_id, endpoint_id FROM tasks_delivery
    WHERE channel = %(channel)s AND status = 'waiting' AND next_on <= statement_timestamp()
    ORDER BY lane, next_on, id LIMIT 1)
    UNION ALL
    SELECT following.* FROM heads CROSS JOIN LATERAL (
        SELECT id, lane, user_id, endpoint_id FROM tasks_delivery
        WHERE channel = %(channel)s AND status = 'waiting' AND next_on <= statement_timestamp()
            AND lane > heads.lane
        ORDER BY lane, next_on, id LIMIT 1
    ) AS following
), held AS (
    SELECT lane, user_id FROM tasks_delivery
    WHERE channel = %(channel)s AND lease_expires_on > statement_timestamp()
), chosen AS (
    SELECT delivery.id
    FROM heads
    JOIN tasks_delivery AS delivery USING (id)
    LEFT JOIN tasks_webhook_endpoint AS endpoint ON endpoint.id = heads.endpoint_id
    LEFT JOIN (SELECT user_id, count(*) AS sending FROM held GROUP BY user_id) AS busy
        ON busy.user_id = heads.user_id
    LEFT JOIN LATERAL (
        SELECT max(other.tried_on) AS tried_on FROM tasks_delivery AS other
        WHERE other.user_id = heads.user_id
    ) AS served ON true
    WHERE heads.lane NOT IN (SELECT lane FROM held)
        AND coalesce(busy.sending, 0) < %(per_user)s
        AND coalesce(endpoint.rests_until <= statement_timestamp(), true)
    ORDER BY coalesce(busy.sending, 0), served.tried_on NULLS FIRST, delivery.next_on, delivery.id
    LIMIT 1
    FOR UPDATE OF delivery SKIP LOCKED
)
UPDATE tasks_delivery AS delivery
SET attempts = attempts + 1,
    fence = fence + 1,
    lease_expires_on = statement_timestamp() + %(lease)s,
    next_on = statement_timestamp() + %(lease)s,
    tried_on = statement_timestamp()
FROM chosen WHERE delivery.id = chosen.id
RETURNING delivery.id
"""


class Verdict(Enum):
    """Name the result of an attempt."""

    DELIVERED = auto()
    RETRY = auto()
    REJECTED = auto()
    GONE = auto()  # the endpoint with it


@dataclass(frozen=True, slots=True)
class Result:
    """Hold the other side's answer or an error; `code` is HTTP's or SMTP's."""

    verdict: Verdict
    code: int | None = None
    text: str = ""
    error: str = ""


class Undeliverable(Exception):
    """Report that a delivery cannot be sent; `result` says why."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.error)
        self.result = result


ATTEMPTS_MAX = len(RETRIES) + 1


def attempt_timeout() -> timedelta:
    """Return how long one attempt may take as a whole."""
    return 4 * timedelta(seconds=settings.DELIVERY_SECONDS)


def lease() -> timedelta:
    """Return how long a worker holds a delivery: longer than any attempt may take."""
    tries: timedelta = settings.JOB_LEASE + attempt_timeout()
    return tries


def claim(channel: Channel) -> Delivery | None:
    """Claim a channel's next due delivery, if any; users take turns, lanes go in order."""
    values: dict[str, Any] = {"channel": channel.value, "per_user": PER_USER, "lease": lease()}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TAKE_TURNS, values)
        cursor.execute(_CLAIM, values)
        row = cursor.fetchone()
    if row is None:
        return None
    found = Delivery.objects.select_related("notification", "endpoint", "user")
    # The owner may have deleted it just now.
    return found.filter(pk=row[0]).first()


def record(delivery: Delivery, result: Result, milliseconds: int) -> bool:
    """Record an attempt; return False when another worker holds the delivery, or it is gone."""
    delay = _delay(delivery.attempts) if result.verdict is Verdict.RETRY else None
    held = _waiting().filter(pk=delivery.pk, fence=delivery.fence)
    changed = held.update(
        **_state(result, delay),
        lease_expires_on=None,
        code=result.code,
        answer=_storable(result.text),
        error=_storable(result.error),
        milliseconds=milliseconds,
    )
    return bool(changed)


def give_up(endpoint: WebhookEndpoint, error: str) -> None:
    """Give up all that waits for an endpoint; its owner can send each again."""
    _waiting().filter(endpoint=endpoint).update(
        status=DeliveryStatus.GIVEN_UP, next_on=None, lease_expires_on=None, error=error
    )


def requeue(delivery: Delivery) -> bool:
    """Queue an ended delivery again, with new attempts; return False if it still waits."""
    over = Delivery.objects.filter(pk=delivery.pk).exclude(status=DeliveryStatus.WAITING)
    return bool(over.update(status=DeliveryStatus.WAITING, attempts=0, next_on=Now()))


def _waiting() -> QuerySet[Delivery]:
    return Delivery.objects.filter(status=DeliveryStatus.WAITING)


def _state(result: Result, delay: timedelta | None) -> dict[str, Any]:
    if delay is not None:
        return {"status": DeliveryStatus.WAITING, "next_on": Now() + delay}
    is_delivered = result.verdict is Verdict.DELIVERED
    status = DeliveryStatus.DELIVERED if is_delivered else DeliveryStatus.GIVEN_UP
    return {"status": status, "next_on": None}


def _delay(attempts: int) -> timedelta | None:
    if attempts > len(RETRIES):
        return None
    return RETRIES[attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER)


def _storable(text: str) -> str:
    text = text.replace("\x00", "")
    return (text if is_storable(text) else ascii(text))[:ANSWER_LENGTH]
