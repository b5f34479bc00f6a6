"""Define why an outbound request failed; each message may be shown to the user."""

from __future__ import annotations


class OutboundError(Exception):
    """Report that there is no response, without revealing internals."""


class BadTarget(OutboundError):
    """Report a URL that cannot be requested."""


class Blocked(OutboundError):
    """Report a forbidden private network, port or scheme."""


class Unresolvable(OutboundError):
    """Report a host name without a public address."""


class Unreachable(OutboundError):
    """Report that no address of the host accepts a connection."""


class Refused(Unreachable):
    """Report a host that refuses the connection."""


class TimedOut(OutboundError):
    """Report that the time limit of the whole request was reached."""


class TooLarge(OutboundError):
    """Report a response with too many bytes."""


class TooManyRedirects(OutboundError):
    """Report too many redirects in a row."""


class TlsInvalid(OutboundError):
    """Report a failed TLS handshake or an untrusted certificate."""


class TlsExpired(TlsInvalid):
    """Report an expired certificate."""


class InvalidResponse(OutboundError):
    """Report a broken connection or a response that is not HTTP."""
