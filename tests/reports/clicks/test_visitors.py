"""Visitors are told apart for a day, and by nobody afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from reports.clicks.enrichment import visitors
from reports.clicks.enrichment.visitors import destroy_salts, salt_of, visitor
from reports.models import SeenVisitor, VisitorSalt
from tests.support.platform import in_threads
from tests.support.race import race

SALT = bytes(range(32))
OTHER = bytes(range(1, 33))
CHROME = b"Mozilla/5.0 Chrome/124"


@pytest.fixture(autouse=True)
def one_day_more(settings: Any) -> None:
    settings.VISITOR_SALT_DAYS = 1


@pytest.fixture
def today(db: None) -> date:
    """The UTC day on the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT (statement_timestamp() AT TIME ZONE 'UTC')::date")
        (day,) = cursor.fetchone()
    assert isinstance(day, date)
    return day


@pytest.fixture
def days(today: date) -> Callable[[int], date]:
    """The day so many days from today."""
    return lambda number: today + timedelta(days=number)


def salt_row(day: date, salt: bytes = SALT) -> None:
    VisitorSalt.objects.create(day=day, salt=salt)


def salts() -> dict[date, bytes]:
    return {row.day: bytes(row.salt) for row in VisitorSalt.objects.all()}


def seen(day: date, count: int = 1) -> None:
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    SeenVisitor.objects.bulk_create(
        SeenVisitor(day=day, grid_id=1, visitor=number, link_id=1, last_on=at)
        for number in range(count)
    )


def seen_days() -> dict[date, int]:
    found: dict[date, int] = {}
    for row in SeenVisitor.objects.all():
        found[row.day] = found.get(row.day, 0) + 1
    return found


@pytest.mark.parametrize(
    ("salt", "user", "address", "user_agent", "number"),
    [
        (SALT, 7, "192.0.2.1", CHROME, 8153583104184560142),
        (OTHER, 7, "192.0.2.1", CHROME, 2643792809550529669),
        (SALT, 8, "192.0.2.1", CHROME, 5936533015622313331),
        (SALT, 7, "192.0.2.2", CHROME, -2965280629041979275),
        (SALT, 7, "192.0.2.1", b"", 843294396713380031),
        (SALT, 0, "", b"", -4443834205070065717),
    ],
)
def test_visitor(salt: bytes, user: int, address: str, user_agent: bytes, number: int) -> None:
    """These are in databases: whoever changes them makes everybody a new visitor."""
    assert visitor(salt, user, address, user_agent) == number


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1, "2 ", b"x"), (12, " ", b"x")),
        ((1, "ab", b"c"), (1, "a", b"bc")),
        ((1, "", b"abc"), (1, "abc", b"")),
        ((1, "1 a", b""), (11, "a", b"")),
    ],
)
def test_address_and_header_are_kept_apart(
    one: tuple[int, str, bytes], other: tuple[int, str, bytes]
) -> None:
    assert visitor(SALT, *one) != visitor(SALT, *other)


VISITS = st.tuples(
    st.integers(0, 2**63 - 1), st.text(st.characters(), max_size=50), st.binary(max_size=1024)
)


@given(st.binary(min_size=32, max_size=32), VISITS, VISITS)
def test_any_input_is_a_bigint(
    salt: bytes, one: tuple[int, str, bytes], other: tuple[int, str, bytes]
) -> None:
    found = visitor(salt, *one)
    assert -(2**63) <= found < 2**63
    assert found == visitor(salt, *one)
    assert (found == visitor(salt, *other)) is (one == other)


def test_a_day_has_one_salt(days: Callable[[int], date]) -> None:
    salt = salt_of(days(0))
    assert salt is not None
    assert len(salt) == 32
    assert salt_of(days(0)) == salt
    assert salts() == {days(0): salt}
    assert salt_of(days(-1)) not in (None, salt)


