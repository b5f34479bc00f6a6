"""Connections to checked addresses, with an end to what they may cost.

A name is looked up once, every address that it has is judged, and the connection goes to one of just
these: a name that means something else a moment later changes nothing.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING, Any

from gridlink.lib.outbound.addresses import Address, Network, address_of, may_reach
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
"""From a host's name and a port to all addresses of the host, as text. Raises OSError."""

# What a buffered reader may take off the wire ahead of what it was asked for.
_READ_AHEAD = 64 * 1024
# Of hosts with many addresses the first few are tried.
_ADDRESSES_TRIED = 4


class Budget:
    """What one request may still cost: time until its deadline, and bytes off the wire."""

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self._bytes = _READ_AHEAD

    def allow(self, size: int) -> None:
        """So many bytes more may come."""
        self._bytes += size

    def spend(self, size: int) -> None:
        """So many bytes came. Raises TooLarge when they were too many."""
        self._bytes -= size
        if self._bytes < 0:
            raise TooLarge("The answer is too large.")

    def seconds_left(self) -> float:
        """Always more than 0. Raises TimedOut."""
        seconds = self._deadline - time.monotonic()
        if seconds <= 0:
            raise TimedOut("The answer took too long.")
        return seconds


if TYPE_CHECKING:
    _Socket = socket.socket
else:
    _Socket = object


class _Bounded(_Socket):
    """No single wait goes past the deadline, so that neither do many short ones: a body or a header that
    comes byte by byte ends like one that does not come."""

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
    """A plain connection."""


class BoundedTlsSocket(_Bounded, ssl.SSLSocket):
    """An encrypted one; a context makes it when this is its `sslsocket_class`."""


def system_resolver(host: str, port: int) -> list[str]:
    """The addresses by the system's own rules, which also read `127.1`, `0x7f000001` and `2130706433`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def dial(
    host: str, port: int, *, budget: Budget, resolver: Resolver, allowed: tuple[Network, ...]
) -> BoundedSocket:
    """Connect to a host. Raises Blocked when any of its addresses is not to be reached, Unresolvable,
    Refused, Unreachable, TimedOut."""
    addresses = _look_up(host, port, resolver, budget.seconds_left())
    if not all(may_reach(address, allowed) for address in addresses):
        raise Blocked("The address leads into a network that is not public.")
    trouble: OutboundError = Unreachable("The host cannot be reached.")
    tried = addresses[:_ADDRESSES_TRIED]
    for waiting, address in zip(range(len(tried), 0, -1), tried, strict=True):
        try:
            return _connect(address, port, budget, budget.seconds_left() / waiting)
        except ConnectionRefusedError:
            trouble = Refused("The host refuses the connection.")
        except TimeoutError:
            trouble = TimedOut("The host does not answer.")
        except OSError:
            continue
    raise trouble


def _connect(address: Address, port: int, budget: Budget, seconds: float) -> BoundedSocket:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    sock = BoundedSocket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(seconds)
        sock.connect((str(address), port))
        # A handshake is one wait, and the next.
        sock.settimeout(budget.seconds_left())
    except BaseException:
        sock.close()
        raise
    sock.budget = budget
    return sock


def _look_up(host: str, port: int, resolver: Resolver, seconds: float) -> list[Address]:
    # The system's resolver knows no deadline, so it gets a thread; a late answer is nobody's.
    answer: Future[list[str]] = Future()
    Thread(target=_answer, args=(answer, resolver, host, port), name="resolve", daemon=True).start()
    try:
        texts = answer.result(seconds)
    except TimeoutError as error:
        raise TimedOut("The host's name could not be looked up in time.") from error
    except (OSError, UnicodeError, ValueError) as error:
        raise Unresolvable("The host's name has no address.") from error
    if not texts:
        raise Unresolvable("The host's name has no address.")
    return [address_of(text) for text in texts]


def _answer(answer: Future[list[str]], resolver: Resolver, host: str, port: int) -> None:
    try:
        answer.set_result(resolver(host, port))
    except BaseException as error:
        answer.set_exception(error)
