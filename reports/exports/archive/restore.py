"""Restore a staged archive: decide on each row, then do all or nothing.

It happens in the transaction that finishes the job.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.db import IntegrityError, connection, transaction

from gridlink.accounts.models import User
from gridlink.lib.spreadsheets import guard
from reports.clicks.audit.rebuild import rebuild_locked, rebuild_user
from reports.clicks.storage.ingest_lock import LOCK_KEY
from reports.clicks.storage.partitions import oldest_day
from reports.exports.archive.format import Manifest
from reports.exports.archive.registry import TABLES
from reports.exports.archive.table import Scope, Table
from reports.exports.archive.tables.records import RecordTable

Tally = dict[str, dict[str, int]]
"""The number of rows by table and outcome."""

VERDICT_COLUMNS = ("table", "line", "verdict", "name", "title", "remarks")
PRODUCER = "restored"
"""The producer under which reports.clicks.audit.reconcile counts events from archives."""
_PAGE_ROWS = 2000
_ATTEMPTS = 3


class Restore:
    """Restore the archive that is staged in this session."""

    def __init__(self, *, user_id: int, manifest: Manifest) -> None:
        slug = User.objects.values_list("slug", flat=True).get(pk=user_id)
        self._scope = Scope(user_id, slug, TABLES, manifest.raw_from)

    def decide(self) -> Tally:
        """Decide what would happen to each row; write to temporary tables only."""
        with transaction.atomic(), connection.cursor() as cursor:
            return self._decide(cursor)

    def write_verdicts(self, out: io.TextIOBase) -> int:
        """Write a line of CSV for each reported row; return their number."""
        lines = csv.writer(out)
        lines.writerow(VERDICT_COLUMNS)
        count = 0
        for table in TABLES:
            for row in _reported(table) if table.is_reported else ():
                line, outcome, name, title, remarks = row
                lines.writerow([table.name, line, outcome, name, guard(title), guard(remarks)])
                count += 1
        return count

    def apply(self) -> Tally:
        """Decide and restore, within a transaction; the ingest of clicks waits for its end."""
        with connection.cursor() as cursor:
            # The ingest's lock, held to the end of the transaction: the sums that are read here do not change
            # until the new ones are visible.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_KEY])
            return self._insert_with_retries(cursor)

    def _insert_with_retries(self, cursor: Any) -> Tally:
        for _ in range(_ATTEMPTS - 1):
            # Another request may take an alias meanwhile: decide again.
            with suppress(IntegrityError), transaction.atomic():
                return self._insert(cursor)
        with transaction.atomic():
            return self._insert(cursor)

    def _insert(self, cursor: Any) -> Tally:
        self._lock(cursor)
        tally = self._decide(cursor)
        before = self._ledger(cursor)
        self._stage_days(cursor)
        for table in TABLES:
            table.insert(cursor, self._scope)
        self._record_raw_from(cursor)
        self._rebuild_sums(cursor)
        self._record_producer(cursor, self._ledger(cursor) - before)
        return tally

    def _decide(self, cursor: Any) -> Tally:
        for table in TABLES:
            table.decide(cursor, self._scope)
        return {table.name: _tally(cursor, table) for table in TABLES}

    def _lock(self, cursor: Any) -> None:
        """Lock the grids that exist here, as every change of a layout does."""
        cursor.execute(
            "SELECT id FROM grids_grid WHERE user_id = %(user)s ORDER BY id FOR NO KEY UPDATE",
            self._scope.params,
        )

    def _stage_days(self, cursor: Any) -> None:
        """Stage the grids and UTC days whose sums here lack the rows to be inserted."""
        cursor.execute("DROP TABLE IF EXISTS pg_temp.archive_days")
        rows = " UNION ".join(
            f"SELECT grid, (date_trunc('day', {moment}, 'UTC'))::date AS day FROM archive_{name}"
            " WHERE outcome = 'create'"
            for name, moment in (("clicks", "clicked_on"), ("views", "viewed_on"))
        )
        cursor.execute(
            f"""
            CREATE TEMP TABLE archive_days AS
            SELECT names.key AS grid_id, added.day FROM ({rows}) AS added
            JOIN archive_gr AS names ON names.name = added.grid AND names.is_here
            WHERE EXISTS (SELECT FROM reports_grid_hour AS here WHERE here.grid_id = names.key
                AND here.hour >= added.day AND here.hour < added.day + 1)"""
        )

    def _rebuild_sums(self, cursor: Any) -> None:
        cursor.execute("SELECT grid_id, day FROM archive_days ORDER BY day, grid_id")
        for grid_id, day in cursor.fetchall():
            rebuild_locked(day=day, grid_id=grid_id)
        # Also for days without new rows.
        rebuild_user(user_id=self._scope.user_id)

    def _ledger(self, cursor: Any) -> int:
        """Return the number of the user's events counted here."""
        cursor.execute(
            """
            SELECT sum(events) FROM (
                SELECT sum(accepted) AS events FROM reports_link_hour WHERE user_id = %(user)s
                UNION ALL
                SELECT sum(views_accepted) FROM reports_grid_hour WHERE user_id = %(user)s
            ) AS ledgers""",
            self._scope.params,
        )
        return int(cursor.fetchone()[0] or 0)

    def _record_producer(self, cursor: Any, events: int) -> None:
        """Record the source of new events, which the audit compares with the ledger."""
        cursor.execute(
            """
            INSERT INTO reports_producer AS known (name, number, accepted, missing, seen_on)
            VALUES (%s, 1, %s, 0, now())
            ON CONFLICT (name) DO UPDATE SET number = known.number + 1, seen_on = excluded.seen_on,
                accepted = known.accepted + excluded.accepted""",
            [PRODUCER, events],
        )

    def _record_raw_from(self, cursor: Any) -> None:
        """Record new grids with sums from a time of which only others have raw rows."""
        oldest, raw_from = oldest_day(), self._scope.raw_from
        if oldest and raw_from and oldest < raw_from:
            cursor.execute(
                """
                INSERT INTO reports_raw_from (grid_id, day)
                SELECT DISTINCT names.key, %(raw_from)s::date FROM archive_grid_hours AS row
                JOIN archive_gr AS names ON names.name = row.grid
                WHERE row.outcome = 'create' AND row.hour < %(raw_from)s AND NOT names.is_here
                ON CONFLICT DO NOTHING""",
                self._scope.params,
            )


def _tally(cursor: Any, table: Table) -> dict[str, int]:
    cursor.execute(f"SELECT outcome, count(*) FROM {table.staging} GROUP BY 1 ORDER BY 1")
    return dict(cursor.fetchall())


def _reported(table: Table) -> Iterator[tuple[Any, ...]]:
    name = "new_slug" if isinstance(table, RecordTable) else "slug"
    columns = f"outcome, {name}, {table.label}, remark"
    with connection.cursor() as cursor:
        for page in table.pages(cursor, columns, "true", _PAGE_ROWS):
            yield from page
