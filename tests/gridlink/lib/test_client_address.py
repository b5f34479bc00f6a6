"""A client's address has one spelling, however a proxy writes it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridlink.lib.client_address import canonical, client_address, customer


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("203.0.113.61", "203.0.113.61"),
        ("203.0.113.61:51001", "203.0.113.61"),
        ("[203.0.113.61]:51001", "203.0.113.61"),
        (" 203.0.113.61\t", "203.0.113.61"),
        ('"203.0.113.61:1"', "203.0.113.61"),
        ("2001:DB8:0:0::61", "2001:db8::61"),
        ("2001:0db8:0000:0000:0000:0000:0000:0061", "2001:db8::61"),
        ("[2001:db8::61]", "2001:db8::61"),
        ("[2001:db8::61]:51001", "2001:db8::61"),
        ('"[2001:db8::61]:51001"', "2001:db8::61"),
        ("::ffff:203.0.113.77", "203.0.113.77"),
        ("::FFFF:CB00:714D", "203.0.113.77"),
        ("0:0:0:0:0:ffff:203.0.113.77", "203.0.113.77"),
        ("[::ffff:203.0.113.77]:443", "203.0.113.77"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:80", "fe80::1"),
        ("::1", "::1"),
    ],
)
def test_an_address_has_one_spelling(text: str, address: str) -> None:
    assert canonical(text) == address
    assert canonical(address) == address


@pytest.mark.parametrize(
    "text",
    [
        *("", "unknown", "_hidden", "localhost", "203.0.113", "203.0.113.300", "203.0.113.061"),
        *("203.0.113.61:http", "203.0.113.61:123456", "[2001:db8::61", "2001:db8::61]:80", "[]:80"),
        *("[2001:db8::61]x", "1.2.3.4.5", "\u0661.2.3.4", "203.0.113.61\x00", "1" * 65_536),
    ],
)
def test_anything_else_is_no_address(text: str) -> None:
    assert canonical(text) == ""


@given(st.text(max_size=100))
def test_any_text_is_accepted(text: str) -> None:
    assert canonical(canonical(text)) == canonical(text)


@given(st.ip_addresses(v=4), st.integers(0, 65_535))
def test_ipv4_in_every_spelling(address: IPv4Address, port: int) -> None:
    mapped = IPv6Address(b"\0" * 10 + b"\xff\xff" + address.packed)
    texts = [f"{address}:{port}", f"[{address}]:{port}", str(mapped), mapped.exploded]
    assert {canonical(text) for text in texts} == {str(address)}
    assert customer(str(address)) == str(address)


@given(st.ip_addresses(v=6, network="2001:db8::/32"), st.integers(0, 65_535))
def test_ipv6_in_every_spelling(address: IPv6Address, port: int) -> None:
    texts = [f"[{address}]:{port}", address.exploded, str(address).upper(), f"{address}%z"]
    assert {canonical(text) for text in texts} == {str(address)}


@pytest.mark.parametrize(
    ("address", "other", "is_one"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("203.0.113.1", "203.0.113.2", False),
    ],
)
def test_a_customer_has_a_network_of_ipv6(address: str, other: str, is_one: bool) -> None:
    assert (customer(address) == customer(other)) is is_one


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        ("203.0.113.9", 0, "192.0.2.1"),
        ("", 1, "192.0.2.1"),
        ("203.0.113.9:1", 1, "203.0.113.9"),
        ("6.6.6.6, [2001:db8::61]:51001", 1, "2001:db8::61"),
        ("6.6.6.6, ::ffff:203.0.113.9, 10.0.0.1:80", 2, "203.0.113.9"),
        ("203.0.113.9", 2, "192.0.2.1"),
        ("203.0.113.9, unknown", 1, "192.0.2.1"),
        ("6.6.6.6," * 9_999 + "203.0.113.9", 1, "203.0.113.9"),
    ],
)
def test_only_trusted_hops_name_the_client(forwarded: str, proxies: int, address: str) -> None:
    found = client_address(peer="::ffff:192.0.2.1", forwarded=forwarded, proxies=proxies)
    assert found == address


def test_a_peer_without_an_address_is_nobody() -> None:
    assert client_address(peer="", forwarded="", proxies=0) == customer("") == ""
