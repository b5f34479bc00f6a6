"""Serve `schedules/`: create, change and list schedules and their slots."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from gridlink.accounts.permissions import actor_of
from gridlink.lib.rest.etags import etag_of, if_match
from gridlink.lib.rest.pagination import PageQuery, page_response
from gridlink.lib.rest.schema import ETAG, IF_MATCH, LOCATION, answer, body_example, errors, page_of
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

_SCHEDULE = answer(ScheduleDetailSerializer, examples.SCHEDULE)
_PREVIEW = answer(PreviewSerializer, examples.PREVIEW)
_RUN_PAGE = page_of(ScheduledRunSerializer, examples.RUN)


def schedule_response(schedule: Schedule, *, status: int = 200) -> Response:
    """Return one schedule as JSON with its ETag, not to be cached."""
    headers = {**etag_of(schedule.version), "Cache-Control": "no-store"}
    return Response(ScheduleDetailSerializer(schedule).data, status=status, headers=headers)


class ScheduleListView(APIView):
    """List and create schedules."""

    @extend_schema(
        summary="List schedules",
        parameters=[PageQuery],
        responses={200: page_of(ScheduleSerializer, examples.LISTED), **errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """List the account's schedules, newest first."""
        return page_response(
            request,
            schedule_list(user=actor_of(request)),
            query=PageQuery.parse(request.query_params),
            ordering=("-created_on", "-id"),
            serialize=lambda rows: ScheduleSerializer(rows, many=True).data,
        )

    @extend_schema(
        summary="Make a schedule",
        parameters=[ETAG, LOCATION],
        request=ScheduleWriteSerializer,
        responses={201: _SCHEDULE, **errors(400, 401, 403, 404, 413, 429)},
        examples=[body_example("every Monday", examples.SCHEDULE_WRITE)],
    )
    def post(self, request: Request) -> Response:
        """Start a job in each slot of a rule, in local time.

        The rule is an RRULE of RFC 5545 or five fields of cron. If it covers every hour, it fires whenever
        the clock shows one of its times. Otherwise each of its times comes once a day: just after the gap if
        clocks skip it, the first time if they show it twice. Times are at least 15 minutes apart.
        """
        fields = validated(ScheduleWriteSerializer, request.data)
        schedule = services.schedule_create(user=actor_of(request), **fields)
        response = schedule_response(schedule, status=201)
        response["Location"] = reverse("schedule-detail", args=[schedule.slug], request=request)
        return response


class SchedulePreviewView(APIView):
    """Show the slots of a rule."""

    @extend_schema(
        summary="Show the next slots of a rule",
        request=RuleSerializer,
        responses={200: _PREVIEW, **errors(400, 401, 403, 413)},
        examples=[body_example("every Monday", examples.RULE)],
    )
    def post(self, request: Request) -> Response:
        """Return the next five slots in the rule's time zone. Nothing is stored."""
        slots = services.rule_preview(**validated(RuleSerializer, request.data))
        return Response({"next": [slot.isoformat() for slot in slots]})


class ScheduleDetailView(APIView):
    """Show, change and delete one schedule."""

    @extend_schema(
        summary="Show a schedule",
        parameters=[ETAG],
        responses={200: _SCHEDULE, **errors(401, 403, 404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Show a schedule with its next five slots and the outcomes of the last five."""
        return schedule_response(schedule_read(actor_of(request), slug))

    @extend_schema(
        summary="Change a schedule",
        parameters=[IF_MATCH, ETAG],
        request=ScheduleWriteSerializer(partial=True),
        responses={200: _SCHEDULE, **errors(400, 401, 403, 404, 412, 413, 428)},
        examples=[body_example("pause it", {"is_enabled": False})],
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
        return schedule_response(changed)

    @extend_schema(
        summary="Delete a schedule",
        parameters=[IF_MATCH],
        responses={204: None, **errors(400, 401, 403, 404, 412, 428)},
    )
    def delete(self, request: Request, slug: str) -> Response:
        """Delete a schedule; the jobs that it started stay."""
        schedule = schedule_read(actor_of(request), slug)
        services.schedule_delete(schedule=schedule, version=if_match(request))
        return Response(status=204)


class ScheduleRunsView(APIView):
    """List the outcomes of a schedule's slots."""

    @extend_schema(
        summary="List what became of a schedule's slots",
        parameters=[PageQuery],
        responses={200: _RUN_PAGE, **errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        """List the slots, newest first."""
        schedule = schedule_read(actor_of(request), slug)
        return page_response(
            request,
            schedule_runs(schedule=schedule),
            query=PageQuery.parse(request.query_params),
            ordering=("-slot", "-id"),
            serialize=lambda rows: ScheduledRunSerializer(rows, many=True).data,
        )
