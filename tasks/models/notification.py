"""Define notifications, webhook endpoints, and the outbox of deliveries."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from gridlink.lib.models import Record
from gridlink.lib.slugs import SLUG_LENGTH, new_slug
from gridlink.lib.weburl import URL_LENGTH

new_notification_slug = partial(new_slug, "nt")
new_endpoint_slug = partial(new_slug, "wh")
new_delivery_slug = partial(new_slug, "dl")


class NotificationType(models.TextChoices):
    """Name the types of notifications; receivers of webhooks know these, so none is renamed."""

    SUCCEEDED = "job.succeeded", "A job succeeded"
    TRUNCATED = "job.truncated", "A job ended at a limit, with files"
    FAILED = "job.failed", "A job failed"
    CANCELLED = "job.cancelled", "A job was cancelled"
    PING = "ping", "A webhook was tried out"
    WEBHOOK_DISABLED = "webhook.disabled", "A webhook was disabled"
    SCHEDULE_DISABLED = "schedule.disabled", "A schedule was disabled"


# What a webhook may subscribe to.
JOB_NOTIFICATIONS = tuple(each for each in NotificationType if each.startswith("job."))


class Channel(models.TextChoices):
    """Name the channels of delivery."""

    EMAIL = "email", "E-mail"
    WEBHOOK = "webhook", "Webhook"


class DeliveryStatus(models.TextChoices):
    """Name the states of a delivery."""

    WAITING = "waiting", "Waiting for its first or next try"
    DELIVERED = "delivered", "Delivered"
    GIVEN_UP = "given_up", "Given up"


class Notification(models.Model):
    """Record what a user is notified of; its slug identifies the event everywhere."""

    slug = models.CharField(max_length=SLUG_LENGTH, default=new_notification_slug, unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="notifications",
        db_index=False,
    )
    type = models.CharField(max_length=30, choices=NotificationType.choices)
    # Its slug; empty for a notification that is not about a job.
    job = models.CharField(max_length=SLUG_LENGTH, blank=True)
    title = models.CharField(max_length=300)
    data = models.JSONField(default=dict)
    created_on = models.DateTimeField(db_default=Now())
    read_on = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "tasks_notification"
        indexes = [
            models.Index("user", "id", name="notification_order"),
            models.Index(
                "user", "id", name="notification_unread", condition=models.Q(read_on=None)
            ),
            models.Index("created_on", name="notification_age"),
        ]

    def __str__(self) -> str:
        return self.title


class WebhookEndpoint(Record):
    """Represent a URL that a user wants events sent to.

    Secrets are encrypted (`tasks.notifications.channels.webhook_secret`). After a rotation the previous one
    signs as well until `previous_until`. `failures` in a row began at `failing_since`.
    """

    slug = models.CharField(max_length=SLUG_LENGTH, default=new_endpoint_slug, unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhooks", db_index=False
    )
    url = models.CharField(max_length=URL_LENGTH)
    # Empty means all.
    events = ArrayField(
        models.CharField(max_length=30, choices=NotificationType.choices), default=list, blank=True
    )
    is_enabled = models.BooleanField(default=True)
    secret = models.TextField(editable=False)
    previous_secret = models.TextField(blank=True, editable=False)
    previous_until = models.DateTimeField(null=True, blank=True, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)
    # Nothing is sent before this, since the last attempt failed.
    rests_until = models.DateTimeField(null=True, blank=True, editable=False)
    # Why it was disabled, unless its owner disabled it.
    note = models.TextField(blank=True, editable=False)

    class Meta:
        db_table = "tasks_webhook_endpoint"
        indexes = [models.Index("user", "created_on", "id", name="webhook_user_created")]

    def __str__(self) -> str:
        return f"{self.slug} {self.url}"

    def wants(self, event: str) -> bool:
        """Return whether the endpoint is subscribed to events of this type."""
        return not self.events or event in self.events


class Delivery(models.Model):
    """Represent one row of the outbox: a notification to deliver through one channel.

    Deliveries of one `lane`, an endpoint's slug or an e-mail's user, are sent one after another. `fence`
    grows with every claim, as a job's does; `attempts` count since it was queued or replayed. `code`,
    `answer` (at most 1 KB) and `error` are the result of the last attempt, for the owner.
    """

    slug = models.CharField(max_length=SLUG_LENGTH, default=new_delivery_slug, unique=True)
    notification = models.ForeignKey(
        Notification, on_delete=models.CASCADE, related_name="deliveries"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    lane = models.CharField(max_length=SLUG_LENGTH)
    endpoint = models.ForeignKey(
        WebhookEndpoint,
        on_delete=models.CASCADE,
        related_name="deliveries",
        null=True,
        blank=True,
        db_index=False,
    )
    # For an e-mail: attach the job's files if they are small enough.
    attach = models.BooleanField(default=False)

    status = models.CharField(
        max_length=10, choices=DeliveryStatus.choices, default=DeliveryStatus.WAITING
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    fence = models.BigIntegerField(default=0)
    next_on = models.DateTimeField(null=True, blank=True, db_default=Now())
    lease_expires_on = models.DateTimeField(null=True, blank=True)
    tried_on = models.DateTimeField(null=True, blank=True)
    created_on = models.DateTimeField(db_default=Now())

    code = models.PositiveSmallIntegerField(null=True, blank=True)
    answer = models.TextField(blank=True)
    error = models.TextField(blank=True)
    milliseconds = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        db_table = "tasks_delivery"
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint("notification", "lane", name="delivery_once"),
            models.CheckConstraint(
                condition=models.Q(channel=Channel.WEBHOOK, endpoint__isnull=False)
                | models.Q(channel=Channel.EMAIL, endpoint__isnull=True),
                name="delivery_endpoint_iff_webhook",
            ),
            models.CheckConstraint(
                condition=models.Q(status=DeliveryStatus.WAITING, next_on__isnull=False)
                | (
                    ~models.Q(status=DeliveryStatus.WAITING)
                    & models.Q(next_on__isnull=True, lease_expires_on__isnull=True)
                ),
                name="delivery_next_on_iff_waiting",
            ),
        ]
        indexes = [
            models.Index(
                "channel",
                "lane",
                "next_on",
                "id",
                name="delivery_waiting",
                condition=models.Q(status=DeliveryStatus.WAITING),
            ),
            models.Index(
                "channel",
                "lane",
                name="delivery_held",
                condition=models.Q(lease_expires_on__isnull=False),
            ),
            models.Index("user", "tried_on", name="delivery_served"),
            models.Index("endpoint", "id", name="delivery_log"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.slug}"
