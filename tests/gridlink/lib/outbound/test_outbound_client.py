"""Test what the outbound client reaches and its limits, against real servers."""

from __future__ import annotations

import gzip
import socket
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from gridlink.lib.outbound import errors
from gridlink.lib.outbound.client import USER_AGENT, Client, Limits
from tests.support.processes import free_port
from tests.support.web import (
    Asked,
    Web,
    drip,
    make_certificate,
    redirect_to,
    reply,
    web,
)

LOCAL = (ip_network("127.0.0.0/8"),)
ANY = frozenset(range(1, 65536))


def client(**changes: Any) -> Client:
    """A client that reaches the tests' servers."""
    options: dict[str, Any] = {"limits": Limits(seconds=5), "allowed": LOCAL, "ports": ANY}
    return Client(**{**options, **changes})


def limited(seconds: float = 5, **limits: int) -> Client:
    return client(limits=Limits(seconds=seconds, **limits))


def test_a_response_is_returned() -> None:
    with web(page=reply(203, b"hello", {"X-Thing": "a"})) as server:
        server.answers["/page?a=b%20c"] = server.answers["/page"]
        answer = client().request("GET", server.url("/page?a=b%20c#top"))
    assert (answer.status, answer.body, answer.is_whole) == (203, b"hello", True)
    assert answer.headers["x-thing"] == "a"
    assert answer.certificate_expires_on is None
    assert 0 <= answer.milliseconds < 5000
    (sent,) = server.asked
    assert sent.path == "/page?a=b%20c"
    assert sent.headers["host"] == f"127.0.0.1:{server.port}"
    assert sent.headers["user-agent"] == USER_AGENT
    assert not {"cookie", "authorization", "proxy-authorization"} & set(sent.headers)


def test_a_body_and_headers_are_sent() -> None:
    with web(hook=reply(204)) as server:
        headers = {"Content-Type": "application/json", "User-Agent": "Other"}
        answer = client().request("POST", server.url("/hook"), headers=headers, body=b'{"a": 1}')
    assert (answer.status, answer.body, answer.is_whole) == (204, b"", True)
    (sent,) = server.asked
    assert (sent.method, sent.path, sent.body) == ("POST", "/hook", b'{"a": 1}')
    assert sent.headers["content-length"] == "8"
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["user-agent"] == "Other"


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with web() as proxy, web(page=reply()) as server:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url())
        assert client().request("GET", server.url("/page")).status == 200
    assert (proxy.connections, server.connections) == (0, 1)


LOOPBACK = [
    "127.0.0.1",
    "127.1",
    "localhost",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "017700000001",
    "0177.0.0.1",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "0.0.0.0",
    "0",
    "%31%32%37.0.0.1",
    "①②⑦.0.0.1",
    "127。0。0。1",
]


@pytest.mark.parametrize("host", LOOPBACK)
def test_no_spelling_of_a_private_address_is_connected_to(host: str) -> None:
    # Some spellings are no host at all, to the client or to the resolver.
    refusals = (errors.Blocked, errors.BadTarget, errors.Unresolvable)
    with web() as server, pytest.raises(refusals):
        client(allowed=()).request("GET", server.url(host=host))
    assert server.connections == 0


@pytest.mark.parametrize("host", LOOPBACK[:-5])
def test_each_spelling_is_blocked_as_a_private_address(host: str) -> None:
    with pytest.raises(errors.Blocked, match="not public"):
        client(allowed=()).request("GET", f"http://{host}/")


@pytest.mark.parametrize("bad", ["10.0.0.1", "::1", "169.254.169.254", "64:ff9b::7f00:1"])
@pytest.mark.parametrize("turn", [1, -1])
def test_one_private_address_of_a_name_blocks_it(bad: str, turn: int) -> None:
    with web() as server:
        found = ["127.0.0.1", bad][::turn]
        with pytest.raises(errors.Blocked):
            client(resolver=lambda host, port: found).request("GET", server.url(host="mixed"))
    assert server.connections == 0


@pytest.mark.parametrize(
    "host",
    [
        "postgres", "redis", "localhost", "app.localhost", "db.internal", "nas.local", "printer.lan",
        "x.home.arpa", "git.corp", "wiki.intranet", "DB.INTERNAL.", "7.0.0.10.in-addr.arpa", "10.1", "0x0a.1",
    ],
)  # fmt: skip
def test_an_internal_name_is_refused_without_being_looked_up(host: str) -> None:
    """So that neither the answer nor its time tells which of them exist."""
    asked: list[str] = []

    def resolver(name: str, port: int) -> list[str]:
        asked.append(name)
        return ["10.0.0.7"]

    with pytest.raises(errors.OutboundError) as caught:
        client(allowed=(), resolver=resolver).request("GET", f"http://{host}/")
    assert (type(caught.value), str(caught.value)) == (
        errors.Blocked,
        "The address leads into a network that is not public.",
    )
    assert asked == []


