"""The words that links and grids are found by."""

from __future__ import annotations

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from gridlink.accounts.models import User
from grids.models import Grid, Link

# What the first release made the words with: vectors that are older than the present way are the same.
FIRST = """
SELECT search = setweight(to_tsvector('simple', translate(title, %(marks)s, %(spaces)s)), 'A')
    || setweight(to_tsvector('simple', translate(note, %(marks)s, %(spaces)s)), 'B')
    || setweight(to_tsvector('simple', translate(url, %(marks)s, %(spaces)s)), 'C')
FROM grids_link WHERE id = %(link)s
"""
MARKS = "/.:-_?=&%#+,@"
texts = st.text(st.sampled_from(MARKS + "aB1é漢 <>;\"'\\\n"), max_size=40)


@pytest.mark.django_db
@given(title=texts, note=texts, path=texts)
def test_words_of_a_link(title: str, note: str, path: str) -> None:
    """Texts are cut at the same marks as ever."""
    user = User.objects.get_or_create(username="words")[0]
    grid = Grid.objects.create(user=user, title="g")
    link = Link.objects.create(
        user=user, grid=grid, title=title, note=note, url=f"https://example.org/{path}", x=0, y=0
    )
    with connection.cursor() as cursor:
        values: dict[str, str | int] = {"marks": MARKS, "spaces": " " * len(MARKS), "link": link.pk}
        cursor.execute(FIRST, values)
        assert cursor.fetchone() == (True,)
