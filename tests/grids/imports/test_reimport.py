"""Test that any file imported twice matches itself, and that undo restores the account."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grids.models import Grid, ImportRun, Link
from grids.services.changes import LinkChanges
from grids.services.links import link_delete, link_update
from tests.support.client import Client, make_user
from tests.support.grids.imports import dump, import_file, table, undo, verdict_rows

pytestmark = pytest.mark.django_db(transaction=True)

any_number = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# So few values that most entries resemble others.
URLS = (
    "https://a.example/",
    "https://a.example",
    "https://b.example/?y=1&x=2",
    "https://b.example/",
)
ENTRY = st.builds(
    lambda *cells: ",".join(cells),
    st.sampled_from([*URLS, "javascript:x"]),
    st.sampled_from(["", "one", "two"]),
    st.sampled_from(["", "note", "other"]),
    st.sampled_from(["", "x", "x|y"]),
    st.sampled_from(["", "Home", "Work"]),
    st.sampled_from(["", "1", "2", "3"]),
    st.sampled_from(["", "ann", "bob", "No!"]),
    st.sampled_from(["", "0", "7"]),
    st.sampled_from(["", "yes"]),
)
HEADER = "url,title,note,tags,folder,id,alias,clicks,private"
FILE = st.lists(ENTRY, max_size=9)
EDIT = st.sampled_from(["title", "note", "trash", "move", "publish", "rename", "discard"])


@pytest.fixture(autouse=True)
def quiet(published: list[tuple[str, str]]) -> None:
    """No message leaves these tests."""


@pytest.fixture
def owner(transactional_db: None) -> Client:
    return Client(make_user("alice"))


def clean(owner: Client) -> None:
    """The account as if nothing had ever been."""
    ImportRun.objects.all().delete()
    Link.objects.all().delete()
    Grid.objects.all().delete()


def edit(kind: str, chance: random.Random) -> None:
    """One of the things that an owner may do meanwhile."""
    links = list(Link.objects.live().order_by("pk"))
    grids = list(Grid.objects.live().order_by("pk"))
    if not links:
        return
    link, grid = chance.choice(links), chance.choice(grids)
    word = chance.choice(["one", "mine"])
    if kind == "title":
        link_update(link=link, version=None, changes=LinkChanges(title=word))
    elif kind == "note":
        link_update(link=link, version=None, changes=LinkChanges(note=word))
    elif kind == "trash":
        link_delete(link=link, version=None)
    elif kind == "move":
        link_update(link=link, version=None, changes=LinkChanges(grid=grid.slug))
    else:
        changes: dict[str, dict[str, Any]] = {
            "publish": {"visibility": "public"},
            "rename": {"title": chance.choice(["Home", "Mine"])},
            "discard": {"is_deleted": True, "deleted_on": "2026-01-01T00:00:00Z"},
        }
        Grid.objects.filter(pk=grid.pk).update(version=grid.version + 1, **changes[kind])


@any_number
@given(first=FILE, file=FILE, edits=st.lists(EDIT, max_size=3), chance=st.randoms())
def test_second_time_changes_nothing(
    owner: Client, first: list[str], file: list[str], edits: list[str], chance: random.Random
) -> None:
    clean(owner)
    import_file(owner, table(*first, header=HEADER))
    for kind in edits:
        edit(kind, chance)
    dry = verdict_rows(import_file(owner, table(*file, header=HEADER), mode="dry_run"))
    once = import_file(owner, table(*file, header=HEADER))
    assert verdict_rows(once) == dry
    before = dump(owner.user)
    again = import_file(owner, table(*file, header=HEADER))
    assert (again.result["grids"], again.result["links"], again.result["updated"]) == (0, 0, 0)
    assert dump(owner.user) == before
    assert {verdict for _, verdict, _ in verdict_rows(again)} <= {
        "unchanged", "skip", "refused", "problem",
    }  # fmt: skip


@any_number
@given(first=FILE, file=FILE, edits=st.lists(EDIT, max_size=3), chance=st.randoms())
def test_undo_leaves_the_account_as_it_was(
    owner: Client, first: list[str], file: list[str], edits: list[str], chance: random.Random
) -> None:
    clean(owner)
    empty = dump(owner.user)
    earliest = import_file(owner, table(*first, header=HEADER))
    for kind in edits:
        edit(kind, chance)
    before = dump(owner.user)
    job = import_file(owner, table(*file, header=HEADER))
    changed = job.result["links"] + job.result["updated"]
    undone = undo(job)
    assert undone.result["removed"] + undone.result["restored"] == changed
    assert dump(owner.user) == before
    assert undo(job).result["gone"] == changed
    assert dump(owner.user) == before
    if not edits:
        undo(earliest)
        assert dump(owner.user) == empty
