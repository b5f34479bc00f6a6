"""Test that the public tier is notified of every change that visitors see, and of nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import psycopg2
import pytest
from django.db import connection, transaction
from django.utils import timezone

from grids.models import Grid, Link
from grids.public import changes
from grids.public.changes import CHANNEL, EVERYTHING, ChangeListener
from tests.support.client import Client
from tests.support.grids.grids import bulk, make_grid, make_link, new
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)
END = "key end"


class NoticeRecorder:
    """What a listener has received."""

    def __init__(self) -> None:
        self.notices: list[str] = []

    def since(self, change: Callable[[], Any]) -> set[str]:
        """The notices of a change: what comes before a last one that is sent after it. All of them within
        a second."""
        self._drain()
        self.notices.clear()
        change()
        begun = time.monotonic()
        self._drain()
        assert time.monotonic() - begun < 1
        return {*self.notices} - {END}

    def has_received(self, times: int) -> bool:
        """Whether there were so many notices in all."""
        return len(self.notices) == times

    def _drain(self) -> None:
        before = self.notices.count(END)
        sql(f"NOTIFY {CHANNEL}, '{END}'")
        wait_for(lambda: self.notices.count(END) > before, seconds=5)


@pytest.fixture
def recorder(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[NoticeRecorder]:
    monkeypatch.setattr(changes, "_QUIET_SECONDS", 0.1)
    received = NoticeRecorder()
    listener = ChangeListener(received.notices.append)
    listener.start()
    wait_for(lambda: received.notices == [EVERYTHING], seconds=5)
    yield received
    listener.stop()
    listener.join(5)
    assert not listener.is_alive()


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.fixture
def grid(alice: Client) -> dict[str, Any]:
    return make_grid(alice, visibility="public")


def key_of(grid: dict[str, Any]) -> str:
    """The notice of a grid's change."""
    return f"grid {Grid.objects.get(slug=grid['slug']).pk}"


def profile_of(client: Client) -> str:
    """The notice that a client's list of grids has changed."""
    assert client.user
    return f"profile {client.user.pk}"


@pytest.mark.parametrize(
    "fields",
    [
        {"url": "https://example.net/"},
        {"active_from": "2030-01-01T00:00:00Z"},
        {"active_until": "2030-01-01T00:00:00Z"},
        {"forward_query": False},
        {"x": 3},
        {"y": 3},
        {"width": 2},
        {"height": 2},
        {"title": "new"},
        {"note": "new"},
        {"background": "#112233"},
        {"style": {"radius": 4}},
    ],
    ids=str,
)
def test_a_change_of_a_link(
    recorder: NoticeRecorder, alice: Client, grid: dict[str, Any], fields: dict[str, Any]
) -> None:
    path = f"links/{make_link(alice, grid)['slug']}/"

    def change() -> None:
        assert alice.patch(path, fields, if_match="*").status_code == 200

    assert recorder.since(change) == {key_of(grid)}


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "new"},
        {"description": "new"},
        {"theme": "dusk"},
        {"colour_scheme": "dark"},
        {"columns": 7},
    ],
    ids=str,
)
def test_a_change_of_a_grid(
    recorder: NoticeRecorder, alice: Client, grid: dict[str, Any], fields: dict[str, Any]
) -> None:
    def change() -> None:
        assert alice.patch(f"grids/{grid['slug']}/", fields, if_match="*").status_code == 200

    assert recorder.since(change) == {key_of(grid), profile_of(alice), f"key {grid['slug']}"}


def test_what_visitors_do_not_notice_is_not_told(
    recorder: NoticeRecorder, alice: Client, grid: dict[str, Any]
) -> None:
    path = f"links/{make_link(alice, grid, alias='a')['slug']}/"

    def change() -> None:
        assert alice.patch(path, {"tags": ["new"]}, if_match="*").status_code == 200
        # Once more as it is: the title, and the address of the page.
        assert alice.patch(path, {"title": "Link"}, if_match="*").status_code == 200
        made = {"title": "Grid", "visibility": "public"}
        assert alice.patch(f"grids/{grid['slug']}/", made, if_match="*").status_code == 200
        make_grid(alice)
        make_grid(alice, visibility="unlisted")

    assert recorder.since(change) == set()


def test_a_new_link_is_on_the_page_of_its_grid(
    recorder: NoticeRecorder, alice: Client, grid: dict[str, Any]
) -> None:
    assert recorder.since(lambda: make_link(alice, grid)) == {key_of(grid)}
    made = recorder.since(lambda: make_link(alice, grid, alias="made"))
    assert made == {key_of(grid), "key made"}


