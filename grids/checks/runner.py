"""Run the job that checks links, and store its findings.

It waits on the network most of its time, an hour at the longest, and nobody waits for it as for an import; so
it shares a queue with reports.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple
from functools import partial
from itertools import islice, starmap

from django.conf import settings
from django.db import connection, transaction

from gridlink.lib.outbound.client import Limits, outbound_client
from gridlink.lib.spreadsheets import guard
from grids.checks.checker import Checker
from grids.checks.classifier import Finding
from grids.checks.host_queue import HostQueue
from grids.checks.selectors import Checkable, checkable_links
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

_BATCH = 5_000
# A link that was trashed, removed or given another address meanwhile gets no verdict; of two checks the later
# one stays. Rows are written in the order of their keys, against deadlocks of two jobs. After its link, the
# columns of a finding are the fields of Finding, in their order.
_STORE = """
INSERT INTO grids_link_check AS known (link_id, url_key, verdict, detail, status, final_url, moved_to,
    milliseconds, certificate_expires_on, checked_on)
SELECT link.id, link.url_key, found.verdict, found.detail, found.status, found.final_url, found.moved_to,
    found.milliseconds, found.certificate_expires_on, found.checked_on
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::int[], %s::text[], %s::text[],
        %s::int[], %s::timestamptz[], %s::timestamptz[])
    AS found (link_id, url_key, verdict, detail, status, final_url, moved_to,
        milliseconds, certificate_expires_on, checked_on)
JOIN grids_link AS link ON link.id = found.link_id AND link.url_key = found.url_key
JOIN grids_grid AS grid ON grid.id = link.grid_id
WHERE NOT link.is_deleted AND NOT grid.is_deleted
ORDER BY link.id
FOR KEY SHARE OF link
ON CONFLICT (link_id) DO UPDATE SET
    url_key = excluded.url_key, verdict = excluded.verdict, detail = excluded.detail,
    status = excluded.status, final_url = excluded.final_url, moved_to = excluded.moved_to,
    milliseconds = excluded.milliseconds, checked_on = excluded.checked_on,
    certificate_expires_on = excluded.certificate_expires_on
WHERE known.checked_on <= excluded.checked_on
"""


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
        results = [(link, findings.get(_without_fragment(link.url))) for link in links]
        with (
            context.output(RESULTS, "text/csv; charset=utf-8") as output,
            io.TextIOWrapper(io.BufferedWriter(output.sink), encoding="utf-8", newline="") as out,
        ):
            writer = csv.writer(out)
            writer.writerow(_COLUMNS)
            writer.writerows(starmap(_row, results))
            output.rows = len(results)
        counts = Counter(finding.verdict if finding else UNCHECKED for _, finding in results)
        tally = {verdict: counts[verdict] for verdict in (*Verdict.values, UNCHECKED)}
        found = [(link, finding) for link, finding in results if finding]
        return Outcome({"links": len(links), **tally}, effects=partial(checks_store, found=found))

    def _request(self, context: JobContext, links: list[Checkable]) -> dict[str, Finding]:
        counts = Counter(_without_fragment(link.url) for link in links if _is_web_url(link.url))
        total, done = counts.total(), 0
        context.report(done, total, "links")
        found: dict[str, Finding] = {}
        checks = _checker().run(counts, seconds=_CHECK_SECONDS_MAX, tick=context.check)
        for url, finding in checks:
            found[url] = finding
            done += counts[url]
            context.report(done, total, "links")
        return found


def _row(link: Checkable, finding: Finding | None) -> list[object]:
    """Return the line of a link; None for other schemes, or without time left."""
    start = [link.slug, link.grid_slug, guard(link.url)]
    if finding is None:
        is_late = _is_web_url(link.url)
        why = "There was no time left." if is_late else "Only web addresses are checked."
        return [*start, UNCHECKED, "", "", "", "", "", "", why]
    return [
        *start,
        finding.verdict,
        finding.status,
        guard(finding.final_url),
        guard(finding.moved_to),
        finding.milliseconds,
        finding.certificate_expires_on and finding.certificate_expires_on.isoformat(),
        finding.checked_on.isoformat(),
        guard(finding.detail),
    ]


def _is_web_url(url: str) -> bool:
    """Check whether an address can be requested, unlike that of a mailbox or a telephone."""
    return url[:5].lower().startswith("http")


def _without_fragment(url: str) -> str:
    """Return the address to request; links that differ only in the fragment share it."""
    return url.partition("#")[0]


def _checker() -> Checker:
    # No body is read: status and headers suffice.
    client = outbound_client(Limits(seconds=settings.LINK_CHECK_SECONDS, body_bytes=0))
    return Checker(client=client, concurrency=settings.LINK_CHECKS_AT_ONCE, queue=HostQueue())


def checks_store(*, found: Iterable[tuple[Checkable, Finding]]) -> None:
    """Store findings, each unless its link was changed or deleted since.

    Call it in the transaction that ends the job.
    """
    rows = iter(sorted(found))
    with transaction.atomic(), connection.cursor() as cursor:
        while batch := list(islice(rows, _BATCH)):
            values = [(link.pk, link.url_key, *astuple(finding)) for link, finding in batch]
            cursor.execute(_STORE, [list(column) for column in zip(*values, strict=True)])
