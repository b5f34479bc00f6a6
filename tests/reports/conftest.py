"""An account whose every byte is known."""

from __future__ import annotations

import pytest

from grids.models import Grid
from tests.support.client import Client, make_user
from tests.support.exports import MOMENT


@pytest.fixture
def owner(transactional_db: None, rings: list[tuple[str, str]]) -> Client:
    """The account's owner; no message leaves the test."""
    return Client(make_user("alice"))


@pytest.fixture
def grid(owner: Client) -> Grid:
    """The owner's first grid."""
    assert owner.user
    return Grid.objects.create(
        user=owner.user, slug=f"gr_{1:032x}", title="Reading, later", created_on=MOMENT
    )