def test_a_key_that_is_new_may_have_been_looked_for(
    recorder: NoticeRecorder, alice: Client, grid: dict[str, Any]
) -> None:
    path = f"links/{make_link(alice, grid)['slug']}/"
    assert recorder.since(lambda: make_grid(alice, alias="page")) == {"key page"}
    given = recorder.since(lambda: alice.patch(path, {"alias": "Later"}, if_match="*"))
    # In the case in which `public` processes keep it.
    assert given == {key_of(grid), "key later"}
    taken = recorder.since(lambda: alice.patch(path, {"alias": None}, if_match="*"))
    assert taken == {key_of(grid)}
    found = recorder.since(
        lambda: alice.patch(f"grids/{grid['slug']}/", {"alias": "P"}, if_match="*")
    )
    assert found == {key_of(grid), profile_of(alice), "key p", f"key {grid['slug']}"}


def test_a_new_public_grid_is_on_its_owners_profile(
    recorder: NoticeRecorder, alice: Client
) -> None:
    def make(**fields: Any) -> set[str]:
        return recorder.since(lambda: make_grid(alice, visibility="public", **fields))

    # Until the first one is public, the profile is looked for in vain.
    assert make() == {profile_of(alice), "unknown"}
    assert make(alias="page") == {profile_of(alice), "unknown", "key page"}


def test_the_trash(recorder: NoticeRecorder, alice: Client, grid: dict[str, Any]) -> None:
    link, other = (make_link(alice, grid, alias=alias) for alias in "ab")
    link_path, grid_path = f"links/{link['slug']}/", f"grids/{grid['slug']}/"
    notices = {key_of(grid), "key a"}
    assert recorder.since(lambda: alice.delete(link_path, if_match="*")) == notices
    assert recorder.since(lambda: alice.post(f"{link_path}restore/")) == notices
    whole = {key_of(grid), profile_of(alice), "unknown", f"key {grid['slug']}"}
    assert recorder.since(lambda: alice.delete(grid_path, if_match="*")) == whole
    assert recorder.since(lambda: alice.post(f"{grid_path}restore/")) == whole
    assert Link.objects.live().filter(slug__in=[link["slug"], other["slug"]]).count() == 2


def test_a_grid_that_is_shown_or_hidden(
    recorder: NoticeRecorder, alice: Client, grid: dict[str, Any]
) -> None:
    """Nobody else's pages are forgotten."""
    for visibility in ("private", "unlisted", "public"):
        fields = {"visibility": visibility}
        notices = recorder.since(
            partial(alice.patch, f"grids/{grid['slug']}/", fields, if_match="*")
        )
        assert notices == {key_of(grid), profile_of(alice), "unknown", f"key {grid['slug']}"}


def test_a_layout(recorder: NoticeRecorder, alice: Client, grid: dict[str, Any]) -> None:
    links = [make_link(alice, grid) for _ in range(3)]
    tiles = [
        {"slug": link["slug"], "x": 0, "y": 5 - number, "width": 1, "height": 1}
        for number, link in enumerate(links)
    ]
    path = f"grids/{grid['slug']}/layout/"

    def save() -> None:
        assert alice.put(path, {"links": tiles}, if_match="*").status_code == 200

    assert recorder.since(save) == {key_of(grid)}
    # Once more, and nothing is another.
    assert recorder.since(save) == set()


def test_a_link_that_moves_to_another_grid(
    recorder: NoticeRecorder, alice: Client, grid: dict[str, Any]
) -> None:
    """It leaves one page, and is new on the other."""
    link, other = make_link(alice, grid), make_grid(alice, visibility="public")
    path = f"links/{link['slug']}/"
    notices = recorder.since(lambda: alice.patch(path, {"grid": other["slug"]}, if_match="*"))
    assert notices == {key_of(grid), key_of(other), f"key {link['slug']}"}


def test_many_changes_at_once_are_one_notice(
    recorder: NoticeRecorder, alice: Client, grid: dict[str, Any]
) -> None:
    links = [make_link(alice, grid) for _ in range(20)]
    updates = [{"slug": link["slug"], "url": "https://example.net/"} for link in links]
    recorder.since(lambda: bulk(alice, create=[new(grid, alias="made")], update=updates))
    assert sorted(recorder.notices) == sorted([key_of(grid), "key made", END])


