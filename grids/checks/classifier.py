"""Classify the responses to a link check: a verdict, or another request.

The rules stand in order in `classify`; the first that returns a step decides. A host that answers HEAD with
an error is requested again with GET, since many support only that. After an error that may be temporary there
is one retry: a link that is called dead failed twice.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from django.conf import settings
from django.utils import timezone

from gridlink.lib.outbound import errors
from gridlink.lib.outbound.client import Response
from gridlink.lib.outbound.redirects import HOPS_MAX, PERMANENT, leaves_https, redirect_of
from grids.models import DETAIL_LENGTH, Verdict

_RETRY_SECONDS = 2.0
# A host that asks for a longer wait than this is not retried.
_WAIT_SECONDS_MAX = 60.0
_EXPIRING = timedelta(days=14)
_GONE = frozenset({404, 410})
_BUSY = frozenset({429, 503})


@dataclass(slots=True)
class Probe:
    """Track the check of one link: the address it has reached, and by what way."""

    url: str
    at: str = ""
    method: str = "HEAD"
    via: list[str] = field(default_factory=list)
    moved_to: str = ""
    milliseconds: int = 0
    certificate_expires_on: datetime | None = None
    has_waited: bool = False

    def __post_init__(self) -> None:
        self.at = self.at or self.url

    def note(self, response: Response) -> None:
        """Remember the certificate on the way that expires first."""
        ends = [self.certificate_expires_on, response.certificate_expires_on]
        self.certificate_expires_on = min((end for end in ends if end), default=None)

    def move(self, target: str, response: Response) -> None:
        """Continue at the target of a redirect."""
        if response.status in PERMANENT and self.at == (self.moved_to or self.url):
            self.moved_to = target
        self.milliseconds += response.milliseconds
        self.via.append(self.at)
        self.at = target


@dataclass(frozen=True, slots=True)
class Finding:
    """Hold a verdict and its grounds; `status` and `milliseconds` are None without a response."""

    verdict: Verdict
    detail: str
    status: int | None
    final_url: str
    moved_to: str
    milliseconds: int | None
    certificate_expires_on: datetime | None
    checked_on: datetime


@dataclass(frozen=True, slots=True)
class Retry:
    """Ask for another request, where the probe is now, after so many seconds.

    With `pauses_host` no other request goes to the host until then.
    """

    seconds: float = 0.0
    pauses_host: bool = False


Step = Finding | Retry


def classify(probe: Probe, outcome: Response | errors.OutboundError) -> Step:
    """Return the step that follows from the outcome of a probe's last request."""
    if isinstance(outcome, errors.OutboundError):
        return _failed(probe, outcome)
    probe.note(outcome)
    return (
        _redirect(probe, outcome)
        or _head_refused(probe, outcome)
        or _busy(probe, outcome)
        or _refused(probe, outcome)
        or _reached(probe, outcome)
    )


def _redirect(probe: Probe, response: Response) -> Step | None:
    try:
        target = redirect_of(response.status, response.headers, probe.at)
    except errors.OutboundError as error:
        return _finding(probe, Verdict.DEAD, str(error), response)
    if target is None:
        return None
    if len(probe.via) >= HOPS_MAX or target in (*probe.via, probe.at):
        return _finding(probe, Verdict.DEAD, "The address redirects without end.", response)
    probe.move(target, response)
    return Retry()


def _head_refused(probe: Probe, response: Response) -> Step | None:
    if probe.method == "GET" or response.status < 400 or response.status in _BUSY:
        return None
    probe.method = "GET"
    return Retry()


def _busy(probe: Probe, response: Response) -> Step | None:
    seconds = _retry_after(response)
    if response.status not in _BUSY or (response.status == 503 and seconds is None):
        return None
    wait = _RETRY_SECONDS if seconds is None else seconds
    if probe.has_waited or wait > _WAIT_SECONDS_MAX:
        return _finding(probe, Verdict.DENIED, "The host asks to come back later.", response)
    return _wait(probe, wait, pauses_host=True)


def _refused(probe: Probe, response: Response) -> Step | None:
    if 200 <= response.status < 300:
        return None
    is_failing = 500 <= response.status < 600
    if is_failing and not probe.has_waited:
        return _wait(probe, _RETRY_SECONDS)
    verdict = Verdict.DEAD if is_failing or response.status in _GONE else Verdict.DENIED
    return _finding(probe, verdict, f"The host answers {response.status}.", response)


def _reached(probe: Probe, response: Response) -> Finding:
    """Return the finding on a page that is there: what a visitor would notice first."""
    end = probe.certificate_expires_on
    verdict, detail = Verdict.OK, ""
    if end and end <= timezone.now() + _EXPIRING:
        verdict, detail = Verdict.TLS_EXPIRING, f"The certificate ends on {end:%Y-%m-%d}."
    elif probe.moved_to:
        verdict = Verdict.REDIRECTED
    elif probe.milliseconds + response.milliseconds > settings.LINK_SLOW_SECONDS * 1000:
        verdict = Verdict.SLOW
    return _finding(probe, verdict, detail, response)


# Permanent errors need no retry; all others may be temporary.
_PERMANENT: dict[type[errors.OutboundError], Verdict] = {
    errors.Blocked: Verdict.BLOCKED,
    errors.BadTarget: Verdict.DEAD,
    errors.TlsExpired: Verdict.TLS_EXPIRED,
    errors.TlsInvalid: Verdict.TLS_INVALID,
}


def _failed(probe: Probe, error: errors.OutboundError) -> Step:
    permanent = _PERMANENT.get(type(error))
    if permanent is None and not probe.has_waited:
        return _wait(probe, _RETRY_SECONDS)
    temporary = Verdict.TIMEOUT if isinstance(error, errors.TimedOut) else Verdict.DEAD
    return _finding(probe, permanent or temporary, str(error))


def _wait(probe: Probe, seconds: float, *, pauses_host: bool = False) -> Retry:
    # A host that fails with HEAD may support GET.
    probe.method, probe.has_waited = "GET", True
    return Retry(seconds, pauses_host)


def _finding(
    probe: Probe, verdict: Verdict, detail: str, response: Response | None = None
) -> Finding:
    if leaves_https([*probe.via, probe.at]):
        detail = f"{detail} The way leads from https to http.".strip()
    return Finding(
        verdict=verdict,
        detail=detail[:DETAIL_LENGTH],
        status=response.status if response else None,
        final_url=probe.at if probe.via else "",
        moved_to=probe.moved_to,
        milliseconds=probe.milliseconds + response.milliseconds if response else None,
        certificate_expires_on=probe.certificate_expires_on,
        checked_on=timezone.now(),
    )


def _retry_after(response: Response) -> float | None:
    """Return the seconds of a Retry-After header, in either form, or None."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
