"""Test that no log of any process holds a client's address, nor what it sent in headers."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from gridlink.accounts.models import User
from reports.models import Click
from tests.support.client import PASSWORD, Client
from tests.support.grids.grids import make_grid, make_link
from tests.support.processes import Site, public_site, web_site, worker
from tests.support.waiting import wait_for

# Where the client is, and what it says of itself.
PEER, FORGED, WORD = "127.0.0.77", "203.0.113.77", "f0rged"
NAMES = (
    "X-Forwarded-For", "X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "Forwarded", "Via",
    "X-Cluster-Client-IP", "X-Request-ID", "X-Correlation-ID", "Remote-Addr", "User-Agent", "Referer",
)  # fmt: skip
HEADERS = dict.fromkeys(NAMES, f"{FORGED} {WORD}") | {"X-Forwarded-For": FORGED}
MALFORMED = (
    f"GET /{WORD} HTTP/9.{FORGED}\r\n\r\n",
    f"{WORD.upper()}@ / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: localhost\r\n{FORGED} {WORD}: a\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {FORGED}\x01{WORD}\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: localhost\r\nExpect: {FORGED}{WORD}\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: {FORGED}{WORD}\r\n\r\n",
    f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {FORGED}{WORD}\r\n\r\n",
)


def ask(site: Site, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
    """The status and the body of an answer to the client."""
    connection = HTTPConnection("127.0.0.1", site.port, timeout=30, source_address=(PEER, 0))
    sent = HEADERS | {name.replace("_", "-"): value for name, value in headers.items()}
    text = json.dumps(body) if isinstance(body, Mapping) else body
    if isinstance(body, Mapping):
        sent["Content-Type"] = "application/json"
    connection.request(method, path, text, sent)
    response = connection.getresponse()
    return response.status, response.read()


def ask_badly(site: Site, request: str) -> None:
    """Send something that is no request, and wait for the end of the answer."""
    with socket.create_connection(
        ("127.0.0.1", site.port), timeout=10, source_address=(PEER, 0)
    ) as connection:
        connection.sendall(request.encode("latin-1"))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


@pytest.fixture
def alice(transactional_db: None) -> Client:
    """An owner who can log in to the admin."""
    return Client(User.objects.create_user("alice", password=PASSWORD, is_staff=True))


def test_no_log_tells_where_a_client_is_or_what_it_sent(alice: Client, tmp_path: Path) -> None:
    make_link(alice, make_grid(alice, visibility="public"), alias="one")
    trusting = {"TRUSTED_PROXIES": "1", "LOG_LEVEL": "DEBUG"}
    with (
        web_site(tmp_path, environment=trusting) as site,
        public_site(tmp_path, environment=trusting) as links,
        worker(tmp_path, environment=trusting) as running,
    ):
        right = {"username": "alice", "password": PASSWORD}
        assert ask(site, "POST", "/api/v1/auth/token/", {**right, "password": "x"})[0] == 401
        status, issued = ask(site, "POST", "/api/v1/auth/token/", right)
        assert status == 200
        token = f"Token {json.loads(issued)['token']}"
        export = {"kind": "links", "format": "csv"}
        status, job = ask(site, "POST", "/api/v1/exports/", export, Authorization=token)
        assert status == 202
        path = f"/api/v1/jobs/{json.loads(job)['slug']}/?wait=20"
        shown = json.loads(ask(site, "GET", path, Authorization=token)[1])
        assert shown["status"] == "succeeded"
        secret = shown["files"][0]["url"].partition("signature=")[2]
        url = f"/api/v1/{shown['files'][0]['url'].partition('/api/v1/')[2]}"
        assert ask(site, "GET", url)[0] == 200
        assert ask(site, "GET", "/healthz", Host=f"{FORGED}.{WORD}")[0] == 400
        assert ask(site, "GET", url, Host=f"{FORGED}.{WORD}")[0] == 400
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        for origin in ({"Origin": f"http://{FORGED}.{WORD}"}, {"Cookie": f"csrftoken={WORD}"}):
            answer = ask(site, "POST", "/admin/login/", "username=alice", **form, **origin)
            assert answer[0] == 403
        for request in MALFORMED:
            ask_badly(site, request)
            ask_badly(links, request)
        assert ask(links, "GET", "/l/one")[0] == 302
        assert ask(links, "GET", "/l/two")[0] == 404
        running.await_line("ready")
        ingested = worker_ingests(tmp_path)
        wait_for(ingested, what="the click")
    for log in tmp_path.glob("*.log"):
        text = log.read_text(errors="replace")
        found = [
            line
            for line in text.splitlines()
            for word in (PEER, FORGED, WORD, secret)
            if word in line.lower()
        ]
        assert found == [], log.name
    assert "job_succeeded" in running.text
    assert "Invalid request" in site.text
    assert "request_refused" in site.text


def worker_ingests(folder: Path) -> Any:
    """A condition: the click is stored, by the worker that was asked for it."""
    from reports.tasks import ingest_clicks

    ingest_clicks.delay()
    return Click.objects.exists
