"""The outbox, and the one place that changes a delivery's state: how one is taken, by one worker at a time,
and what is written of each try.

At least once: a worker that dies after it sent and before it said so is followed by another, when the lease
ends, which sends the same event under the same identifier. Times are the database's.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from gridlink.lib.text import is_storable
from tasks.models import Channel, Delivery, DeliveryStatus, WebhookEndpoint, waiting

# After each failed try; then it is given up.
RETRIES = tuple(
    timedelta(seconds=seconds) for seconds in (5, 60, 300, 1800, 2 * 3600, 6 * 3600, 24 * 3600)
)
# So that what failed together does not come back together.
JITTER = 0.2
ANSWER_LENGTH = 1024
PER_USER = 2

# Claims of one channel take turns, so that no two find the same lane free.
_TAKE_TURNS = "SELECT pg_advisory_xact_lock(hashtext('tasks.delivery'), hashtext(%(channel)s))"
# `heads` walks the index delivery_waiting from lane to lane and reads one row of each, so that the longest
# queue of anybody costs no more than the shortest.
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
    """What a try came to."""

    DELIVERED = auto()
    RETRY = auto()
    REJECTED = auto()
    GONE = auto()  # and the whole endpoint with it


@dataclass(frozen=True, slots=True)
class Result:
    """What the other side said, or why nothing came of it; `code` is of HTTP or of SMTP."""

    verdict: Verdict
    code: int | None = None
    text: str = ""
    error: str = ""


class Undeliverable(Exception):
    """There is nothing to send, or nobody to send it to; `answer` says why."""

    def __init__(self, answer: Result) -> None:
        super().__init__(answer.error)
        self.answer = answer


ATTEMPTS_MAX = len(RETRIES) + 1


def attempt_timeout() -> timedelta:
    """How long one try may take as a whole, however slowly the other side goes on."""
    return 4 * timedelta(seconds=settings.DELIVERY_SECONDS)


def lease() -> timedelta:
    """For how long a delivery is its worker's: longer than any try may take."""
    tries: timedelta = settings.JOB_LEASE + attempt_timeout()
    return tries


def claim(channel: Channel) -> Delivery | None:
    """The delivery of a channel whose turn it is, now the caller's; None when there is none.

    Users take turns, and of one lane only one delivery is out at a time.
    """
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


def record(delivery: Delivery, answer: Result, milliseconds: int) -> bool:
    """Write down what a try came to; False when the delivery is somebody else's by now, or gone."""
    delay = _delay(delivery.attempts) if answer.verdict is Verdict.RETRY else None
    held = waiting(pk=delivery.pk, fence=delivery.fence)
    changed = held.update(
        **_state(answer, delay),
        lease_expires_on=None,
        code=answer.code,
        answer=_storable(answer.text),
        error=_storable(answer.error),
        milliseconds=milliseconds,
    )
    return bool(changed)


def give_up(endpoint: WebhookEndpoint, error: str) -> None:
    """End all that waits for an endpoint; its owner can send each again later."""
    waiting(endpoint=endpoint).update(
        status=DeliveryStatus.GIVEN_UP, next_on=None, lease_expires_on=None, error=error
    )


def requeue(delivery: Delivery) -> bool:
    """Send what is over once more, its attempts counted afresh; False when it is not over."""
    over = Delivery.objects.filter(pk=delivery.pk).exclude(status=DeliveryStatus.WAITING)
    return bool(over.update(status=DeliveryStatus.WAITING, attempts=0, next_on=Now()))


def _state(answer: Result, delay: timedelta | None) -> dict[str, Any]:
    if delay is not None:
        return {"status": DeliveryStatus.WAITING, "next_on": Now() + delay}
    is_delivered = answer.verdict is Verdict.DELIVERED
    status = DeliveryStatus.DELIVERED if is_delivered else DeliveryStatus.GIVEN_UP
    return {"status": status, "next_on": None}


def _delay(attempts: int) -> timedelta | None:
    if attempts > len(RETRIES):
        return None
    return RETRIES[attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER)


def _storable(text: str) -> str:
    text = text.replace("\x00", "")
    return (text if is_storable(text) else ascii(text))[:ANSWER_LENGTH]
