"""Test reading a page's title, description and icon in all their forms."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridlink.lib.outbound.client import Response
from gridlink.lib.text import CONTROL
from grids.checks.metadata import Metadata, read_metadata

URL = "https://example.org/a/page"


def read(body: str | bytes, content_type: str = "text/html; charset=utf-8") -> Metadata:
    """What such a page says."""
    data = body.encode() if isinstance(body, str) else body
    return read_metadata(Response(URL, 200, {"Content-Type": content_type}, data, True, 1, None))


PAGE = """<!DOCTYPE html><html><head><base href="/b/">
<title> The  page
of <!-- no --> pages &amp; &#x263a; </title>
<meta name="Description" content="What &quot;it&quot; is">
<link rel="stylesheet" href="style.css"><link rel="shortcut ICON" href="icon.png?x=1">
</head><body><title>Not this</title><svg><title>Nor this</title></svg>"""


def test_a_page() -> None:
    assert read(PAGE) == Metadata(
        url=URL,
        title="The page of pages & ☺",
        description='What "it" is',
        icon="https://example.org/b/icon.png?x=1",
    )


def test_what_is_said_for_sharing_goes_first() -> None:
    page = read(
        '<title>Page - Site</title><meta property="og:title" content="Page">'
        '<meta name=description content="Short"><meta property=og:description content="Long">'
    )
    assert (page.title, page.description) == ("Page", "Long")


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ("", ""),
        ("<title></title>", ""),
        ("<title>  </title><title>Second</title>", "Second"),
        ("<title>never closed", ""),
        ("<meta property=og:title content=' '><title>Title</title>", "Title"),
        ("<body><p>Late</p><title>In the body</title>", "In the body"),
        ("<TITLE>Loud</TITLE>", "Loud"),
        ("<title>a\x00b\x1b[31m\u2028c</title>", "a b [31m c"),
        ("<script>var x = '<title>no</title>'</script><title>Yes</title>", "Yes"),
        ("<!-- <title>no</title> --><title>Yes</title>", "Yes"),
        ("<![if x]><title>Yes</title>", "Yes"),
        ("<title>&lt;script&gt;alert(1)&lt;/script&gt;</title>", "<script>alert(1)</script>"),
        (f"<title>{'x' * 301}</title>", "x" * 299 + "…"),
        (f"<title>{'x' * 300}</title>", "x" * 300),
    ],
)
def test_titles(body: str, title: str) -> None:
    assert read(body).title == title


@pytest.mark.parametrize(
    ("link", "icon"),
    [
        ('<link rel=icon href="i.png">', "https://example.org/a/i.png"),
        ('<link rel="icon" href="//cdn.example/i.png">', "https://cdn.example/i.png"),
        ('<link rel="apple-touch-icon" href="/t.png">', "https://example.org/t.png"),
        (
            '<link rel=apple-touch-icon href="/t.png"><link rel=icon href="/i.png">',
            "https://example.org/i.png",
        ),
        ('<link rel=icon href="">', ""),
        ('<link rel=icon href="javascript:alert(1)">', ""),
        ('<link rel=icon href="data:image/png;base64,AAAA">', ""),
        ('<link rel=icon href="http://[">', ""),
        ('<link rel=icon href="mailto:a@b.example">', ""),
        (f'<link rel=icon href="/{"x" * 3000}">', ""),
        ('<base href="ftp://x/"><link rel=icon href="i.png">', ""),
    ],
)
def test_icons(link: str, icon: str) -> None:
    assert read(link).icon == icon


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<title>é€</title>".encode(), "text/html"),
        ("<title>é€</title>".encode("cp1252"), "text/html; charset=ISO-8859-1"),
        ("<title>é€</title>".encode("cp1252"), 'text/html; charset="windows-1252"'),
        (b'<meta charset="windows-1252">' + "<title>é€</title>".encode("cp1252"), "text/html"),
        ("<title>é€</title>".encode("utf-16"), "text/html; charset=utf-8"),
        ("<title>é€</title>".encode("utf-8-sig"), "text/html; charset=latin-1"),
        ("<title>é€</title>".encode(), "text/html; charset=unheard-of"),
        ("<title>é€</title>".encode(), "text/html; charset=zlib"),
        ("<title>é€</title>".encode(), "text/html; charset=punycode"),
        ("<title>é€</title>".encode(), ""),
    ],
)
def test_encodings(body: bytes, content_type: str) -> None:
    assert read(body, content_type).title == "é€"


@pytest.mark.parametrize("content_type", ["image/png", "application/pdf", "application/json"])
def test_what_is_no_page_says_nothing(content_type: str) -> None:
    assert read("<title>Hidden</title>", content_type) == Metadata(URL, "", "", "")


@given(st.text() | st.binary(), st.sampled_from(["text/html", "text/html; charset=utf-16", ""]))
def test_nothing_is_too_odd(body: str | bytes, content_type: str) -> None:
    data = body if isinstance(body, bytes) else body.encode(errors="surrogatepass")
    page = read(b"<title>" + data + b"</title>" + data, content_type)
    assert len(page.title) <= 300
    assert not CONTROL.search(page.title + page.description + page.icon)


@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "<a",
        "<a ",
        "<a x=",
        "<a x='",
        "</",
        "</a",
        "<!",
        "<!--",
        "<!-- -",
        "<![",
        "<![CDATA[",
        "<?",
        "<!DOCTYPE [",
        "&",
        "&#",
        "&amp",
        "<title>",
        "<meta ",
        "<script>",
        "<script></",
        "<title></title",
        "<p a=b c>",
        "<meta name=description content=x>",
    ],
)
def test_half_a_megabyte_of_anything_takes_a_moment(piece: str) -> None:
    body = piece * (512 * 1024 // len(piece))
    started = time.monotonic()
    read(body)
    assert time.monotonic() - started < 5
