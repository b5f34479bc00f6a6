"""Files that are broken, huge or meant to do harm: a reason or a verdict, and nothing half-written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grids.models import Grid, Link
from tests.support.client import Client, make_user
from tests.support.imports import HEAD, contents, document, import_file, verdicts
from tests.support.platform import execute

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quiet(rings: list[tuple[str, str]]) -> None:
    """No message leaves these tests."""


@pytest.fixture
def owner(transactional_db: None) -> Client:
    return Client(make_user("alice"))
