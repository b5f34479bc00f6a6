"""A visitor's query is appended to a link's address, and changes nothing else of it."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grids.public.forwarding import QUERY_MAX, forwarded

PLAIN = b"https://example.org/page"


@pytest.mark.parametrize(
    ("location", "query", "expected"),
    [
        (PLAIN, b"", PLAIN),
        (PLAIN, b"a=1&b=2", b"https://example.org/page?a=1&b=2"),
        (b"https://example.org", b"a=1", b"https://example.org?a=1"),
        (b"https://example.org/?", b"a=1", b"https://example.org/?a=1"),
        (b"https://example.org/?x=1", b"a=1", b"https://example.org/?x=1&a=1"),
        # The link's own win, however the visitor spells them.
        (b"https://example.org/?a=1", b"a=2&b=3", b"https://example.org/?a=1&b=3"),
        (b"https://example.org/?a=1", b"a=2", b"https://example.org/?a=1"),
        (b"https://example.org/?a%5F=1", b"a_=2&A_=3&a%5f", b"https://example.org/?a%5F=1"),
        (b"https://example.org/?a+b=1", b"a%20b=2&c", b"https://example.org/?a+b=1&c"),
        (b"https://example.org/?a", b"a=2", b"https://example.org/?a"),
        # Fragments stay last, and what looks like a query in one is none.
        (b"https://example.org/#top", b"a=1", b"https://example.org/?a=1#top"),
        (b"https://example.org/?x=1#/r?a=2", b"a=1", b"https://example.org/?x=1&a=1#/r?a=2"),
        (PLAIN + b"#", b"a=1", PLAIN + b"?a=1#"),
        # Of several of the visitor's, all stay, in order and as they were written.
        (PLAIN, b"a=1&a=2&c=%20+", PLAIN + b"?a=1&a=2&c=%20+"),
        (PLAIN, b"a=b=c?d/e", PLAIN + b"?a=b=c?d/e"),
        (PLAIN, b"&&a=1&", PLAIN + b"?a=1"),
        (PLAIN, b"&", PLAIN),
        (PLAIN, b"=", PLAIN),
        (b"HTTPS://Example.org/", b"a=1", b"HTTPS://Example.org/?a=1"),
        # Only pages have a query.
        (b"mailto:a@example.org", b"a=1", b"mailto:a@example.org"),
        (b"tel:+30210", b"a=1", b"tel:+30210"),
    ],
)
def test_forwarded(location: bytes, query: bytes, expected: bytes) -> None:
    assert forwarded(location, query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"a=1\r\nSet-Cookie: x=1", b"a=1%0D%0ASet-Cookie:%20x=1"),
        (b"a=%0d%0aSet-Cookie:x", b"a=%0d%0aSet-Cookie:x"),
        (b"a=%00&b=\x00", b"a=%00&b=%00"),
        (b"a=\xff\xfe&\xc3\xbc=1", b"a=%FF%FE&%C3%BC=1"),
        (b"a=1#evil", b"a=1%23evil"),
        (b'a="><script>', b"a=%22%3E%3Cscript%3E"),
        (b"@evil.example/", b"@evil.example/"),
        (b"%", b"%"),
    ],
)
def test_hostile_queries_split_nothing(query: bytes, expected: bytes) -> None:
    assert forwarded(PLAIN, query) == PLAIN + b"?" + expected


def test_a_query_too_long_for_a_header_is_not_forwarded() -> None:
    longest = b"a=" + b"x" * (QUERY_MAX - 2)
    assert forwarded(PLAIN, longest) == PLAIN + b"?" + longest
    for more in (longest + b"x", b"&" * 65_536, b"a=1&" * 16_384):
        assert forwarded(PLAIN, more) == PLAIN


LOCATIONS = st.builds(
    lambda path, query, fragment: f"https://example.org{path}{query}{fragment}".encode(),
    st.sampled_from(["", "/", "/a/b", "/a%20b"]),
    st.sampled_from(["", "?", "?a=1", "?a=1&b", "?A=%C3%BC", "?a=x?y"]),
    st.sampled_from(["", "#", "#top", "#/r?a=1&b=2"]),
)


@given(LOCATIONS, st.binary(max_size=200) | st.from_regex(rb"[ab=&%0-9 .]{0,30}", fullmatch=True))
@example(b"https://example.org", b"\r\n\r\n")
def test_any_query_leaves_the_address_as_it_is(location: bytes, query: bytes) -> None:
    after = forwarded(location, query)
    assert re.fullmatch(rb"[\x21-\x7e]+", after)
    old, new = urlsplit(location.decode()), urlsplit(after.decode())
    assert (new.scheme, new.netloc, new.path, new.fragment) == (
        old.scheme,
        old.netloc,
        old.path,
        old.fragment,
    )
    assert new.query.startswith(old.query)
    # Every parameter of the link is still the first of its name.
    for name, value in parse_qsl(old.query, keep_blank_values=True):
        assert dict(reversed(parse_qsl(new.query, keep_blank_values=True)))[name] == value
