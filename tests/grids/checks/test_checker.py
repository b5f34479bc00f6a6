"""Test checks against real servers: requests, verdicts and limits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_network
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gridlink.lib.outbound.client import Client, Limits
from grids.checks import classifier
from grids.checks.checker import Checker
from grids.checks.classifier import Finding
from grids.checks.host_queue import HostQueue
from grids.models import Verdict
from tests.support.processes import free_port
from tests.support.web import (
    Answer,
    Asked,
    Web,
    in_turn,
    make_certificate,
    redirect_to,
    reply,
    web,
)

OK = reply()


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trouble is waited for a moment only."""
    monkeypatch.setattr(classifier, "_RETRY_SECONDS", 0.1)


def round_of(*, gap: float = 0, seconds: float = 5, **options: Any) -> Checker:
    """A round that reaches the tests' servers."""
    client = Client(
        limits=Limits(seconds=seconds, body_bytes=0),
        **{"allowed": (ip_network("127.0.0.0/8"),), "ports": frozenset(range(1, 65536)), **options},
    )
    return Checker(client=client, concurrency=16, queue=HostQueue(gap=gap))


def probe(url: str, **options: Any) -> Finding:
    """What is found at one address."""
    found = round_of(**options).run([url], seconds=60, tick=lambda: None)
    ((visited, finding),) = found
    assert visited == url
    return finding


def at(answer: Answer, **options: Any) -> tuple[Finding, Web]:
    """What is found at a server that answers so, and the server."""
    with web(page=answer) as server:
        return probe(server.url("/page"), **options), server


def status_by(method: dict[str, int]) -> Answer:
    """A status for each method."""
    return lambda sock, asked: reply(method[asked.method])(sock, asked)


def test_a_page_that_is_there() -> None:
    started = datetime.now(UTC)
    finding, server = at(OK)
    assert (finding.verdict, finding.status, finding.detail) == (Verdict.OK, 200, "")
    assert (finding.final_url, finding.moved_to) == ("", "")
    assert finding.certificate_expires_on is None
    assert finding.milliseconds is not None
    assert 0 <= finding.milliseconds < 3000
    assert started <= finding.checked_on <= datetime.now(UTC)
    assert server.log == [("HEAD", "/page")]
    assert server.asked[0].headers["user-agent"].startswith("Gridlink/")


@pytest.mark.parametrize("status", [400, 403, 404, 405, 500, 501])
def test_head_is_not_liked(status: int) -> None:
    finding, server = at(status_by({"HEAD": status, "GET": 200}))
    assert (finding.verdict, finding.status) == (Verdict.OK, 200)
    assert server.log == [("HEAD", "/page"), ("GET", "/page")]


@pytest.mark.parametrize(
    ("status", "verdict", "requests"),
    [
        (404, Verdict.DEAD, 2),
        (410, Verdict.DEAD, 2),
        (500, Verdict.DEAD, 3),
        (502, Verdict.DEAD, 3),
        (401, Verdict.DENIED, 2),
        (403, Verdict.DENIED, 2),
        (451, Verdict.DENIED, 2),
        (999, Verdict.DENIED, 2),
        (304, Verdict.DENIED, 1),
        (204, Verdict.OK, 1),
    ],
)
def test_verdicts_by_status(status: int, verdict: Verdict, requests: int) -> None:
    finding, server = at(reply(status))
    assert (finding.verdict, finding.status) == (verdict, status)
    assert len(server.asked) == requests
    assert finding.detail == ("" if verdict == Verdict.OK else f"The host answers {status}.")


def test_trouble_that_passes() -> None:
    finding, server = at(in_turn(reply(500), reply(502), OK))
    assert (finding.verdict, len(server.asked)) == (Verdict.OK, 3)


def seconds_later(seconds: int) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("after", [lambda: "1", lambda: seconds_later(2)])
def test_retry_after_is_waited_for_once(status: int, after: Callable[[], str]) -> None:
    busy = reply(status, headers={"Retry-After": after()})
    finding, server = at(in_turn(busy, OK))
    assert (finding.verdict, len(server.asked)) == (Verdict.OK, 2)
    assert server.asked[1].at - server.asked[0].at > 0.8
    finding, server = at(busy)
    assert (finding.verdict, finding.status) == (Verdict.DENIED, status)
    assert finding.detail == "The host asks to come back later."
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "after", [lambda: "61", lambda: "99999999999999", lambda: seconds_later(3600)]
)
def test_a_host_that_wants_more_patience_is_left_alone(after: Callable[[], str]) -> None:
    finding, server = at(reply(503, headers={"Retry-After": after()}))
    assert (finding.verdict, len(server.asked)) == (Verdict.DENIED, 1)


@pytest.mark.parametrize("after", ["soon", "-1", "Mon, 99 Foo 2026"])
def test_a_retry_after_that_makes_no_sense_is_none(after: str) -> None:
    finding, server = at(reply(503, headers={"Retry-After": after}))
    assert (finding.verdict, len(server.asked)) == (Verdict.DEAD, 2)


