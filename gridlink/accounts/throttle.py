"""Limit how often an account or an address may act, by token buckets."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest

from gridlink.lib.client_address import client_address, customer
from gridlink.lib.errors import Throttled

# One statement under the row's lock: concurrent requests never share a token. The bucket refills by the
# database's clock, and a refused request takes nothing.
_TAKE = """
INSERT INTO accounts_throttle_bucket AS bucket (key, tokens, filled_on)
VALUES (%(key)s, %(burst)s - 1, clock_timestamp())
ON CONFLICT (key) DO UPDATE SET
    tokens = least(%(burst)s, bucket.tokens
        + extract(epoch FROM clock_timestamp() - bucket.filled_on) / %(seconds)s) - 1,
    filled_on = clock_timestamp()
WHERE least(%(burst)s, bucket.tokens
        + extract(epoch FROM clock_timestamp() - bucket.filled_on) / %(seconds)s) >= 1
RETURNING tokens
"""


def take(scope: str, who: str, limit: tuple[int, float]) -> None:
    """Take a token from the bucket of `who`; raise Throttled when it is empty.

    `limit` is (burst, seconds until one more is allowed). Keys are hashed, so that the table
    contains no names or addresses.
    """
    burst, seconds = limit
    key = hashlib.sha256(f"{scope}\0{who}".encode()).hexdigest()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TAKE, {"key": key, "burst": burst, "seconds": seconds})
        if cursor.fetchone() is None:
            raise Throttled(
                f"Too many attempts; try again in {seconds:.0f} seconds.", retry_after=seconds
            )


def take_login(username: str, address: str) -> None:
    """Count a log-in attempt per address, and per name from that address; raise Throttled."""
    take("login-address", address, settings.LOGIN_ATTEMPTS_PER_ADDRESS)
    take("login", f"{username.lower()}\0{address}", settings.LOGIN_ATTEMPTS)


def client_of(request: HttpRequest) -> str:
    """Return whose attempts count together: an IPv4 address or the /64 of an IPv6 one."""
    address = client_address(
        peer=request.META.get("REMOTE_ADDR") or "",
        forwarded=request.META.get("HTTP_X_FORWARDED_FOR", ""),
        proxies=settings.TRUSTED_PROXIES,
    )
    return customer(address)
