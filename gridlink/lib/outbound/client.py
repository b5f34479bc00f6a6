"""Send HTTP requests to URLs that users choose: link checks, metadata, webhooks.

The client connects to public addresses only (`gridlink.lib.outbound.sockets`), uses no proxy, cookies or
credentials, and every request ends in time with a response of bounded size or an OutboundError.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, partial
from http.client import HTTPException, LineTooLong
from pathlib import Path
from socket import socket
from typing import Any, cast

from django.conf import settings
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, LocationParseError, ReadTimeoutError
from urllib3.response import HTTPResponse
from urllib3.util import Url, parse_url

from gridlink.lib.outbound.addresses import Network
from gridlink.lib.outbound.errors import (
    BadTarget,
    Blocked,
    InvalidResponse,
    OutboundError,
    TimedOut,
    TlsExpired,
    TlsInvalid,
    TooLarge,
    TooManyRedirects,
)
from gridlink.lib.outbound.redirects import HOPS_MAX, redirect_of
from gridlink.lib.outbound.sockets import BoundedTlsSocket, Budget, Resolver, dial, system_resolver
from gridlink.lib.weburl import ascii_authority

USER_AGENT = "Gridlink/0.1 (link service)"
WEB_PORTS = frozenset({80, 443})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PIECE = 16 * 1024
Dial = Callable[..., socket]
# OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED.
_EXPIRED = 10


@dataclass(frozen=True, slots=True)
class Limits:
    """Limit a request with all its redirects; a body's bytes count as decoded."""

    seconds: float = 10.0
    header_bytes: int = 64 * 1024
    body_bytes: int = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Response:
    """Hold a response.

    `body` is its beginning, and all of it if `is_whole`; a limit of 0 bytes reads none. `via` are the URLs
    that redirected to `url`, in order.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool
    milliseconds: int
    certificate_expires_on: datetime | None
    via: tuple[str, ...] = field(default=())


class Client:
    """Send requests; threads may share a client, which keeps no state between requests."""

    def __init__(
        self,
        *,
        limits: Limits,
        allowed: tuple[Network, ...] = (),
        ports: frozenset[int] = WEB_PORTS,
        resolver: Resolver = system_resolver,
        ca_file: Path | None = None,
    ) -> None:
        self._limits = limits
        self._ports = ports
        self._dial = partial(dial, resolver=resolver, allowed=allowed)
        self._tls = _tls(ca_file)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Response:
        """Send one request and return its response, which may be a redirect; raise OutboundError."""
        budget = Budget(self._limits.seconds)
        return self._exchange(method, url, budget, headers or {}, body)

    def follow(self, url: str, *, headers: Mapping[str, str] | None = None) -> Response:
        """GET a URL and follow redirects, each checked like the first URL; raise OutboundError."""
        budget = Budget(self._limits.seconds)
        via: list[str] = []
        while len(via) <= HOPS_MAX:
            response = self._exchange("GET", url, budget, headers or {}, None)
            target = redirect_of(response.status, response.headers, url)
            if target is None:
                return replace(response, via=tuple(via))
            via.append(url)
            url = target
        raise TooManyRedirects("The address redirects too often.")

    def _exchange(
        self, method: str, url: str, budget: Budget, headers: Mapping[str, str], body: bytes | None
    ) -> Response:
        target = self._target(url)
        started = time.monotonic()
        budget.allow(self._limits.header_bytes)
        with _translated(), closing(self._connection(target, budget)) as connection:
            connection.connect()
            certificate = _expiry(connection)
            sent = {
                "User-Agent": USER_AGENT,
                "Accept": "*/*",
                "Accept-Encoding": "gzip, deflate",
                "Connection": "close",
                **headers,
            }
            connection.request(method, target.request_uri, body, sent, preload_content=False)
            response = connection.getresponse()
            budget.allow(self._limits.body_bytes)
            content, is_whole = _read(response, self._limits.body_bytes)
        spent = round((time.monotonic() - started) * 1000)
        return Response(
            url, response.status, response.headers, content, is_whole, spent, certificate
        )

    def _target(self, url: str) -> Url:
        try:
            target = parse_url(ascii_authority(url))
        except (LocationParseError, ValueError) as error:
            raise BadTarget("The URL is not valid.") from error
        if target.scheme not in _DEFAULT_PORTS:
            raise Blocked("Only http and https URLs are requested.")
        if not target.host:
            raise BadTarget("The URL has no host.")
        if target.auth:
            raise Blocked("URLs with a user name or password are not requested.")
        if _port(target) not in self._ports:
            raise Blocked(f"Port {_port(target)} is not allowed.")
        return target

    def _connection(self, target: Url, budget: Budget) -> _Connection:
        address = cast(str, target.host).strip("[]"), _port(target)
        if target.scheme == "https":
            return _TlsConnection(*address, self._dial, budget, ssl_context=self._tls)
        return _Connection(*address, self._dial, budget)


class _Connection(HTTPConnection):
    def __init__(self, host: str, port: int, dial: Dial, budget: Budget, **options: Any) -> None:
        super().__init__(host, port, timeout=budget.seconds_left(), **options)
        self._dial = dial
        self._budget = budget

    def _new_conn(self) -> socket:
        return self._dial(self._dns_host, self.port, budget=self._budget)


class _TlsConnection(_Connection, HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        cast(BoundedTlsSocket, self.sock).budget = self._budget


@cache
def _tls(ca_file: Path | None) -> ssl.SSLContext:
    # Loading all certificate authorities takes longer than most requests.
    context = ssl.create_default_context(cafile=ca_file)
    context.sslsocket_class = BoundedTlsSocket
    return context


def outbound_client(limits: Limits) -> Client:
    """Return a client with these limits that may reach what the settings allow."""
    return Client(
        limits=limits, allowed=settings.OUTBOUND_ALLOW, ports=frozenset(settings.OUTBOUND_PORTS)
    )


def _port(target: Url) -> int:
    return _DEFAULT_PORTS[target.scheme or ""] if target.port is None else target.port


def _expiry(connection: _Connection) -> datetime | None:
    if not isinstance(connection, _TlsConnection):
        return None
    certificate = cast(ssl.SSLSocket, connection.sock).getpeercert() or {}
    seconds = ssl.cert_time_to_seconds(cast(str, certificate["notAfter"]))
    return datetime.fromtimestamp(seconds, UTC)


def _read(response: HTTPResponse, limit: int) -> tuple[bytes, bool]:
    """Return the first `limit` decoded bytes of a body, and whether that was all."""
    body = bytearray()
    while limit and len(body) <= limit:
        piece = response.read(min(_PIECE, limit + 1 - len(body)))
        if not piece:
            return bytes(body), True
        body += piece
    return bytes(body[:limit]), False


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        if error.verify_code == _EXPIRED:
            raise TlsExpired("The certificate has expired.") from error
        raise TlsInvalid(f"The certificate is not valid: {error.verify_message}.") from error
    except ssl.SSLError as error:
        raise TlsInvalid("The encrypted connection could not be made.") from error
    except (HTTPException, HTTPError, OSError, ValueError) as error:
        raise _outbound_error(error) from error


def _outbound_error(error: Exception) -> OutboundError:
    if isinstance(error, (TimeoutError, ReadTimeoutError)):
        return TimedOut("The response took too long.")
    # The base class itself means too many headers.
    if isinstance(error, LineTooLong) or type(error) is HTTPException:
        return TooLarge("The headers of the response are too large.")
    return InvalidResponse("The response is not valid HTTP, or the connection broke.")
