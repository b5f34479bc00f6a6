"""Write minimal databases of countries in MaxMind's format 2.0."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

_MARKER = b"\xab\xcd\xefMaxMind.com"
# Between tree and data.
_SEPARATOR = bytes(16)
_EMPTY = -1


def mmdb(records: Mapping[str, Any]) -> bytes:
    """A database file that has a record (of strings, integers and mappings) for each network. IPv4 networks
    are where an IPv6 database has them, in ::/96."""
    nodes: list[list[int]] = [[_EMPTY, _EMPTY]]
    data = b""
    leaves: list[int] = []
    for network, record in records.items():
        _add(nodes, network, -2 - len(leaves))
        leaves.append(len(data))
        data += _encoded(record)
    tree = b"".join(
        _child(child, len(nodes), leaves).to_bytes(4, "big") for node in nodes for child in node
    )
    return tree + _SEPARATOR + data + _MARKER + _encoded(_metadata(len(nodes)))


def _add(nodes: list[list[int]], network: str, leaf: int) -> None:
    parsed = ip_network(network)
    # The bits from the top of an IPv6 address.
    depth = parsed.prefixlen + (96 if parsed.version == 4 else 0)
    bits = f"{int(parsed.network_address):0128b}"[:depth]
    node = 0
    for bit in map(int, bits[:-1]):
        if nodes[node][bit] < 0:
            nodes.append([_EMPTY, _EMPTY])
            nodes[node][bit] = len(nodes) - 1
        node = nodes[node][bit]
    nodes[node][int(bits[-1])] = leaf


def _child(child: int, nodes: int, leaves: list[int]) -> int:
    if child >= 0:
        return child
    # The number of nodes says "nothing here"; what is above points into the data.
    return nodes if child == _EMPTY else nodes + len(_SEPARATOR) + leaves[-2 - child]


def _metadata(nodes: int) -> dict[str, Any]:
    return {
        "binary_format_major_version": (5, 2),
        "binary_format_minor_version": (5, 0),
        "build_epoch": (9, 1),
        "database_type": "test",
        "description": {},
        "ip_version": (5, 6),
        "languages": [],
        "node_count": (6, nodes),
        "record_size": (5, 32),
    }


def _encoded(value: Any) -> bytes:
    """A mapping (type 7), an empty list (11), a text (2), or an integer given as (type, value): 5, 6 and 9
    have 16, 32 and 64 bits."""
    if isinstance(value, dict):
        pairs = b"".join(_encoded(each) for pair in value.items() for each in pair)
        return _control(7, len(value)) + pairs
    if value == []:
        return _control(11, 0)
    if isinstance(value, str):
        return _control(2, len(value.encode())) + value.encode()
    kind, number = value
    raw = struct.pack(">Q", number).lstrip(b"\0")
    return _control(kind, len(raw)) + raw


def _control(kind: int, size: int) -> bytes:
    assert size < 29, "longer things are encoded in another way"
    return bytes([kind << 5 | size]) if kind <= 7 else bytes([size, kind - 7])