@pytest.mark.parametrize("allowed", [(), LOCAL])
@pytest.mark.parametrize(
    ("host", "refusal"),
    [
        ("git.example.org", "The host's name has no public address."),
        ("db.internal", "The address leads into a network that is not public."),
        ("postgres", "The address leads into a network that is not public."),
    ],
)
def test_a_name_that_leads_inside_is_refused_as_one_that_leads_nowhere(
    host: str, refusal: str, allowed: Any
) -> None:
    def nowhere(name: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    refusals = set()
    for resolver in (nowhere, *(lambda name, port, found=found: found for found in INSIDE)):
        with pytest.raises(errors.OutboundError) as caught:
            client(allowed=allowed, resolver=resolver).request("GET", f"http://{host}/")
        refusals.add((type(caught.value), str(caught.value)))
    assert [text for _, text in refusals] == [refusal]


INSIDE: list[list[str]] = [
    [],
    ["10.0.0.7"],
    ["93.184.216.34", "10.0.0.7"],
    ["fd00::7"],
    ["169.254.169.254"],
]


def test_a_name_is_resolved_once_so_that_it_cannot_be_rebound() -> None:
    asked: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    with web(page=reply(body=b"first")) as server:
        answer = client(resolver=resolver).request("GET", server.url("/page", "rebinding.test"))
    assert (answer.body, asked) == (b"first", ["rebinding.test"])
    assert server.asked[0].headers["host"] == f"rebinding.test:{server.port}"


def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    with web(page=reply()) as server:
        found = ["127.0.0.2", "127.0.0.1"]
        answer = client(resolver=lambda host, port: found).request(
            "GET", server.url("/page", "two.test")
        )
    assert answer.status == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(status: int) -> None:
    with web(old=redirect_to("/new?x=ü", status)) as server:
        server.answers["/new?x=%C3%BC"] = reply(body=b"here")
        answer = client().follow(server.url("/old"))
    assert (answer.body, answer.via) == (b"here", (server.url("/old"),))
    assert answer.url == server.url("/new?x=%C3%BC")


def test_request_follows_no_redirect() -> None:
    with web(old=redirect_to("/new")) as server:
        assert client().request("POST", server.url("/old"), body=b"x").status == 302
    assert server.log == [("POST", "/old")]


@pytest.mark.parametrize("target", ["//[", "http://a:b/", "/" + 4100 * "a", "ftp://a/\x01"])
def test_a_redirect_that_cannot_be_read(target: str) -> None:
    with web(old=redirect_to(target)) as server, pytest.raises(errors.InvalidResponse):
        client().follow(server.url("/old"))


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", "2130706433", "inner.test"])
def test_a_redirect_to_a_private_address_is_not_followed(host: str) -> None:
    def resolver(name: str, port: int) -> list[str]:
        return ["127.0.0.2"] if name == "outer.test" else ["127.0.0.1"]

    careful = client(allowed=(ip_network("127.0.0.2"),), resolver=resolver)
    with web(secret=reply(body=b"secret")) as inner, web(host="127.0.0.2") as outer:
        outer.answers["/old"] = redirect_to(inner.url("/secret", host))
        with pytest.raises(errors.Blocked):
            careful.follow(outer.url("/old", "outer.test"))
    assert inner.connections == 0


def test_a_redirect_to_the_metadata_of_a_cloud_is_not_followed() -> None:
    old = redirect_to("http://169.254.169.254/latest/meta-data/")
    with web(old=old) as server, pytest.raises(errors.Blocked):
        client().follow(server.url("/old"))
    assert server.log == [("GET", "/old")]


@pytest.mark.parametrize(
    "target",
    ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://example.org/", "//u:p@127.0.0.1/"],
)
def test_a_redirect_to_something_else_is_not_followed(target: str) -> None:
    with web(old=redirect_to(target)) as server, pytest.raises(errors.Blocked):
        client().follow(server.url("/old"))


def test_a_redirect_loop_ends() -> None:
    a, b = redirect_to("/b"), redirect_to("/a")
    with web(a=a, b=b) as server, pytest.raises(errors.TooManyRedirects):
        client().follow(server.url("/a"))
    assert server.log == [("GET", "/a"), ("GET", "/b")] * 3


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("ftp://example.org/", errors.Blocked),
        ("mailto:a@example.org", errors.Blocked),
        ("example.org", errors.Blocked),
        ("http://example.org:22/", errors.Blocked),
        ("https://example.org:8443/", errors.Blocked),
        ("http://example.org:0/", errors.Blocked),
        ("http://ada:secret@example.org/", errors.Blocked),
        ("http:///path", errors.BadTarget),
        ("http://[::1/", errors.BadTarget),
        ("http://example.org:99999/", errors.BadTarget),
        ("http://\u2603\u0301..example/", errors.BadTarget),
        (f"http://{'a' * 70}.example/", errors.Unresolvable),
        ("http://a..example/", errors.Unresolvable),
        ("http://nothing.invalid/", errors.Unresolvable),
    ],
)
def test_forbidden_urls_are_not_requested(url: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        Client(limits=Limits(seconds=5)).request("GET", url)


@given(st.text(max_size=60) | st.from_regex(r"\Ahttps?://[^/]{0,20}[/?#]?.{0,20}\Z"))
@examples(max_examples=200, deadline=None)
def test_any_text_as_url_ends_in_an_outbound_error(url: str) -> None:
    def resolver(host: str, port: int) -> list[str]:
        raise OSError

    with pytest.raises(errors.OutboundError):
        client(resolver=resolver).request("GET", url)


def test_any_bytes_as_response_end_in_a_response_or_an_error() -> None:
    @given(st.binary(max_size=200))
    @examples(max_examples=100, deadline=None)
    def ask(answer: bytes) -> None:
        def send(sock: socket.socket, asked: Asked) -> None:
            sock.sendall(b"HTTP/1.1 " + answer)

        server.answers["/odd"] = send
        try:
            status = client().request("GET", server.url("/odd")).status
        except errors.OutboundError:
            return
        assert 100 <= status <= 999

    with web() as server:
        ask()


def test_a_closed_port_is_refused() -> None:
    with pytest.raises(errors.Refused):
        client().request("GET", f"http://127.0.0.1:{free_port()}/")


def ends_in_time(limited_client: Client, server: Web, path: str = "/page") -> None:
    started = time.monotonic()
    with pytest.raises(errors.TimedOut):
        limited_client.request("GET", server.url(path))
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(reply(wait=60), id="nothing"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"x"), id="body"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\nX: ", b"y"), id="header"),
        pytest.param(drip(b"", b"H"), id="status line"),
        pytest.param(drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), id="continues"),
        pytest.param(
            drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
            id="chunks",
        ),
        pytest.param(
            drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
            id="trailers",
        ),
    ],
)
def test_the_deadline_covers_the_whole_request(answer: Any) -> None:
    with web(page=answer) as server:
        ends_in_time(limited(1), server)


