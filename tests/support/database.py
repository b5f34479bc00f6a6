"""Empty the test database after each test whose commits are real.

Django truncates all tables then, and creates the content types and permissions again. Most tests fill a
few tables with a few rows, which DELETE removes in a fraction of the time.
"""

from __future__ import annotations

from typing import Any

from django.db import connection

# What migrations write stays: no test changes it.
_KEPT = ("django_migrations", "django_content_type", "auth_permission")
# Triggers and foreign keys are off, as TRUNCATE calls none either. The locks wait for the transactions of
# processes that the test has left behind. A table without pages has no rows.
_EMPTY = """
DO $$
DECLARE
    used record;
BEGIN
    SET LOCAL session_replication_role = replica;
    EXECUTE (
        SELECT 'LOCK TABLE ' || string_agg(oid::regclass::text, ', ' ORDER BY oid)
        FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> ALL (%(kept)s)
    );
    FOR used IN
        SELECT oid::regclass::text AS name, pg_relation_size(oid) > 1000000
            AND oid NOT IN (SELECT confrelid FROM pg_constraint WHERE contype = 'f') AS is_large
        FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> ALL (%(kept)s)
            AND pg_relation_size(oid) > 0
    LOOP
        EXECUTE CASE WHEN used.is_large THEN 'TRUNCATE ' ELSE 'DELETE FROM ' END || used.name;
    END LOOP;
END $$
"""


def empty_used_tables() -> None:
    """Delete the rows of every table that holds any."""
    with connection.cursor() as cursor:
        cursor.execute(_EMPTY, {"kept": list(_KEPT)})


def may_switch_triggers_off() -> bool:
    """Return whether the role of the tests is a superuser, as that of the embedded PostgreSQL is."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW is_superuser")
        row: Any = cursor.fetchone()
    return bool(row[0] == "on")
