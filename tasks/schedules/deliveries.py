"""Where a schedule sends the results of its jobs: what it may say, not the sending."""

from __future__ import annotations

from typing import Any

from gridlink.lib.errors import Invalid
from tasks.models import ScheduledRun

# Each channel with its options, and what they are when they are not given.
CHANNELS: dict[str, dict[str, bool]] = {
    "in_app": {},
    "email": {"attach": False},
    "webhook": {},
}


def checked(deliveries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Deliveries of known shape, one a channel at most, with every option. Raises Invalid."""
    channels = [delivery["channel"] for delivery in deliveries]
    if len(set(channels)) < len(channels):
        raise _refused("A channel is named twice.")
    return [_completed(delivery) for delivery in deliveries]


def deliveries_of(*, job_id: int) -> list[dict[str, Any]]:
    """Where the result of a job goes that a schedule started; nowhere for any other. 1 query."""
    runs = ScheduledRun.objects.filter(job_id=job_id).order_by("id")
    found: list[dict[str, Any]] = []
    for deliveries in runs.values_list("schedule__deliveries", flat=True):
        found += [delivery for delivery in deliveries if delivery not in found]
    return found


def _completed(delivery: dict[str, Any]) -> dict[str, Any]:
    options = CHANNELS[delivery["channel"]]
    strays = delivery.keys() - options.keys() - {"channel"}
    if strays:
        raise _refused(f"{delivery['channel']} has no option {min(strays)!r}.")
    return {**options, **delivery}


def _refused(message: str) -> Invalid:
    return Invalid(message, fields={"deliveries": [message]})
