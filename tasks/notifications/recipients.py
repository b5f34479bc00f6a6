"""Request deliveries for one job, beside those that its owner prefers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from tasks.models import Channel, Job


@dataclass(frozen=True, slots=True)
class DeliveryRequest:
    """Ask for a delivery through one channel, however the job ends.

    `attach` asks for the files themselves in the e-mail, if they are small enough. `endpoints` are slugs of
    webhooks, which need not be subscribed; empty means all of the owner's.
    """

    channel: Channel
    attach: bool = False
    endpoints: tuple[str, ...] = ()


def as_json(requests: Iterable[DeliveryRequest]) -> list[dict[str, Any]]:
    """Return the requests as `Job.deliveries` holds them."""
    return [{**asdict(request), "endpoints": list(request.endpoints)} for request in requests]


def delivery_requests(job: Job) -> list[DeliveryRequest]:
    """Return the requests that came with the job."""
    return [
        DeliveryRequest(Channel(kept["channel"]), kept["attach"], tuple(kept["endpoints"]))
        for kept in job.deliveries
    ]
