"""Hosts are read from referrers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridlink.lib.text import CONTROL, is_storable
from grids.public.wire import MAX_TEXT
from reports.clicks.enrichment.referrers import referrer_host
from reports.models import Click


@pytest.fixture(autouse=True)
def own_address(settings: Any) -> None:
    settings.LINK_BASE_URL = "https://www.go.example:8443"


@pytest.mark.parametrize(
    ("raw", "host"),
    [
        (b"https://example.org", "example.org"),
        (b"https://example.org/", "example.org"),
        (b"http://Example.ORG/Path?q=1#top", "example.org"),
        (b"HTTPS://WWW.Example.org/", "example.org"),
        (b"https://www.www.example.org/", "www.example.org"),
        (b"https://wwwx.example.org/", "wwwx.example.org"),
        (b"https://www.com/", "www.com"),
        (b"https://www.localhost/", "www.localhost"),
        (b"http://localhost:8000/", "localhost"),
        (b"https://example.org:8443?x", "example.org"),
        (b"https://example.org:/", "example.org"),
        (b"https://example.org./", "example.org"),
        (b"https://ada:secret@example.org/", "example.org"),
        (b"https://ada@lovelace@example.org/", "example.org"),
        (b"https://example.org\\@evil.example/", "example.org"),
        (b"https://example.org/@evil.example/", "example.org"),
        (b"https://example.org?@evil.example", "example.org"),
        (b"https://xn--mller-kva.example/stra\xc3\x9fe", "xn--mller-kva.example"),
        (b"https://a_b.example/", "a_b.example"),
        (b"http://192.0.2.7:80/", "192.0.2.7"),
        (b"http://[2001:DB8:0::1]:80/", "2001:db8::1"),
        (b"android-app://com.Google.android.gm", "com.google.android.gm"),
        (b"android-app://com.slack/", "com.slack"),
        (b"ios-app://544007664/vnd.youtube", "544007664"),
        (b" https://example.org/ ", "example.org"),
        (b"https://example.org/" + b"x" * 4000, "example.org"),
        (b"https://" + b"a" * 253 + b"/", "a" * 253),
    ],
)
def test_host(raw: bytes, host: str) -> None:
    assert referrer_host(raw) == host


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"-",
        b"about:blank",
        b"example.org",
        b"//example.org/",
        b"javascript:alert(1)",
        b"data:text/html,https://example.org/",
        b"file:///etc/passwd",
        b"chrome-extension://abcdefgh/",
        b"https://",
        b"https:///path",
        b"https://:80/",
        b"https://@/",
        b"https://.example.org/",
        b"https://example..org/",
        b"https://exam ple.org/",
        b"https://exam\x00ple.org/",
        b"https://m\xc3\xbcller.example/",
        b"https://\xff\xfe/",
        b"https://example.org:http/",
        b"https://[::1/",
        b"https://[::g]/",
        b"https://[1.2.3.4]/",
        b"https://" + b"a" * 254 + b"/",
        b"https://<script>/",
        b"https://go.example/l/lk_1",
        b"http://www.go.example/",
        b"https://GO.example:8443/",
    ],
)
def test_invalid_referrers_have_no_host(raw: bytes) -> None:
    assert referrer_host(raw) == ""


def test_gridlink_itself_is_no_referrer(settings: Any) -> None:
    assert referrer_host(b"https://other.example/") == "other.example"
    settings.LINK_BASE_URL = "https://other.example"
    assert referrer_host(b"https://other.example/") == ""
    assert referrer_host(b"https://go.example/") == "go.example"


ADDRESSES = st.builds(
    lambda scheme, name, host, rest: scheme + b"://" + name + host + rest,
    st.sampled_from([b"http", b"HTTPS", b"android-app", b"x"]),
    st.one_of(st.just(b""), st.binary(max_size=50).map(lambda name: name + b"@")),
    st.text("aA.-_:[]@wW0\x00\u00fc", max_size=300).map(str.encode),
    st.one_of(st.just(b""), st.binary(max_size=50)),
)


@given(st.one_of(ADDRESSES, st.binary(max_size=MAX_TEXT)))
def test_any_bytes_are_accepted(raw: bytes) -> None:
    host = referrer_host(raw)
    assert len(host) <= (Click._meta.get_field("referrer").max_length or 0)
    assert is_storable(host)
    assert not CONTROL.search(host)
    assert host.isascii()
    assert host == host.lower()
    assert not set(host) & set(" /?#@\\%")
