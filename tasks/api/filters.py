"""The parameters of the job list."""

from __future__ import annotations

from rest_framework import serializers

from gridlink.lib.rest.pagination import PageQuery
from tasks.states import JobStatus


class JobListQuery(PageQuery):
    """Narrow by status and kind."""

    status = serializers.ChoiceField(JobStatus.choices, required=False)
    kind = serializers.CharField(required=False, max_length=50)
