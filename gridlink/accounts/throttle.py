"""Limits on how often somebody may try a door."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest

from gridlink.lib.errors import Throttled

# One statement under the row's lock: two racing requests never both take the last token. The bucket
# fills with the seconds that passed on the database's clock, and a refused try takes nothing.
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


def take(door: str, who: str, limit: tuple[int, float]) -> None:
    """Count one try of `who` at `door`; `limit` is (burst, seconds until one more is allowed).

    Raises Throttled when the bucket is empty. Keys are digests: the table names nobody.
    """
    burst, seconds = limit
    key = hashlib.sha256(f"{door}\0{who}".encode()).hexdigest()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TAKE, {"key": key, "burst": burst, "seconds": seconds})
        if cursor.fetchone() is None:
            raise Throttled(
                f"Too many attempts; try again in {seconds:.0f} seconds.", retry_after=seconds
            )


def take_login(username: str, address: str) -> None:
    """Count one try of a password, per address and per name from there. Raises Throttled."""
    take("login-address", address, settings.LOGIN_ATTEMPTS_PER_ADDRESS)
    take("login", f"{username.lower()}\0{address}", settings.LOGIN_ATTEMPTS)


def client_address(request: HttpRequest, trusted_proxies: int) -> str:
    """The visitor's IP address; of X-Forwarded-For only what the trusted hops appended counts."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    if not trusted_proxies:
        return peer
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    return (len(hops) >= trusted_proxies and hops[-trusted_proxies]) or peer
