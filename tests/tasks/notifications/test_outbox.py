"""Test that what a worker records of a delivery counts only as long as it holds it."""

from __future__ import annotations

from typing import Any

import pytest

from gridlink.accounts.models import User
from tasks.models import Channel, Delivery
from tasks.notifications import outbox
from tasks.notifications.outbox import Result, Verdict
from tests.support.client import Client
from tests.support.platform import user_of
from tests.support.tasks.notifications import add_webhook, ended, make_due

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(alice: Client, published: list[tuple[str, str]]) -> User:
    """Alice, who has a webhook for each job that ends."""
    add_webhook(alice, "https://hooks.example.org/")
    return user_of(alice)


def claimed() -> Delivery:
    """The delivery whose turn it is."""
    delivery = outbox.claim(Channel.WEBHOOK)
    assert delivery
    return delivery


def state() -> dict[str, Any]:
    """The whole row of the only delivery."""
    (row,) = Delivery.objects.values()
    return dict(row)


@pytest.mark.parametrize("verdict", Verdict)
def test_a_late_note_of_a_worker_whose_lease_is_over_changes_nothing(
    owner: User, verdict: Verdict
) -> None:
    """While another one is sending: the delivery still waits, and only the fence tells them apart."""
    ended(owner)
    late = claimed()
    make_due()
    now = claimed()
    assert (now.pk, now.attempts, now.fence) == (late.pk, 2, late.fence + 1)
    before = state()
    assert outbox.record(late, Result(verdict, 200, "late", "late"), 1) is False
    assert state() == before
    assert outbox.record(now, Result(Verdict.DELIVERED, 200, "in time"), 5) is True
    assert (state()["status"], state()["answer"], state()["attempts"]) == (
        "delivered",
        "in time",
        2,
    )


@pytest.mark.parametrize("verdict", Verdict)
def test_a_late_note_after_the_end_changes_nothing(owner: User, verdict: Verdict) -> None:
    ended(owner)
    late = claimed()
    make_due()
    assert outbox.record(claimed(), Result(Verdict.DELIVERED, 200, "in time"), 5) is True
    before = state()
    assert outbox.record(late, Result(verdict, 500, "late", "late"), 1) is False
    assert state() == before
