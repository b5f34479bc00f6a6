"""Test which addresses are public and may be requested for users."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from gridlink.lib.outbound.addresses import (
    address_of,
    host_address,
    is_public,
    may_reach,
    networks_of,
    ports_of,
)

PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8"]
NOT_PUBLIC = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.251",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::a00:1",
    "::ffff:0:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "4000::1",
]


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses(text: str) -> None:
    assert is_public(address_of(text))


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_addresses_that_are_not_public(text: str) -> None:
    assert not is_public(address_of(text))


@given(st.ip_addresses(v=4))
def test_an_ipv4_mapped_address_is_judged_as_ipv4(address: object) -> None:
    assert address_of(f"::ffff:{address}") == address


@given(st.ip_addresses(v=6, network="::/3") | st.ip_addresses(v=6, network="c000::/2"))
def test_no_unallocated_address_is_public(address: object) -> None:
    inside = address_of(str(address))
    assert inside.version == 4 or not is_public(inside)


def test_the_operator_can_allow_private_networks() -> None:
    allowed = (ip_network("10.1.0.0/16"), ip_network("fd00::/8"))
    reachable = ["10.1.2.3", "::ffff:10.1.2.3", "fd00::1", "1.1.1.1"]
    assert all(may_reach(address_of(text), allowed) for text in reachable)
    assert not any(may_reach(address_of(text), allowed) for text in ["10.2.0.1", "fe80::1"])


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("2130706433", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0177.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("0X7F000001", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("１２７.0.0.１", "127.0.0.1"),
        ("127。0。0。1", "127.0.0.1"),
        ("0x", "0.0.0.0"),
        ("0", "0.0.0.0"),
        ("10.1.513", "10.1.2.1"),
        ("8.8.8.8", "8.8.8.8"),
        ("::1", "::1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("example.org", None),
        ("1.example", None),
        ("0x7f.example", None),
        ("x7f", None),
    ],
)
def test_hosts_that_are_addresses(host: str, address: str | None) -> None:
    assert host_address(host) == (address_of(address) if address else None)


@pytest.mark.parametrize(
    "host", ["1.2.3.4.5", "256.1.1.1", "1.2.3.256", "4294967296", "08.1", "a.1", "1..1", "1::2::3"]
)
def test_hosts_that_look_like_addresses_and_are_none(host: str) -> None:
    with pytest.raises(ValueError, match=r"address|octet|literal|digits"):
        host_address(host)


def test_settings() -> None:
    assert networks_of("X", ["10.0.0.0/8", "::1"]) == (ip_network("10.0.0.0/8"), ip_network("::1"))
    assert ports_of("X", ["80", "8443"]) == {80, 8443}


@pytest.mark.parametrize("text", ["10.0.0.1/8", "localhost", "10.0.0.0/33"])
def test_invalid_networks_are_refused(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="X must list networks"):
        networks_of("X", [text])


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "８０"])
def test_invalid_ports_are_refused(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="X must list port numbers"):
        ports_of("X", [text])
