"""The JSON of notifications, webhooks and deliveries."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from gridlink.lib.rest.pagination import PageQuery
from gridlink.lib.rest.serializers import BoundedListField, StrictSerializer, TextField
from gridlink.lib.weburl import URL_LENGTH
from tasks.models import JOB_NOTIFICATIONS, DeliveryStatus, NotificationType

_JOB_NOTIFICATIONS = [(type_.value, type_.label) for type_ in JOB_NOTIFICATIONS]


class NotificationListQuery(PageQuery):
    """Narrow to what was, or was not, read."""

    unread = serializers.BooleanField(required=False, allow_null=True, default=None)


class NotificationSerializer(serializers.Serializer[Any]):
    """Something that happened; `data` is, for one of a job, the job as it was when it ended."""

    slug = serializers.CharField(help_text="The same wherever the event goes.")
    type = serializers.ChoiceField(NotificationType.choices)
    job = serializers.CharField(help_text="Its slug; empty for what is not of a job.")
    title = serializers.CharField()
    data = serializers.DictField()  # type: ignore[assignment]
    created_on = serializers.DateTimeField()
    read_on = serializers.DateTimeField(allow_null=True)


class UnreadSerializer(serializers.Serializer[Any]):
    """A count of notifications."""

    unread = serializers.IntegerField()


class MarkedSerializer(serializers.Serializer[Any]):
    """How many notifications were marked as read by this request."""

    marked = serializers.IntegerField()


class WebhookCreateSerializer(StrictSerializer):
    """A new webhook."""

    url = TextField(max_length=URL_LENGTH, help_text="http or https, without name and password.")
    events = BoundedListField(
        child=serializers.ChoiceField(_JOB_NOTIFICATIONS),
        required=False,
        default=list,
        max_length=len(JOB_NOTIFICATIONS),
        help_text="Which events are sent; none named means all.",
    )


class WebhookUpdateSerializer(StrictSerializer):
    """Changes of a webhook; what is not named stays."""

    url = TextField(required=False, max_length=URL_LENGTH)
    events = BoundedListField(
        child=serializers.ChoiceField(_JOB_NOTIFICATIONS),
        required=False,
        max_length=len(JOB_NOTIFICATIONS),
    )
    is_enabled = serializers.BooleanField(required=False)


class WebhookSerializer(serializers.Serializer[Any]):
    """A webhook; its secret is shown when it is made and when it is rotated, and never again."""

    slug = serializers.CharField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.ChoiceField(_JOB_NOTIFICATIONS))
    is_enabled = serializers.BooleanField()
    note = serializers.CharField(help_text="Why it was disabled, if nobody did it by hand.")
    failures = serializers.IntegerField(help_text="Failed tries in a row.")
    failing_since = serializers.DateTimeField(allow_null=True)
    rests_until = serializers.DateTimeField(
        allow_null=True, help_text="Nothing is sent before, since the last try failed."
    )
    previous_until = serializers.DateTimeField(
        allow_null=True, help_text="Until then the previous secret signs as well."
    )
    created_on = serializers.DateTimeField()
    modified_on = serializers.DateTimeField()


class IssuedWebhookSerializer(WebhookSerializer):
    """A webhook with its secret; `secret` is shown only here."""

    secret = serializers.CharField()


class DeliverySerializer(serializers.Serializer[Any]):
    """An event on its way to a webhook, and what the last try came to."""

    slug = serializers.CharField()
    event = serializers.CharField(
        source="notification.slug", help_text="What every try sends as `webhook-id`."
    )
    type = serializers.ChoiceField(NotificationType.choices, source="notification.type")
    job = serializers.CharField(source="notification.job")
    status = serializers.ChoiceField(DeliveryStatus.choices)
    attempts = serializers.IntegerField()
    created_on = serializers.DateTimeField()
    tried_on = serializers.DateTimeField(allow_null=True)
    next_on = serializers.DateTimeField(allow_null=True, help_text="Null once it is over.")
    response_code = serializers.IntegerField(source="code", allow_null=True)
    response = serializers.CharField(source="answer", help_text="Its first 1024 bytes.")
    error = serializers.CharField()
    milliseconds = serializers.IntegerField(allow_null=True)
