"""Read the address of a client in one spelling, for throttles and clicks."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address

# As proxies append it: of IPv6 in brackets, and either with the port.
_WITH_PORT = re.compile(r"(?:\[([^\]]*)\]|([0-9.]+))(?::[0-9]{0,5})?")
# With brackets and port.
_ADDRESS_CHARS = 100
# What a provider gives to one customer, who may use each of its addresses.
_CUSTOMER_BITS = 64


def client_address(*, peer: str, forwarded: str, proxies: int) -> str:
    """Return the client's address, as `canonical` writes it.

    Of `forwarded`, the X-Forwarded-For header, only what the last `proxies` hops appended is believed.
    """
    if proxies:
        hops = forwarded.rsplit(",", proxies)
        if len(hops) >= proxies and (address := canonical(hops[-proxies])):
            return address
    return canonical(peer)


def canonical(text: str) -> str:
    """Return an address in its only spelling, or '' for anything else. Never raises.

    Without port, brackets and zone; IPv4 that is mapped into IPv6 as IPv4.
    """
    text = text.strip().strip('"')
    if "%" in text:
        # The zone of a link-local address is arbitrary text.
        text = text.partition("%")[0].lstrip("[")
    return _canonical(text) if len(text) <= _ADDRESS_CHARS else ""


# Parsing takes longer than all else that is read of a request, and many come over one connection.
@lru_cache(maxsize=8192)
def _canonical(text: str) -> str:
    if match := _WITH_PORT.fullmatch(text):
        text = match[1] or match[2] or ""
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def customer(address: str) -> str:
    """Return what one customer has: an IPv4 address, or a network of IPv6."""
    return str(IPv6Network((address, _CUSTOMER_BITS), strict=False)) if ":" in address else address
