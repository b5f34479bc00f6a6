"""What the tests of pages share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext

from grids.public.pages import messages
from grids.public.pages.shared_cache import shared_cache


@pytest.fixture(autouse=True)
def one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's transaction outlives a look-up."""
    for module in ("links", "grid_page", "site", "qr"):
        monkeypatch.setattr(f"grids.public.pages.{module}.close_old_connections", lambda: None)


@pytest.fixture(autouse=True)
def addresses(settings: Any) -> None:
    """Pages name the host that visitors use."""
    settings.LINK_BASE_URL = "https://go.example"


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """No test has what another one made in this process."""
    made = (messages.missing, messages.early, messages.gone, messages.try_again, shared_cache)
    for each in made:
        each.cache_clear()
    yield
    for each in made:
        each.cache_clear()


@pytest.fixture
def queries(db: None) -> CaptureQueriesContext:
    """Counts the queries within `with`."""
    from django.db import connection

    return CaptureQueriesContext(connection)
