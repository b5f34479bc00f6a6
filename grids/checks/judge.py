"""From answers to a verdict. The rules stand in order in `RULES`; the first that has a say ends the matter.

A host that answers HEAD with an error is asked again with GET, since many know only that. Trouble that may
pass is waited for once: what is called dead was dead twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable
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
# A host that wants more patience than this is left alone.
_PATIENCE_SECONDS = 60.0
_EXPIRING = timedelta(days=14)
_GONE = frozenset({404, 410})
_BUSY = frozenset({429, 503})


@dataclass(slots=True)
class Visit:
    """The way from a link's address to a verdict: where it is now, and what it met before."""

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
        """Of all certificates on the way the one that ends first counts."""
        ends = [self.certificate_expires_on, response.certificate_expires_on]
        self.certificate_expires_on = min((end for end in ends if end), default=None)

    def move(self, target: str, response: Response) -> None:
        """Go on to where a redirect leads."""
        if response.status in PERMANENT and self.at == (self.moved_to or self.url):
            self.moved_to = target
        self.milliseconds += response.milliseconds
        self.via.append(self.at)
        self.at = target


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict and what it rests on; `status` and `milliseconds` are None when nothing answered."""

    verdict: Verdict
    detail: str
    status: int | None
    final_url: str
    moved_to: str
    milliseconds: int | None
    certificate_expires_on: datetime | None
    checked_on: datetime


@dataclass(frozen=True, slots=True)
class Again:
    """No verdict yet: ask once more, where the visit is now, after so many seconds; with `host_rests` nothing
    else is asked of the host until then."""

    seconds: float = 0.0
    host_rests: bool = False


Step = Finding | Again


def judge(visit: Visit, outcome: Response | errors.OutboundError) -> Step:
    """What to make of the outcome of a visit's last request; the visit goes on from there."""
    if isinstance(outcome, errors.OutboundError):
        return _trouble(visit, outcome)
    visit.note(outcome)
    for rule in RULES:
        step = rule(visit, outcome)
        if step is not None:
            return step
    return _fine(visit, outcome)


def _redirect(visit: Visit, response: Response) -> Step | None:
    try:
        target = redirect_of(response.status, response.headers, visit.at)
    except errors.OutboundError as error:
        return _found(visit, Verdict.DEAD, str(error), response)
    if target is None:
        return None
    if len(visit.via) >= HOPS_MAX or target in (*visit.via, visit.at):
        return _found(visit, Verdict.DEAD, "The address redirects without end.", response)
    visit.move(target, response)
    return Again()


def _head_refused(visit: Visit, response: Response) -> Step | None:
    if visit.method == "GET" or response.status < 400 or response.status in _BUSY:
        return None
    visit.method = "GET"
    return Again()


def _busy(visit: Visit, response: Response) -> Step | None:
    seconds = _retry_after(response)
    if response.status not in _BUSY or (response.status == 503 and seconds is None):
        return None
    wait = _RETRY_SECONDS if seconds is None else seconds
    if visit.has_waited or wait > _PATIENCE_SECONDS:
        return _found(visit, Verdict.DENIED, "The host asks to come back later.", response)
    return _wait(visit, wait, host_rests=True)


def _failing(visit: Visit, response: Response) -> Step | None:
    if not 500 <= response.status < 600:
        return None
    if not visit.has_waited:
        return _wait(visit, _RETRY_SECONDS)
    return _found(visit, Verdict.DEAD, f"The host answers {response.status}.", response)


def _gone(visit: Visit, response: Response) -> Step | None:
    if response.status not in _GONE:
        return None
    return _found(visit, Verdict.DEAD, f"The host answers {response.status}.", response)


def _denied(visit: Visit, response: Response) -> Step | None:
    if 200 <= response.status < 300:
        return None
    return _found(visit, Verdict.DENIED, f"The host answers {response.status}.", response)


def _expiring(visit: Visit, response: Response) -> Step | None:
    end = visit.certificate_expires_on
    if end is None or end > timezone.now() + _EXPIRING:
        return None
    return _found(visit, Verdict.TLS_EXPIRING, f"The certificate ends on {end:%Y-%m-%d}.", response)


def _moved(visit: Visit, response: Response) -> Step | None:
    if not visit.moved_to:
        return None
    return _found(visit, Verdict.REDIRECTED, "", response)


def _slow(visit: Visit, response: Response) -> Step | None:
    if visit.milliseconds + response.milliseconds <= settings.LINK_SLOW_SECONDS * 1000:
        return None
    return _found(visit, Verdict.SLOW, "", response)


def _fine(visit: Visit, response: Response) -> Finding:
    return _found(visit, Verdict.OK, "", response)


RULES: tuple[Callable[[Visit, Response], Step | None], ...] = (
    _redirect,
    _head_refused,
    _busy,
    _failing,
    _gone,
    _denied,
    _expiring,
    _moved,
    _slow,
)

# What is so now is so in a moment, and needs no second try; the rest may pass.
_LASTING: dict[type[errors.OutboundError], Verdict] = {
    errors.Blocked: Verdict.BLOCKED,
    errors.BadTarget: Verdict.DEAD,
    errors.TlsExpired: Verdict.TLS_EXPIRED,
    errors.TlsInvalid: Verdict.TLS_INVALID,
}
_PASSING: dict[type[errors.OutboundError], Verdict] = {errors.TimedOut: Verdict.TIMEOUT}


def _trouble(visit: Visit, error: errors.OutboundError) -> Step:
    lasting = _LASTING.get(type(error))
    if lasting is None and not visit.has_waited:
        return _wait(visit, _RETRY_SECONDS)
    return _found(visit, lasting or _PASSING.get(type(error), Verdict.DEAD), str(error))


def _wait(visit: Visit, seconds: float, *, host_rests: bool = False) -> Again:
    # Whoever had trouble with HEAD may have none with GET.
    visit.method, visit.has_waited = "GET", True
    return Again(seconds, host_rests)


def _found(
    visit: Visit, verdict: Verdict, detail: str, response: Response | None = None
) -> Finding:
    if leaves_https([*visit.via, visit.at]):
        detail = f"{detail} The way leads from https to http.".strip()
    return Finding(
        verdict=verdict,
        detail=detail[:DETAIL_LENGTH],
        status=response.status if response else None,
        final_url=visit.at if visit.via else "",
        moved_to=visit.moved_to,
        milliseconds=visit.milliseconds + response.milliseconds if response else None,
        certificate_expires_on=visit.certificate_expires_on,
        checked_on=timezone.now(),
    )


def _retry_after(response: Response) -> float | None:
    """Seconds, from either form of the header; None without one that makes sense."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
