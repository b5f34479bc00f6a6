"""Register what a schedule can start; apps do so in `<app>/jobs.py`, as for their runners."""

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
    """Describe one firing: its slot (UTC), that slot's idempotency key, and deliveries."""

    slot: datetime
    key: str
    deliveries: Sequence[DeliveryRequest] = ()


class ScheduledAction(ABC):
    """Validate parameters and submit jobs, for one kind of thing that schedules start."""

    name: ClassVar[str]

    @abstractmethod
    def validate(self, *, user: User, params: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters as JSON to keep. Raises an ApplicationError for unusable ones."""

    @abstractmethod
    def submit(self, *, user: User, params: dict[str, Any], occurrence: Occurrence) -> Submission:
        """Submit the job of one slot, with the occurrence's key and deliveries.

        Runs in the transaction that records the slot. "Yesterday" is the day before the slot, however late
        it runs. Raises an ApplicationError when no job can be submitted.
        """


_actions: dict[str, ScheduledAction] = {}


def register(action: type[ScheduledAction]) -> type[ScheduledAction]:
    """Register an action, as a class decorator. Raises ValueError for a name already taken."""
    if action.name in _actions:
        raise ValueError(f"There is an action {action.name!r} already.")
    _actions[action.name] = action()
    return action


def get_action(name: str) -> ScheduledAction:
    """Return the action of this name. Raises Invalid, naming the field `action`."""
    if name not in _actions:
        known = ", ".join(names()) or "nothing"
        raise invalid_field("action", f"There is no such action; a schedule can start {known}.")
    return _actions[name]


def names() -> list[str]:
    """Return the names of all registered actions, sorted."""
    return sorted(_actions)
