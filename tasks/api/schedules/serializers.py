"""Define the JSON of schedules."""

from __future__ import annotations

import json
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from gridlink.lib.rest.serializers import ReadSerializer, StrictSerializer, TextField, TitleField
from gridlink.lib.text import unstorable_text
from tasks.api.schedules import examples
from tasks.models import NAME_LENGTH, Missed, RuleForm, RunStatus, Schedule
from tasks.schedules.deliveries import CHANNELS
from tasks.schedules.recurrence import TEXT_LENGTH
from tasks.schedules.selectors import schedule_next, schedule_runs

_PARAMS_BYTES = 20_000
_RUNS_SHOWN = 5
_TIMES = {"type": "array", "items": {"type": "string", "format": "date-time"}}


@extend_schema_field({"type": "object", "additionalProperties": {}})
class ParamsField(serializers.JSONField):
    """Validate a JSON object that PostgreSQL can store; the action validates its contents."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return the object. Raises ValidationError for anything else."""
        params = super().to_internal_value(data)
        if not isinstance(params, dict):
            raise serializers.ValidationError("Give an object.")
        if unstorable_text(params):
            message = "Text may not contain NUL characters or lone surrogates."
            raise serializers.ValidationError(message)
        if len(json.dumps(params)) > _PARAMS_BYTES:
            raise serializers.ValidationError(f"Give at most {_PARAMS_BYTES} bytes.")
        return params


class DeliverySerializer(StrictSerializer):
    """Validate where results are sent, and the options of that channel."""

    channel = serializers.ChoiceField(sorted(CHANNELS))
    attach = serializers.BooleanField(
        required=False,
        help_text="For `email`: send the file itself if it is small, not just a link.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Require the channel, also where a partial change makes fields optional."""
        if "channel" not in attrs:
            raise serializers.ValidationError({"channel": ["This field is required."]})
        return attrs


class RuleSerializer(StrictSerializer):
    """Validate the rule by which a schedule fires."""

    rule = TextField(
        max_length=TEXT_LENGTH,
        help_text="Such as `FREQ=WEEKLY;BYDAY=MO;BYHOUR=9` or `0 9 * * MON`.",
    )
    form = serializers.ChoiceField(RuleForm.choices)
    time_zone = TextField(max_length=64, help_text="An IANA name, such as `Europe/Athens`.")
    starts_on = serializers.DateField(
        required=False,
        help_text="The first local day, from which intervals count; today if not given.",
    )
    ends_on = serializers.DateField(
        required=False, allow_null=True, help_text="The last local day."
    )


class ScheduleWriteSerializer(RuleSerializer):
    """Validate the fields that a schedule's owner sets; `partial` for a change."""

    name = TitleField(max_length=NAME_LENGTH)
    action = TextField(max_length=50)
    params = ParamsField(required=False)
    missed = serializers.ChoiceField(Missed.choices, required=False)
    deliveries = DeliverySerializer(
        many=True, required=False, allow_empty=True, max_length=len(CHANNELS)
    )  # type: ignore[call-arg]
    is_enabled = serializers.BooleanField(required=False)


class ScheduledRunSerializer(ReadSerializer):
    """Show the outcome of one slot."""

    example = examples.RUN

    slot = serializers.DateTimeField()
    status = serializers.ChoiceField(RunStatus.choices)
    job = serializers.CharField(
        source="job.slug", allow_null=True, default=None, help_text="The job's slug."
    )
    note = serializers.CharField()
    created_on = serializers.DateTimeField()


class ScheduleSerializer(ReadSerializer):
    """Show a schedule in a list."""

    example = examples.LISTED

    slug = serializers.CharField()
    name = serializers.CharField()
    action = serializers.CharField()
    params = serializers.DictField()
    rule = serializers.CharField()
    form = serializers.ChoiceField(RuleForm.choices)
    time_zone = serializers.CharField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(allow_null=True)
    missed = serializers.ChoiceField(Missed.choices)
    deliveries = serializers.ListField(child=serializers.DictField())
    is_enabled = serializers.BooleanField()
    failures = serializers.IntegerField(
        help_text="Failures in a row; after five the schedule is disabled."
    )
    note = serializers.CharField(help_text="Why it was disabled, unless its owner disabled it.")
    next_on = serializers.DateTimeField(
        allow_null=True, help_text="Null while it is disabled, and when no slot is left."
    )
    last_slot = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField(help_text="The ETag.")
    created_on = serializers.DateTimeField()
    modified_on = serializers.DateTimeField()


class ScheduleDetailSerializer(ScheduleSerializer):
    """Show a schedule with its next and last slots."""

    example = examples.SCHEDULE

    next = serializers.SerializerMethodField(
        help_text="The next five slots, in the rule's time zone."
    )
    runs = serializers.SerializerMethodField(help_text="The outcomes of the last five slots.")

    @extend_schema_field(_TIMES)
    def get_next(self, schedule: Schedule) -> list[str]:
        """Return the next slots as ISO 8601 with the offset of their day."""
        return [slot.isoformat() for slot in schedule_next(schedule=schedule)]

    @extend_schema_field(ScheduledRunSerializer(many=True))
    def get_runs(self, schedule: Schedule) -> Any:
        """Return the outcomes of the latest slots, newest first."""
        latest = schedule_runs(schedule=schedule).order_by("-slot")[:_RUNS_SHOWN]
        return ScheduledRunSerializer(latest, many=True).data


class PreviewSerializer(ReadSerializer):
    """Show the next slots of a rule."""

    example = examples.PREVIEW

    next = serializers.ListField(child=serializers.DateTimeField())