def test_while_a_host_wants_a_rest_nothing_else_is_asked_of_it() -> None:
    answers = in_turn(reply(429, headers={"Retry-After": "1"}), OK)
    with web(a=answers, b=answers, c=answers) as server:
        urls = [server.url(f"/{name}") for name in "abc"]
        found = dict(round_of(gap=0.2).run(urls, seconds=60, tick=lambda: None))
    assert {finding.verdict for finding in found.values()} == {Verdict.OK}
    first, *others = (asked.at for asked in server.asked)
    # A second may have been under way already.
    assert len([moment for moment in others if moment - first < 0.8]) <= 1
    assert len(others) == 3


@pytest.mark.parametrize("status", [301, 308])
def test_a_page_that_moved_for_good(status: int) -> None:
    with web(old=redirect_to("/new", status), new=OK) as server:
        finding = probe(server.url("/old"))
    assert (finding.verdict, finding.status) == (Verdict.REDIRECTED, 200)
    assert finding.moved_to == finding.final_url == server.url("/new")


@pytest.mark.parametrize("status", [302, 303, 307])
def test_a_page_that_is_elsewhere_for_now(status: int) -> None:
    with web(old=redirect_to("/new", status), new=OK) as server:
        finding = probe(server.url("/old"))
    assert (finding.verdict, finding.moved_to) == (Verdict.OK, "")
    assert finding.final_url == server.url("/new")


def test_only_the_lasting_part_of_the_way_is_where_it_moved() -> None:
    with web(
        a=redirect_to("/b", 301), b=redirect_to("/c"), c=redirect_to("/d", 301), d=OK
    ) as server:
        finding = probe(server.url("/a"))
    assert finding.verdict == Verdict.REDIRECTED
    assert (finding.moved_to, finding.final_url) == (server.url("/b"), server.url("/d"))


def test_moved_to_nothing() -> None:
    with web(old=redirect_to("/new", 301)) as server:
        finding = probe(server.url("/old"))
    assert (finding.verdict, finding.status) == (Verdict.DEAD, 404)


@pytest.mark.parametrize("names", ["a", "ab", "abcdefg"])
def test_redirects_without_end(names: str) -> None:
    targets = zip(names, names[1:] + names[0], strict=True)
    with web() as server:
        for name, target in targets:
            server.answers[f"/{name}"] = redirect_to(f"/{target}", 301)
        finding = probe(server.url("/a"))
    assert finding.verdict == Verdict.DEAD
    assert finding.detail == "The address redirects without end."
    assert len(server.asked) == min(len(names), 6)


def test_slow(settings: Any) -> None:
    settings.LINK_SLOW_SECONDS = 0.3
    finding, _ = at(reply(wait=0.4))
    assert (finding.verdict, finding.status) == (Verdict.SLOW, 200)
    assert finding.milliseconds is not None
    assert 400 <= finding.milliseconds < 2000


def test_no_answer_in_time() -> None:
    finding, server = at(reply(wait=60), seconds=0.5)
    assert (finding.verdict, finding.status, finding.milliseconds) == (Verdict.TIMEOUT, None, None)
    assert finding.detail == "The response took too long."
    assert server.log == [("HEAD", "/page"), ("GET", "/page")]


def test_nobody_there() -> None:
    finding = probe(f"http://127.0.0.1:{free_port()}/")
    assert (finding.verdict, finding.detail) == (Verdict.DEAD, "The host refuses the connection.")
    finding = probe("http://nothing.invalid/")
    assert (finding.verdict, finding.detail) == (
        Verdict.DEAD,
        "The host's name has no public address.",
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "[::ffff:127.0.0.1]"])
def test_a_private_address_is_not_asked(host: str) -> None:
    with web() as server:
        finding = probe(server.url(host=host), allowed=())
    assert (finding.verdict, finding.status) == (Verdict.BLOCKED, None)
    assert server.connections == 0


def test_nor_when_a_redirect_leads_there() -> None:
    with web() as inner, web(host="127.0.0.2") as outer:
        outer.answers["/old"] = redirect_to(inner.url("/secret"), 301)
        only = (ip_network("127.0.0.2"),)
        finding = probe(outer.url("/old", "127.0.0.2"), allowed=only)
    assert finding.verdict == Verdict.BLOCKED
    assert finding.final_url == inner.url("/secret")
    assert inner.connections == 0


def test_ports_and_passwords() -> None:
    assert probe("http://example.org:22/", ports=frozenset({80})).verdict == Verdict.BLOCKED
    assert probe("http://ada:secret@127.0.0.1/").verdict == Verdict.BLOCKED


def test_a_redirect_to_an_odd_place() -> None:
    finding, _ = at(redirect_to("itms-apps://store/\x01", 301))
    assert finding.verdict == Verdict.DEAD
    finding, _ = at(redirect_to("itms-apps://store/app", 301))
    assert finding.verdict == Verdict.BLOCKED


