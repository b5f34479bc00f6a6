"""Define the JSON of notifications, webhooks and deliveries."""

from __future__ import annotations

from rest_framework import serializers

from gridlink.lib.rest.pagination import PageQuery
from gridlink.lib.rest.serializers import (
    BoundedListField,
    ReadSerializer,
    StrictSerializer,
    TextField,
)
from gridlink.lib.weburl import URL_LENGTH
from tasks.api.notifications import examples
from tasks.models import JOB_NOTIFICATIONS, DeliveryStatus, NotificationType

_JOB_NOTIFICATIONS = [(type_.value, type_.label) for type_ in JOB_NOTIFICATIONS]


class NotificationListQuery(PageQuery):
    """Validate the filter of notifications."""

    unread = serializers.BooleanField(required=False, allow_null=True, default=None)


class NotificationSerializer(ReadSerializer):
    """Show a notification; if about a job, `data` shows the job as it ended."""

    example = examples.NOTIFICATION

    slug = serializers.CharField(help_text="The event's identifier, the same in every channel.")
    type = serializers.ChoiceField(NotificationType.choices)
    job = serializers.CharField(help_text="The job's slug; empty if it is not about a job.")
    title = serializers.CharField()
    data = serializers.DictField()  # type: ignore[assignment]
    created_on = serializers.DateTimeField()
    read_on = serializers.DateTimeField(allow_null=True)


class UnreadSerializer(ReadSerializer):
    """Show a count of notifications."""

    example = {"unread": 3}

    unread = serializers.IntegerField()


class MarkedSerializer(ReadSerializer):
    """Show how many notifications this request marked as read."""

    example = {"marked": 3}

    marked = serializers.IntegerField()


class WebhookCreateSerializer(StrictSerializer):
    """Validate a new webhook."""

    url = TextField(max_length=URL_LENGTH, help_text="http or https, without name and password.")
    events = BoundedListField(
        child=serializers.ChoiceField(_JOB_NOTIFICATIONS),
        required=False,
        default=list,
        max_length=len(JOB_NOTIFICATIONS),
        help_text="Which events are sent; an empty list means all.",
    )


class WebhookUpdateSerializer(StrictSerializer):
    """Validate changes of a webhook; fields left out stay as they are."""

    url = TextField(required=False, max_length=URL_LENGTH)
    events = BoundedListField(
        child=serializers.ChoiceField(_JOB_NOTIFICATIONS),
        required=False,
        max_length=len(JOB_NOTIFICATIONS),
    )
    is_enabled = serializers.BooleanField(required=False)


class WebhookSerializer(ReadSerializer):
    """Show a webhook, without its secret."""

    example = examples.WEBHOOK

    slug = serializers.CharField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.ChoiceField(_JOB_NOTIFICATIONS))
    is_enabled = serializers.BooleanField()
    note = serializers.CharField(help_text="Why it was disabled, unless its owner disabled it.")
    failures = serializers.IntegerField(help_text="Failed attempts in a row.")
    failing_since = serializers.DateTimeField(allow_null=True)
    rests_until = serializers.DateTimeField(
        allow_null=True,
        help_text="Nothing is sent before this time, since the last attempt failed.",
    )
    previous_until = serializers.DateTimeField(
        allow_null=True,
        help_text="Until this time events are also signed with the previous secret.",
    )
    created_on = serializers.DateTimeField()
    modified_on = serializers.DateTimeField()


class IssuedWebhookSerializer(WebhookSerializer):
    """Show a webhook with its secret, which is shown only once."""

    example = examples.ISSUED_WEBHOOK

    secret = serializers.CharField()


class DeliverySerializer(ReadSerializer):
    """Show a delivery to a webhook, with the result of its last attempt."""

    example = examples.DELIVERY

    slug = serializers.CharField()
    event = serializers.CharField(
        source="notification.slug", help_text="Sent by every attempt as `webhook-id`."
    )
    type = serializers.ChoiceField(NotificationType.choices, source="notification.type")
    job = serializers.CharField(source="notification.job")
    status = serializers.ChoiceField(DeliveryStatus.choices)
    attempts = serializers.IntegerField()
    created_on = serializers.DateTimeField()
    tried_on = serializers.DateTimeField(allow_null=True)
    next_on = serializers.DateTimeField(allow_null=True, help_text="Null if no attempt follows.")
    response_code = serializers.IntegerField(source="code", allow_null=True)
    response = serializers.CharField(source="answer", help_text="The response's first 1024 bytes.")
    error = serializers.CharField()
    milliseconds = serializers.IntegerField(allow_null=True)
