"""Validate the URLs that links may have, and compare them."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

import idna
from w3lib.url import canonicalize_url

URL_LENGTH = 4096
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff]")
_HOST = re.compile(r"\A(?:\[[0-9a-fA-F:.]+\]|[^\s/?#@\[\]<>\"\\^`{|}%]{1,253})\Z")
# Invisible and direction marks, which make one host look like another.
_DECEPTIVE = re.compile(r"[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_LABEL_LENGTH = 63
_PORT = re.compile(r":[0-9]*\Z")
_PHONE = re.compile(r"\A\+?[0-9().-]{2,40}(?:;[A-Za-z0-9=;+.-]*)?\Z")


class BadUrl(ValueError):
    """Report a text that is no URL for a link; the message says why."""


def check_url(url: str) -> str:
    """Return a valid http, https, mailto or tel URL without surrounding spaces; raise BadUrl."""
    url = url.strip()
    if not url:
        raise BadUrl("The URL is empty.")
    if len(url) > URL_LENGTH:
        raise BadUrl(f"The URL is longer than {URL_LENGTH} characters.")
    if _UNPRINTABLE.search(url):
        raise BadUrl("The URL contains a space or a control character.")
    parts = _split(url)
    check = _CHECKS.get(parts.scheme)
    if check is None:
        raise BadUrl("The URL must start with http://, https://, mailto: or tel:.")
    check(parts)
    return url


def url_key(url: str) -> str:
    """Return 32 hex digits, the same for equivalent URLs; each has passed `check_url`.

    Equivalent URLs differ only in the case of scheme and host, a default port, the order of query
    parameters, or escapes.
    """
    return hashlib.sha256(_normal(url).encode()).hexdigest()[:32]


def ascii_host(host: str) -> str:
    """Return a host name in its ASCII form, as browsers resolve it.

    That is UTS 46, not transitional. A name that has no such form is returned as it is.
    """
    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        pass
    # Browsers are more lenient than IDNA 2008: with emoji, underscores and hyphens anywhere.
    try:
        mapped = idna.uts46_remap(host, std3_rules=False, transitional=False)
    except idna.IDNAError:
        return host
    labels = [_ascii_label(label) for label in mapped.removesuffix(".").split(".")]
    is_name = all(0 < len(label) <= _LABEL_LENGTH for label in labels)
    return ".".join(labels) if is_name else host


def ascii_authority(url: str) -> str:
    """Return a URL whose host is in its ASCII form, all else as it was."""
    netloc = urlsplit(url).netloc
    if not netloc or netloc.isascii():
        return url
    user, at, place = netloc.rpartition("@")
    host, colon, port = place.partition(":")
    # Not joined again from its parts, which would drop an empty query or fragment.
    return url.replace(f"//{netloc}", f"//{user}{at}{ascii_host(host)}{colon}{port}", 1)


def _ascii_label(label: str) -> str:
    return label if label.isascii() else f"xn--{label.encode('punycode').decode()}"


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # Parsed here, which may raise ValueError.
    except ValueError as error:
        raise BadUrl(f"The URL cannot be read: {error}.") from error
    return parts


def _check_web(parts: SplitResult) -> None:
    # Programs disagree on where these lead: browsers take a backslash for a slash.
    is_ambiguous = "\\" in parts.netloc or parts.netloc.count("@") > 1
    host = _PORT.sub("", parts.netloc.rpartition("@")[2])
    # As a browser maps it, which makes signs of many forms plain ones.
    mapped = unicodedata.normalize("NFKC", host)
    is_host = _HOST.match(host) and _HOST.match(mapped) and not _DECEPTIVE.search(host)
    if is_ambiguous or not is_host:
        raise BadUrl("The URL has no valid host.")


def _check_mail(parts: SplitResult) -> None:
    name, _, host = parts.path.partition("@")
    if not name or not host:
        raise BadUrl("The mailto: URL has no e-mail address.")


def _check_phone(parts: SplitResult) -> None:
    if not _PHONE.match(parts.path):
        raise BadUrl("The tel: URL has no valid phone number.")


_CHECKS: dict[str, Callable[[SplitResult], None]] = {
    "http": _check_web,
    "https": _check_web,
    "mailto": _check_mail,
    "tel": _check_phone,
}
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def _normal(url: str) -> str:
    scheme = urlsplit(url).scheme
    if scheme in ("mailto", "tel"):
        return f"{scheme}:{url.partition(':')[2].lower()}"
    try:
        normal: str = canonicalize_url(url, keep_fragments=True)
    except (ValueError, UnicodeError):
        # IDNA refuses the host: leave it as it is.
        normal = url
    head, separator, tail = normal.partition("://")
    host, slash, rest = tail.partition("/")
    return f"{head.lower()}{separator}{host.removesuffix(_DEFAULT_PORTS[scheme])}{slash}{rest}"


def shared_host(one: str, other: str) -> str:
    """Return the host that two URLs have in common, or ""."""
    host = urlsplit(one).hostname or ""
    return host if host == urlsplit(other).hostname else ""
