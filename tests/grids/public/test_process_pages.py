"""Test the pages that a real process serves, and the views that it counts."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import brotli
import pytest

from grids.models import Grid
from grids.public.wire import Flag, Kind
from tests.support.client import Client, make_user
from tests.support.grids.grids import make_grid, make_link
from tests.support.grids.town import Town
from tests.support.grids.visits import Response, ask
from tests.support.postgres import own_postgres
from tests.support.processes import public_site
from tests.support.redis import OwnRedis
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/g/page"


def without_date(answer: Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "date"}


def exchange(town: Town, request: bytes) -> tuple[bytes, bytes]:
    """The head and the body of an answer to bytes."""
    with socket.create_connection(("127.0.0.1", town.port), timeout=10) as connection:
        connection.sendall(request)
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
        return head, body


def request(*headers: bytes, path: bytes = b"/g/page") -> bytes:
    return b"\r\n".join([b"GET " + path + b" HTTP/1.1", *headers, b"Connection: close", b"", b""])


def test_a_page_and_what_is_counted_of_it(town: Town) -> None:
    whole = town.ask(PAGE, Accept_Encoding="gzip, br", User_Agent="agent")
    assert whole.status == 200
    assert b"<title>Grid</title>" in brotli.decompress(whole.body)
    assert (whole.headers["content-encoding"], whole.headers["vary"]) == ("br", "accept-encoding")
    assert whole.headers["cache-control"] == "private, no-cache"
    assert "set-cookie" not in whole.headers
    etag = whole.headers["etag"]
    again = town.ask(PAGE, Accept_Encoding="br", If_None_Match=etag)
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag)
    head = town.ask(PAGE, "HEAD")
    assert (head.status, head.body) == (200, b"")
    plain = town.ask(PAGE, Purpose="prefetch")
    assert head.headers["content-length"] == plain.headers["content-length"] == str(len(plain.body))
    assert plain.body == brotli.decompress(whole.body)
    assert town.status(f"/g/{town.grid['slug']}/") == town.status("/g/PAGE") == 200
    grid = Grid.objects.get(slug=town.grid["slug"])
    events = town.events()
    assert {event.target for event in events} == {(Kind.VIEW, grid.user_id, grid.pk, 0, "")}
    assert [event.flags for event in events] == [0, 0, Flag.HEAD, Flag.PREFETCH, 0, 0]
    assert events[0].user_agent == b"agent"


def test_exactly_the_answers_are_counted(town: Town) -> None:
    """Whether the page was sent, or the browser had it."""
    etag = town.ask(PAGE).headers["etag"]

    def visit(number: int) -> int:
        known = {"If_None_Match": etag} if number % 3 else {}
        return town.status(f"{PAGE}?n={number}", **known)

    with ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(visit, range(600)))
    assert statuses == [304 if number % 3 else 200 for number in range(600)]
    queries = sorted(event.query for event in town.events())
    assert queries == sorted([b"", *(b"n=%d" % number for number in range(600))])


def test_what_is_no_view(town: Town) -> None:
    private = make_grid(town.alice, alias="private")
    found = {
        path: town.status(path)
        for path in (
            *("/g/page/feed.xml", "/g/page/feed.json", "/g/page/icon.svg", "/qr/g/page.svg"),
            *("/qr/l/one.png", "/@alice", "/robots.txt", "/sitemap.xml", "/sitemap-1.xml"),
            *("/static/web/public.css", "/healthz"),
        )
    }
    assert set(found.values()) == {200}, found
    missing = [
        "/g/page/2",
        "/g/none",
        f"/g/{private['slug']}",
        "/g/private",
        "/@bob",
        "/qr/l/no.svg",
    ]
    answers = [town.ask(path) for path in missing]
    assert [answer.status for answer in answers] == [404] * len(missing)
    # Nobody can tell what is private from what never was.
    assert {answer.body for answer in answers} == {answers[0].body}
    assert all(without_date(answer) == without_date(answers[0]) for answer in answers)
    assert town.status(PAGE, "POST", Content_Length="0") == 405
    assert town.events() == []


def test_odd_requests(town: Town) -> None:
    """The page is the same whoever asks for it, however."""
    _, usual = exchange(town, request(b"Host: a"))
    odd = {
        "forged host": [b"Host: evil.example", b"X-Forwarded-Host: evil.example"],
        "no accept": [b"Host: a"],
        "odd accept": [b"Host: a", b"Accept: image/png;q=1, */*;q=0"],
        "no encoding at all": [b"Host: a", b"Accept-Encoding: identity;q=0, *;q=0"],
        "range": [b"Host: a", b"Range: bytes=0-9"],
        "ranges": [b"Host: a", b"Range: bytes=" + b"0-0," * 5_000],
        "64 KB": [b"Host: a", b"X-Large: " + b"x" * 64_000],
        "64 KB of a cookie": [b"Host: a", b"Cookie: sessionid=" + b"x" * 64_000],
        "64 KB of tags": [b"Host: a", b"If-None-Match: " + b'"a",' * 16_000],
        "64 KB of encodings": [b"Host: a", b"Accept-Encoding: " + b"xx," * 21_000],
        "a query": [b"Host: a"],
    }
    for name, headers in odd.items():
        head, body = exchange(town, request(*headers))
        assert head.startswith(b"HTTP/1.1 200 OK"), name
        assert body == usual, name
        assert b"content-range" not in head.lower(), name
        assert b"evil.example" not in head + body, name
    _, queried = exchange(town, request(b"Host: a", path=b"/g/page?%3Cscript%3E=%00&utm_source=x"))
    assert queried == usual
    assert len(town.events()) == len(odd) + 2
    assert town.status("/readyz") == 200


def test_a_change_shows_in_every_process_within_a_second(town: Town, tmp_path: Path) -> None:
    link, grid = f"links/{town.link['slug']}/", f"grids/{town.grid['slug']}/"
    other = make_grid(town.alice, visibility="public", alias="other")
    make_grid(town.alice, visibility="public", alias="third")
    (tmp_path / "second").mkdir()
    with public_site(tmp_path / "second") as second:
        ports = [town.port, second.port]

        def soon(path: str, *, text: str = "", status: int = 200) -> None:
            for port in ports:

                def shows(port: int = port) -> bool:
                    answer = ask(port, path)
                    return answer.status == status and text.encode() in answer.body

                wait_for(shows, seconds=1, what=f"{status} {text} at {path}")

        soon(PAGE, text=">Link<")
        soon("/@alice", text=">Grid<")
        third = [ask(port, "/g/third").headers["etag"] for port in ports]
        town.alice.patch(link, {"title": "Renamed"}, if_match="*")
        soon(PAGE, text=">Renamed<")
        make_link(town.alice, town.grid, title="Added")
        soon(PAGE, text=">Added<")
        soon("/g/page/feed.json", text='"Added"')
        town.alice.patch(grid, {"title": "My page", "theme": "dusk"}, if_match="*")
        soon(PAGE, text=">My page<")
        soon(PAGE, text="--canvas:#f6eef7")
        soon("/@alice", text=">My page<")
        moved = make_link(town.alice, other, title="Moved")
        soon("/g/other", text=">Moved<")
        town.alice.patch(f"links/{moved['slug']}/", {"grid": town.grid["slug"]}, if_match="*")
        soon(PAGE, text=">Moved<")
        soon("/g/other", text="There are no links here yet.")
        make_grid(town.alice, visibility="public", title="Brand new")
        soon("/@alice", text=">Brand new<")
        town.alice.patch(grid, {"visibility": "private"}, if_match="*")
        soon(PAGE, status=404)
        soon("/g/page/feed.json", status=404)
        town.alice.patch(grid, {"visibility": "unlisted"}, if_match="*")
        soon(PAGE, text=">My page<")
        soon("/g/page/feed.json", status=404)
        town.alice.delete(grid, if_match="*")
        soon(PAGE, status=404)
        assert [ask(port, "/g/third").headers["etag"] for port in ports] == third


def test_without_a_database_known_pages_are_served(
    redis: OwnRedis, tmp_path: Path, settings: Any
) -> None:
    with own_postgres() as postgres, public_site(tmp_path) as process:
        town = Town(process, redis, Client(make_user("alice")))
        known = [PAGE, "/@alice", "/qr/g/page.svg", "/g/page/feed.xml"]
        # Once this shows, whatever was told of the grid is known to the process.
        town.alice.patch(f"grids/{town.grid['slug']}/", {"title": "New"}, if_match="*")
        wait_for(lambda: b">New<" in town.ask("/@alice").body, seconds=1)
        before = [town.ask(path) for path in known]
        assert [answer.status for answer in before] == [200] * 4
        postgres.stop()
        after = [town.ask(path) for path in known]
        assert [each.body for each in after] == [each.body for each in before]
        unknown = town.ask("/g/other")
        assert (unknown.status, unknown.headers["retry-after"]) == (503, "2")
        assert b"Please try again" in unknown.body
        assert len(town.events()) == 2
        postgres.start()
        wait_for(lambda: town.status("/g/other") == 404, seconds=10)
        assert town.status(PAGE) == 200


def test_without_the_cache_redis_pages_come(
    redis: OwnRedis, transactional_db: None, tmp_path: Path
) -> None:
    nowhere = {"CACHE_REDIS_URL": f"unix://{tmp_path}/nowhere.sock"}
    with public_site(tmp_path, environment=nowhere) as process:
        town = Town(process, redis, Client(make_user("alice")))
        assert [town.status(PAGE), town.status("/@alice"), town.status("/g/none")] == [
            200,
            200,
            404,
        ]
        assert "cache_unavailable" in process.text
        assert len(town.events()) == 1
