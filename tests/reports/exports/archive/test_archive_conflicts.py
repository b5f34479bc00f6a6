"""An archive in an instance where some of its names, aliases and places are taken."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum

from grids.layout.occupancy import Occupancy, Tile
from grids.models import Grid, Link
from reports.exports.archive.tables.grids import GridsTable
from reports.models import Click, LinkHour
from tests.support.accounts import furnish, settings_of
from tests.support.client import Client, make_user
from tests.support.platform import user_of
from tests.support.reports.archives import (
    archived,
    contents,
    forget_all,
    restored,
    rewritten,
    rows_of,
    verdicts,
)
from tests.support.reports.exports import link_on

pytestmark = pytest.mark.django_db(transaction=True)

RENAMED = "another user has its slug here: it gets a new one"
UNSIGNED = "it has a new secret and is disabled: its owner must set it up"


@pytest.fixture
def bob(owner: Client) -> Client:
    """Another owner."""
    return Client(make_user("bob"))


def test_beside_its_original_it_has_other_names(owner: Client, bob: Client) -> None:
    furnish(owner)
    theirs, before = archived(owner), Click.objects.filter(user_id=user_of(owner).pk)
    was = list(before.order_by("pk").values())
    job = restored(bob, theirs)
    assert verdicts(job) == [
        ("account", "update", ""),
        (
            "grids",
            "create",
            f"{RENAMED}; its alias first is taken here: it is restored without one",
        ),
        ("grids", "create", RENAMED),
        ("links", "create", f"{RENAMED}; its alias one is taken here: it is restored without one"),
        ("links", "create", RENAMED),
        ("links", "create", RENAMED),
        *[("reports", "create", RENAMED)] * 3,
        *[("schedules", "create", RENAMED)] * 3,
        *[("webhooks", "create", f"{RENAMED}; {UNSIGNED}")] * 2,
    ]
    assert list(before.order_by("pk").values()) == was
    for model in (Click, LinkHour):
        counts = [model.objects.filter(user_id=user_of(who).pk).count() for who in (owner, bob)]
        assert counts[0] == counts[1] > 0
    assert settings_of(user_of(bob)) == settings_of(user_of(owner))
    assert [grid.alias for grid in Grid.objects.filter(user=bob.user)] == [None, None]


def test_beside_its_original_a_second_time_changes_nothing(owner: Client, bob: Client) -> None:
    furnish(owner)
    data = archived(owner)
    restored(bob, data)
    before = contents()
    result = restored(bob, data).result
    assert result["clicks"] == {"unchanged": 8}
    assert result["links"] == {"kept": 1, "unchanged": 2}
    assert contents() == before


def test_only_what_is_missing_is_restored(owner: Client) -> None:
    grid = furnish(owner)
    data = archived(owner)
    link = Link.objects.get(alias="one")
    link.delete()
    result = restored(owner, data).result
    assert result["links"] == {"create": 1, "unchanged": 2}
    assert result["grids"] == {"unchanged": 2}
    again = Link.objects.get(alias="one")
    assert (again.slug, again.grid_id, again.x, again.y) == (link.slug, grid.pk, 0, 0)
    grid.refresh_from_db()
    assert (grid.version, grid.layout_version) == (3, 10)


def test_a_link_whose_place_is_taken_stands_at_the_end(owner: Client) -> None:
    grid = furnish(owner)
    tall, small = Link.objects.get(alias="one"), grid.links.get(x=2, is_deleted=False)
    data = archived(owner)
    tall.delete()
    small.delete()
    link_on(grid, 9, x=0, y=2, width=8)
    job = restored(owner, data)
    moved = "its place is taken here: it is put at the end"
    assert verdicts(job)[3] == ("links", "create", moved)
    assert verdicts(job)[4] == ("links", "create", "")
    tiles = grid.links.filter(is_deleted=False).values_list("slug", "x", "y", "width", "height")
    assert set(tiles) == {
        (f"li_{9:032x}", 0, 2, 8, 1),
        (tall.slug, 0, 3, 2, 3),
        (small.slug, 2, 0, 1, 1),
    }
    Occupancy(grid.columns, [Tile(*tile[1:]) for tile in tiles])


def test_a_grid_that_became_narrow(owner: Client) -> None:
    grid = furnish(owner)
    data = archived(owner)
    Link.objects.all().delete()
    Grid.objects.filter(pk=grid.pk).update(columns=1)
    restored(owner, data)
    tiles = grid.links.filter(is_deleted=False).order_by("y")
    assert list(tiles.values_list("x", "y", "width", "height")) == [(0, 3, 1, 3), (0, 6, 1, 1)]


def test_a_link_that_was_moved_stays_where_it_is(owner: Client) -> None:
    furnish(owner)
    data = archived(owner)
    other = Grid.objects.create(user=user_of(owner), title="Other")
    Link.objects.filter(alias="one").update(grid=other)
    before = contents()
    assert restored(owner, data).result["links"] == {"kept": 1, "unchanged": 2}
    assert contents() == before


def test_an_alias_taken_at_the_last_moment(
    owner: Client, bob: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The restore decides again, and reports it."""
    furnish(owner)
    data = archived(owner)
    forget_all()
    insert = GridsTable.insert

    def late(self: GridsTable, cursor: Any, scope: Any) -> None:
        monkeypatch.setattr(GridsTable, "insert", insert)
        thread = threading.Thread(target=take)
        thread.start()
        thread.join()
        insert(self, cursor, scope)

    def take() -> None:
        Grid.objects.create(user=user_of(bob), title="Mine", alias="first")
        connection.close()

    monkeypatch.setattr(GridsTable, "insert", late)
    job = restored(owner, data)
    assert verdicts(job)[1] == (
        "grids",
        "create",
        "its alias first is taken here: it is restored without one",
    )
    assert Grid.objects.get(alias="first").user == bob.user
    assert Click.objects.count() == 8


def test_settings_of_ones_own_stay(owner: Client, bob: Client) -> None:
    """Each by itself: what is still as it was in the beginning is taken over."""
    furnish(owner)
    data = archived(owner)
    user = user_of(bob)
    user.display_name, user.locale = "Bob", "el"
    user.save()
    job = restored(bob, data)
    assert verdicts(job)[0] == (
        "account",
        "update",
        "the account has another display name, which stays;"
        " the account has another locale, which stays",
    )
    assert settings_of(user) == ("Bob", "Europe/Athens", "sunday", "el", "failed")
    assert user.username == "bob"
    assert verdicts(restored(bob, data))[0][1] == "kept"


def test_settings_that_are_not_known_here(owner: Client, bob: Client) -> None:
    furnish(owner)
    strange = {"time_zone": "Moon/Tycho", "locale": "xx_XX"}
    data = rewritten(archived(owner), "account.jsonl", lambda rows: rows[0].update(strange))
    assert verdicts(restored(bob, data))[0][1:] == (
        "update",
        "there is no time zone 'Moon/Tycho' here; there is no locale 'xx_XX' here",
    )
    assert settings_of(user_of(bob)) == ("Alice & Söhne", "UTC", "sunday", "en", "failed")


def test_accepted_clicks_of_both_are_apart(owner: Client, bob: Client, tmp_path: Path) -> None:
    furnish(owner)
    restored(bob, archived(owner))
    sums = {
        who: LinkHour.objects.filter(user_id=user_of(who).pk).aggregate(n=Sum("accepted"))["n"]
        for who in (owner, bob)
    }
    assert sums[owner] == sums[bob] == 16
    assert rows_of(archived(bob), "link_hours")
