"""Test that a defect of one schedule is its failure and holds up no other."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from billiard.exceptions import SoftTimeLimitExceeded
from django.db.models.functions import Now

from tasks.models import (
    IdempotencyKey,
    Job,
    JobEvent,
    JobStatus,
    Notification,
    Schedule,
    ScheduledRun,
)
from tasks.schedules import failures, firing
from tasks.schedules.firing import fire_due
from tests.support.client import Client
from tests.support.platform import in_threads, user_of
from tests.support.tasks.schedules import Action, begin_at, make_schedule

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published")]
# The slot of a schedule that is made by `make_schedule`: 9 in Athens.
NINE = datetime(2026, 5, 4, 6, tzinfo=UTC)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
DEFECT = "A defect on the server stopped it; its log has the details."
DISABLED = f"Disabled after 5 failures in a row. The last: {DEFECT}"
Break = Callable[[Any, str], None]


@pytest.fixture
def three(alice: Client, action: Action) -> list[Schedule]:
    """In the order in which their turns come."""
    user = user_of(alice)
    return [begin_at(make_schedule(user, params={"n": n}), NINE - DAY) for n in range(3)]


@pytest.fixture
def broken(three: list[Schedule], monkeypatch: pytest.MonkeyPatch) -> Break:
    """Call it with what shall meet a defect whenever it is about the second of the three."""

    def install(module: Any, name: str) -> None:
        real = getattr(module, name)

        def fail(schedule: Schedule, *args: Any) -> Any:
            if schedule.pk == three[1].pk:
                raise KeyError(name)
            return real(schedule, *args)

        monkeypatch.setattr(module, name, fail)

    return install


def notes(schedule: Schedule) -> list[tuple[datetime, str, str]]:
    return list(schedule.runs.order_by("slot").values_list("slot", "status", "note"))


def state(schedule: Schedule) -> tuple[Any, ...]:
    names = ("next_on", "failures", "is_enabled", "note")
    return tuple(Schedule.objects.values_list(*names).get(pk=schedule.pk))


def assert_fired(*schedules: Schedule, days: int = 1) -> None:
    """They have their jobs, as if there were no other."""
    for schedule in schedules:
        assert notes(schedule) == [(NINE + day * DAY, "submitted", "") for day in range(days)]
        assert state(schedule) == (NINE + days * DAY, 0, True, "")


@pytest.mark.parametrize("corrupt", [{"params": []}, {"params": 7}, {"deliveries": [5]}])
def test_a_corrupt_row_among_three(three: list[Schedule], corrupt: dict[str, Any]) -> None:
    Schedule.objects.filter(pk=three[1].pk).update(**corrupt)
    assert fire_due(now=NINE) == 3
    assert_fired(three[0], three[2])
    assert notes(three[1]) == [(NINE, "refused", DEFECT)]
    assert state(three[1]) == (NINE + DAY, 1, True, "")
    assert Job.objects.count() == IdempotencyKey.objects.count() == 2


@pytest.mark.parametrize(
    ("module", "name"), [(failures, "settle"), (firing, "_run_all"), (firing, "_submit")]
)
def test_a_defect_among_three(
    three: list[Schedule],
    broken: Break,
    caplog: pytest.LogCaptureFixture,
    module: Any,
    name: str,
) -> None:
    broken(module, name)
    with caplog.at_level(logging.ERROR):
        assert fire_due(now=NINE) == 3
    assert_fired(three[0], three[2])
    assert notes(three[1]) == [(NINE, "refused", DEFECT)]
    assert state(three[1]) == (NINE + DAY, 1, True, "")
    (record,) = [each for each in caplog.records if each.message == "schedule_defect"]
    assert record.__dict__["schedule"] == three[1].slug
    assert record.exc_info
    assert isinstance(record.exc_info[1], KeyError)


def test_five_in_a_row_disable(three: list[Schedule], broken: Break) -> None:
    broken(firing, "_run_all")
    for day in range(7):
        fire_due(now=NINE + day * DAY)
    assert_fired(three[0], three[2], days=7)
    assert notes(three[1]) == [(NINE + day * DAY, "refused", DEFECT) for day in range(5)]
    assert state(three[1]) == (None, 5, False, DISABLED)
    notification = Notification.objects.get()
    assert (notification.type, notification.data["slug"]) == ("schedule.disabled", three[1].slug)


def test_each_slot_of_an_outage_counts_once(three: list[Schedule], broken: Break) -> None:
    Schedule.objects.update(missed="catch_up")
    broken(firing, "_run_all")
    now = NINE + 2 * DAY
    for minute in range(5):
        fire_due(now=now + minute * MINUTE)
    assert_fired(three[0], three[2], days=3)
    assert notes(three[1]) == [(NINE + day * DAY, "refused", DEFECT) for day in range(3)]
    assert state(three[1]) == (now + DAY, 3, True, "")


def test_a_next_slot_that_cannot_be_computed_disables(three: list[Schedule], broken: Break) -> None:
    broken(firing, "schedule_rule")
    assert fire_due(now=NINE) == 3
    assert_fired(three[0], three[2])
    note = f"Disabled because its next slot cannot be computed. {DEFECT}"
    assert state(three[1]) == (None, 0, False, note)
    assert notes(three[1]) == []


def test_what_cannot_even_be_disabled_is_left(
    three: list[Schedule], broken: Break, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(firing, "schedule_rule")
    monkeypatch.setattr(Notification.objects, "create", lambda **_: 1 / 0)
    assert fire_due(now=NINE) == 2
    assert_fired(three[0], three[2])
    assert (notes(three[1]), state(three[1])) == ([], (NINE, 0, True, ""))


def test_nothing_of_a_slot_is_left_behind(
    three: list[Schedule], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = ScheduledRun.objects.bulk_create, []

    def second_breaks(runs: Any, **options: Any) -> Any:
        calls.append(runs)
        assert len(calls) != 2
        return real(runs, **options)

    monkeypatch.setattr(ScheduledRun.objects, "bulk_create", second_breaks)
    assert fire_due(now=NINE) == 3
    assert_fired(three[0], three[2])
    assert notes(three[1]) == [(NINE, "refused", DEFECT)]
    # The job that it had by then.
    assert Job.objects.count() == IdempotencyKey.objects.count() == JobEvent.objects.count() == 2
    assert fire_due(now=NINE + MINUTE) == 0


def test_ends_are_counted_all_the_same(three: list[Schedule], broken: Break) -> None:
    fire_due(now=NINE)
    failed = {"status": JobStatus.FAILED, "finished_on": Now(), "error_message": "It broke."}
    Job.objects.update(**failed)
    broken(failures, "settle")
    for minute in range(1, 4):
        assert fire_due(now=NINE + minute * MINUTE) == 0
        # Each of them once.
        assert [state(schedule)[1] for schedule in three] == [1, 1, 1]
    assert not ScheduledRun.objects.filter(is_settled=False).exists()


def test_a_time_limit_ends_the_pass(three: list[Schedule], monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*args: Any) -> None:
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(failures, "settle", stop)
    with pytest.raises(SoftTimeLimitExceeded):
        fire_due(now=NINE)
    assert [state(schedule) for schedule in three] == [(NINE, 0, True, "")] * 3
    assert not ScheduledRun.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_passes_and_a_defect(three: list[Schedule], broken: Break) -> None:
    broken(firing, "_run_all")
    assert sum(in_threads(2, lambda: fire_due(now=NINE))) == 3
    assert_fired(three[0], three[2])
    assert notes(three[1]) == [(NINE, "refused", DEFECT)]
    assert state(three[1]) == (NINE + DAY, 1, True, "")
    assert Job.objects.count() == 2
