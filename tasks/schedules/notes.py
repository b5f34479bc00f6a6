"""What is noted of a slot. For one whose job finds no room in its owner's queue it may still change: it is
noted as refused, not settled, and tried again in every pass. A schedule has one of these at most: its
`next_on`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, Value
from django.db.models.functions import Concat, Left

from tasks.models import NOTE_LENGTH, RunStatus, Schedule, ScheduledRun

_WAITING = Q(status=RunStatus.REFUSED, is_settled=False)
OVER = "There was no room for its job in time."


def note(run: ScheduledRun, status: RunStatus, text: str, *, is_settled: bool = True) -> None:
    """What became of the slot. The caller saves it."""
    run.status, run.note, run.is_settled = status, text[:NOTE_LENGTH], is_settled


def is_waiting(run: ScheduledRun) -> bool:
    """Whether what is noted of a slot may still change."""
    return run.status == RunStatus.REFUSED and not run.is_settled


def give_up(schedule: Schedule, *, but: Iterable[datetime] = ()) -> None:
    """Note that the slot waits no longer, unless it is one of those that are named."""
    over = schedule.runs.filter(_WAITING).exclude(slot__in=list(but))
    text = Left(Concat(Value(f"{OVER} "), "note"), NOTE_LENGTH)
    over.update(status=RunStatus.SKIPPED, note=text, is_settled=True)
