"""Connect to checked addresses only, within limits of time and bytes.

A name is resolved once, all its addresses are checked, and the connection goes to one of them, so that a name
that resolves differently a moment later (DNS rebinding) changes nothing.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING, Any

from gridlink.lib.outbound.addresses import (
    Address,
    Network,
    address_of,
    is_internal_name,
    is_literal,
    may_reach,
)
from gridlink.lib.outbound.errors import (
    Blocked,
    OutboundError,
    Refused,
    TimedOut,
    TooLarge,
    Unreachable,
    Unresolvable,
)

Resolver = Callable[[str, int], list[str]]
"""Resolve a host name and a port to all addresses, as text; raise OSError."""

# A buffered reader may read this much ahead.
_READ_AHEAD = 64 * 1024
_ADDRESSES_TRIED = 4


class Budget:
    """Count down the time and the received bytes that one request may still use."""

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self._bytes = _READ_AHEAD

    def allow(self, size: int) -> None:
        """Allow so many more bytes."""
        self._bytes += size

    def spend(self, size: int) -> None:
        """Count received bytes; raise TooLarge when they are too many."""
        self._bytes -= size
        if self._bytes < 0:
            raise TooLarge("The response is too large.")

    def seconds_left(self) -> float:
        """Return the time left, above 0; raise TimedOut."""
        seconds = self._deadline - time.monotonic()
        if seconds <= 0:
            raise TimedOut("The response took too long.")
        return seconds


if TYPE_CHECKING:
    _Socket = socket.socket
else:
    _Socket = object


class _Bounded(_Socket):
    """Limit every read and write by the budget, also for a response that trickles in."""

    budget: Budget

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(self.budget.seconds_left())
        size = super().recv_into(*args, **kwargs)
        self.budget.spend(size)
        return size

    def send(self, *args: Any) -> int:
        self.settimeout(self.budget.seconds_left())
        return super().send(*args)

    def sendall(self, *args: Any) -> None:
        self.settimeout(self.budget.seconds_left())
        super().sendall(*args)


class BoundedSocket(_Bounded, socket.socket):
    """Represent a plain connection."""


class BoundedTlsSocket(_Bounded, ssl.SSLSocket):
    """Represent a TLS connection, created as the `sslsocket_class` of a context."""


def system_resolver(host: str, port: int) -> list[str]:
    """Resolve by the system's rules, which also accept `127.1`, `0x7f000001` and `2130706433`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def dial(
    host: str, port: int, *, budget: Budget, resolver: Resolver, allowed: tuple[Network, ...]
) -> BoundedSocket:
    """Connect to a host; raise OutboundError, such as Blocked for a forbidden address.

    A name gets the same error whether it leads to a forbidden address or nowhere, and an internal one is not
    even looked up unless some are `allowed`: nobody learns which internal names exist.
    """
    if not allowed and is_internal_name(host):
        raise _refusal(host)
    addresses = _look_up(host, port, resolver, budget.seconds_left())
    if not all(may_reach(address, allowed) for address in addresses):
        raise _refusal(host)
    failure: OutboundError = Unreachable("The host cannot be reached.")
    tried = addresses[:_ADDRESSES_TRIED]
    for number, address in enumerate(tried):
        try:
            return _connect(address, port, budget, budget.seconds_left() / (len(tried) - number))
        except ConnectionRefusedError:
            failure = Refused("The host refuses the connection.")
        except TimeoutError:
            failure = TimedOut("The host does not respond.")
        except OSError:
            continue
    raise failure


def _connect(address: Address, port: int, budget: Budget, seconds: float) -> BoundedSocket:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    sock = BoundedSocket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(seconds)
        sock.connect((str(address), port))
        # For the TLS handshake.
        sock.settimeout(budget.seconds_left())
    except BaseException:
        sock.close()
        raise
    sock.budget = budget
    return sock


def _look_up(host: str, port: int, resolver: Resolver, seconds: float) -> list[Address]:
    # The system's resolver has no timeout, so it gets a thread; a late result is ignored.
    result: Future[list[str]] = Future()
    Thread(
        target=_resolve, args=(result, resolver, host, port), name="resolve", daemon=True
    ).start()
    try:
        texts = result.result(seconds)
    except TimeoutError as error:
        raise TimedOut("The host's name could not be looked up in time.") from error
    except (OSError, UnicodeError, ValueError) as error:
        raise _refusal(host) from error
    if not texts:
        raise _refusal(host)
    return [address_of(text) for text in texts]


def _refusal(host: str) -> OutboundError:
    if is_literal(host) or is_internal_name(host):
        return Blocked("The address leads into a network that is not public.")
    return Unresolvable("The host's name has no public address.")


def _resolve(result: Future[list[str]], resolver: Resolver, host: str, port: int) -> None:
    try:
        result.set_result(resolver(host, port))
    except BaseException as error:
        result.set_exception(error)
