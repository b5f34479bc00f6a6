"""Many rows fast, for tests that need a job to take a while."""

from __future__ import annotations

from django.db import connection

from gridlink.accounts.models import User
from grids.models import Grid


def load_links(user: User, count: int) -> Grid:
    """One grid with `count` links on it."""
    grid = Grid.objects.create(user=user, title="Many", columns=10)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO grids_link (slug, user_id, grid_id, url, url_key, title, note, tags, x, y,
                width, height, background, style, version, is_deleted, created_on, modified_on)
            SELECT 'li_' || lpad(to_hex(%(grid)s), 16, '0') || lpad(to_hex(number), 16, '0'),
                %(user)s, %(grid)s, 'https://example.org/' || number, md5(number::text),
                'Link ' || number, 'A note', '{}', number %% 10, number / 10, 1, 1, '', '{}', 1,
                false, now(), now()
            FROM generate_series(0, %(count)s - 1) AS number
            """,
            {"user": user.pk, "grid": grid.pk, "count": count},
        )
    return grid
