"""Test the undo of imports: remove what was made, restore updates, keep later changes."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from grids.imports import undo as undoing
from grids.imports import writer
from grids.imports.services import import_undo
from grids.models import Grid, ImportedLink, Link, LinkCheck
from grids.services.changes import GridChanges, LinkChanges, NewLink
from grids.services.grids import grid_update
from grids.services.links import link_create, link_delete, link_update
from tasks.models import Job
from tests.support.client import Client, make_user
from tests.support.grids.imports import (
    dump,
    import_file,
    result,
    submit,
    table,
    undo,
    verdict_rows,
    verdicts,
)
from tests.support.platform import execute, in_threads, user_of
from tests.support.race import race

pytestmark = pytest.mark.django_db(transaction=True)

FILE = table(*(f"https://{name}.example/,{name},,,Home" for name in "abc"))


@pytest.fixture(autouse=True)
def quiet(published: list[tuple[str, str]]) -> None:
    """No message leaves these tests."""


@pytest.fixture
def owner(transactional_db: None) -> Client:
    return Client(make_user("alice"))


def test_undo_tells_of_every_link_and_grid(owner: Client) -> None:
    job = import_file(owner, FILE)
    a, b, c = Link.objects.order_by("pk")
    grid = Grid.objects.get()
    link_update(link=a, version=1, changes=LinkChanges(note="mine"))
    link_delete(link=b, version=1)
    undone = undo(job)
    assert undone.result == {
        "import": job.slug, "removed": 1, "restored": 0, "kept": 1, "gone": 1, "grids": 0,
    }  # fmt: skip
    assert [list(row.values()) for row in verdicts(undone)] == [
        ["2", "kept", grid.slug, a.slug, "a", a.url, "it was changed since it was imported"],
        ["3", "gone", grid.slug, b.slug, "b", b.url, "it is in the trash"],
        ["4", "removed", grid.slug, c.slug, "c", c.url, ""],
        ["", "kept", grid.slug, "", "Home", "", "it holds links"],
    ]
    assert set(Link.objects.values_list("slug", "is_deleted")) == {(a.slug, False), (b.slug, True)}
    assert verdict_rows(undo(job))[2] == ("", "gone", "")


def test_grid_that_was_changed_or_holds_something_else_stays(owner: Client) -> None:
    job = import_file(
        owner, FILE, table("https://d.example/,d,,,Work")[len("url,title,note,tags,folder\n") :]
    )
    home, work = Grid.objects.order_by("pk")
    grid_update(grid=work, version=1, changes=GridChanges(title="Mine"))
    link_create(
        user=user_of(owner), new=NewLink(grid=home.slug, url="https://e.example/", title="e")
    )
    undone = undo(job)
    assert verdict_rows(undone)[-2:] == [
        ("Home", "kept", "it holds links"),
        ("Mine", "kept", "it was changed since it was imported"),
    ]
    assert [link.title for link in Link.objects.all()] == ["e"]


def test_clicks_and_checks_do_not_hold_a_link(owner: Client) -> None:
    job = import_file(owner, FILE)
    link = Link.objects.first()
    assert link
    LinkCheck.objects.create(
        link=link, url_key=link.url_key, verdict="ok", checked_on=link.created_on
    )
    assert undo(job).result["removed"] == 3
    assert not Link.objects.exists()
    assert not LinkCheck.objects.exists()
    # Whatever else comes to point at links and grids must be thought of in `grids.imports.undo`.
    assert {each.related_model for each in Link._meta.related_objects} == {LinkCheck}
    assert {each.related_model for each in Grid._meta.related_objects} == {Link}


def test_undone_file_can_be_imported_again(owner: Client) -> None:
    job = import_file(owner, FILE)
    first = dump(owner.user)
    undo(job)
    again = import_file(owner, FILE)
    assert again.result == result(source="csv", grids=1, links=3)
    assert [link["title"] for link in dump(owner.user)["Link"]] == [
        link["title"] for link in first["Link"]
    ]
    # The first undo, asked for once more, does not touch what is another's.
    assert undo(job).result["removed"] == 0
    assert Link.objects.count() == 3


def test_imports_are_undone_in_any_order_but_only_the_last_word_is_taken_back(
    owner: Client,
) -> None:
    first = import_file(owner, FILE)
    second = import_file(owner, table("https://a.example/,A,,,Home"))
    assert second.result["updated"] == 1
    assert undo(first).result == {
        "import": first.slug, "removed": 2, "restored": 0, "kept": 1, "gone": 0, "grids": 0,
    }  # fmt: skip
    assert undo(second).result["restored"] == 1
    assert undo(first).result["removed"] == 1
    assert not Link.objects.exists()
    assert not Grid.objects.exists()


def test_other_peoples_account_is_not_touched(owner: Client) -> None:
    bob = Client(make_user("bob"))
    import_file(bob, FILE)
    before = dump(bob.user)
    undo(import_file(owner, FILE))
    assert dump(bob.user) == before


def test_edit_between_trial_and_import(owner: Client) -> None:
    import_file(owner, FILE)
    newer = FILE.replace(b",a,", b",A,")
    tried = import_file(owner, newer, mode="dry_run")
    assert verdict_rows(tried)[0] == ("A", "update", "")
    link_update(link=Link.objects.order_by("pk")[0], version=1, changes=LinkChanges(note="mine"))
    before = dump(owner.user)
    job = import_file(owner, newer)
    assert verdict_rows(job)[0] == ("A", "skip", "it was changed since it was imported")
    assert dump(owner.user) == before


def test_edit_waits_for_an_import_that_is_being_finished(owner: Client) -> None:
    """Whoever comes second sees what the first one did: nothing is overwritten unseen."""
    import_file(owner, FILE)
    link = Link.objects.order_by("pk")[0]
    job = submit(owner, [FILE.replace(b",a,", b",A,")])
    race(
        Grid.objects.filter(user=user_of(owner)),
        lambda: execute(job),
        lambda: link_update(link=link, version=None, changes=LinkChanges(note="mine")),
    )
    job.refresh_from_db()
    link.refresh_from_db()
    (row,) = verdict_rows(job)[:1]
    assert (link.note, link.title, link.version) in (
        ("mine", "A", 3),
        ("mine", "a", 2),
    )
    assert row[1] == ("update" if link.title == "A" else "skip")


def test_undo_gives_layouts_their_next_version(owner: Client) -> None:
    """Only those of grids that lose a tile."""
    grid = owner.post("grids/", {"title": "Home"}).json()
    other = owner.post("grids/", {"title": "Work"}).json()
    import_file(owner, table("https://w.example/,W,,,Work"))
    job = import_file(owner, FILE, b"https://w.example/,New,,,Work\n")
    before = [
        owner.get(f"grids/{each['slug']}/").json()["layout_version"] for each in (grid, other)
    ]
    assert undo(job).result["removed"] == 3
    after = [owner.get(f"grids/{each['slug']}/").json()["layout_version"] for each in (grid, other)]
    assert after == [before[0] + 1, before[1]]


@pytest.mark.parametrize("first", ["undo", "import"])
def test_undo_and_the_next_import_are_one_after_the_other(owner: Client, first: str) -> None:
    """Whichever comes first: no link is lost or doubled, and the layout's version counts both."""
    owner.post("grids/", {"title": "Home"})
    job = import_file(owner, FILE)
    version = Grid.objects.get().layout_version
    jobs = {"undo": import_undo(job=job).job, "import": submit(owner, [FILE + b"\n"])}
    order = [jobs.pop(first), *jobs.values()]
    race(
        Grid.objects.filter(user=user_of(owner)),
        lambda: execute(order[0]),
        lambda: execute(order[1]),
    )
    undone, imported = (
        Job.objects.get(kind="grids.undo").result,
        Job.objects.filter(kind="grids.import").latest("pk").result,
    )
    grid = Grid.objects.get()
    seen = (undone["removed"], imported["links"], imported["unchanged"])
    assert seen in ((3, 3, 0), (3, 0, 3))
    assert grid.links.count() == imported["links"]
    assert grid.layout_version == version + 1 + bool(imported["links"])
    places = list(grid.links.order_by("y", "x").values_list("x", "y"))
    assert places == [(0, 0), (1, 0), (2, 0)][: len(places)]


