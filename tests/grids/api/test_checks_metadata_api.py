"""Test reading a page's metadata on request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Any

import pytest

from gridlink.lib.outbound.client import Limits
from grids.checks import services
from tests.support.client import Client
from tests.support.grids.checks import assert_error, nothing_changes
from tests.support.web import Web, redirect_to, reply, web

pytestmark = pytest.mark.django_db
PAGE = b"<title>A page</title><meta name=description content=Text><link rel=icon href=i.png>"


@pytest.fixture
def server(settings: Any) -> Iterator[Web]:
    """A server with a page, which may be asked."""
    with web(page=reply(body=PAGE, headers={"Content-Type": "text/html"})) as server:
        settings.OUTBOUND_ALLOW = (ip_network("127.0.0.0/8"),)
        settings.OUTBOUND_PORTS = frozenset({server.port})
        yield server


def read(client: Client, url: str) -> Any:
    return client.post("links/metadata/", {"url": url})


def test_a_page(alice: Client, server: Web) -> None:
    answer = read(alice, f" {server.url('/page')} ")
    assert answer.status_code == 200, answer.content
    assert answer.json() == {
        "url": server.url("/page"),
        "title": "A page",
        "description": "Text",
        "icon": server.url("/i.png"),
    }
    assert server.log == [("GET", "/page")]


def test_behind_a_redirect(alice: Client, server: Web) -> None:
    server.answers["/old"] = redirect_to("/page")
    assert read(alice, server.url("/old")).json()["url"] == server.url("/page")


def test_only_the_beginning_of_a_page_is_read(alice: Client, server: Web) -> None:
    server.answers["/long"] = reply(
        body=PAGE + b" " * 600_000 + b"<meta property=og:title content=Late>"
    )
    assert read(alice, server.url("/long")).json()["title"] == "A page"


@pytest.mark.parametrize("status", [404, 500, 403, 304])
def test_no_page(alice: Client, server: Web, status: int) -> None:
    server.answers["/page"] = reply(status, body=PAGE)
    with nothing_changes():
        error = assert_error(read(alice, server.url("/page")), 422, "unreachable", "url")
    assert error["message"] == f"The host answers {status}."


def test_a_page_that_does_not_come(
    alice: Client, server: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "_METADATA_LIMITS", Limits(seconds=0.3))
    server.answers["/page"] = reply(wait=60)
    error = assert_error(read(alice, server.url("/page")), 422, "unreachable", "url")
    assert error["message"] == "The response took too long."


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "[::ffff:127.0.0.1]"])
def test_a_private_address(alice: Client, server: Web, settings: Any, host: str) -> None:
    settings.OUTBOUND_ALLOW = ()
    with nothing_changes():
        error = assert_error(read(alice, server.url(host=host)), 422, "unreachable", "url")
    assert error["message"] == "The address leads into a network that is not public."
    assert server.connections == 0


def test_a_redirect_to_a_private_address(alice: Client, server: Web, settings: Any) -> None:
    with web(host="127.0.0.2", secret=reply(body=PAGE)) as inner:
        settings.OUTBOUND_ALLOW = (ip_network("127.0.0.1"),)
        settings.OUTBOUND_PORTS |= {inner.port}
        server.answers["/old"] = redirect_to(inner.url("/secret", "127.0.0.2"))
        assert_error(read(alice, server.url("/old")), 422, "unreachable", "url")
    assert inner.connections == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": ""}, "url"),
        ({"url": 1}, "url"),
        ({"url": None}, "url"),
        ({"url": "ftp://example.org/"}, "url"),
        ({"url": "http://example.org/\x00"}, "url"),
        ({"url": "https://example.org/", "title": "x"}, "title"),
    ],
)
def test_requests_that_make_no_sense(alice: Client, body: Any, field: str) -> None:
    assert_error(alice.post("links/metadata/", body), 400, "invalid", field)


def test_an_address_that_is_no_pages(alice: Client) -> None:
    assert_error(read(alice, "mailto:ada@example.org"), 422, "unreachable", "url")


def test_without_the_right_token(anonymous: Client, carol: Client, server: Web) -> None:
    assert_error(read(anonymous, server.url("/page")), 401, "unauthenticated")
    assert_error(read(carol, server.url("/page")), 403, "forbidden")
    assert server.connections == 0


def test_an_account_has_so_many_tries(
    alice: Client, bob: Client, server: Web, settings: Any
) -> None:
    settings.METADATA_PER_ACCOUNT = (2, 60.0)
    assert [read(alice, server.url("/page")).status_code for _ in range(2)] == [200, 200]
    with nothing_changes():
        answer = read(alice, server.url("/page"))
        assert_error(answer, 429, "throttled")
    assert answer["Retry-After"] == "60"
    assert len(server.asked) == 2
    assert read(bob, server.url("/page")).status_code == 200


def test_only_some_threads_wait_for_pages(alice: Client, server: Web) -> None:
    readers = services._readers
    assert [readers.acquire(blocking=False) for _ in range(3)] == [True, True, False]
    try:
        answer = read(alice, server.url("/page"))
        assert_error(answer, 429, "throttled")
        assert answer["Retry-After"] == "1"
        assert server.asked == []
    finally:
        readers.release(2)
    # A failure gives its place back as well.
    for _ in range(3):
        assert read(alice, server.url("/nothing")).status_code == 422
    assert read(alice, server.url("/page")).status_code == 200


def test_queries(
    alice: Client, server: Web, django_assert_num_queries: Callable[[int], Any]
) -> None:
    with django_assert_num_queries(4):
        assert read(alice, server.url("/page")).status_code == 200
