"""Test that the database keeps a link's owner equal to its grid's."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from grids.models import Grid, Link
from tests.support.client import make_user

pytestmark = pytest.mark.django_db


def test_no_link_is_anybody_elses_than_its_grid() -> None:
    """Neither made so nor changed to be so, by moving it or by giving it away."""
    user, other = make_user("one"), make_user("other")
    grid = Grid.objects.create(user=user, title="g")
    elsewhere = Grid.objects.create(user=other, title="g")
    link = Link.objects.create(user=user, grid=grid, title="t", url="https://a.org", x=0, y=0)
    for changes in ({"grid": elsewhere}, {"user": other}, {"grid_id": elsewhere.pk + 1}):
        with pytest.raises(IntegrityError, match="link_owner"), transaction.atomic():
            Link.objects.filter(pk=link.pk).update(**changes)
    with pytest.raises(IntegrityError, match="link_owner"), transaction.atomic():
        Link.objects.create(user=other, grid=grid, title="t", url="https://a.org", x=1, y=0)
    assert list(Link.objects.values_list("pk", "user", "grid")) == [(link.pk, user.pk, grid.pk)]


def test_a_grid_goes_with_its_links() -> None:
    """And a user with both."""
    user = make_user("one")
    grid = Grid.objects.create(user=user, title="g")
    Link.objects.create(user=user, grid=grid, title="t", url="https://a.org", x=0, y=0)
    with pytest.raises(IntegrityError), transaction.atomic():
        Grid.objects.filter(pk=grid.pk)._raw_delete("default")
    user.delete()
    assert not Grid.objects.exists()
    assert not Link.objects.exists()