def test_two_imports_at_once_are_one_after_the_other(owner: Client) -> None:
    jobs = [submit(owner, [FILE]), submit(owner, [FILE + b"\n"])]
    in_threads(2, lambda: execute(Job.objects.get(pk=jobs[0].pk)))
    results = [Job.objects.get(pk=job.pk).result for job in jobs]
    assert sorted((each["links"], each["unchanged"]) for each in results) == [(0, 3), (3, 0)]
    assert (Grid.objects.count(), Link.objects.count()) == (1, 3)


def test_short_code_taken_in_the_very_moment(
    owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = user_of(Client(make_user("bob")))
    grid = Grid.objects.create(user=bob, title="Bob's")
    new = NewLink(grid=grid.slug, url="https://b.example/", title="b", alias="code")
    store = writer.write
    taken: list[Link] = []

    def late(cursor: object, **run: Any) -> None:
        if not taken:
            taken.extend(in_threads(1, lambda: link_create(user=bob, new=new)))
        store(cursor, **run)

    monkeypatch.setattr(writer, "write", late)
    job = import_file(owner, table("https://a.example/,A,code", header="url,title,alias"))
    assert verdict_rows(job) == [("A", "create", 'the short code "code" is taken')]
    assert Link.objects.get(alias="code") == taken[0]
    assert (Grid.objects.filter(user=owner.user).count(), ImportedLink.objects.count()) == (1, 1)


def test_undo_is_all_or_nothing(owner: Client) -> None:
    job = import_file(owner, FILE)
    before = dump(owner.user)
    user = user_of(owner)
    with transaction.atomic():
        undoing.undo(user_id=user.pk, job_id=job.pk)
        assert not Link.objects.exists()
        transaction.set_rollback(True)
    assert dump(owner.user) == before
