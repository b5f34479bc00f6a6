"""Hold finished pages: bytes in each encoding, and the answers to conditional requests."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import brotli

from grids.public.responses import Message, Response

Headers = list[tuple[bytes, bytes]]

# In this order when a client likes several equally.
_ENCODINGS = ("br", "gzip")
# Of the texts that compress well a higher quality saves 3 % and takes ten times as long.
_BROTLI_QUALITY = 5
_GZIP_LEVEL = 6
# Of an Accept-Encoding header; browsers send 25.
_ACCEPT_BYTES = 200
# What a cached response takes beside its bytes.
_OVERHEAD = 2_000
_SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), browsing-topics=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
# A browser asks each time, which is how views are counted, and mostly gets a 304.
REVALIDATED = b"private, no-cache"
IMMUTABLE = b"public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Content:
    """Hold what a document is made of, as the shared cache keeps it."""

    status: int
    headers: Headers
    etag: str
    gzip: bytes
    brotli: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Document(Response):
    """Hold a page in each encoding; `negotiate` chooses one."""

    content: Content = field(default_factory=lambda: Content(200, [], "", b"", b""))
    encoded: Mapping[str, Response] = field(default_factory=dict)
    unchanged: Mapping[str, Response] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Return the bytes that it takes in a cache."""
        return len(self.content.gzip) + len(self.content.brotli) + _OVERHEAD

    def negotiate(self, scope: Mapping[str, Any]) -> Response:
        """Return the response in an encoding that the client takes, or a 304."""
        accepted, known = b"", b""
        for name, value in scope["headers"]:
            if name == b"accept-encoding":
                accepted = value
            elif name == b"if-none-match":
                known = value
        encoding = choose_encoding(accepted[:_ACCEPT_BYTES])
        if known and self.content.status == 200 and self._is_known(known):
            return self.unchanged[encoding]
        return self.encoded.get(encoding) or self._identity()

    def _is_known(self, tags: bytes) -> bool:
        # Weak comparison, as RFC 9110 (section 13.1.2) asks for; the encodings of a page share a stem.
        stem = self.content.etag.encode()
        return any(
            tag == b"*" or tag.removeprefix(b"W/").strip(b'"').partition(b"-")[0] == stem
            for tag in map(bytes.strip, tags.split(b","))
        )

    def _identity(self) -> Response:
        # Hardly any client asks for it, so it is not kept.
        body = gzip.decompress(self.content.gzip)
        return _encoded(self.content, "", body)


def make_content(
    body: bytes,
    content_type: str,
    *,
    status: int = 200,
    headers: Sequence[tuple[bytes, bytes]] = (),
    cache_control: bytes = REVALIDATED,
) -> Content:
    """Compress a body, and derive its ETag from all that is sent."""
    sent = [
        (b"content-type", content_type.encode()),
        (b"cache-control", cache_control),
        (b"vary", b"accept-encoding"),
        *_SECURITY,
        *headers,
    ]
    digest = blake2b(body, digest_size=12)
    digest.update(repr(sent).encode())
    return Content(
        status,
        sent,
        digest.hexdigest(),
        _gzip(body),
        brotli.compress(body, quality=_BROTLI_QUALITY, mode=brotli.MODE_TEXT),
    )


def make_document(content: Content, **about: Any) -> Document:
    """Return the document of a content; `about` are fields of Response."""
    encoded = {
        "br": _encoded(content, "br", content.brotli),
        "gzip": _encoded(content, "gzip", content.gzip),
    }
    unchanged = {encoding: _unchanged(content, encoding) for encoding in ("", *_ENCODINGS)}
    first = encoded["br"]
    return Document(
        first.start, first.body, content=content, encoded=encoded, unchanged=unchanged, **about
    )


def _gzip(body: bytes) -> bytes:
    # Without a time, so that the same page has the same bytes.
    packer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()


def _etag(content: Content, encoding: str) -> tuple[bytes, bytes]:
    suffix = f"-{encoding}" if encoding else ""
    return (b"etag", f'"{content.etag}{suffix}"'.encode())


def _encoded(content: Content, encoding: str, body: bytes) -> Response:
    headers = [*content.headers, _etag(content, encoding)]
    if encoding:
        headers.append((b"content-encoding", encoding.encode()))
    headers.append((b"content-length", b"%d" % len(body)))
    return Response(_start(content.status, headers), {"type": "http.response.body", "body": body})


def _unchanged(content: Content, encoding: str) -> Response:
    kept = (b"cache-control", b"vary", b"content-security-policy", b"x-robots-tag")
    headers = [header for header in content.headers if header[0] in kept]
    return Response(
        _start(304, [*headers, _etag(content, encoding)]),
        {"type": "http.response.body", "body": b""},
    )


def _start(status: int, headers: Headers) -> Message:
    return {"type": "http.response.start", "status": status, "headers": headers}


@lru_cache(maxsize=1024)
def choose_encoding(accepted: bytes) -> str:
    """Return "br", "gzip" or "", whichever an Accept-Encoding header likes best."""
    weights = dict(_weighted(item) for item in accepted.decode("latin-1").lower().split(","))
    anything = weights.get("*", 0.0)
    best = max(_ENCODINGS, key=lambda name: weights.get(name, anything))
    weight = weights.get(best, anything)
    return best if weight > 0 and weight >= weights.get("identity", 0.0) else ""


def _weighted(item: str) -> tuple[str, float]:
    name, _, parameters = item.partition(";")
    weight = parameters.strip().removeprefix("q=").strip()
    try:
        return name.strip(), float(weight) if weight else 1.0
    except ValueError:
        return name.strip(), 0.0
