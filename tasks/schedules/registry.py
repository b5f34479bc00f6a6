"""What a schedule can start. Apps register theirs in `<app>/jobs.py`, as they do their runners."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from gridlink.accounts.models import User
from tasks.jobs.services import Submission
from tasks.notifications.recipients import DeliveryRequest
from tasks.schedules.recurrence import invalid_field


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that a schedule fires: its slot, in UTC; a `key` that is the same whenever this slot is, for
    the job's idempotency; and whom the job is to tell of its end."""

    slot: datetime
    key: str
    deliveries: Sequence[DeliveryRequest] = ()


class ScheduledAction(ABC):
    """One kind of thing that a schedule starts: it checks what it is given, and asks for the job."""

    name: ClassVar[str]

    @abstractmethod
    def validate(self, *, user: User, params: dict[str, Any]) -> dict[str, Any]:
        """The parameters as they are to be kept, JSON. Raises Invalid, or another ApplicationError, for what
        `submit` could never take."""

    @abstractmethod
    def submit(self, *, user: User, params: dict[str, Any], occurrence: Occurrence) -> Submission:
        """Ask for the job of one slot, in the transaction that notes it. "Yesterday" is the day before the
        slot, however late it is run. Pass the occurrence's key and deliveries on to `job_submit`. Raises an
        ApplicationError when no job can be asked for now.
        """


_actions: dict[str, ScheduledAction] = {}


def register(action: type[ScheduledAction]) -> type[ScheduledAction]:
    """Class decorator. Raises ValueError for a name that exists already."""
    if action.name in _actions:
        raise ValueError(f"There is an action {action.name!r} already.")
    _actions[action.name] = action()
    return action


def get_action(name: str) -> ScheduledAction:
    """Raises Invalid, naming the field `action`."""
    if name not in _actions:
        known = ", ".join(names()) or "nothing"
        raise invalid_field("action", f"There is no such action; a schedule can start {known}.")
    return _actions[name]


def names() -> list[str]:
    """All registered actions, sorted."""
    return sorted(_actions)
