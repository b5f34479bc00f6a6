"""Run the job that checks links.

It waits on the network most of its time, an hour at the longest, and nobody waits for it as for an import; so
it shares a queue with reports.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from django.conf import settings

from gridlink.lib.outbound.client import Limits, outbound_client
from gridlink.lib.spreadsheets import guard
from grids.checks.checker import Checker
from grids.checks.classifier import Finding
from grids.checks.host_queue import HostQueue
from grids.checks.selectors import Checkable, checkable_links
from grids.checks.store import checks_store
from grids.models import Verdict
from tasks.jobs.context import JobContext
from tasks.jobs.lifecycle import Outcome
from tasks.jobs.registry import JobRunner, register

CHECK = "grids.check"
RESULTS = "checks.csv"
UNCHECKED = "unchecked"
# Well below the queue's own limit, so that the findings until then are stored.
_CHECK_SECONDS_MAX = 50 * 60.0
_COLUMNS = (
    "link",
    "grid",
    "url",
    "verdict",
    "status",
    "final_url",
    "moved_to",
    "milliseconds",
    "certificate_expires_on",
    "checked_on",
    "detail",
)


@register
class CheckRunner(JobRunner):
    """Request every link's address once, and keep a verdict for each."""

    kind = CHECK
    queue = "reports"

    def run(self, context: JobContext) -> Outcome:
        """Check the links of `params`: `grids` and `links`, by slug; all when both are empty."""
        params = context.params
        links = checkable_links(
            user_id=context.user_id, grids=params["grids"], links=params["links"]
        )
        findings = self._request(context, links)
        results = [Result(link, findings.get(without_fragment(link.url))) for link in links]
        with (
            context.output(RESULTS, "text/csv; charset=utf-8") as output,
            io.TextIOWrapper(io.BufferedWriter(output.sink), encoding="utf-8", newline="") as out,
        ):
            output.rows = _write(results, out)
        counts = Counter(result.verdict for result in results)
        tally = {verdict: counts[verdict] for verdict in (*Verdict.values, UNCHECKED)}
        found = [(result.link, result.finding) for result in results if result.finding]
        return Outcome({"links": len(links), **tally}, effects=partial(checks_store, found=found))

    def _request(self, context: JobContext, links: list[Checkable]) -> dict[str, Finding]:
        counts = Counter(without_fragment(link.url) for link in links if is_web_url(link.url))
        total, done = counts.total(), 0
        context.report(done, total, "links")
        found: dict[str, Finding] = {}
        checks = _checker().run(counts, seconds=_CHECK_SECONDS_MAX, tick=context.check)
        for url, finding in checks:
            found[url] = finding
            done += counts[url]
            context.report(done, total, "links")
        return found


@dataclass(frozen=True, slots=True)
class Result:
    """Hold a link and its finding; None for other schemes, or without time left."""

    link: Checkable
    finding: Finding | None

    @property
    def verdict(self) -> str:
        """Return the verdict, or that there is none."""
        return self.finding.verdict if self.finding else UNCHECKED

    @property
    def row(self) -> list[object]:
        """Return the line of the file, in the order of its columns."""
        link, finding = self.link, self.finding
        start = [link.slug, link.grid_slug, guard(link.url), self.verdict]
        if finding is None:
            is_late = is_web_url(link.url)
            why = "There was no time left." if is_late else "Only web addresses are checked."
            return [*start, "", "", "", "", "", "", why]
        return [
            *start,
            finding.status,
            guard(finding.final_url),
            guard(finding.moved_to),
            finding.milliseconds,
            finding.certificate_expires_on and finding.certificate_expires_on.isoformat(),
            finding.checked_on.isoformat(),
            guard(finding.detail),
        ]


def is_web_url(url: str) -> bool:
    """Check whether an address can be requested, unlike that of a mailbox or a telephone."""
    return url[:5].lower().startswith("http")


def without_fragment(url: str) -> str:
    """Return the address to request; links that differ only in the fragment share it."""
    return url.partition("#")[0]


def _checker() -> Checker:
    # No body is read: status and headers suffice.
    client = outbound_client(Limits(seconds=settings.LINK_CHECK_SECONDS, body_bytes=0))
    return Checker(client=client, concurrency=settings.LINK_CHECKS_AT_ONCE, queue=HostQueue())


def _write(results: Iterable[Result], out: io.TextIOBase) -> int:
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    rows = 0
    for rows, result in enumerate(results, 1):  # noqa: B007
        writer.writerow(result.row)
    return rows
