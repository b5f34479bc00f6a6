"""Test a real process of the public tier: its responses, and the events it stores."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from grids.models import Grid, Link
from grids.public import wire
from grids.public.spool import pending
from grids.public.wire import Flag, Kind
from tests.support.grids.grids import make_grid, make_link
from tests.support.grids.town import Town
from tests.support.grids.visits import arrived, ask
from tests.support.processes import PublicSite, free_port, public_site
from tests.support.redis import OwnRedis
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)
AWAY = "https://example.org/"


def test_an_alias_is_found_in_capitals_and_forgotten_with_its_other_spellings(town: Town) -> None:
    for path in ("/l/one", "/l/ONE", "/l/One/"):
        assert town.leads_to(path) == AWAY
    assert town.status("/v/PAGE") == 204
    town.alice.patch(f"links/{town.link['slug']}/", {"alias": "Two"}, if_match="*")
    town.soon("/l/ONE", "404")
    town.soon("/l/two", AWAY)
    assert town.leads_to("/l/TWO") == AWAY


def test_a_visitor_is_sent_on_and_counted(town: Town) -> None:
    found = ask(town.port, "/l/one?utm_source=x", User_Agent="agent", Referer="https://a.example/")
    assert found.status == 302
    assert {name: found.headers[name] for name in found.headers if name != "date"} == {
        "location": f"{AWAY}?utm_source=x",
        "cache-control": "private, no-store, max-age=0",
        "x-robots-tag": "noindex",
        "x-content-type-options": "nosniff",
        "content-length": "0",
        "server": "granian",
    }
    assert found.body == b""
    link = Link.objects.get(slug=town.link["slug"])
    (event,) = town.events()
    place = f"{link.x},{link.y},{link.width},{link.height}"
    assert event.target == (Kind.CLICK, link.user_id, link.grid_id, link.pk, place)
    assert abs(event.at / 1000 - timezone.now().timestamp()) < 10
    assert event[2:] == ("127.0.0.1", b"agent", b"https://a.example/", b"", b"utm_source=x", 0)


def test_every_way_to_a_link(town: Town) -> None:
    slug = town.link["slug"]
    paths = ["/l/one", "/l/one/", f"/l/{slug}", f"/l/{slug}/", "/l/one?", "/l/%6fne"]
    assert [town.leads_to(path) for path in paths] == [AWAY] * 6
    assert len(town.events()) == 6


def test_other_methods(town: Town) -> None:
    head = ask(town.port, "/l/one", "HEAD")
    assert (head.status, head.headers["location"], head.body) == (302, AWAY, b"")
    for path, allowed in (("/l/one", "GET, HEAD"), ("/v/page", "GET, HEAD, POST")):
        for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
            found = ask(town.port, path, method)
            assert (found.status, found.headers["allow"]) == (405, allowed)
    assert town.status("/l/one", "POST", Content_Length="0") == 405
    missing = ask(town.port, "/l/two", "HEAD")
    assert (missing.status, missing.body) == (404, b"")
    assert int(missing.headers["content-length"]) > 100
    assert [event.flags for event in town.events()] == [Flag.HEAD]


def test_a_view_of_a_grid(town: Town) -> None:
    for path, method in (("/v/page", "GET"), (f"/v/{town.grid['slug']}/", "POST")):
        found = ask(town.port, path, method, Content_Length="0")
        assert (found.status, found.body) == (204, b"")
        assert found.headers["access-control-allow-origin"] == "*"
        assert "content-length" not in found.headers
    grid = Grid.objects.get(slug=town.grid["slug"])
    target = (Kind.VIEW, grid.user_id, grid.pk, 0, "")
    assert [event.target for event in town.events()] == [target] * 2
    assert town.status("/v/one") == 404


def test_what_is_not_there(town: Town) -> None:
    private = make_grid(town.alice)
    secret = make_link(town.alice, private, alias="secret")
    paths = ["/", "/l/", "/l", "/l/two", "/l/page", f"/l/{secret['slug']}", "/l/secret"]
    paths += ["/x/one", "/l/one/two", "/l//one", "//l/one", f"/v/{private['slug']}", "/v/"]
    found = [ask(town.port, path) for path in paths]
    assert [answer.status for answer in found] == [404] * len(paths)
    assert {answer.body for answer in found} == {found[0].body}
    assert found[0].headers["content-type"] == "text/html; charset=utf-8"
    assert town.events() == []


ODD = [
    b"//example.net/",
    b"/l/one%00",
    b"/l/%00",
    b"/l/%2e%2e/",
    b"/l/%2e%2e%2fv/page",
    b"/l/..",
    b"/l/%ff",
    b"/l/%",
    b"/l/%zz",
    b"/l/one%0d%0aset-cookie:a",
    b"/l/https://example.net/",
    b"/l/" + b"a" * 10_000,
    b"/l/one;a",
    b"/g/%00",
    b"/g/page%00",
    b"/g/%ff",
    b"/g/page/%2e%2e",
    b"/@%00",
    b"/@%ff",
    b"/@" + b"a" * 10_000,
    b"/static/%2e%2e/manage.py",
    b"/static/web/%2e%2e/%2e%2e/%2e%2e/%2e%2e/manage.py",
    b"/static/web/%00",
    b"/qr/g/%00.svg",
]


def test_odd_paths(town: Town) -> None:
    for path in ODD:
        line = town.raw(b"GET " + path + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert line in (b"HTTP/1.1 404 Not Found", b"HTTP/1.1 400 Bad Request"), path
    assert town.leads_to("/l/one") == AWAY
    assert len(town.events()) == 1


def test_odd_headers(town: Town) -> None:
    start = b"GET /l/one?%ff\xff HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    huge = b"User-Agent: " + b"\xff" * 65_000 + b"\r\nReferer: \xc3(\r\n\r\n"
    odd = [start.replace(b"\xff", b"") + huge, start + b"\r\n"]
    odd += [b"GET /l/one HTTP/1.1\r\nHost: a\r\nUser-Agent: a\x00b\r\nConnection: close\r\n\r\n"]
    lines = [town.raw(request) for request in odd]
    assert {line[:12] for line in lines} <= {b"HTTP/1.1 302", b"HTTP/1.1 400"}, lines
    assert lines[0] == b"HTTP/1.1 302 Found"
    first = town.events()[0]
    assert (first.user_agent, first.referrer) == (b"\xff" * 1024, b"\xc3(")
    assert len(town.events()) == sum(line.startswith(b"HTTP/1.1 302") for line in lines)


def test_a_query_is_forwarded_where_the_link_says_so(town: Town) -> None:
    link = f"links/{town.link['slug']}/"
    query = "utm_source=news&id=7"
    town.alice.patch(link, {"url": f"{AWAY}?id=1#top"}, if_match="*")
    town.soon("/l/one", f"{AWAY}?id=1#top")
    assert town.leads_to(f"/l/one?{query}") == f"{AWAY}?id=1&utm_source=news#top"
    head = ask(town.port, f"/l/one?{query}", "HEAD")
    assert head.headers["location"] == f"{AWAY}?id=1&utm_source=news#top"
    town.alice.patch(link, {"forward_query": False}, if_match="*")
    town.soon(f"/l/one?{query}", f"{AWAY}?id=1#top")
    # Kept for analytics either way, as it was sent.
    queries = {event.query for event in town.events()}
    assert queries == {b"", query.encode()}


HOSTILE_QUERIES = [
    b"a=%0d%0aSet-Cookie:%20x=1",
    b"a=%00",
    b"a=\xff\xc3\xbc",
    b"a=<script>\"'",
    b"a" * 60_000,
    b"a=1&" * 15_000,
]


@pytest.mark.parametrize("query", HOSTILE_QUERIES, ids=lambda query: str(query[:20]))
def test_no_query_splits_a_header_or_breaks_the_redirect(town: Town, query: bytes) -> None:
    request = b"GET /l/one?%b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % query
    with socket.create_connection(("127.0.0.1", town.port), timeout=10) as connection:
        connection.sendall(request)
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    if status.startswith(b"HTTP/1.1 400"):
        # The server itself refuses bytes that no address may have.
        assert town.events() == []
        return
    assert status == b"HTTP/1.1 302 Found"
    names = sorted(line.partition(b":")[0].lower() for line in lines)
    assert names == [
        *(b"cache-control", b"connection", b"content-length", b"date", b"location", b"server"),
        *(b"x-content-type-options", b"x-robots-tag"),
    ]
    (location,) = (line for line in lines if line.lower().startswith(b"location:"))
    assert location[10:].startswith(AWAY.encode())
    assert location.isascii()
    assert body == b""
    (event,) = town.events()
    assert query.startswith(event.query)


def test_a_change_is_seen_within_a_second(town: Town) -> None:
    link, grid = f"links/{town.link['slug']}/", f"grids/{town.grid['slug']}/"
    assert [town.leads_to(path) for path in ("/l/one", "/l/two")] == [AWAY, "404"]
    new = {"url": "https://bücher.example/ä", "alias": "two"}
    town.alice.patch(link, new, if_match="*")
    town.soon("/l/two", "https://xn--bcher-kva.example/%C3%A4")
    town.soon("/l/one", "404")
    town.alice.delete(link, if_match="*")
    town.soon("/l/two", "410")
    town.alice.post(f"{link}restore/")
    town.soon("/l/two", "https://xn--bcher-kva.example/%C3%A4")
    town.alice.patch(grid, {"visibility": "private"}, if_match="*")
    town.soon("/l/two", "404")
    town.soon("/v/page", "404")
    town.alice.patch(grid, {"visibility": "unlisted"}, if_match="*")
    town.soon("/l/two", "https://xn--bcher-kva.example/%C3%A4")
    town.soon("/v/page", "204")
    assert town.alice.user
    type(town.alice.user).objects.filter(pk=town.alice.user.pk).update(is_active=False)
    town.soon("/l/two", "404")


def test_a_link_that_ends_while_it_is_known(town: Town) -> None:
    end = timezone.now() + timedelta(seconds=1)
    Link.objects.filter(slug=town.link["slug"]).update(active_until=end)
    town.soon("/l/one", AWAY)
    wait_for(lambda: town.leads_to("/l/one") == "410", seconds=3)
    assert timezone.now() >= end
    Link.objects.filter(slug=town.link["slug"]).update(
        active_from=end + timedelta(days=1), active_until=None
    )
    town.soon("/l/one", "404")
    assert all(event.at < end.timestamp() * 1000 for event in town.events())


def visit(town: Town, number: int) -> int:
    return town.status(f"/l/one?n={number}")


def visited(town: Town) -> list[int]:
    return sorted(int(event.query[2:]) for event in town.events())


def test_exactly_those_who_were_sent_on_are_counted(town: Town) -> None:
    with ThreadPoolExecutor(200) as pool:
        results = list(pool.map(lambda number: visit(town, number), range(1000)))
    assert results == [302] * 1000
    assert visited(town) == list(range(1000))
    groups = arrived(town.redis.client())
    assert [group.number for group in groups] == list(range(1, len(groups) + 1))
    (accepted,) = list(town.redis.client().hgetall(wire.COUNTERS).values())
    assert int(accepted) == groups[-1].accepted == 1000


def test_redis_goes_and_comes_back(town: Town) -> None:
    assert visit(town, 0) == 302
    assert ask(town.port, "/readyz").body == b"ok, clicks go to the redis\n"
    town.redis.stop()
    assert [visit(town, number) for number in range(1, 50)] == [302] * 49
    assert ask(town.port, "/readyz").body == b"ok, clicks go to the spool\n"
    (waiting,) = pending(town.process.spool).values()
    assert waiting[1] == 49
    town.redis.start()
    wait_for(lambda: ask(town.port, "/readyz").body == b"ok, clicks go to the redis\n")
    assert visit(town, 50) == 302
    assert visited(town) == list(range(51))
    assert pending(town.process.spool) == {}


def visits_until_stopped(town: Town) -> list[int]:
    """Numbers of those who were answered, while the process ends."""
    answered = []
    with ThreadPoolExecutor(20) as pool:

        def some(first: int) -> list[int]:
            results = []
            for number in range(first, first + 100_000):
                try:
                    status = visit(town, number)
                except OSError:
                    break
                assert status == 302
                results.append(number)
                if len(results) == 20:
                    begun.append(first)
            return results

        begun: list[int] = []
        runs = [pool.submit(some, first * 100_000) for first in range(20)]
        wait_for(lambda: len(begun) == 20)
        town.process.signal(15)
        for run in runs:
            answered += run.result(30)
    return sorted(answered)


def test_a_process_that_is_told_to_stop_loses_nothing(town: Town) -> None:
    answered = visits_until_stopped(town)
    town.process.wait(20)
    assert len(answered) >= 400
    # Of those who had no answer any more some may be counted; of the others all.
    assert set(answered) <= set(visited(town))
    assert len(visited(town)) == len(set(visited(town)))
    assert list(town.process.spool.iterdir()) == []


def test_what_one_process_leaves_behind_another_sends(town: Town, tmp_path: Path) -> None:
    town.redis.stop()
    assert [visit(town, number) for number in range(20)] == [302] * 20
    town.process.stop()
    assert [waiting[1] for waiting in pending(town.process.spool).values()] == [20]
    town.redis.start()
    with public_site(tmp_path):
        wait_for(lambda: pending(town.process.spool) == {}, what="an empty spool")
    assert visited(town) == list(range(20))


def test_a_visitor_who_leaves_keeps_nobody_waiting(town: Town) -> None:
    request = b"GET /l/one?n=1 HTTP/1.1\r\nHost: a\r\n\r\n"
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", town.port), timeout=10) as connection:
            connection.sendall(request)
    assert visit(town, 2) == 302
    wait_for(lambda: visited(town).count(2) == 1)


def test_a_process_without_a_spool_lets_nobody_in(
    redis: OwnRedis, transactional_db: None, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    process = PublicSite(tmp_path, free_port(), {"CLICK_SPOOL": str(tmp_path / "file" / "spool")})
    try:
        wait_for(lambda: "CLICK_SPOOL cannot be used: " in process.text)
        assert process.wait(20) != 0
    finally:
        process.stop()
