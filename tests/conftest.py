"""People, storage and workers that the tests share. Alice owns things, Bob is another owner with no
right to them, Carol has a token that may only read, and anonymous has none."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import TransactionTestCase

from tests.support.client import Client, make_user
from tests.support.database import empty_used_tables, may_switch_triggers_off
from tests.support.redis import point_celery_at, redis_database_url


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long and mostly waits, so that other tests run beside it until the end."""
    long = ("drills", "flows", "browser", "tasks/schedules/test_schedule_year.py")
    folder = Path(__file__).parent
    items.sort(key=lambda item: not item.path.relative_to(folder).as_posix().startswith(long))


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Processes that tests start take SIGINT, also where a shell runs the tests in the background: it
    makes what it starts there ignore it, and that is inherited."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def redis_database(worker_id: str) -> None:
    """Tests that run side by side have a Redis database each, as pytest-django gives each a Postgres one:
    a worker of one would take the messages of another and know nothing of their jobs."""
    if worker_id != "master":
        number = int(worker_id.removeprefix("gw")) + 1
        point_celery_at(redis_database_url(django_settings.REDIS_URL, number), django_settings)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Empty the tables faster than Django does after tests whose commits are real."""
    with pytest.MonkeyPatch.context() as patch:
        with django_db_blocker.unblock():
            if may_switch_triggers_off():
                patch.setattr(
                    TransactionTestCase, "_fixture_teardown", lambda case: empty_used_tables()
                )
        yield


@pytest.fixture(autouse=True)
def storage(tmp_path: Path, settings: Any) -> Path:
    """Each test has an empty object store of its own."""
    folder = tmp_path / "storage"
    settings.STORAGE_URL = folder.as_uri()
    return folder


@pytest.fixture(autouse=True)
def no_throttle(request: pytest.FixtureRequest, settings: Any) -> None:
    """Only the tests of throttling are throttled."""
    if "throttled" not in request.keywords:
        settings.LOGIN_ATTEMPTS = settings.LOGIN_ATTEMPTS_PER_ADDRESS = (10_000, 1.0)
        settings.SIGNUPS_PER_ADDRESS = (10_000, 1.0)


@pytest.fixture
def alice(db: None) -> Client:
    """An owner."""
    return Client(make_user("alice"))


@pytest.fixture
def bob(db: None) -> Client:
    """Another owner."""
    return Client(make_user("bob"))


@pytest.fixture
def carol(alice: Client) -> Client:
    """Alice's account through a token that may only read."""
    assert alice.user
    return Client(alice.user, scopes=("read",))


@pytest.fixture
def anonymous(db: None) -> Client:
    """Nobody."""
    return Client()


@pytest.fixture
def no_months_left(transactional_db: None) -> Iterator[None]:
    """Takes away what clicks of earlier months need: other tests look for the oldest month."""
    yield
    from tests.support.reports.clicks import forget_months

    forget_months()


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Catch the messages that would be published, before they reach Redis: (job slug, queue)."""
    from tasks.broker import publisher

    caught: list[tuple[str, str]] = []
    monkeypatch.setattr(publisher, "_publish", lambda slug, queue: caught.append((slug, queue)))
    monkeypatch.setattr(publisher._publisher, "submit", lambda publish: publish())
    return caught
