"""Store the findings of checks, in the transaction that ends the job."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple
from itertools import islice

from django.db import connection, transaction

from grids.checks.classifier import Finding
from grids.checks.selectors import Checkable

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

Found = tuple[Checkable, Finding]


def checks_store(*, found: Iterable[Found]) -> None:
    """Store each link's finding as its latest, unless the link was changed or deleted since."""
    rows = iter(sorted(found))
    with transaction.atomic(), connection.cursor() as cursor:
        while batch := list(islice(rows, _BATCH)):
            values = [(link.pk, link.url_key, *astuple(finding)) for link, finding in batch]
            cursor.execute(_STORE, [list(column) for column in zip(*values, strict=True)])
