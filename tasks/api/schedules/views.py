"""Serve `schedules/`: create, change and list schedules and their slots."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gridlink.accounts.permissions import actor_of
from gridlink.lib.rest.headers import created, digest_of, etag_of, if_match, tagged
from gridlink.lib.rest.pagination import PageQuery, page_response
from gridlink.lib.rest.schema import ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION, operation
from gridlink.lib.rest.serializers import validated
from tasks.access import schedule_read
from tasks.api.schedules import examples
from tasks.api.schedules.serializers import (
    PreviewSerializer,
    RuleSerializer,
    ScheduleDetailSerializer,
    ScheduledRunSerializer,
    ScheduleSerializer,
    ScheduleWriteSerializer,
)
from tasks.models import Schedule
from tasks.schedules import services
from tasks.schedules.selectors import schedule_list, schedule_runs
from tasks.schedules.services import ScheduleChanges


def schedule_response(request: Request, schedule: Schedule) -> Response:
    """Return one schedule as JSON, or 304, not to be cached; slots have no version."""
    shown = ScheduleDetailSerializer(schedule).data
    response = tagged(request, etag_of(schedule.version, digest_of(shown)), lambda: shown)
    response["Cache-Control"] = "no-store"
    return response


class ScheduleListView(APIView):
    """List and create schedules."""

    @operation("List schedules", PageQuery, page_of=ScheduleSerializer)
    def get(self, request: Request) -> Response:
        """List the account's schedules, newest first."""
        return page_response(request, schedule_list(user=actor_of(request)), ScheduleSerializer)

    @operation(
        "Make a schedule",
        ETAG,
        LOCATION,
        body=ScheduleWriteSerializer,
        examples={"every Monday": examples.SCHEDULE_WRITE},
        answers=ScheduleDetailSerializer,
        status=201,
        also=[404, 429],
    )
    def post(self, request: Request) -> Response:
        """Start a job in each slot of a rule, in local time.

        The rule is an RRULE of RFC 5545 or five fields of cron. If it covers every hour, it fires whenever
        the clock shows one of its times. Otherwise each of its times comes once a day: just after the gap if
        clocks skip it, the first time if they show it twice. Times are at least 15 minutes apart.
        """
        fields = validated(ScheduleWriteSerializer, request.data)
        schedule = services.schedule_create(user=actor_of(request), **fields)
        shown = schedule_response(request, schedule)
        return created(shown, request, "schedule-detail", schedule.slug)


class SchedulePreviewView(APIView):
    """Show the slots of a rule."""

    @operation(
        "Show the next slots of a rule",
        body=RuleSerializer,
        examples={"every Monday": examples.RULE},
        answers=PreviewSerializer,
    )
    def post(self, request: Request) -> Response:
        """Return the next five slots in the rule's time zone. Nothing is stored."""
        slots = services.rule_preview(**validated(RuleSerializer, request.data))
        return Response({"next": [slot.isoformat() for slot in slots]})


class ScheduleDetailView(APIView):
    """Show, change and delete one schedule."""

    @operation("Show a schedule", IF_NONE_MATCH, ETAG, answers=ScheduleDetailSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Show a schedule with its next five slots and the outcomes of the last five."""
        return schedule_response(request, schedule_read(actor_of(request), slug))

    @operation(
        "Change a schedule",
        IF_MATCH,
        ETAG,
        body=ScheduleWriteSerializer(partial=True),
        examples={"pause it": {"is_enabled": False}},
        answers=ScheduleDetailSerializer,
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change the fields that are sent.

        A new rule counts from now on. Enabling a schedule resets its failures and skips what it missed.
        """
        changes = ScheduleChanges(**validated(ScheduleWriteSerializer, request.data, partial=True))
        schedule = schedule_read(actor_of(request), slug)
        changed = services.schedule_update(
            schedule=schedule, version=if_match(request), changes=changes
        )
        return schedule_response(request, changed)

    @operation("Delete a schedule", IF_MATCH)
    def delete(self, request: Request, slug: str) -> Response:
        """Delete a schedule; the jobs that it started stay."""
        schedule = schedule_read(actor_of(request), slug)
        services.schedule_delete(schedule=schedule, version=if_match(request))
        return Response(status=204)


class ScheduleRunsView(APIView):
    """List the outcomes of a schedule's slots."""

    @operation("List what became of a schedule's slots", PageQuery, page_of=ScheduledRunSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """List the slots, newest first."""
        rows = schedule_runs(schedule=schedule_read(actor_of(request), slug))
        return page_response(request, rows, ScheduledRunSerializer, ordering=("-slot", "-id"))
