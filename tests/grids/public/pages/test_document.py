"""Test how pages are encoded, and what is answered to those who know them."""

from __future__ import annotations

import gzip
import re
from typing import Any

import brotli
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gridlink.lib.content_policy import style_source
from grids.public.pages.document import (
    IMMUTABLE,
    REVALIDATED,
    Document,
    choose_encoding,
    make_content,
    make_document,
)
from grids.public.responses import Response
from grids.public.wire import Kind, Target
from tests.support.grids.pages import body, headers, scope

TEXT = "<p>Grüße</p>".encode() * 100
PAGE = make_document(make_content(TEXT, "text/html; charset=utf-8"))


def get(page: Document = PAGE, **sent: str) -> Response:
    return page.negotiate(scope(**sent))


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("", ""),
        ("gzip", "gzip"),
        ("br", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("GZIP , BR", "br"),
        ("*", "br"),
        ("identity", ""),
        ("deflate", ""),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("gzip;q=0.5, br;q=0.5", "br"),
        ("br;q=0", ""),
        ("br;q=0.000, gzip", "gzip"),
        ("br;q=0, *", "gzip"),
        ("gzip;q=0, br;q=0, *;q=1", ""),
        ("*;q=0", ""),
        ("*;q=0, gzip", "gzip"),
        ("identity, br;q=0.5", ""),
        ("identity;q=0.2, br;q=0.5", "br"),
        ("identity;q=0, gzip;q=0.1", "gzip"),
        ("br; q=0.1 , gzip; q=0.2", "gzip"),
        ("gzip;Q=0.9,br;Q=0.1", "gzip"),
        ("br;q=high, gzip;q=0.1", "gzip"),
        ("br;q=", "br"),
        ("br;level=9, gzip", "gzip"),
        (",,;,q=1, ,gzip,", "gzip"),
        ("xbr, gzip2", ""),
    ],
)
def test_encodings(accepted: str, encoding: str) -> None:
    assert choose_encoding(accepted.encode()) == encoding
    answer = get(accept_encoding=accepted)
    assert headers(answer).get("content-encoding", "") == encoding
    assert body(answer) == TEXT


@given(st.binary(max_size=60) | st.from_regex(rb"[brgzip;q=0.19*, -]{0,40}", fullmatch=True))
@example(b"br;q=nan, gzip;q=inf")
@example(b"br;q=1e999")
@example(b"\xff" * 65_000)
@example(b"br," * 20_000)
def test_whatever_is_accepted_the_page_can_be_read(accepted: bytes) -> None:
    request = {**scope(), "headers": [(b"accept-encoding", accepted)]}
    assert body(PAGE.negotiate(request)) == TEXT


def test_strangers_do_not_fill_memory_with_what_they_accept() -> None:
    choose_encoding.cache_clear()
    held = []

    def remember(accepted: bytes) -> str:
        held.append(accepted)
        return "br"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("grids.public.pages.document.choose_encoding", remember)
        get(accept_encoding="br," * 20_000)
    assert len(held[0]) <= 200


@pytest.mark.parametrize("encoding", ["br", "gzip", ""])
def test_the_answer(encoding: str) -> None:
    answer = get(accept_encoding=encoding)
    sent = headers(answer)
    etag = sent.pop("etag")
    assert re.fullmatch(r'"[0-9a-f]{24}(-br|-gzip)?"', etag)
    assert etag.endswith(f'-{encoding}"') == bool(encoding)
    assert (sent.pop("content-encoding", ""), answer.start["status"]) == (encoding, 200)
    assert sent == {
        "content-type": "text/html; charset=utf-8",
        "cache-control": "private, no-cache",
        "vary": "accept-encoding",
        "x-content-type-options": "nosniff",
        "referrer-policy": "strict-origin-when-cross-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), browsing-topics=()",
        "cross-origin-opener-policy": "same-origin",
        "content-length": str(len(answer.body["body"])),
    }


ETAGS = [headers(get(accept_encoding=encoding))["etag"] for encoding in ("br", "gzip", "identity")]


def test_each_encoding_has_a_tag_of_its_own() -> None:
    assert len({*ETAGS}) == 3


