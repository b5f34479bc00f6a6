"""What the tests of real processes share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.client import Client, make_user
from tests.support.grids.town import Town
from tests.support.processes import public_site
from tests.support.redis import OwnRedis, own_redis


@pytest.fixture
def redis(tmp_path: Path, settings: Any) -> Iterator[OwnRedis]:
    with own_redis(tmp_path / "redis", settings) as server:
        yield server


@pytest.fixture
def town(redis: OwnRedis, transactional_db: None, tmp_path: Path) -> Iterator[Town]:
    with public_site(tmp_path, environment={"TRUSTED_PROXIES": "0"}) as process:
        yield Town(process, redis, Client(make_user("alice")))
