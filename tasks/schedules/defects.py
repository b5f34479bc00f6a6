"""A defect that one schedule meets is its own: it is logged, counted, and keeps no other from its turn."""

from __future__ import annotations

import logging
from collections.abc import Callable
from copy import copy

from billiard.exceptions import SoftTimeLimitExceeded
from django.db import transaction

from gridlink.lib.database import is_unreachable
from tasks.models import Schedule

logger = logging.getLogger(__name__)

DEFECT = "A defect on the server stopped it; its log has the details."
Way = Callable[[Schedule], None]


def isolated(locked: Schedule, *ways: Way) -> Schedule | None:
    """The locked schedule as the first way that met no defect left it, saved; None if each met one, and then
    nothing has changed. Each way begins with the schedule as it was, in a savepoint of its own.

    Raises what ends a whole pass: a database that is away, a time limit."""
    for way in ways:
        schedule = copy(locked)
        try:
            with transaction.atomic():
                way(schedule)
                schedule.save()
        except Exception as error:
            told(error, schedule)
        else:
            return schedule
    return None


def told(error: Exception, schedule: Schedule) -> None:
    """Log a defect. Raises the error again if it is none of this schedule's."""
    if isinstance(error, SoftTimeLimitExceeded) or is_unreachable(error):
        raise error
    logger.error("schedule_defect", exc_info=error, extra={"schedule": schedule.slug})
