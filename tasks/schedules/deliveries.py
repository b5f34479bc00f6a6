"""Where a schedule sends the results of its jobs: what it may say, not the sending."""

from __future__ import annotations

from typing import Any

from gridlink.lib.errors import Invalid
from tasks.models import Channel
from tasks.notifications.recipients import DeliveryRequest

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


def wishes(deliveries: list[dict[str, Any]]) -> list[DeliveryRequest]:
    """What a job is told of them: in the app there is a notification of every job anyway."""
    return [
        DeliveryRequest(Channel(each["channel"]), attach=each.get("attach", False))
        for each in deliveries
        if each["channel"] in Channel.values
    ]


def _completed(delivery: dict[str, Any]) -> dict[str, Any]:
    options = CHANNELS[delivery["channel"]]
    strays = delivery.keys() - options.keys() - {"channel"}
    if strays:
        raise _refused(f"{delivery['channel']} has no option {min(strays)!r}.")
    return {**options, **delivery}


def _refused(message: str) -> Invalid:
    return Invalid(message, fields={"deliveries": [message]})