@pytest.mark.parametrize("tag", ETAGS)
@pytest.mark.parametrize("encoding", ["br", "gzip", "identity"])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', 'W/"a",W/{} ,"b"', "  {}  "])
def test_who_has_the_page_is_told_so(tag: str, encoding: str, form: str) -> None:
    answer = get(accept_encoding=encoding, if_none_match=form.format(tag))
    whole = headers(get(accept_encoding=encoding))
    assert (answer.start["status"], answer.body["body"]) == (304, b"")
    kept = ("cache-control", "vary", "etag")
    assert headers(answer) == {name: whole[name] for name in kept}


def test_any_version_is_good_enough_for_an_asterisk() -> None:
    assert get(if_none_match="*").start["status"] == 304


@pytest.mark.parametrize(
    "known",
    [
        '"other"',
        'W/"other"',
        '""',
        "",
        '"-br"',
        ETAGS[0][1:8],
        f'"x{ETAGS[0][1:]}',
        '"*"',
        ",",
        "W/",
    ],
)
def test_who_has_another_gets_the_page(known: str) -> None:
    answer = get(accept_encoding="br", if_none_match=known)
    assert (answer.start["status"], body(answer)) == (200, TEXT)


@given(st.binary(max_size=100))
@example(b'"' * 65_000)
@example(b'"a",' * 16_000)
def test_whatever_is_said_to_be_known(known: bytes) -> None:
    request = {**scope(), "headers": [(b"if-none-match", known)]}
    assert PAGE.negotiate(request).start["status"] in (200, 304)


@pytest.mark.parametrize("status", [404, 410, 503])
@pytest.mark.parametrize("form", ["*", "tag"])
def test_what_is_no_success_is_never_unchanged(status: int, form: str) -> None:
    page = make_document(make_content(TEXT, "text/html", status=status))
    tag = headers(get(page))["etag"] if form == "tag" else "*"
    answer = get(page, if_none_match=tag)
    assert (answer.start["status"], body(answer)) == (status, TEXT)


def test_what_an_unchanged_page_says_again() -> None:
    given = [
        (b"content-security-policy", b"default-src 'none'"),
        (b"x-robots-tag", b"noindex"),
        (b"retry-after", b"2"),
    ]
    page = make_document(make_content(TEXT, "text/html", headers=given, cache_control=IMMUTABLE))
    sent = headers(get(page, if_none_match="*"))
    del sent["etag"]
    assert sent == {
        "cache-control": IMMUTABLE.decode(),
        "vary": "accept-encoding",
        "content-security-policy": "default-src 'none'",
        "x-robots-tag": "noindex",
    }


def test_one_page_has_the_same_bytes_always() -> None:
    first, second = (make_content(TEXT, "text/html") for _ in range(2))
    assert first == second
    # No time of day in it.
    assert first.gzip[4:8] == b"\0\0\0\0"
    assert gzip.decompress(first.gzip) == brotli.decompress(first.brotli) == TEXT


@pytest.mark.parametrize(
    "other",
    [
        {"body": TEXT + b" "},
        {"content_type": "text/plain"},
        {"cache_control": IMMUTABLE},
        {"headers": [(b"content-security-policy", b"default-src 'none'")]},
    ],
    ids=lambda other: next(iter(other)),
)
def test_whatever_is_sent_is_in_the_tag(other: dict[str, Any]) -> None:
    same: dict[str, Any] = {
        "body": TEXT,
        "content_type": "text/html",
        "cache_control": REVALIDATED,
        "headers": [],
    }

    def etag(**given: Any) -> str:
        return make_content(given.pop("body"), given.pop("content_type"), **given).etag

    assert etag(**same) != etag(**{**same, **other})


def test_a_page_says_what_it_takes_and_what_it_counts() -> None:
    target = Target(Kind.VIEW, 1, 2)
    page = make_document(make_content(TEXT, "text/html"), target=target, depends_on=("grid 2",))
    assert (page.target, page.depends_on) == (target, ("grid 2",))
    held = len(page.content.gzip) + len(page.content.brotli)
    assert held < page.size <= held + 5_000


def test_the_source_of_a_style() -> None:
    # Of `printf 'a{}' | openssl dgst -sha256 -binary | base64`.
    assert style_source("a{}") == "'sha256-X1RutGBrXCt9KkSaXMK7tHftWiRscFHOhxsS8tv8hBk='"
