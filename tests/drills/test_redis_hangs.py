"""Redis hanging: its connections stay open and nothing on them is answered."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.client import Client, make_user
from tests.support.processes import beat, worker
from tests.support.redis import OwnRedis
from tests.support.rows import load_links
from tests.support.tasks.jobs import await_end, look, start_export

LINKS = 100

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def hanging(folder: Path) -> Iterator[None]:
    """Stop the Redis on `folder` from answering until the block ends."""
    pid = int((folder / "redis" / "redis" / "redis.pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def start_export_at_once(owner: Client) -> str:
    begun = time.monotonic()
    slug = start_export(owner)
    assert time.monotonic() - begun < 0.3
    return slug


def test_export_is_accepted_at_once_while_redis_hangs(
    redis: OwnRedis, transactional_db: None, tmp_path: Path
) -> None:
    user = make_user("alice")
    load_links(user, LINKS)
    owner = Client(user)
    with beat(tmp_path), worker(tmp_path):
        with hanging(tmp_path):
            # Twice: the second finds the publisher's thread hanging.
            slugs = [start_export_at_once(owner) for _ in range(2)]
            assert [look(owner, slug)["status"] for slug in slugs] == ["queued"] * 2
        jobs = [await_end(owner, slug) for slug in slugs]
    assert [job["status"] for job in jobs] == ["succeeded"] * 2
