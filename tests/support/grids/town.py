"""A real process of the public tier, with somebody whose pages it serves."""

from __future__ import annotations

import socket

from grids.public.wire import Event
from tests.support.client import Client
from tests.support.grids.grids import make_grid, make_link
from tests.support.grids.visits import Response, arrived, ask, once
from tests.support.processes import PublicSite
from tests.support.redis import OwnRedis
from tests.support.waiting import wait_for


class Town:
    """A process with its Redis, and Alice who has a public grid with a link."""

    def __init__(self, process: PublicSite, redis: OwnRedis, alice: Client) -> None:
        self.process, self.redis, self.alice = process, redis, alice
        self.port = process.port
        self.grid = make_grid(alice, visibility="public", alias="page")
        self.link = make_link(alice, self.grid, alias="one")

    def status(self, path: str, method: str = "GET", **headers: str) -> int:
        """The status of an answer."""
        return ask(self.port, path, method, **headers).status

    def ask(self, path: str, method: str = "GET", **headers: str) -> Response:
        """The answer to a request."""
        return ask(self.port, path, method, **headers)

    def leads_to(self, path: str) -> str:
        """The URL, or the answer's status."""
        answer = ask(self.port, path)
        return answer.headers.get("location", str(answer.status))

    def raw(self, request: bytes) -> bytes:
        """The status line of an answer to bytes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(request)
            return connection.makefile("rb").readline().rstrip()

    def events(self) -> list[Event]:
        """All that were kept, each once."""
        return [one for group in once(arrived(self.redis.client())) for one in group.events]

    def soon(self, path: str, wanted: str) -> None:
        """Wait until a path leads there, for a second at most."""
        wait_for(lambda: self.leads_to(path) == wanted, seconds=1, what=f"{path} to {wanted}")
