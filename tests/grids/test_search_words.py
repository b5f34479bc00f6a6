"""Test the words by which links and grids are found."""

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


@pytest.mark.django_db
def test_words_follow_the_texts() -> None:
    """Whichever text is changed, alone or with all the others; and nothing else makes them anew."""
    user = User.objects.create_user("words")
    grid = Grid.objects.create(user=user, title="g")
    link = Link.objects.create(user=user, grid=grid, title="one", url="https://a.org", x=0, y=0)
    assert _words_of(link) == ["a", "https", "one", "org"]
    Link.objects.filter(pk=link.pk).update(title="two")
    assert _words_of(link) == ["a", "https", "org", "two"]
    Link.objects.filter(pk=link.pk).update(note="three")
    assert _words_of(link) == ["a", "https", "org", "three", "two"]
    Link.objects.filter(pk=link.pk).update(url="tel:4")
    assert _words_of(link) == ["4", "tel", "three", "two"]
    Link.objects.filter(pk=link.pk).update(x=3, search="brought")
    assert _words_of(link) == ["brought"]
    link.title = "five"
    link.save()
    assert _words_of(link) == ["a", "five", "https", "org"]


@pytest.mark.django_db
def test_words_that_are_brought_along_stay() -> None:
    """As those that an import has had made while it read."""
    user = User.objects.create_user("words")
    grid = Grid.objects.create(user=user, title="g")
    link = Link.objects.create(
        user=user, grid=grid, title="one", url="https://a.org", x=0, y=0, search="brought"
    )
    assert _words_of(link) == ["brought"]


def _words_of(link: Link) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tsvector_to_array(search) FROM grids_link WHERE id = %s", [link.pk])
        (words,) = cursor.fetchone()
        return sorted(words)
