"""Servers on 127.0.0.1 that answer as a test wishes, and remember who asked for what."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Asked:
    """One request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float


Answer = Callable[[socket.socket, Asked], None]


def reply(
    status: int = 200, body: bytes = b"", headers: dict[str, str] | None = None, wait: float = 0
) -> Answer:
    """The whole answer at once, after so many seconds."""

    def answer(sock: socket.socket, asked: Asked) -> None:
        threading.Event().wait(wait)
        fields = {"Content-Length": str(len(body)), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        sent = b"" if asked.method == "HEAD" else body
        sock.sendall(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + sent)

    return answer


def drip(start: bytes, piece: bytes, seconds: float = 0.05) -> Answer:
    """A beginning, and then one piece after another for as long as anybody listens."""

    def answer(sock: socket.socket, asked: Asked) -> None:
        gate = threading.Event()
        sock.sendall(start)
        while not gate.wait(seconds):
            sock.sendall(piece)

    return answer


def redirect_to(target: str, status: int = 302) -> Answer:
    """A redirect."""
    return reply(status, headers={"Location": target})


def in_turn(*answers: Answer) -> Answer:
    """One answer after another, the last one for ever."""
    left = list(answers)

    def answer(sock: socket.socket, asked: Asked) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(sock, asked)

    return answer


@dataclass
class Web:
    """A server; `answers` by path, anything else is 404."""

    port: int
    scheme: str
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    most_at_once: int = 0
    most_by_host: Counter[str] = field(default_factory=Counter)
    _open: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        """The address of a path."""
        return f"{self.scheme}://{host}:{self.port}{path}"

    @property
    def log(self) -> list[tuple[str, str]]:
        """Method and path of every request, in order."""
        return [(asked.method, asked.path) for asked in self.asked]

    def serve(self, sock: socket.socket) -> None:
        """Answer one request."""
        with sock, suppress(OSError), sock.makefile("rb") as stream:
            method, path = stream.readline().decode("latin-1").split(" ")[:2]
            headers: dict[str, str] = {}
            while line := stream.readline().decode("latin-1").strip():
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            body = stream.read(int(headers.get("content-length", 0)))
            asked = Asked(method, path, headers, body, time.monotonic())
            host = headers.get("host", "")
            with self._lock:
                self.asked.append(asked)
                self._open[host] += 1
                self.most_at_once = max(self.most_at_once, self._open.total())
                self.most_by_host[host] = max(self.most_by_host[host], self._open[host])
            answering = _Answering(sock, lambda: self._answered(host))
            try:
                self.answers.get(path, reply(404))(cast(socket.socket, answering), asked)
            finally:
                answering.note()

    def _answered(self, host: str) -> None:
        with self._lock:
            self._open[host] -= 1


class _Answering:
    """A socket that notes when an answer begins: whoever has read it may ask for more before it returns."""

    def __init__(self, sock: socket.socket, noted: Callable[[], None]) -> None:
        self._sock = sock
        self._noted: Callable[[], None] | None = noted

    def note(self) -> None:
        """The first time only."""
        noted, self._noted = self._noted, None
        if noted:
            noted()

    def sendall(self, data: bytes) -> None:
        """Send, and note it before."""
        self.note()
        self._sock.sendall(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


@contextmanager
def web(
    certificate: Path | None = None, *, host: str = "127.0.0.1", **answers: Answer
) -> Iterator[Web]:
    """A server until the block ends; `answers` by the path without its slash. With a certificate, a file that
    holds the key too, it speaks TLS. At `0.0.0.0` it is many hosts, 127.0.0.1, 127.0.0.2 and so on."""
    listener = socket.create_server((host, 0), backlog=128)
    server = Web(listener.getsockname()[1], "https" if certificate else "http")
    server.answers.update({f"/{path}": answer for path, answer in answers.items()})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if certificate:
        context.load_cert_chain(certificate)

    def handle(sock: socket.socket) -> None:
        with suppress(OSError, ValueError):
            server.serve(context.wrap_socket(sock, server_side=True) if certificate else sock)

    def accept() -> None:
        with suppress(OSError):
            while True:
                sock, _ = listener.accept()
                server.connections += 1
                threading.Thread(target=handle, args=(sock,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        # Closing alone does not wake who waits in accept.
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def make_certificate(
    path: Path, *, days: float = 365, name: str = "localhost", age: float = 400
) -> Path:
    """A file with a certificate for `name`, its own authority, and its key; good until `days` from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=age))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return path
