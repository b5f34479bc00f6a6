"""Decide which IP addresses are public and may be requested for a user."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.core.exceptions import ImproperlyConfigured

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Not public, although `is_global` is true for them in some versions of Python.
_NOT_PUBLIC = tuple(
    ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # relays of 6to4
        "224.0.0.0/4",  # multicast
        "168.63.129.16/32",  # Azure's internal services
        "2001::/23",  # protocol assignments, with Teredo, which embeds an IPv4 address
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which embeds one too
        "3fff::/20",  # documentation
    )
)
# All addresses that may be public. Of IPv6 these are the allocated ones, without NAT64 (64:ff9b::/96,
# 64:ff9b:1::/48), the site-local fec0::/10, multicast and the IPv4-compatible ::/96.
_ALLOCATED = (IPv4Network("0.0.0.0/0"), IPv6Network("2000::/3"))
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+", re.ASCII)
_NUMBER_DIGITS = 40

# Top-level domains that are used or reserved for internal names (RFC 6761, 6762, 8375 and habit).
_INTERNAL_ZONES = frozenset([
    "arpa", "corp", "home", "internal", "intranet", "lan", "local", "localdomain", "localhost", "onion",
    "private", "test",
])  # fmt: skip


def address_of(text: str) -> Address:
    """Return the address, unwrapped if IPv4-mapped (`::ffff:127.0.0.1`); raise ValueError."""
    address = ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address


def is_literal(host: str) -> bool:
    """Check whether a host is an address and no name."""
    try:
        address_of(host)
    except ValueError:
        return False
    return True


def is_internal_name(host: str) -> bool:
    """Check whether no public name server knows a name.

    An odd spelling of an address, such as 10.1, counts as one.
    """
    labels = host.lower().rstrip(".").split(".")
    last = labels[-1]
    is_internal = len(labels) == 1 or last in _INTERNAL_ZONES or last[:1].isdigit()
    return is_internal and not is_literal(host)


def host_address(host: str) -> Address | None:
    """Return the address that a host is for browsers and resolvers; None for a name.

    These read IPv4 addresses of one to four numbers, each decimal, octal (`0177`) or hexadecimal (`0x7f`),
    in wide digits too, and with a dot at the end. Raises ValueError where a last number makes it an address,
    but none that there is.
    """
    if ":" in host:
        return address_of(host)
    host = unicodedata.normalize("NFKC", host).replace("\u3002", ".").removesuffix(".")
    parts = host.split(".")
    if not _NUMBER.fullmatch(parts[-1]):
        return None
    *first, last = [_number(part) for part in parts]
    if len(parts) > 4 or max(first, default=0) > 255 or last >= 256 ** (5 - len(parts)):
        raise ValueError(f"{host!r} is no IPv4 address")
    return IPv4Address(last + sum(each << (24 - 8 * place) for place, each in enumerate(first)))


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text) or len(text) > _NUMBER_DIGITS:
        raise ValueError(f"{text[:_NUMBER_DIGITS]!r} is no part of an IPv4 address")
    if text[:2].lower() == "0x":
        return int(text[2:] or "0", 16)
    return int(text, 8 if text.startswith("0") else 10)


def is_public(address: Address) -> bool:
    """Check whether an address from `address_of` is public."""
    is_allocated = _within(address, _ALLOCATED) and address.is_global
    return is_allocated and not _within(address, _NOT_PUBLIC)


def may_reach(address: Address, allowed: Iterable[Network]) -> bool:
    """Check whether an address is public or in a network that the operator allows."""
    return is_public(address) or _within(address, allowed)


def networks_of(variable: str, texts: Iterable[str]) -> tuple[Network, ...]:
    """Return the networks of a setting; raise ImproperlyConfigured."""
    try:
        return tuple(ip_network(text) for text in texts)
    except ValueError as error:
        raise ImproperlyConfigured(f"{variable} must list networks: {error}.") from error


def ports_of(variable: str, texts: Iterable[str]) -> frozenset[int]:
    """Return the ports of a setting; raise ImproperlyConfigured."""
    numbers = [int(text) if text.isascii() and text.isdigit() else 0 for text in texts]
    if not all(0 < number < 65536 for number in numbers):
        raise ImproperlyConfigured(f"{variable} must list port numbers from 1 to 65535.")
    return frozenset(numbers)


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)
