"""The time zones that a person may name."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

# Files beside those of the zones, which PostgreSQL does not know.
_NO_PLACES = {"Factory", "localtime", "posixrules"}


@cache
def zone_names() -> frozenset[str]:
    """Every IANA name. Only one of these may go on to ZoneInfo, which makes a path of what it is given."""
    return frozenset(available_timezones() - _NO_PLACES)
