"""Tell visitors apart for a day, without storing what identifies them.

A visitor is a hash keyed with the day's salt. Once the salt is destroyed nobody can compute the hash
again, so that what is stored leads back to no address. The row of a destroyed salt stays, without it: however
the settings or the clock change, that day never gets another.
"""

from __future__ import annotations

import secrets
from datetime import date
from hashlib import blake2b
from typing import Any

from django.conf import settings
from django.db import connection

_SALT_BYTES = 32
_BATCH = 10_000
# By the database's clock, which all processes share.
_TODAY = "(statement_timestamp() AT TIME ZONE 'UTC')::date"
# A day's salt lives to the end of the day, and so many days more; a day ahead, for clocks that are fast.
_LIVES = f"%(day)s::date BETWEEN {_TODAY} - %(days)s AND {_TODAY} + 1"
_MAKE = f"""
INSERT INTO reports_visitor_salt (day, salt) SELECT %(day)s, %(salt)s WHERE {_LIVES}
ON CONFLICT (day) DO NOTHING
"""
_READ = f"SELECT salt FROM reports_visitor_salt WHERE day = %(day)s AND salt <> '' AND {_LIVES}"
_DESTROY = f"""
UPDATE reports_visitor_salt SET salt = '' WHERE salt <> '' AND day < {_TODAY} - %(days)s
"""
_FORGET = f"""
DELETE FROM reports_seen_visitor WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM reports_seen_visitor WHERE day < {_TODAY} - %(days)s
    LIMIT %(batch)s FOR UPDATE SKIP LOCKED
))
"""


def visitor(salt: bytes, user: int, address: str, user_agent: bytes) -> int:
    """Return the hash of a visitor of the owner `user`. Never raises.

    A signed 64-bit number that depends on the salt, the owner, the address and the User-Agent header.
    """
    sent_from = address.encode(errors="surrogatepass")
    # The length keeps apart an address and a header that together read the same.
    who = b"%d %d %b%b" % (user, len(sent_from), sent_from, user_agent)
    return int.from_bytes(blake2b(who, key=salt, digest_size=8).digest(), "big", signed=True)


def salt_of(day: date) -> bytes | None:
    """Return the 32 bytes of a UTC day's salt, created when first asked for.

    None when it is destroyed or due to be (settings.VISITOR_SALT_DAYS after the day's end), or the day is
    after tomorrow. A transaction around it must be READ COMMITTED.
    """
    values: dict[str, Any] = {
        "day": day,
        "days": settings.VISITOR_SALT_DAYS,
        "salt": secrets.token_bytes(_SALT_BYTES),
    }
    with connection.cursor() as cursor:
        cursor.execute(_MAKE, values)
        # On its own, so that it sees what another connection made meanwhile.
        cursor.execute(_READ, values)
        row = cursor.fetchone()
    return bytes(row[0]) if row else None


def destroy_salts() -> int:
    """Destroy salts past their time and their days' visitors; return how many salts."""
    values = {"days": settings.VISITOR_SALT_DAYS, "batch": _BATCH}
    with connection.cursor() as cursor:
        cursor.execute(_DESTROY, values)
        destroyed: int = cursor.rowcount
        # In batches, so that none holds its locks for long. What an ingest that began in time still writes is
        # left to the next run.
        while True:
            cursor.execute(_FORGET, values)
            if not cursor.rowcount:
                return destroyed