@pytest.mark.parametrize(
    ("days", "verdict"),
    [
        (-1, Verdict.TLS_EXPIRED),
        (1, Verdict.TLS_EXPIRING),
        (13.9, Verdict.TLS_EXPIRING),
        (15, Verdict.OK),
    ],
)
def test_certificates(tmp_path: Path, days: float, verdict: Verdict) -> None:
    file = make_certificate(tmp_path / "site.pem", days=days)
    with web(file, page=OK) as server:
        finding = probe(server.url("/page", "localhost"), ca_file=file)
    assert finding.verdict == verdict
    end = finding.certificate_expires_on
    assert (end is None) == (verdict == Verdict.TLS_EXPIRED)
    if verdict == Verdict.TLS_EXPIRING:
        assert finding.detail == f"The certificate ends on {end:%Y-%m-%d}."


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    with web(make_certificate(tmp_path / "own.pem"), page=OK) as server:
        finding = probe(server.url("/page", "localhost"))
    assert finding.verdict == Verdict.TLS_INVALID
    assert finding.detail.startswith("The certificate is not valid: ")


def test_the_way_from_https_to_http_is_told(tmp_path: Path) -> None:
    file = make_certificate(tmp_path / "site.pem")
    with web(page=OK) as plain, web(file, old=redirect_to(plain.url("/page"))) as secure:
        finding = probe(secure.url("/old", "localhost"), ca_file=file)
    assert (finding.verdict, finding.detail) == (
        Verdict.OK,
        "The way leads from https to http.",
    )


@contextmanager
def hosts(count: int, each: int, answer: Answer) -> Iterator[tuple[Web, list[str]]]:
    """One server as many hosts, with so many pages each."""
    with web(host="0.0.0.0") as server:
        server.answers.update({f"/{number}": answer for number in range(each)})
        yield (
            server,
            [
                server.url(f"/{number}", f"127.0.0.{host}")
                for host in range(1, count + 1)
                for number in range(each)
            ],
        )


def test_sixteen_at_once_and_two_to_a_host() -> None:
    with hosts(12, 4, reply(wait=0.9)) as (server, urls):
        started = time.monotonic()
        found = dict(round_of(gap=0.1).run(urls, seconds=60, tick=lambda: None))
        spent = time.monotonic() - started
    assert set(found) == set(urls)
    assert {finding.verdict for finding in found.values()} == {Verdict.OK}
    assert server.most_at_once == 16
    assert len(server.most_by_host) == 12
    assert set(server.most_by_host.values()) == {2}
    # One by one it would be 43 s; no faster than three times sixteen.
    assert 2.7 < spent < 15


def test_the_requests_to_a_host_stand_apart() -> None:
    with hosts(3, 3, OK) as (server, urls):
        list(round_of(gap=1).run(urls, seconds=60, tick=lambda: None))
    by_host: dict[str, list[float]] = {}
    for asked in server.asked:
        by_host.setdefault(asked.headers["host"], []).append(asked.at)
    assert [len(times) for times in by_host.values()] == [3] * 3
    for times in by_host.values():
        # What the client sent a second apart the server may note a little closer.
        assert all(later - earlier > 0.5 for earlier, later in pairwise(sorted(times)))


def test_redirects_take_turns_with_the_rest_of_their_host() -> None:
    with hosts(8, 1, OK) as (server, urls):
        goal = reply(wait=0.3)
        server.answers["/goal"] = goal
        server.answers["/0"] = redirect_to(server.url("/goal", "127.0.0.99"))
        found = dict(round_of().run(urls, seconds=60, tick=lambda: None))
    assert {finding.verdict for finding in found.values()} == {Verdict.OK}
    assert server.most_by_host[f"127.0.0.99:{server.port}"] == 2


class Stop(Exception):
    """What a tick raises."""


def test_a_round_ends_at_once_when_it_is_told_to() -> None:
    with hosts(16, 2, reply(wait=60)) as (server, urls):
        results: list[float] = []

        def tick() -> None:
            if len(server.asked) == 16:
                results.append(time.monotonic())
                raise Stop

        with pytest.raises(Stop):
            list(round_of().run(urls, seconds=60, tick=tick))
        assert time.monotonic() - results[0] < 0.5
    assert len(server.asked) == 16


def test_a_round_ends_when_its_time_is_over() -> None:
    with hosts(3, 1, OK) as (server, urls):
        hung = server.url("/hung")
        server.answers["/hung"] = reply(wait=60)
        found = dict(round_of(seconds=30).run([*urls, hung], seconds=1.5, tick=lambda: None))
    assert set(found) == set(urls)


def test_a_defect_is_not_lost_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Client, method: str, url: str) -> Asked:
        raise ZeroDivisionError

    monkeypatch.setattr(Client, "request", broken)
    with pytest.raises(ZeroDivisionError):
        probe("http://127.0.0.1/")
