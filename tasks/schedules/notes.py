"""Record what became of each slot.

A slot whose job found no room in its owner's queue waits: it is recorded as refused and not settled, and is
tried again in every pass. A schedule has at most one, its `next_on`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, Value
from django.db.models.functions import Concat, Left

from tasks.models import NOTE_LENGTH, RunStatus, Schedule, ScheduledRun

_WAITING = Q(status=RunStatus.REFUSED, is_settled=False)
NO_ROOM = "There was no room for its job in time."


def record(run: ScheduledRun, status: RunStatus, text: str, *, is_settled: bool = True) -> None:
    """Set the outcome of a slot; the caller saves it."""
    run.status, run.note, run.is_settled = status, text[:NOTE_LENGTH], is_settled


def is_waiting(run: ScheduledRun) -> bool:
    """Return whether the slot waits for room in its owner's queue."""
    return run.status == RunStatus.REFUSED and not run.is_settled


def skip_waiting(schedule: Schedule, *, keep: Iterable[datetime] = ()) -> None:
    """Record the waiting slot as skipped, unless it is one of those to `keep`."""
    waiting = schedule.runs.filter(_WAITING).exclude(slot__in=list(keep))
    text = Left(Concat(Value(f"{NO_ROOM} "), "note"), NOTE_LENGTH)
    waiting.update(status=RunStatus.SKIPPED, note=text, is_settled=True)
