"""Test which URLs links may have, and which URLs are equivalent."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridlink.lib.weburl import URL_LENGTH, BadUrl, ascii_host, check_url, url_key

HOST = "The URL has no valid host."
SCHEME = "The URL must start with http://, https://, mailto: or tel:."
SPACE = "The URL contains a space or a control character."


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org",
        "https://example.org/",
        "HTTPS://EXAMPLE.ORG/Path?q=1#top",
        "http://localhost:8000/",
        "http://127.0.0.1/",
        "http://[::1]:8080/",
        "http://[fe80::1]/",
        "http://user:secret@example.org/",
        "http://example.org:/",
        "https://müller.example/straße?q=ä#ö",
        "https://日本語.example/",
        "https://xn--mller-kva.example/",
        "https://example.org/%00",
        "https://example.org/a'b(c)",
        "https://example.org/?a=javascript:alert(1)",
        "https://a_b.example.org/",
        "mailto:ada@example.org",
        "MAILTO:ada@example.org?subject=x",
        "tel:+1-555-0100",
        "tel:(555)0100;ext=5",
        "https://example.org/" + "x" * (URL_LENGTH - len("https://example.org/")),
    ],
)
def test_allowed_urls_are_returned(url: str) -> None:
    assert check_url(url) == url
    assert check_url(f" \t{url}\n") == url
    assert re.fullmatch("[0-9a-f]{32}", url_key(url))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "The URL is empty."),
        ("  ", "The URL is empty."),
        ("example.org", SCHEME),
        ("//example.org/", SCHEME),
        ("/path", SCHEME),
        ("javascript:alert(1)", SCHEME),
        ("JAVASCRIPT:alert(1)", SCHEME),
        ("javascript://example.org/%0aalert(1)", SCHEME),
        ("java\tscript:alert(1)", SPACE),
        ("\x01javascript:alert(1)", SPACE),
        ("https://example.org/a b", SPACE),
        ("https://example.org/\x00", SPACE),
        ("https://example.org/\x7f", SPACE),
        ("https://example.org/\u00a0x", SPACE),
        ("https://example.org/\u2028x", SPACE),
        ("https://example.org/\ud800", SPACE),
        ("ht\ntps://example.org/", SPACE),
        ("data:text/html,x", SCHEME),
        ("vbscript:x", SCHEME),
        ("file:///etc/passwd", SCHEME),
        ("ftp://example.org/", SCHEME),
        ("blob:https://example.org/x", SCHEME),
        ("http:", HOST),
        ("http://", HOST),
        ("http:///path", HOST),
        ("http:example.org", HOST),
        ("http://?q", HOST),
        ("http://user@/", HOST),
        ("http://:80/", HOST),
        ("http://a<b/", HOST),
        ("http://a\\b/", HOST),
        ("http://a\\@b/", HOST),
        ("http://a:x\\@b/", HOST),
        ("https://example.org\\@evil.example/", HOST),
        ("http:\\\\example.org/", HOST),
        ("http://a@b@c/", HOST),
        ("http://a@b:c@d.example/", HOST),
        ("http://a%40b/", HOST),
        ("http://a%2fb.example/", HOST),
        ("http://a%5cb.example/", HOST),
        ("http://a\uff3cb.example/", HOST),
        ("http://a\uff05b.example/", HOST),
        ("http://a\tb.example/", SPACE),
        ("http://a\r\nb.example/", SPACE),
        ("http://a\x00b.example/", SPACE),
        ("http://exa%6dple.org/", HOST),
        ("http://" + "x" * 254 + "/", HOST),
        ("mailto:", "The mailto: URL has no e-mail address."),
        ("mailto:ada", "The mailto: URL has no e-mail address."),
        ("mailto:@example.org", "The mailto: URL has no e-mail address."),
        ("tel:", "The tel: URL has no valid phone number."),
        ("tel:call-me", "The tel: URL has no valid phone number."),
        ("tel:1", "The tel: URL has no valid phone number."),
        ("https://example.org/" + "x" * URL_LENGTH, "The URL is longer than 4096 characters."),
    ],
)
def test_refused_urls_name_the_reason(url: str, reason: str) -> None:
    with pytest.raises(BadUrl) as refused:
        check_url(url)
    assert str(refused.value) == reason


@pytest.mark.parametrize("sign", ["/", "?", "#", "@", ":"])
def test_wide_forms_of_delimiters_in_hosts_are_refused(sign: str) -> None:
    wide = chr(ord(sign) + 0xFEE0)
    with pytest.raises(BadUrl):
        check_url(f"https://example.org{wide}evil.example/")


def test_backslashes_after_the_host_are_part_of_the_path() -> None:
    for url in (
        "https://example.org/a\\b",
        "https://example.org/?q=\\@x",
        "https://me@a.example/@b@c",
    ):
        assert check_url(url) == url


@pytest.mark.parametrize(
    ("host", "ascii_form"),
    [
        ("example.org", "example.org"),
        ("Bücher.Example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("💩.la", "xn--ls8h.la"),
        ("under_score.bücher.example", "under_score.xn--bcher-kva.example"),
        ("日本。example", "xn--wgv71a.example"),
        ("ü" * 70 + ".example", "ü" * 70 + ".example"),
        ("ü..example", "ü..example"),
    ],
)
def test_hosts_in_ascii(host: str, ascii_form: str) -> None:
    assert ascii_host(host) == ascii_form


@pytest.mark.parametrize(
    "url", ["http://example.org:99999/", "http://example.org:x/", "http://[::1/", "http://[x]/"]
)
def test_unparsable_urls_are_refused(url: str) -> None:
    with pytest.raises(BadUrl):
        check_url(url)


SAME = [
    ("http://example.org", "http://example.org/"),
    ("http://example.org/", "HTTP://EXAMPLE.ORG/"),
    ("http://example.org/", "http://example.org:80/"),
    ("http://example.org/", "http://example.org:/"),
    ("https://example.org/", "https://example.org:443"),
    ("http://[::1]/", "http://[::1]:80/"),
    ("https://example.org/?a=1&b=2", "https://example.org/?b=2&a=1"),
    ("https://example.org/%7eada", "https://example.org/~ada"),
    ("https://example.org/%c3%a4", "https://example.org/%C3%A4"),
    ("https://example.org/ä", "https://example.org/%C3%A4"),
    ("https://müller.example/", "https://xn--mller-kva.example/"),
    ("https://MÜLLER.example/", "https://müller.example/"),
    ("mailto:Ada@Example.org", "MAILTO:ada@example.org"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_equivalent_urls_have_the_same_key(one: str, other: str) -> None:
    assert url_key(check_url(one)) == url_key(check_url(other))


DIFFERENT = [
    ("http://example.org/", "https://example.org/"),
    ("http://example.org/", "http://www.example.org/"),
    ("http://example.org/a", "http://example.org/A"),
    ("http://example.org/a", "http://example.org/a/"),
    ("http://example.org/", "http://example.org:443/"),
    ("https://example.org/", "https://example.org:80/"),
    ("http://example.org:8080/", "http://example.org/"),
    ("http://example.org/?a=1", "http://example.org/?a=2"),
    ("http://example.org/?a=", "http://example.org/"),
    ("http://example.org/#a", "http://example.org/#b"),
    ("http://example.org/a%2Fb", "http://example.org/a/b"),
    ("http://example.org/?a=1%26b=2", "http://example.org/?a=1&b=2"),
    ("mailto:ada@example.org", "mailto:bob@example.org"),
    ("tel:5550100", "tel:5550101"),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_urls_have_different_keys(one: str, other: str) -> None:
    assert url_key(check_url(one)) != url_key(check_url(other))


@settings(deadline=None)
@given(st.text(max_size=60) | st.text(max_size=60).map("https://".__add__))
def test_any_text_is_either_refused_or_has_a_key(text: str) -> None:
    try:
        url = check_url(text)
    except BadUrl:
        return
    assert url == text.strip()
    assert urlsplit(url).scheme in ("http", "https", "mailto", "tel")
    assert re.fullmatch("[0-9a-f]{32}", url_key(url))


_NAMES = st.from_regex(r"[a-z][a-z0-9]{0,10}(\.[a-z]{2,5})?", fullmatch=True)
_PATHS = st.lists(st.from_regex(r"[A-Za-z0-9._~!$'()*,;:@-]{1,8}", fullmatch=True), max_size=4)
_QUERIES = st.lists(st.from_regex(r"[a-z]{1,3}=[A-Za-z0-9]{0,3}", fullmatch=True), max_size=4)


@settings(deadline=None)
@given(scheme=st.sampled_from(["http", "https"]), host=_NAMES, path=_PATHS, query=_QUERIES)
def test_spellings_of_one_url_have_the_same_key(
    scheme: str, host: str, path: list[str], query: list[str]
) -> None:
    tail = "/" + "/".join(path)
    port = {"http": ":80", "https": ":443"}[scheme]
    plain = f"{scheme}://{host}{tail}" + ("?" + "&".join(query) if query else "")
    turned = f"{scheme.upper()}://{host.upper()}{port}{tail}"
    turned += "?" + "&".join(reversed(query)) if query else ""
    assert url_key(check_url(plain)) == url_key(check_url(turned))
    assert url_key(plain) != url_key(plain.replace("://", "://x", 1))
