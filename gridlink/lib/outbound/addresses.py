"""Which addresses are of the public internet, and may so be asked on behalf of a stranger."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from django.core.exceptions import ImproperlyConfigured

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# What `is_global` of the older Pythons lets pass, or nobody on the internet can be at.
_NOT_PUBLIC_V4 = tuple(
    IPv4Network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # relays of 6to4
        "224.0.0.0/4",  # multicast
        "168.63.129.16/32",  # Azure's own services, as its machines see them
    )
)
# All that has been given out of IPv6. Outside lie, among others, NAT64 (64:ff9b::/96, 64:ff9b:1::/48), the
# site-local fec0::/10, multicast and the IPv4-compatible ::/96.
_PUBLIC_V6 = IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, with Teredo, which leads to an IPv4 address
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which does too
        "3fff::/20",  # documentation
    )
)


def address_of(text: str) -> Address:
    """The address; an IPv4 one inside an IPv6 one (`::ffff:127.0.0.1`) as that. Raises ValueError."""
    address = ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address


def is_public(address: Address) -> bool:
    """Whether the address, of `address_of`, is one of the public internet."""
    if isinstance(address, IPv4Address):
        return address.is_global and not _within(address, _NOT_PUBLIC_V4)
    is_given_out = address in _PUBLIC_V6 and address.is_global
    return is_given_out and not _within(address, _NOT_PUBLIC_V6)


def may_reach(address: Address, allowed: Iterable[Network]) -> bool:
    """Whether requests may go to the address: it is public, or in a network that the operator allows."""
    return is_public(address) or _within(address, allowed)


def networks_of(variable: str, texts: Iterable[str]) -> tuple[Network, ...]:
    """The networks that a setting names. Raises ImproperlyConfigured."""
    try:
        return tuple(ip_network(text) for text in texts)
    except ValueError as error:
        raise ImproperlyConfigured(f"{variable} must list networks: {error}.") from error


def ports_of(variable: str, texts: Iterable[str]) -> frozenset[int]:
    """The ports that a setting names. Raises ImproperlyConfigured."""
    numbers = [int(text) if text.isascii() and text.isdigit() else 0 for text in texts]
    if not all(0 < number < 65536 for number in numbers):
        raise ImproperlyConfigured(f"{variable} must list port numbers from 1 to 65535.")
    return frozenset(numbers)


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)