def test_the_deadline_covers_all_redirects_together() -> None:
    with web(page=redirect_to("/page")) as server:
        server.answers["/page"] = reply(302, headers={"Location": "/page"}, wait=0.4)
        started = time.monotonic()
        with pytest.raises(errors.TimedOut):
            limited(1).follow(server.url("/page"))
    assert time.monotonic() - started < 2


def test_the_deadline_covers_name_resolution() -> None:
    def resolver(host: str, port: int) -> list[str]:
        Event().wait(5)
        return ["127.0.0.1"]

    with web() as server:
        ends_in_time(client(resolver=resolver, limits=Limits(seconds=1)), server)
    assert server.connections == 0


def test_the_deadline_covers_the_tls_handshake() -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    with silent:
        started = time.monotonic()
        with pytest.raises(errors.TimedOut):
            limited(1).request("GET", f"https://127.0.0.1:{silent.getsockname()[1]}/")
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(drip(b"HTTP/1.1 200 OK\r\n", b"X-Y: z\r\n" * 200, 0), id="many headers"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 9999, 0), id="one long header"),
        pytest.param(drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 99, 0), id="continues"),
        pytest.param(
            drip(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 500, 0
            ),
            id="trailers",
        ),
        pytest.param(
            drip(
                b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
                gzip.compress(b"") * 500,
                0,
            ),
            id="packed nothing",
        ),
    ],
)
def test_a_response_head_is_limited(answer: Any) -> None:
    with web(page=answer) as server, pytest.raises(errors.TooLarge):
        limited(20, body_bytes=10_000).request("GET", server.url("/page"))


@pytest.mark.parametrize("size", [0, 1, 9_999, 10_000, 10_001, 50_000])
def test_a_body_is_read_up_to_the_limit(size: int) -> None:
    with web(page=reply(body=b"x" * size)) as server:
        answer = limited(body_bytes=10_000).request("GET", server.url("/page"))
    assert answer.body == b"x" * min(size, 10_000)
    assert answer.is_whole == (size <= 10_000)


def test_an_endless_body_is_cut() -> None:
    with web(page=drip(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536, 0)) as server:
        answer = limited(body_bytes=100_000).request("GET", server.url("/page"))
    assert (answer.body, answer.is_whole) == (b"x" * 100_000, False)


