"""Proxy an S3 server, with faults where a test wants them."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ALWAYS = 1_000_000
_OPERATIONS = {
    ("POST", "uploads"): "CreateMultipartUpload",
    ("PUT", "partNumber"): "UploadPart",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
}
_OF_THE_LINE = {"connection", "keep-alive", "transfer-encoding", "content-length"}
_ERROR = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{}</Code><Message>Broken.</Message></Error>'


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server says."""

    status: int
    headers: dict[str, str]
    body: bytes


class Exchange(BaseHTTPRequestHandler):
    """One request, which a fault answers in its own way."""

    protocol_version = "HTTP/1.1"
    server: S3Proxy

    def forward(self) -> Answer:
        """Let the server do it."""
        upstream = HTTPConnection(*self.server.target, timeout=30)
        try:
            upstream.request(self.command, self.path, self._body, dict(self.headers))
            answer = upstream.getresponse()
            headers = {k: v for k, v in answer.getheaders() if k.lower() not in _OF_THE_LINE}
            body = answer.read()
            length = answer.headers["Content-Length"] if self.command == "HEAD" else len(body)
            return Answer(answer.status, {**headers, "Content-Length": str(length or 0)}, body)
        finally:
            upstream.close()

    def answer(self, answer: Answer) -> None:
        """Say this to the client."""
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def reset(self) -> None:
        """Cut the line."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def hang(self) -> None:
        """Say nothing until the test is over."""
        self.server.is_over.wait(60)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of it."""

    def _serve(self) -> None:
        self._body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.fault_of(self.command, self.path)(self)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve


Fault = Callable[[Exchange], None]


def passed_on(exchange: Exchange) -> None:
    """No fault."""
    exchange.answer(exchange.forward())


def error(status: int, code: str) -> Fault:
    """The server refuses, and does nothing."""
    body = _ERROR.format(code).encode()
    headers = {"Content-Type": "application/xml", "Content-Length": str(len(body))}

    def refuse(exchange: Exchange) -> None:
        exchange.answer(Answer(status, headers, body))

    return refuse


def done_but(fault: Fault) -> Fault:
    """The server does it, and its answer becomes this."""

    def do(exchange: Exchange) -> None:
        exchange.forward()
        fault(exchange)

    return do


def at_first(fault: Fault, then: Fault) -> Fault:
    """One for the first request for an object, another for its repetitions."""
    met: set[str] = set()

    def choose(exchange: Exchange) -> None:
        chosen = then if exchange.path in met else fault
        met.add(exchange.path)
        chosen(exchange)

    return choose


@dataclass(slots=True)
class Break:
    """Of the requests for `operation` on keys with `part` in them, those from `first` on, `count` of them."""

    operation: str
    part: str
    fault: Fault
    first: int
    count: int
    met: int = 0

    def strikes(self, operation: str, path: str) -> bool:
        """Whether it is this request's turn."""
        if operation != self.operation or self.part not in path:
            return False
        self.met += 1
        return self.first <= self.met < self.first + self.count


class S3Proxy(ThreadingHTTPServer):
    """Passes on what is not to be broken. `seen` has every request: the operation, and the job's object."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, target: tuple[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.target = target
        self.seen: list[tuple[str, str]] = []
        self.is_over = threading.Event()
        self._breaks: list[Break] = []
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """For clients."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def break_on(
        self, operation: str, fault: Fault, *, part: str = "", first: int = 1, count: int = ALWAYS
    ) -> None:
        """From now on."""
        with self._lock:
            self._breaks.append(Break(operation, part, fault, first, count))

    def heal(self) -> None:
        """Break nothing any more, and forget what was seen."""
        with self._lock:
            self._breaks.clear()
            self.seen.clear()

    def fault_of(self, method: str, target: str) -> Fault:
        """What is to become of a request."""
        parts = urlsplit(target)
        query = parse_qs(parts.query, keep_blank_values=True)
        asked = (
            name for (verb, key), name in _OPERATIONS.items() if verb == method and key in query
        )
        operation = next(asked, method)
        with self._lock:
            self.seen.append((operation, parts.path.partition("/jobs/")[2]))
            struck = [each for each in self._breaks if each.strikes(operation, parts.path)]
        return struck[0].fault if struck else passed_on

    def shutdown_request(self, request: Any) -> None:
        """Without a last word, so that a line that was cut is not ended politely."""
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what is tested."""


@contextmanager
def s3_proxy(target: tuple[str, int]) -> Iterator[S3Proxy]:
    """A proxy, until the block ends."""
    proxy = S3Proxy(target)
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield proxy
    finally:
        proxy.is_over.set()
        proxy.shutdown()
        proxy.server_close()
        thread.join()
