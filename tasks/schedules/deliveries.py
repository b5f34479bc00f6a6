"""Validate where a schedule sends the results of its jobs, and ask for that."""

from __future__ import annotations

from typing import Any

from tasks.models import Channel
from tasks.notifications.recipients import DeliveryRequest
from tasks.schedules.recurrence import invalid_field

# Each channel with its options and their defaults.
CHANNELS: dict[str, dict[str, bool]] = {"in_app": {}, "email": {"attach": False}, "webhook": {}}


def validate_deliveries(deliveries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return deliveries with all their options. Raises Invalid for a channel named twice."""
    channels = [delivery["channel"] for delivery in deliveries]
    if len(set(channels)) < len(channels):
        raise invalid_field("deliveries", "A channel is named twice.")
    return [_completed(delivery) for delivery in deliveries]


def delivery_requests(deliveries: list[dict[str, Any]]) -> list[DeliveryRequest]:
    """Return the deliveries to request of a job; `in_app` needs none."""
    return [
        DeliveryRequest(Channel(each["channel"]), attach=each.get("attach", False))
        for each in deliveries
        if each["channel"] in Channel.values
    ]


def _completed(delivery: dict[str, Any]) -> dict[str, Any]:
    options = CHANNELS[delivery["channel"]]
    unknown = delivery.keys() - options.keys() - {"channel"}
    if unknown:
        message = f"{delivery['channel']} has no option {min(unknown)!r}."
        raise invalid_field("deliveries", message)
    return {**options, **delivery}
