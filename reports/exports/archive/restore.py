"""Puts a staged archive into an account: first it is decided what is to become of each row, then all of it is
done, in the transaction that finishes the job, or nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
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

Tally = dict[str, dict[str, int]]
"""By table and fate, how many rows there are."""

VERDICT_COLUMNS = ("table", "line", "verdict", "name", "title", "remarks")
PRODUCER = "restored"
"""By what reports.clicks.audit.reconcile calls the events that came with archives."""
_PAGE = 2000
_ATTEMPTS = 3


class Restore:
    """One restore of the archive that is staged in this session."""

    def __init__(self, *, user_id: int, manifest: Manifest) -> None:
        slug = User.objects.values_list("slug", flat=True).get(pk=user_id)
        self._scope = Scope(user_id, slug, TABLES, manifest.raw_from)

    def decide(self) -> Tally:
        """What would become of each row; writes to temporary tables only."""
        with transaction.atomic(), connection.cursor() as cursor:
            return self._decide(cursor)

    def verdicts(self, out: io.TextIOBase) -> int:
        """Write a line of CSV for each row that is told of; returns how many."""
        lines = csv.writer(out)
        lines.writerow(VERDICT_COLUMNS)
        count = 0
        for table in TABLES:
            for row in _told(table) if table.is_told else ():
                line, fate, name, title, remarks = row
                lines.writerow([table.name, line, fate, name, guard(title), guard(remarks)])
                count += 1
        return count

    def apply(self) -> Tally:
        """Decide and do it, within a transaction; clicks wait for its end."""
        with connection.cursor() as cursor:
            # What the ingest locks for a session this holds to the end of the transaction: the sums that are
            # read here stay as they are until the new ones are seen.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_KEY])
            return self._put_patiently(cursor)

    def _put_patiently(self, cursor: Any) -> Tally:
        for _ in range(_ATTEMPTS - 1):
            try:
                with transaction.atomic():
                    return self._put(cursor)
            except IntegrityError:
                # Somebody has just taken an alias: then it is decided by that.
                continue
        with transaction.atomic():
            return self._put(cursor)

    def _put(self, cursor: Any) -> Tally:
        self._lock(cursor)
        tally = self._decide(cursor)
        before = self._ledger(cursor)
        self._note_days(cursor)
        for table in TABLES:
            table.put(cursor, self._scope)
        self._note_raw(cursor)
        self._add_up(cursor)
        self._account_for(cursor, self._ledger(cursor) - before)
        return tally

    def _decide(self, cursor: Any) -> Tally:
        for table in TABLES:
            table.decide(cursor, self._scope)
        return {table.name: _tally(cursor, table) for table in TABLES}

    def _lock(self, cursor: Any) -> None:
        """The grids that are here, as every change of a layout does."""
        cursor.execute(
            "SELECT id FROM grids_grid WHERE user_id = %(user)s ORDER BY id FOR NO KEY UPDATE",
            self._scope.params,
        )

    def _note_days(self, cursor: Any) -> None:
        """Of which grids and UTC days there are sums here that do not know the rows to come."""
        cursor.execute("DROP TABLE IF EXISTS pg_temp.archive_days")
        rows = " UNION ".join(
            f"SELECT grid, (date_trunc('day', {moment}, 'UTC'))::date AS day FROM archive_{name}"
            " WHERE fate = 'create'"
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

    def _add_up(self, cursor: Any) -> None:
        cursor.execute("SELECT grid_id, day FROM archive_days ORDER BY day, grid_id")
        for grid_id, day in cursor.fetchall():
            rebuild_locked(day=day, grid_id=grid_id)
        # Also of days that no row came of.
        rebuild_user(user_id=self._scope.user_id)

    def _ledger(self, cursor: Any) -> int:
        """How many events of the user are counted here."""
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

    def _account_for(self, cursor: Any, events: int) -> None:
        """Where the new ones came from: whoever holds what arrived against the ledger wants to know."""
        cursor.execute(
            """
            INSERT INTO reports_producer AS known (name, number, accepted, missing, seen_on)
            VALUES (%s, 1, %s, 0, now())
            ON CONFLICT (name) DO UPDATE SET number = known.number + 1, seen_on = excluded.seen_on,
                accepted = known.accepted + excluded.accepted""",
            [PRODUCER, events],
        )

    def _note_raw(self, cursor: Any) -> None:
        """Which of the new grids have sums of a time that others have raw rows of, and they do not."""
        oldest, raw_from = oldest_day(), self._scope.raw_from
        if oldest and raw_from and oldest < raw_from:
            cursor.execute(
                """
                INSERT INTO reports_raw_from (grid_id, day)
                SELECT DISTINCT names.key, %(raw_from)s::date FROM archive_grid_hours AS row
                JOIN archive_gr AS names ON names.name = row.grid
                WHERE row.fate = 'create' AND row.hour < %(raw_from)s AND NOT names.is_here
                ON CONFLICT DO NOTHING""",
                self._scope.params,
            )


def _tally(cursor: Any, table: Table) -> dict[str, int]:
    cursor.execute(f"SELECT fate, count(*) FROM {table.staging} GROUP BY 1 ORDER BY 1")
    return dict(cursor.fetchall())


def _told(table: Table) -> Iterator[tuple[Any, ...]]:
    name = "target" if any(column.startswith("target ") for column in table.extra) else "slug"
    last = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                f"SELECT line, fate, {name}, {table.label}, remark FROM {table.staging}"
                f" WHERE line > %s ORDER BY line LIMIT {_PAGE}",
                [last],
            )
            rows = cursor.fetchall()
            if not rows:
                return
            yield from rows
            last = rows[-1][0]
