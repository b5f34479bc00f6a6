"""Define the query parameters of jobs and of their list."""

from __future__ import annotations

from rest_framework import serializers

from gridlink.lib.rest.pagination import PageQuery
from gridlink.lib.rest.serializers import QuerySerializer
from tasks.jobs.long_poll import MAX_SECONDS
from tasks.models import JobStatus


class JobListQuery(PageQuery):
    """Filter by status and kind."""

    status = serializers.ChoiceField(JobStatus.choices, required=False)
    kind = serializers.CharField(required=False, max_length=50)


class JobQuery(QuerySerializer):
    """Take how long to wait for the job's end."""

    wait = serializers.IntegerField(
        required=False,
        default=0,
        min_value=0,
        max_value=MAX_SECONDS,
        help_text=(
            "Seconds to wait for the job's end. The answer comes as soon as the job has ended,"
            " or at once while many others wait."
        ),
    )
