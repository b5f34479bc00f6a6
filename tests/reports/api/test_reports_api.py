"""`reports/`: definitions, by whom and of what; a refusal changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from gridlink.accounts.models import User
from reports.models import Report
from reports.reporting.kinds.registry import KINDS
from reports.reporting.renderers.registry import RENDERERS
from tests.support.client import Client
from tests.support.grids.checks import assert_error, nothing_changes
from tests.support.grids.grids import make_grid, make_link
from tests.support.reports.report_runs import MARCH, define

pytestmark = pytest.mark.django_db

BODY = {"title": "Traffic", "kind": "traffic"}
ANY = {"If-Match": "*"}
EMPTY_SCOPE: dict[str, list[str]] = {"grids": [], "links": [], "tags": []}


def test_defaults(alice: Client) -> None:
    User.objects.update(time_zone="Asia/Tokyo", week_start="sunday")
    response = alice.post("reports/", BODY)
    assert response.status_code == 201
    report = response.json()
    assert response["Location"] == f"http://testserver/api/v1/reports/{report['slug']}/"
    assert response["ETag"] == '"1"'
    assert {name: report[name] for name in report if not name.endswith("_on")} == {
        "slug": Report.objects.get().slug,
        "title": "Traffic",
        "kind": "traffic",
        "params": {"step": "auto", "compare": "previous"},
        "scope": EMPTY_SCOPE,
        "range": {"preset": "last_30_days"},
        "time_zone": "Asia/Tokyo",
        "week_start": "sunday",
        "include_bots": False,
        "formats": ["json"],
        "paper": "a4",
        "version": 1,
    }
    assert alice.get(f"reports/{report['slug']}/").json() == report


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_by_its_defaults(alice: Client, kind: str) -> None:
    assert alice.post("reports/", {**BODY, "kind": kind}).status_code == 201


def test_kinds_say_what_they_take(carol: Client) -> None:
    kinds = {kind["name"]: kind for kind in carol.get("reports/kinds/").json()["results"]}
    assert set(kinds) == set(KINDS)
    (step, compare) = kinds["traffic"]["parameters"]
    assert (step["name"], step["type"], step["default"]) == ("step", "choice", "auto")
    assert compare["choices"] == ["none", "previous", "year"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "a\nb"}, "title"),
        ({"title": "t" * 201}, "title"),
        ({"kind": "nothing"}, "kind"),
        ({"params": {"step": "minute"}}, "step"),
        ({"params": {"pace": "fast"}}, "pace"),
        ({"params": []}, "params"),
        ({"params": {"step": "hour"}, "range": {"from": "2020-01-01", "to": "2025-12-31"}}, "step"),
        ({"scope": {"grids": ["x"]}}, "scope"),
        ({"scope": {"colour": "red"}}, "scope"),
        ({"range": {"preset": "someday"}}, "range"),
        ({"range": {"preset": "today", "from": "2026-01-01"}}, "range"),
        ({"range": {"from": "2026-03-02", "to": "2026-03-01"}}, "range"),
        ({"range": {"from": "1990-01-01"}}, "range"),
        ({"range": {"from": "2001-01-01", "to": "2101-01-01"}}, "range"),
        ({"time_zone": "Europe/Atlantis"}, "time_zone"),
        ({"time_zone": "../passwd"}, "time_zone"),
        ({"week_start": "friday"}, "week_start"),
        ({"include_bots": "perhaps"}, "include_bots"),
        ({"formats": []}, "formats"),
        ({"formats": ["docx"]}, "formats"),
        ({"formats": ["json"] * 20}, "formats"),
        ({"paper": "a5"}, "paper"),
        ({"slug": "rp_0"}, "slug"),
    ],
)
def test_senseless(alice: Client, changes: dict[str, Any], field: str) -> None:
    with nothing_changes():
        response = alice.post("reports/", {**BODY, **changes})
        assert_error(response, 400, "invalid", field)


def test_scope_is_one_s_own(alice: Client, bob: Client) -> None:
    grid = make_grid(bob, visibility="public")
    link = make_link(bob, grid)
    for scope in ({"grids": [grid["slug"]]}, {"links": [link["slug"]]}):
        with nothing_changes():
            assert_error(alice.post("reports/", {**BODY, "scope": scope}), 404, "not_found")


def test_formats_once_each(alice: Client) -> None:
    formats = [*RENDERERS, *RENDERERS][: len(RENDERERS)]
    assert define(alice, formats=formats)["formats"] == list(RENDERERS)
    assert define(alice, formats=["json", "json"])["formats"] == ["json"]


def test_a_change(alice: Client) -> None:
    report = define(alice, params={"step": "week"})
    path = f"reports/{report['slug']}/"
    response = alice.patch(path, {"title": "Weekly"}, **{"If-Match": '"1"'})
    assert response.status_code == 200
    assert (response["ETag"], response.json()["title"]) == ('"2"', "Weekly")
    assert response.json()["params"]["step"] == "week"
    with nothing_changes():
        assert_error(
            alice.patch(path, {"title": "No"}, **{"If-Match": '"1"'}), 412, "precondition_failed"
        )
        assert_error(alice.patch(path, {"title": "No"}), 428, "precondition_required")
        assert_error(alice.patch(path, {"range": {"preset": "x"}}, **ANY), 400, "invalid", "range")


def test_another_kind_has_other_parameters(alice: Client) -> None:
    report = define(alice, params={"step": "week"})
    body = {"kind": "breakdown"}
    changed = alice.patch(f"reports/{report['slug']}/", body, **ANY).json()
    assert changed["kind"] == "breakdown"
    assert "step" not in changed["params"]


def test_a_definition_whose_grid_is_gone_can_be_changed(alice: Client) -> None:
    grid = make_grid(alice)
    report = define(alice, scope={"grids": [grid["slug"]]})
    alice.delete(f"grids/{grid['slug']}/", **ANY)
    path = f"reports/{report['slug']}/"
    assert alice.patch(path, {"title": "Still there"}, **ANY).status_code == 200


def test_deletion(alice: Client) -> None:
    report = define(alice)
    path = f"reports/{report['slug']}/"
    with nothing_changes():
        assert_error(alice.delete(path), 428, "precondition_required")
    assert alice.delete(path, **{"If-Match": '"1"'}).status_code == 204
    assert_error(alice.get(path), 404, "not_found")


def test_others_see_nothing(alice: Client, bob: Client, carol: Client, anonymous: Client) -> None:
    report = define(alice)
    path = f"reports/{report['slug']}/"
    assert carol.get(path).status_code == 200
    assert carol.get("reports/").json()["results"] == [report]
    with nothing_changes():
        assert bob.get("reports/").json()["results"] == []
        for answer in (
            bob.get(path),
            bob.patch(path, {"title": "Mine"}, **ANY),
            bob.delete(path, **ANY),
            bob.get(f"{path}runs/"),
            bob.post(f"{path}runs/"),
        ):
            assert_error(answer, 404, "not_found")
        for answer in (
            carol.post("reports/", BODY),
            carol.patch(path, {"title": "Mine"}, **ANY),
            carol.delete(path, **ANY),
            carol.post(f"{path}runs/"),
        ):
            assert_error(answer, 403, "forbidden")
        assert_error(anonymous.get("reports/"), 401, "unauthenticated")


def test_list_by_kind(alice: Client) -> None:
    first, second = define(alice), define(alice, kind="breakdown")
    assert alice.get("reports/").json()["results"] == [second, first]
    assert alice.get("reports/?kind=traffic").json()["results"] == [first]
    assert_error(alice.get("reports/?kind=none"), 400, "invalid", "kind")


def test_only_so_many(alice: Client, settings: Any) -> None:
    settings.REPORTS_PER_USER = 1
    define(alice, range=MARCH)
    with nothing_changes():
        assert_error(alice.post("reports/", BODY), 409, "conflict")
