"""Test `notifications/`: listing, counting and marking notifications as read."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.models import Notification
from tests.support.client import Client
from tests.support.grids.checks import assert_error, nothing_changes
from tests.support.platform import user_of
from tests.support.tasks.notifications import ended, failed, notification_of

NOWHERE = f"nt_{0:032x}"


@pytest.fixture
def slugs(alice: Client) -> list[str]:
    """Of three notifications of Alice's, oldest first."""
    jobs = [ended(user_of(alice)), failed(user_of(alice)), ended(user_of(alice))]
    return [notification_of(job).slug for job in jobs]


def listed(client: Client, query: str = "") -> list[str]:
    answer = client.get(f"notifications/{query}")
    assert answer.status_code == 200, answer.content
    return [notification["slug"] for notification in answer.json()["results"]]


def unread(client: Client) -> int:
    count: int = client.get("notifications/unread/").json()["unread"]
    return count


def test_the_list_is_newest_first(alice: Client, bob: Client, slugs: list[str]) -> None:
    assert listed(alice) == slugs[::-1]
    assert (listed(bob), unread(bob)) == ([], 0)
    page = alice.get("notifications/?limit=2").json()
    assert [row["slug"] for row in page["results"]] == [slugs[2], slugs[1]]
    assert listed(alice, page["next"].split("/notifications/")[1]) == [slugs[0]]


def test_one_notification(alice: Client) -> None:
    job = failed(user_of(alice), "No <such> link.", params={"title": "Weekly"})
    notification = notification_of(job)
    shown = alice.get(f"notifications/{notification.slug}/").json()
    assert shown.pop("data")["error"] == {"code": "missing", "message": "No <such> link."}
    assert shown == {
        "slug": notification.slug,
        "type": "job.failed",
        "job": job.slug,
        "title": "Work “Weekly” failed",
        "created_on": notification.created_on.isoformat().replace("+00:00", "Z"),
        "read_on": None,
    }


def test_reading_one(alice: Client, slugs: list[str]) -> None:
    alice.get(f"notifications/{slugs[1]}/")
    assert unread(alice) == 3
    first = alice.post(f"notifications/{slugs[1]}/read/")
    assert first.status_code == 200
    assert first.json()["read_on"]
    assert alice.post(f"notifications/{slugs[1]}/read/").json() == first.json()
    assert unread(alice) == 2
    assert listed(alice, "?unread=true") == [slugs[2], slugs[0]]
    assert listed(alice, "?unread=false") == [slugs[1]]


def test_reading_all(alice: Client, bob: Client, slugs: list[str]) -> None:
    ended(user_of(bob))
    alice.post(f"notifications/{slugs[0]}/read/")
    assert alice.post("notifications/read/").json() == {"marked": 2}
    assert alice.post("notifications/read/").json() == {"marked": 0}
    assert (unread(alice), unread(bob)) == (0, 1)


def test_somebody_elses(alice: Client, bob: Client, carol: Client, slugs: list[str]) -> None:
    with nothing_changes():
        for slug in (slugs[0], NOWHERE):
            assert_error(bob.get(f"notifications/{slug}/"), 404, "not_found")
            assert_error(bob.post(f"notifications/{slug}/read/"), 404, "not_found")
        assert bob.post("notifications/read/").json() == {"marked": 0}


def test_a_token_that_may_only_read(carol: Client, anonymous: Client, slugs: list[str]) -> None:
    assert len(listed(carol)) == 3
    with nothing_changes():
        assert_error(carol.post("notifications/read/"), 403, "forbidden")
        assert_error(carol.post(f"notifications/{slugs[0]}/read/"), 403, "forbidden")
        assert_error(anonymous.get("notifications/"), 401, "unauthenticated")
        assert_error(anonymous.post("notifications/read/"), 401, "unauthenticated")


@pytest.mark.parametrize("query", ["?unread=maybe", "?read=true", "?cursor=x", "?limit=0"])
def test_a_mistyped_filter(alice: Client, query: str) -> None:
    assert alice.get(f"notifications/{query}").status_code == 400


@pytest.mark.parametrize("rows", [3, 30])
def test_queries(alice: Client, rows: int, django_assert_num_queries: Any) -> None:
    for _ in range(rows):
        ended(user_of(alice))
    with django_assert_num_queries(3):
        assert len(listed(alice)) == rows
    with django_assert_num_queries(2):
        assert unread(alice) == rows
    with django_assert_num_queries(2):
        assert alice.post("notifications/read/").json() == {"marked": rows}
    assert not Notification.objects.filter(read_on=None).exists()
