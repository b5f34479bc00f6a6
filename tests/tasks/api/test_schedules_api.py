"""Test `schedules/`: what an owner sees of schedules and may do with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tasks.models import Schedule, ScheduledRun
from tasks.schedules.firing import fire_due
from tests.support.client import Client
from tests.support.platform import user_of
from tests.support.tasks.schedules import Action, begin_at, make_schedule

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("action", "published")]
NOBODYS = "sc_" + "0" * 32
BODY = {
    "name": "Every Monday",
    "action": "test",
    "rule": "FREQ=WEEKLY;BYDAY=MO;BYHOUR=9",
    "form": "rrule",
    "time_zone": "Europe/Athens",
}
NINE = datetime(2026, 5, 4, 6, tzinfo=UTC)
DAY = timedelta(days=1)


def state() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (Schedule, ScheduledRun)]


def make(client: Client, **fields: Any) -> dict[str, Any]:
    response = client.post("schedules/", {**BODY, **fields})
    assert response.status_code == 201, response.content
    body: dict[str, Any] = response.json()
    return body


def patch(client: Client, slug: str, tag: str = "*", **changes: Any) -> Any:
    return client.patch(f"schedules/{slug}/", changes, **{"If-Match": tag})


def assert_refused(response: Any, status: int, code: str, *fields: str) -> dict[str, Any]:
    assert response.status_code == status, response.content
    error: dict[str, Any] = response.json()["error"]
    assert error["code"] == code
    assert set(error.get("fields", {})) == set(fields), error
    return error


def test_made_and_shown_in_full(alice: Client) -> None:
    response = alice.post("schedules/", BODY)
    assert response.status_code == 201
    assert response["ETag"].startswith('"1-')
    assert response["Cache-Control"] == "no-store"
    made = response.json()
    assert response["Location"].endswith(f"/api/v1/schedules/{made['slug']}/")
    schedule = Schedule.objects.get()
    assert schedule.next_on
    assert made == {
        "slug": schedule.slug,
        **BODY,
        "params": {"validated": True},
        "starts_on": schedule.starts_on.isoformat(),
        "ends_on": None,
        "missed": "skip",
        "deliveries": [],
        "is_enabled": True,
        "failures": 0,
        "note": "",
        "next_on": schedule.next_on.isoformat().replace("+00:00", "Z"),
        "last_slot": None,
        "version": 1,
        "created_on": schedule.created_on.isoformat().replace("+00:00", "Z"),
        "modified_on": schedule.modified_on.isoformat().replace("+00:00", "Z"),
        "next": made["next"],
        "runs": [],
    }
    assert alice.get(f"schedules/{schedule.slug}/").json() == made
    slots = [datetime.fromisoformat(slot) for slot in made["next"]]
    assert slots[0] == schedule.next_on
    assert [(slot.weekday(), slot.hour, slot.minute) for slot in slots] == [(0, 9, 0)] * 5
    assert slots[4].date() - slots[0].date() == timedelta(weeks=4)


def test_everything_can_be_said(alice: Client) -> None:
    given = {
        "rule": "0 9 * * MON",
        "form": "cron",
        "starts_on": "2050-01-01",
        "ends_on": "2050-02-01",
        "missed": "catch_up",
        "is_enabled": False,
        "params": {"a": [1, None, "é"]},
        "deliveries": [{"channel": "email"}, {"channel": "in_app"}, {"channel": "webhook"}],
    }
    # Nothing within ten years.
    assert_refused(alice.post("schedules/", {**BODY, **given}), 400, "invalid", "rule")
    given |= {"starts_on": "2030-01-01", "ends_on": "2030-02-01"}
    made = make(alice, **given)
    assert {key: made[key] for key in given} == {
        **given,
        "params": {"a": [1, None, "é"], "validated": True},
        "deliveries": [
            {"channel": "email", "attach": False}, {"channel": "in_app"}, {"channel": "webhook"},
        ],
    }  # fmt: skip
    assert (made["next_on"], made["next"]) == (None, [])


def test_preview_over_a_change_of_the_clock(alice: Client) -> None:
    rule = {key: BODY[key] for key in ("rule", "form", "time_zone")}
    year = datetime.now(UTC).year + 1
    rule |= {"rule": "30 3 * * *", "form": "cron", "starts_on": f"{year}-10-01"}
    response = alice.post("schedules/preview/", rule)
    assert response.status_code == 200
    assert response.json() == {"next": [f"{year}-10-0{day}T03:30:00+03:00" for day in range(1, 6)]}
    rule["starts_on"] = f"{year}-11-01"
    assert alice.post("schedules/preview/", rule).json()["next"][0].endswith("T03:30:00+02:00")
    assert Schedule.objects.count() == 0


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"rule": "FREQ=SECONDLY"}, ["rule"]),
        ({"rule": "0 0 31 2 *", "form": "cron"}, ["rule"]),
        ({"rule": "* * * * *", "form": "cron"}, ["rule"]),
        ({"rule": 5}, ["rule"]),
        ({"rule": "F\u0000"}, ["rule"]),
        ({"form": "ical"}, ["form"]),
        ({"time_zone": "Mars/Olympus"}, ["time_zone"]),
        ({"starts_on": "2026-02-30"}, ["starts_on"]),
        ({"starts_on": "9999-12-31"}, ["starts_on"]),
        ({"starts_on": "2030-01-02", "ends_on": "2030-01-01"}, ["ends_on"]),
        ({"starts_on": "2020-01-02", "ends_on": "2021-01-01"}, ["rule"]),
        ({"action": "nothing"}, ["action"]),
        ({"params": {"bad": 1}}, ["params"]),
        ({"params": [1]}, ["params"]),
        ({"params": {"a": "\u0000"}}, ["params"]),
        ({"params": {"a": "x" * 20_001}}, ["params"]),
        ({"missed": "perhaps"}, ["missed"]),
        ({"deliveries": [{"channel": "pigeon"}]}, ["deliveries"]),
        ({"deliveries": [{"channel": "webhook", "attach": True}]}, ["deliveries"]),
        ({"deliveries": [{"channel": "in_app"}] * 2}, ["deliveries"]),
        ({"deliveries": [{"channel": "email", "attach": "maybe"}]}, ["deliveries"]),
        ({"deliveries": [{"attach": True}]}, ["deliveries"]),
        ({"name": " "}, ["name"]),
        ({"next_on": "2026-01-01T00:00:00Z"}, ["next_on"]),
    ],
)
def test_what_makes_no_sense(alice: Client, fields: dict[str, Any], named: list[str]) -> None:
    response = alice.post("schedules/", {**BODY, **fields})
    assert_refused(response, 400, "invalid", *named)
    slug = make(alice)["slug"]
    before = state()
    assert_refused(patch(alice, slug, **fields), 400, "invalid", *named)
    assert state() == before


def test_quota(alice: Client, bob: Client, settings: Any) -> None:
    settings.SCHEDULES_PER_USER = 2
    make(alice)
    make(alice)
    assert_refused(alice.post("schedules/", BODY), 429, "quota_exceeded")
    make(bob)
    settings.SCHEDULES_PER_USER = 0
    make(alice)


def test_change(alice: Client) -> None:
    made = make(alice, deliveries=[{"channel": "in_app"}])
    response = patch(alice, made["slug"], '"1"', name="Every Tuesday", rule="FREQ=WEEKLY;BYDAY=TU")
    assert response.status_code == 200
    assert response["ETag"].startswith('"2-')
    changed = response.json()
    assert changed["next"] != made["next"]
    same = {"name", "rule", "version", "modified_on", "next_on", "next"}
    assert {k: v for k, v in changed.items() if k not in same} == {
        k: v for k, v in made.items() if k not in same
    }
    slot = datetime.fromisoformat(changed["next"][0])
    assert (slot.weekday(), slot.hour) == (1, 0)


def test_changed_name_keeps_the_slot_to_come(alice: Client) -> None:
    slug = make(alice)["slug"]
    Schedule.objects.update(next_on=NINE)
    changed = patch(alice, slug, name="New", missed="catch_up").json()
    assert (changed["next_on"], changed["missed"]) == ("2026-05-04T06:00:00Z", "catch_up")


def test_paused_and_enabled(alice: Client) -> None:
    made = make(alice)
    paused = patch(alice, made["slug"], is_enabled=False).json()
    assert (paused["is_enabled"], paused["next_on"], paused["next"]) == (False, None, [])
    assert fire_due(now=NINE.replace(year=2090)) == 0
    Schedule.objects.update(failures=5, note="Disabled after 5 failures in a row. The last: no.")
    enabled = patch(alice, made["slug"], is_enabled=True).json()
    assert (enabled["failures"], enabled["note"], enabled["next"]) == (0, "", made["next"])


@pytest.mark.parametrize(
    ("tag", "status", "code"),
    [
        ("", 428, "precondition_required"),
        ('"7"', 412, "precondition_failed"),
        ("1", 400, "invalid"),
    ],
)
def test_version(alice: Client, tag: str, status: int, code: str) -> None:
    slug = make(alice)["slug"]
    before = state()
    headers = {"If-Match": tag} if tag else {}
    assert_refused(alice.patch(f"schedules/{slug}/", {"name": "x"}, **headers), status, code)
    assert_refused(alice.delete(f"schedules/{slug}/", **headers), status, code)
    assert state() == before


def test_delete(alice: Client) -> None:
    slug = make(alice)["slug"]
    assert alice.delete(f"schedules/{slug}/", **{"If-Match": '"1"'}).status_code == 204
    assert_refused(alice.get(f"schedules/{slug}/"), 404, "not_found")
    assert Schedule.objects.count() == 0


def test_list_is_paged(alice: Client, bob: Client) -> None:
    made = [make(alice, name=str(number)) for number in range(3)]
    make(bob)
    first = alice.get("schedules/?limit=2").json()
    second = alice.get(first["next"]).json()
    listed = [*first["results"], *second["results"]]
    assert second["next"] is None
    alone = ("next", "runs")
    assert listed == [{k: v for k, v in one.items() if k not in alone} for one in made[::-1]]
    assert_refused(alice.get("schedules/?status=x"), 400, "invalid", "status")


def test_runs(alice: Client, action: Action) -> None:
    schedule = begin_at(make_schedule(user_of(alice)), NINE - DAY)
    for day in range(7):
        fire_due(now=NINE + day * DAY + timedelta(hours=day // 6))
    shown = alice.get(f"schedules/{schedule.slug}/").json()
    pages = alice.get(f"schedules/{schedule.slug}/runs/?limit=4").json()
    rest = alice.get(pages["next"]).json()
    runs = [*pages["results"], *rest["results"]]
    assert shown["runs"] == runs[:5]
    assert [run["slot"] for run in runs] == [
        f"2026-05-{day:02}T06:00:00Z" for day in range(10, 3, -1)
    ]
    latest, *others = schedule.runs.order_by("-slot")
    assert runs[0] == {
        "slot": "2026-05-10T06:00:00Z", "status": "skipped", "job": None,
        "note": "Its time was too long ago when the pass came to it.", "created_on": runs[0]["created_on"],
    }  # fmt: skip
    assert latest.job is None
    assert [run["job"] for run in runs[1:]] == [run.job.slug for run in others if run.job]
    assert (shown["last_slot"], shown["next_on"]) == (
        "2026-05-10T06:00:00Z",
        "2026-05-11T06:00:00Z",
    )


def test_somebody_elses_is_not_there(alice: Client, bob: Client) -> None:
    slug = make(alice)["slug"]
    before = state()
    for path in (slug, NOBODYS):
        for response in (
            bob.get(f"schedules/{path}/"),
            bob.get(f"schedules/{path}/runs/"),
            patch(bob, path, name="Mine"),
            bob.delete(f"schedules/{path}/", **{"If-Match": "*"}),
        ):
            assert_refused(response, 404, "not_found")
    assert bob.get("schedules/").json()["results"] == []
    assert state() == before


def test_scopes(alice: Client, carol: Client, anonymous: Client) -> None:
    slug = make(alice)["slug"]
    before = state()
    assert carol.get(f"schedules/{slug}/").status_code == 200
    assert carol.get("schedules/").status_code == 200
    for client, status, code in ((carol, 403, "forbidden"), (anonymous, 401, "unauthenticated")):
        assert_refused(client.post("schedules/", BODY), status, code)
        assert_refused(patch(client, slug, name="Mine"), status, code)
        assert_refused(client.delete(f"schedules/{slug}/", **{"If-Match": "*"}), status, code)
    assert_refused(anonymous.get("schedules/"), 401, "unauthenticated")
    assert state() == before


@pytest.mark.parametrize("rows", [3, 30])
def test_queries(alice: Client, rows: int, django_assert_num_queries: Any) -> None:
    slugs = [make(alice)["slug"] for _ in range(rows)]
    schedule = Schedule.objects.get(slug=slugs[0])
    ScheduledRun.objects.bulk_create(
        ScheduledRun(schedule=schedule, slot=NINE + n * DAY, status="skipped", is_settled=True)
        for n in range(rows)
    )
    with django_assert_num_queries(2):
        assert len(alice.get("schedules/").json()["results"]) == rows
    with django_assert_num_queries(3):
        alice.get(f"schedules/{slugs[0]}/")
    with django_assert_num_queries(3):
        assert len(alice.get(f"schedules/{slugs[0]}/runs/").json()["results"]) == rows