def test_with_a_limit_of_0_bytes_no_body_is_read() -> None:
    with web(page=drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"", 60)) as server:
        answer = limited(body_bytes=0).request("GET", server.url("/page"))
    assert (answer.status, answer.body, answer.is_whole) == (200, b"", False)


@pytest.mark.parametrize("layers", [1, 2])
def test_a_compressed_body_is_limited_by_its_decoded_size(layers: int) -> None:
    bomb, coding = b"\0" * 50_000_000, ", ".join(["gzip"] * layers)
    for _ in range(layers):
        bomb = gzip.compress(bomb)
    with web(page=reply(body=bomb, headers={"Content-Encoding": coding})) as server:
        answer = limited(20, body_bytes=100_000).request("GET", server.url("/page"))
    assert (answer.body, answer.is_whole) == (b"\0" * 100_000, False)


def test_a_compressed_body_is_decoded() -> None:
    packed = reply(body=gzip.compress(b"hello"), headers={"Content-Encoding": "gzip"})
    with web(page=packed) as server:
        assert client().request("GET", server.url("/page")).body == b"hello"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    ],
)
def test_what_is_not_http_is_an_error(raw: bytes) -> None:
    def answer(sock: socket.socket, asked: Asked) -> None:
        sock.sendall(raw)

    with web(page=answer) as server, pytest.raises(errors.InvalidResponse):
        client().request("GET", server.url("/page"))


def test_the_expiry_of_a_valid_certificate_is_returned(tmp_path: Path) -> None:
    file = make_certificate(tmp_path / "good.pem", days=10)
    with web(file, page=reply(body=b"safe")) as server:
        answer = client(ca_file=file).request("GET", server.url("/page", "localhost"))
    assert answer.body == b"safe"
    assert answer.certificate_expires_on
    left = answer.certificate_expires_on - datetime.now(UTC)
    assert timedelta(days=9, hours=23) < left < timedelta(days=10)


def test_deadline_and_size_are_enforced_inside_tls(tmp_path: Path) -> None:
    file = make_certificate(tmp_path / "good.pem")
    slow = drip(b"HTTP/1.1 200 OK\r\n\r\n", b"x")
    fast = drip(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 9999, 0)
    with web(file, slow=slow, fast=fast) as server:
        bounded = client(ca_file=file, limits=Limits(seconds=1))
        started = time.monotonic()
        with pytest.raises(errors.TimedOut):
            bounded.request("GET", server.url("/slow", "localhost"))
        assert time.monotonic() - started < 2
        with pytest.raises(errors.TooLarge):
            client(ca_file=file).request("GET", server.url("/fast", "localhost"))


def test_an_expired_certificate(tmp_path: Path) -> None:
    file = make_certificate(tmp_path / "old.pem", days=-1)
    with web(file, page=reply()) as server, pytest.raises(errors.TlsExpired):
        client(ca_file=file).request("GET", server.url("/page", "localhost"))
    assert server.asked == []


def test_untrusted_certificates_are_refused(tmp_path: Path) -> None:
    trusted = make_certificate(tmp_path / "trusted.pem", name="elsewhere.test")
    with web(trusted, page=reply()) as server:
        with pytest.raises(errors.TlsInvalid, match="not valid"):
            client(ca_file=trusted).request("GET", server.url("/page", "localhost"))
        with pytest.raises(errors.TlsInvalid, match="not valid"):
            client().request("GET", server.url("/page", "localhost"))
    assert server.asked == []


def test_the_certificate_must_match_the_name(tmp_path: Path) -> None:
    file = make_certificate(tmp_path / "good.pem", name="site.test")
    with web(file, page=reply()) as server:
        found = client(ca_file=file, resolver=lambda host, port: ["127.0.0.1"])
        assert found.request("GET", server.url("/page", "site.test")).status == 200
        with pytest.raises(errors.TlsInvalid):
            found.request("GET", server.url("/page", "127.0.0.1"))


def test_a_server_without_tls() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with listener.accept()[0] as sock:
                sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                sock.recv(9999)

        thread = Thread(target=answer)
        thread.start()
        with pytest.raises(errors.TlsInvalid):
            client().request("GET", f"https://127.0.0.1:{listener.getsockname()[1]}/")
        thread.join()


def test_leaving_https_is_recorded(tmp_path: Path) -> None:
    file = make_certificate(tmp_path / "good.pem")
    with web(page=reply()) as plain, web(file, old=redirect_to(plain.url("/page"))) as secure:
        answer = client(ca_file=file).follow(secure.url("/old", "localhost"))
    assert (answer.via, answer.url) == (
        (secure.url("/old", "localhost"),),
        plain.url("/page"),
    )
