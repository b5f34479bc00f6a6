"""Test the responses of the public tier that are no pages."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridlink.lib.weburl import BadUrl, check_url
from grids.public import responses
from grids.public.responses import KEY, Response, location
from grids.public.wire import Kind, Target


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://example.org/", "https://example.org/"),
        ("HTTP://Example.org:8080/a?b=c#d", "HTTP://Example.org:8080/a?b=c#d"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://BÜCHER.example:8443/?#", "https://xn--bcher-kva.example:8443/?#"),
        ("https://me:pä@bücher.example/", "https://me:p%C3%A4@xn--bcher-kva.example/"),
        (
            "https://例え.テスト/道?q=値#節",
            "https://xn--r8jz45g.xn--zckzah/%E9%81%93?q=%E5%80%A4#%E7%AF%80",
        ),
        ("https://example.org/a%20b%2Fc%zz%", "https://example.org/a%20b%2Fc%zz%"),
        ("https://example.org/ä%C3%A4", "https://example.org/%C3%A4%C3%A4"),
        ("https://[2001:db8::1]:80/x", "https://[2001:db8::1]:80/x"),
        ("https://example.org/?a[]=1&b={2}|3", "https://example.org/?a[]=1&b=%7B2%7D%7C3"),
        ("https://example.org/<script>\"'", "https://example.org/%3Cscript%3E%22'"),
        # What IDNA 2008 refuses and browsers take.
        ("https://i❤.example/", "https://xn--i-7iq.example/"),
        ("https://💩.la/", "https://xn--ls8h.la/"),
        (
            "https://under_score.bücher.example:8443/x",
            "https://under_score.xn--bcher-kva.example:8443/x",
        ),
        ("https://straße.example/", "https://xn--strae-oqa.example/"),
        ("https://a--b.bücher.example/", "https://a--b.xn--bcher-kva.example/"),
        # What has no such form is left to the browser, as bytes.
        ("https://bücher..example/", "https://b%C3%BCcher..example/"),
        ("mailto:anna+news@example.org?subject=ä", "mailto:anna+news@example.org?subject=%C3%A4"),
        ("tel:+41-44-668.18.00;ext=5", "tel:+41-44-668.18.00;ext=5"),
    ],
)
def test_location(url: str, sent: str) -> None:
    assert check_url(url) == url
    assert location(url) == sent.encode()


HOSTS = st.sampled_from(
    ["example.org", "BÜCHER.example", "例え.テスト", "i❤.example", "192.0.2.1", "[2001:db8::1]"]
) | st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20)
# What no address may hold: spaces, control characters, halves of characters.
UNPRINTABLE = st.sampled_from([*map(chr, [*range(0x21), *range(0x7F, 0xA1)]), "\u2028", "\u2029"])
HALVES = st.characters(categories=["Cs"])
PRINTABLE = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=" \xa0\u2028\u2029"),
    max_size=40,
)


def addresses() -> st.SearchStrategy[str]:
    """Addresses that a link may have, of every scheme, with whatever may stand in them."""
    users = st.sampled_from(["", "me@", "me:pä@", "@"])
    ports = st.sampled_from(["", ":", ":80", ":65535"])
    tails = st.just("") | st.builds("{}{}".format, st.sampled_from("/?#"), PRINTABLE)
    schemes = st.sampled_from(["http", "https", "HTTPS"])
    web = st.builds("{}://{}{}{}{}".format, schemes, users, HOSTS, ports, tails)
    mail = st.builds("mailto:{}@{}{}".format, HOSTS, HOSTS, tails)
    phone = st.from_regex(r"tel:\+?[0-9().-]{2,40}(;[A-Za-z0-9=;+.-]*)?", fullmatch=True)
    return web | mail | phone


@settings(deadline=None)
@given(addresses())
def test_no_address_that_a_link_may_have_breaks_the_header(typed: str) -> None:
    sent = location(check_url(typed))
    assert re.fullmatch(rb"[\x21-\x7e]+", sent)
    scheme, colon, _ = typed.partition(":")
    assert sent.startswith(f"{scheme}{colon}".encode())


@settings(deadline=None)
@given(addresses(), UNPRINTABLE | HALVES, st.data())
def test_what_would_break_the_header_no_link_may_have(
    address: str, bad: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(1, len(address)))
    with pytest.raises(BadUrl, match="contains a space or a control character"):
        check_url(f"{address[:at]}{bad}x{address[at:]}")


def test_line_breaks_cannot_get_into_the_header() -> None:
    # Past every check, as from a database that somebody wrote to by hand.
    sent = location("https://example.org/\r\nset-cookie: a=b\x00\n")
    assert not re.search(rb"[\x00-\x20\x7f-\xff]", sent)


def headers(answer: Response) -> dict[bytes, bytes]:
    return dict(answer.start["headers"])


@pytest.mark.parametrize(
    "answer",
    [
        responses.redirect("https://example.org/"),
        responses.redirect("https://example.org/", forward_query=True),
        responses.viewed(),
        responses.plain(200, "ok"),
        responses.not_allowed("GET"),
    ],
)
def test_nobody_may_keep_an_answer(answer: Response) -> None:
    found = headers(answer)
    assert found[b"cache-control"] == b"private, no-store, max-age=0"
    assert found[b"x-robots-tag"] == b"noindex"
    if answer.start["status"] != 204:
        assert found[b"content-length"] == b"%d" % len(answer.body["body"])
    assert len(found) == len(answer.start["headers"])


def test_a_redirect_forwards_the_query_it_is_called_with() -> None:
    answer = responses.redirect("https://bücher.example/ä?x=1#top", forward_query=True)
    found = answer.negotiate({"query_string": b"a=1&x=2"})
    assert headers(found)[b"location"] == b"https://xn--bcher-kva.example/%C3%A4?x=1&a=1#top"
    assert {**headers(found), b"location": b""} == {**headers(answer), b"location": b""}
    assert found.start["status"] == 302
    assert answer.negotiate({"query_string": b""}) is answer


def test_what_forwards_nothing_stays_as_it_is() -> None:
    for answer in (responses.redirect("https://example.org/"), responses.plain(200, "ok")):
        assert answer.negotiate({"query_string": b"a=1", "headers": []}) is answer


def test_a_visit_is_kept_with_the_redirect_that_it_is() -> None:
    about: dict[str, Any] = {
        "target": Target(Kind.CLICK, 1, 2, 3, "0,0,1,1"),
        "depends_on": ("grid 2", "user 1"),
        "since": 10.0,
        "until": 20.0,
    }
    for forwards in (False, True):
        answer = responses.redirect("https://example.org/", forward_query=forwards, **about)
        assert {name: getattr(answer, name) for name in about} == about


@pytest.mark.parametrize(
    ("key", "possible"),
    [
        ("li_" + "0" * 32, True),
        ("a", True),
        ("a-b", True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("", False),
        ("-a", False),
        ("A", True),
        ("Spring-Sale26", True),
        ("li_" + "0" * 31, False),
        ("li_" + "0" * 33, False),
        ("a\n", False),
        ("a/b", False),
        ("\x00", False),
        ("..", False),
        ("é", False),
    ],
)
def test_what_can_be_a_key(key: str, possible: bool) -> None:
    assert bool(KEY.fullmatch(key)) is possible
