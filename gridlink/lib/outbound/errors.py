"""Why a request to the outside came to nothing; each message is fit for the person who gave the address."""

from __future__ import annotations


class OutboundError(Exception):
    """There is no answer. The text says why, and names nothing but what the asker gave."""


class BadTarget(OutboundError):
    """The text is no address that a request can go to."""


class Blocked(OutboundError):
    """The address leads where this server does not go: a private network, another port or scheme."""


class Unresolvable(OutboundError):
    """The host's name has no address."""


class Unreachable(OutboundError):
    """No connection to any of the host's addresses."""


class Refused(Unreachable):
    """The host is there, but nobody listens at the port."""


class TimedOut(OutboundError):
    """The time for the whole request is over."""


class TooLarge(OutboundError):
    """More bytes than one answer may have."""


class TooManyRedirects(OutboundError):
    """One redirect after another, or in a circle."""


class TlsInvalid(OutboundError):
    """The encrypted connection could not be made, or its certificate is not to be trusted."""


class TlsExpired(TlsInvalid):
    """The certificate was good once."""


class BadAnswer(OutboundError):
    """The connection broke, or what came is not HTTP."""
