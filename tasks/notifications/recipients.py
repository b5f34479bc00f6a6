"""Whom one job is to tell of its end, beside what its owner prefers: what a schedule's deliveries become.

A job keeps its wishes in `Job.deliveries`. Everything is in the in-app list anyway, so that needs none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from tasks.models import Channel, Job


@dataclass(frozen=True, slots=True)
class DeliveryRequest:
    """One channel for one job, whatever it comes to.

    By e-mail, `attach` asks for the files themselves where they are small enough. By webhook, `endpoints` are
    the slugs of those to tell, whatever they are subscribed to; none means all of the owner's.
    """

    channel: Channel
    attach: bool = False
    endpoints: tuple[str, ...] = ()


def as_json(wishes: Iterable[DeliveryRequest]) -> list[dict[str, Any]]:
    """What `Job.deliveries` keeps."""
    return [{**asdict(wish), "endpoints": list(wish.endpoints)} for wish in wishes]


def delivery_requests(job: Job) -> list[DeliveryRequest]:
    """What was wished for when the job was submitted."""
    return [
        DeliveryRequest(Channel(kept["channel"]), kept["attach"], tuple(kept["endpoints"]))
        for kept in job.deliveries
    ]
