"""An account with a grid and links, and an empty stream of clicks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from grids.models import Grid, Link
from grids.public import wire
from tests.support.client import Client
from tests.support.npm import Npm
from tests.support.reports.reports import make_links


@pytest.fixture
def owner(transactional_db: None, published: list[tuple[str, str]], alice: Client) -> Client:
    """Alice, whose commits are real; no message leaves the test."""
    return alice


@pytest.fixture
def grid(alice: Client) -> Grid:
    """A grid of Alice's."""
    assert alice.user
    return Grid.objects.create(user=alice.user, title="Grid")


@pytest.fixture
def links(grid: Grid) -> list[Link]:
    """Three links on it."""
    return make_links(grid, 3)


@pytest.fixture
def redis(settings: Any) -> Iterator[Any]:
    """The clicks' Redis, with nothing in the stream and nothing counted."""
    settings.CLICKS_REDIS_URL = settings.REDIS_URL
    client: Any = Redis.from_url(settings.REDIS_URL)
    client.delete(wire.STREAM, wire.COUNTERS)
    yield client
    client.delete(wire.STREAM, wire.COUNTERS)
    client.close()


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Npm:
    """Stands for npm, and fails until it is told what to do."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    npm = Npm(folder)
    npm.does("exit 99")
    return npm