@pytest.mark.parametrize(
    ("kept", "alive", "over"), [(0, [0, 1], [-1, 2]), (1, [-1, 0, 1], [-2, 2]), (3, [-3], [-4])]
)
def test_how_long_a_salt_lives(
    kept: int, alive: list[int], over: list[int], days: Callable[[int], date], settings: Any
) -> None:
    settings.VISITOR_SALT_DAYS = kept
    for number in over:
        assert salt_of(days(number)) is None
    assert salts() == {}
    made = {days(number): salt_of(days(number)) for number in alive}
    assert salts() == made
    assert all(made.values())


@pytest.mark.parametrize("day", [date.min, date(1970, 1, 1), date(9999, 12, 31)])
def test_far_days_have_none(day: date, db: None) -> None:
    assert salt_of(day) is None
    assert salts() == {}


def test_an_overdue_salt_is_not_used(days: Callable[[int], date]) -> None:
    salt_row(days(-2))
    assert salt_of(days(-2)) is None


def test_salts_are_destroyed(days: Callable[[int], date]) -> None:
    for number in range(-4, 2):
        salt_row(days(number))
        seen(days(number), 2)
    assert destroy_salts() == 3
    assert salts() == {days(number): b"" if number < -1 else SALT for number in range(-4, 2)}
    assert seen_days() == {days(number): 2 for number in (-1, 0, 1)}
    assert destroy_salts() == 0


def test_a_destroyed_salt_stays_destroyed(days: Callable[[int], date], settings: Any) -> None:
    """Even when days are given more time later on, or a clock goes back."""
    salt_row(days(-2))
    destroy_salts()
    settings.VISITOR_SALT_DAYS = 30
    assert salt_of(days(-2)) is None
    assert salt_of(days(-3)) is not None
    assert salts()[days(-2)] == b""


def test_visitors_are_deleted_in_batches(
    days: Callable[[int], date], monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(visitors, "_BATCH", 4)
    seen(days(-2), 7)
    seen(days(-3), 3)
    seen(days(0), 5)
    with django_assert_num_queries(1 + 4):
        assert destroy_salts() == 0
    assert seen_days() == {days(0): 5}


def test_locked_visitors_are_left_to_the_next_run(
    transactional_db: None, days: Callable[[int], date]
) -> None:
    """An ingest that began in time is not waited for, and so cannot end in a deadlock."""
    seen(days(-2), 3)
    with transaction.atomic():
        assert list(SeenVisitor.objects.select_for_update().filter(visitor=1))
        assert in_threads(1, destroy_salts) == [0]
        assert seen_days() == {days(-2): 1}
    assert destroy_salts() == 0
    assert seen_days() == {}


def test_the_first_caller_creates_the_salt(
    transactional_db: None, days: Callable[[int], date]
) -> None:
    """Eight ask at once for a day's first salt, while one has made it and not yet committed."""
    made: list[bytes | None] = []

    class Making:
        """In the place of a row to wait for: the salt that is being made."""

        def select_for_update(self) -> list[bytes | None]:
            made.append(salt_of(days(0)))
            return made

    found = race(Making(), *[lambda: salt_of(days(0))] * 8)
    assert found == made * 8
    assert salts() == {days(0): made[0]}


def test_a_salt_is_created_after_a_rollback(
    transactional_db: None, days: Callable[[int], date]
) -> None:
    with transaction.atomic():
        first = salt_of(days(0))
        transaction.set_rollback(True)
    second = salt_of(days(0))
    assert second not in (None, first)
    assert salts() == {days(0): second}


def test_a_salt_read_while_it_is_destroyed(
    transactional_db: None, days: Callable[[int], date], settings: Any
) -> None:
    """A day is over for one connection, and not quite for others that ask: none gets a second salt."""
    salt_row(days(-1))

    class Destroying:
        def select_for_update(self) -> list[int]:
            settings.VISITOR_SALT_DAYS = 0
            destroyed = destroy_salts()
            settings.VISITOR_SALT_DAYS = 1
            return [destroyed]

    assert race(Destroying(), *[lambda: salt_of(days(-1))] * 4) == [None] * 4
    assert salts() == {days(-1): b""}
    assert salt_of(days(-1)) is None