def test_many_new_links_are_one_notice_a_grid(
    recorder: NoticeRecorder, alice: Client, grid: dict[str, Any]
) -> None:
    """Not one a row: what notifies of an import of thousands must cost one."""
    other = make_grid(alice, visibility="public")
    rows = [Grid.objects.get(slug=made["slug"]) for made in (grid, other)]
    links = [
        Link(user_id=row.user_id, grid=row, url=f"https://a.example/{n}", title="a", x=0, y=n)
        for row in rows
        for n in range(50)
    ]
    recorder.since(lambda: Link.objects.bulk_create(links))
    assert sorted(recorder.notices) == sorted([key_of(grid), key_of(other), END])


def test_an_account_whose_name_or_state_changes(recorder: NoticeRecorder, alice: Client) -> None:
    assert alice.user
    user = alice.user

    def change(**fields: Any) -> set[str]:
        return recorder.since(lambda: type(user).objects.filter(pk=user.pk).update(**fields))

    notices = {f"user {user.pk}", "unknown"}
    assert change(is_active=False) == notices
    assert change(is_active=True) == notices
    assert change(username="alicia") == notices
    assert change(display_name="Alicia") == notices
    assert change(locale="de") == notices
    assert change(locale="de") == set()
    assert change(email="new@example.org") == set()
    assert change(last_login=timezone.now()) == set()


def test_changes_by_hand(recorder: NoticeRecorder, alice: Client, grid: dict[str, Any]) -> None:
    make_link(alice, grid, alias="a")
    notices, profile = key_of(grid), profile_of(alice)
    update = "UPDATE grids_link SET url = 'https://example.net/' || id"
    assert recorder.since(lambda: sql(update)) == {notices, "key a"}
    assert recorder.since(lambda: sql("UPDATE grids_link SET note = 'x'")) == {notices, "key a"}
    assert recorder.since(lambda: sql("UPDATE grids_link SET tags = '{x}'")) == set()
    assert recorder.since(lambda: sql("DELETE FROM grids_link")) == {notices}
    assert recorder.since(lambda: sql("DELETE FROM grids_grid")) == {notices, profile, "unknown"}


def test_nothing_is_told_before_or_without_the_commit(
    recorder: NoticeRecorder, alice: Client, grid: dict[str, Any]
) -> None:
    make_link(alice, grid)

    def undone() -> None:
        with transaction.atomic():
            sql("UPDATE grids_link SET url = 'https://example.net/'")
            transaction.set_rollback(True)

    assert recorder.since(undone) == set()


def end_listeners() -> None:
    sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND datname = current_database() AND query IN (%s, 'SELECT 1')",
        f"LISTEN {CHANNEL}",
    )


def test_after_a_lost_connection_everything_may_have_changed(recorder: NoticeRecorder) -> None:
    for times in (2, 3):
        end_listeners()
        wait_for(partial(recorder.has_received, times), seconds=5)
    assert recorder.notices == [EVERYTHING] * 3
    assert recorder.since(lambda: sql(f"NOTIFY {CHANNEL}, 'key a'")) == {"key a"}


def test_a_failure_does_not_end_the_listener(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "_RETRY_SECONDS", 0.01)
    monkeypatch.setattr(changes, "_QUIET_SECONDS", 0.1)
    received: list[str] = []

    def fail_first(notice: str) -> None:
        received.append(notice)
        if len(received) == 1:
            raise ValueError(notice)

    listener = ChangeListener(fail_first)
    listener.start()
    try:
        wait_for(lambda: received == [EVERYTHING] * 2, seconds=5)
    finally:
        listener.stop()
        listener.join(5)


def test_the_listener_lives_beside_thousands_of_events(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every lower number of a file taken, as by their connections."""
    connect = psycopg2.connect

    def high(**parameters: Any) -> Any:
        import os

        taken = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
        try:
            return connect(**parameters)
        finally:
            for file in taken:
                os.close(file)

    monkeypatch.setattr(psycopg2, "connect", high)
    monkeypatch.setattr(changes, "_QUIET_SECONDS", 0.1)
    received: list[str] = []
    listener = ChangeListener(received.append)
    listener.start()
    try:
        wait_for(lambda: received == [EVERYTHING], seconds=5)
        sql(f"NOTIFY {CHANNEL}, 'key a'")
        wait_for(lambda: received == [EVERYTHING, "key a"], seconds=5)
    finally:
        listener.stop()
        listener.join(5)


def test_the_listener_connects_as_the_application_does(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}

    def connect(**parameters: Any) -> Any:
        given.update(parameters)
        raise psycopg2.OperationalError

    options = {"sslmode": "verify-full", "sslrootcert": "/etc/root.pem"}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    monkeypatch.setattr(psycopg2, "connect", connect)
    with pytest.raises(psycopg2.OperationalError):
        changes._connect()
    assert given["dbname"] == connection.settings_dict["NAME"]
    assert given.items() >= options.items()
