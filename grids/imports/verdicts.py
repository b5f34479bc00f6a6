"""Write the verdicts of an import, in the order of the file that was imported."""

from __future__ import annotations

from typing import BinaryIO

from django.db import connection

from gridlink.lib.spreadsheets import guard_sql

_VERDICTS = f"""
COPY (
    SELECT entry.line, plan.verdict, coalesce(link.grid, grid.slug) AS grid,
        coalesce(link.slug, CASE WHEN plan.verdict = 'create' THEN {{new_slug_sql}} END) AS link,
        {guard_sql("entry.title")} AS title, {guard_sql("entry.url")} AS url,
        {guard_sql("plan.remarks")} AS remarks
    FROM import_plan plan
    JOIN import_entry entry USING (n)
    LEFT JOIN import_candidate link ON link.id = plan.link_id
    LEFT JOIN import_folder folder ON folder.number = plan.folder
    LEFT JOIN grids_grid grid ON grid.id = folder.grid_id
    ORDER BY n
) TO STDOUT WITH (FORMAT csv, HEADER, ENCODING 'UTF8')
"""


def write_verdicts(file: BinaryIO, *, new_slug_sql: str) -> None:
    """Write the verdicts of import_plan; `new_slug_sql` is the SQL of a new link's slug."""
    with connection.wrap_database_errors, connection.cursor() as cursor:
        cursor.copy_expert(_VERDICTS.format(new_slug_sql=new_slug_sql), file)
