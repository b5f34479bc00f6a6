"""List the time zones that users may choose."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

# Files among the zones that PostgreSQL does not know.
_NO_PLACES = {"Factory", "localtime", "posixrules"}


@cache
def zone_names() -> frozenset[str]:
    """Return all IANA names; ZoneInfo must get no others, as it opens them as paths."""
    return frozenset(available_timezones() - _NO_PLACES)
