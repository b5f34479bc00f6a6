"""Test imports: folders become grids, links tiles, and every entry gets a verdict."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import pytest
from django.db import OperationalError

from grids.imports.modes import ApplyMode
from grids.layout.occupancy import Occupancy, Tile
from grids.models import Grid, Link
from tasks.jobs import lifecycle
from tasks.jobs.context import JobContext
from tasks.jobs.registry import runner_for
from tasks.models import JobFile
from tasks.storage import object_store
from tests.support.client import Client, make_user
from tests.support.grids.imports import (
    contents,
    document,
    dump,
    import_file,
    result,
    submit,
    table,
    verdicts,
)
from tests.support.platform import claim_of, due, end_lease, event_types, execute, in_threads
from tests.support.tasks.jobs import stored

pytestmark = pytest.mark.django_db(transaction=True)

NESTED = document(
    """
    <DT><A HREF="https://example.org/loose">Loose</A>
    <DT><H3 ADD_DATE="1500000000">Work</H3>
    <DD>About work
    <DL><p>
        <DT><A HREF="https://example.org/a" ADD_DATE="1600000000" TAGS="one,two">A &amp; B</A>
        <DD>First line
second line
        <DT><H3>Deep</H3>
        <DL><p>
            <DT><A HREF="https://example.org/deep">Deep one</A>
        </DL><p>
        <DT><A HREF="https://example.org/b">Back in Work</A>
    </DL><p>
    <DT><H3>Empty</H3>
    <DL><p></DL><p>
    """
)


@pytest.fixture(autouse=True)
def quiet(published: list[tuple[str, str]]) -> None:
    """No message leaves these tests."""


@pytest.fixture
def owner(transactional_db: None) -> Client:
    return Client(make_user("alice"))


def test_folders_become_grids_and_links_tiles(owner: Client) -> None:
    job = import_file(owner, NESTED)
    assert (job.status, job.error_code) == ("succeeded", "")
    assert job.result == result(grids=3, links=4)
    assert contents() == {
        "Unsorted": [("https://example.org/loose", "Loose", "", [])],
        "Work": [
            ("https://example.org/a", "A & B", "First line\nsecond line", ["one", "two"]),
            ("https://example.org/b", "Back in Work", "", []),
        ],
        "Work / Deep": [("https://example.org/deep", "Deep one", "", [])],
    }
    work = Grid.objects.get(title="Work")
    assert (work.user, work.description, work.visibility) == (owner.user, "About work", "private")
    assert work.created_on == datetime.fromtimestamp(1500000000, UTC)
    first = Link.objects.get(url="https://example.org/a")
    assert first.created_on == datetime.fromtimestamp(1600000000, UTC)
    assert (first.user, first.version, first.is_deleted, first.style) == (owner.user, 1, False, {})
    assert (job.progress_done, job.progress_total, job.progress_unit) == (
        len(NESTED), len(NESTED), "bytes",
    )  # fmt: skip
    # What was imported is what the API shows and finds.
    shown = owner.get(f"links/?grid={work.slug}").json()["results"]
    assert {link["title"] for link in shown} == {"A & B", "Back in Work"}


def test_tiles_do_not_overlap(owner: Client) -> None:
    links = "".join(f'<DT><A HREF="https://example.org/{n}">{n}</A>\n' for n in range(100))
    import_file(owner, document(links))
    grid = Grid.objects.get()
    tiles = [
        Tile(link.x, link.y, link.width, link.height) for link in grid.links.order_by("y", "x")
    ]
    Occupancy(grid.columns, tiles)  # raises TileError for an overlap or a tile beyond the columns
    assert [(tile.x, tile.y) for tile in tiles] == [(n % 6, n // 6) for n in range(100)]
    assert [link.title for link in grid.links.order_by("y", "x")] == [str(n) for n in range(100)]


def test_verdict_per_entry(owner: Client) -> None:
    job = import_file(
        owner,
        document(
            '<DT><A HREF="https://example.org/1">One</A>\n'
            '<DT><A HREF="javascript:alert(1)">Evil</A>\n'
            "<DT><A>No address</A>\n"
            '<DT><A HREF="https://example.org/2"></A>'
        ),
    )
    assert job.status == "succeeded"
    assert job.result == result(grids=1, links=2, refused=1, problems=1)
    grid = Grid.objects.get()
    one, two = grid.links.order_by("x")
    assert verdicts(job) == [
        {
            "line": "5", "verdict": "create", "grid": grid.slug, "link": one.slug,
            "title": "One", "url": "https://example.org/1", "remarks": "",
        },
        {
            "line": "6", "verdict": "refused", "grid": "", "link": "", "title": "Evil",
            "url": "javascript:alert(1)",
            "remarks": "The URL must start with http://, https://, mailto: or tel:.",
        },
        {
            "line": "7", "verdict": "problem", "grid": "", "link": "", "title": "", "url": "",
            "remarks": "a link has no address (HREF)",
        },
        {
            "line": "8", "verdict": "create", "grid": grid.slug, "link": two.slug,
            "title": "example.org", "url": "https://example.org/2", "remarks": "",
        },
    ]  # fmt: skip


def test_verdicts_are_safe_in_a_spreadsheet(owner: Client) -> None:
    job = import_file(
        owner,
        document(
            "".join(
                f'<DT><A HREF="https://example.org/">{start}cmd</A>\n'
                for start in ("=", "+", "-", "@", "&#9;", "&#13;", "'", "a=")
            )
            + '<DT><A HREF="=HYPERLINK(1)">x</A>'
        ),
    )
    rows = verdicts(job)
    assert [row["title"] for row in rows[:8]] == [
        "'=cmd", "'+cmd", "'-cmd", "'@cmd", " cmd", " cmd", "'cmd", "a=cmd",
    ]  # fmt: skip
    assert rows[8]["url"] == "'=HYPERLINK(1)"
    # Only in the file: the link itself is as it was.
    assert Link.objects.filter(title="=cmd").exists()


def test_what_is_too_long_is_cut_and_said_so(owner: Client) -> None:
    tags = ",".join(["same", "same", "t" * 65, *(f"tag{n}" for n in range(60))])
    job = import_file(
        owner,
        document(
            f"<DT><H3>{'F' * 301}</H3>\n<DD>{'d' * 10_001}\n<DL><p>\n"
            f'<DT><A HREF="https://example.org/">{"T" * 301}</A>\n<DD>short\n'
            f'<DT><A HREF="https://example.org/" TAGS="{tags}">Tags</A>\n<DD>{"n" * 10_001}\n'
            f'<DT><A HREF="https://example.org/{"u" * 4096}">Address</A>\n</DL><p>'
        ),
    )
    assert job.status == "succeeded"
    grid = Grid.objects.get()
    assert (grid.title, grid.description) == ("F" * 300, "d" * 10_000)
    titled, tagged = grid.links.order_by("x")
    assert (titled.title, titled.note) == ("T" * 300, "T" * 301 + "\n\nshort")
    assert tagged.note == "n" * 10_000
    assert tagged.tags == ["same", "t" * 64, *(f"tag{n}" for n in range(48))]
    rows = verdicts(job)
    assert [(row["verdict"], row["remarks"]) for row in rows] == [
        (
            "problem",
            "the folder's title was cut to its last 300 characters;"
            " the folder's note was cut to 10000 characters",
        ),
        ("create", "the title was cut to 300 characters and is whole in the note"),
        (
            "create",
            "the note was cut to 10000 characters;"
            " tags were repeated, longer than 64 characters or more than 50",
        ),
        ("refused", "The URL is longer than 4096 characters."),
    ]
    assert job.result["problems"] == 1


FUTURE = "the date it was saved is in the future (2096-10-02) and was left out"


@pytest.mark.parametrize(
    ("stamp", "kept", "remark"),
    [
        ("1600000000", datetime.fromtimestamp(1600000000, UTC), ""),
        ("1600000000000", datetime.fromtimestamp(1600000000, UTC), ""),
        ("13314567890123456", datetime(2022, 12, 3, 19, 4, 50, 123456, UTC), ""),
        ("315532800", datetime(1980, 1, 1, tzinfo=UTC), ""),
        ("2013-10-18T12:30:00Z", datetime(2013, 10, 18, 12, 30, tzinfo=UTC), ""),
        ("4000000000", None, FUTURE),
        ("2096-10-02", None, "ADD_DATE has no time zone and was taken for UTC; " + FUTURE),
        ("5", None, "the date it was saved is too long ago (1970-01-01) and was left out"),
        ("-1", None, "ADD_DATE is not a date"),
        ("0", None, ""),
    ],
)
def test_dates_are_kept_or_refused_with_a_remark(
    owner: Client, stamp: str, kept: datetime | None, remark: str
) -> None:
    job = import_file(
        owner, document(f'<DT><A HREF="https://example.org/" ADD_DATE="{stamp}">x</A>')
    )
    assert job.started_on
    assert job.finished_on
    created = Link.objects.get().created_on
    assert created == kept if kept else job.started_on <= created <= job.finished_on
    assert verdicts(job)[0]["remarks"] == remark


def test_date_of_the_last_change(owner: Client) -> None:
    """Alone it says when the link was saved as well, and it is never before that."""
    header = "url,title,created at,updated at"
    rows = [
        "https://a.example/,A,,2020-01-01T00:00:00Z",
        "https://b.example/,B,2021-01-01T00:00:00Z,2020-01-01T00:00:00Z",
        "https://c.example/,C,2020-01-01T00:00:00Z,2096-10-02T00:00:00Z",
    ]
    job = import_file(owner, table(*rows, header=header))
    assert [row["remarks"] for row in verdicts(job)] == [
        "",
        "its last change is before it was saved: that date counts for both",
        "the date of its last change is in the future (2096-10-02) and was left out",
    ]
    a, b, c = Link.objects.order_by("pk")
    assert (a.created_on, a.modified_on) == (datetime(2020, 1, 1, tzinfo=UTC),) * 2
    assert (b.created_on, b.modified_on) == (datetime(2021, 1, 1, tzinfo=UTC),) * 2
    assert c.created_on == datetime(2020, 1, 1, tzinfo=UTC)
    assert job.started_on
    assert c.modified_on >= job.started_on


def test_date_of_a_folder_in_the_future(owner: Client) -> None:
    body = '<DT><H3 ADD_DATE="4000000000">F</H3><DL><DT><A HREF="https://e.org/">x</A></DL>'
    job = import_file(owner, document(body))
    assert [row["remarks"] for row in verdicts(job)] == [
        "the date the folder was made is in the future (2096-10-02) and was left out",
        "",
    ]


def test_dry_run_writes_nothing(owner: Client, storage: Path) -> None:
    job = import_file(owner, NESTED, mode="dry_run")
    assert job.status == "succeeded"
    assert job.result == result(mode="dry_run", grids=3, links=4)
    rows = verdicts(job)
    assert [row["title"] for row in rows] == ["Loose", "A & B", "Deep one", "Back in Work"]
    # Nothing is named that will never exist.
    assert {row["verdict"] for row in rows} == {"create"}
    assert {row["grid"] + row["link"] for row in rows} == {""}
    assert not Grid.objects.exists()
    assert not Link.objects.exists()


def test_import_is_all_or_nothing(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    tell = ApplyMode.write_verdicts

    def half(self: ApplyMode, file: BinaryIO) -> None:
        tell(self, file)
        assert Link.objects.count() == 4
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(ApplyMode, "write_verdicts", half)
    job = import_file(owner, NESTED)
    assert (job.status, job.attempt) == ("queued", 1)
    assert not Grid.objects.exists()
    assert not Link.objects.exists()
    assert not JobFile.objects.filter(role="output").exists()
    monkeypatch.setattr(ApplyMode, "write_verdicts", tell)
    due(job)
    assert execute(job).status == "succeeded"
    assert (Grid.objects.count(), Link.objects.count()) == (3, 4)


def test_two_attempts_at_once_do_not_double(owner: Client, storage: Path) -> None:
    job = submit(owner, [NESTED])
    stale = claim_of(job)
    first = JobContext(stale, object_store())
    outcome = runner_for(job.kind)().run(first)
    end_lease(job)
    # Another worker has another connection.
    [second] = in_threads(1, lambda: execute(job))
    assert (second.status, second.attempt) == ("succeeded", 2)
    before = contents()
    with pytest.raises(lifecycle.LeaseLost):
        lifecycle.succeed(stale, outcome, first.files, first.progress)
    assert contents() == before
    assert Link.objects.count() == 4
    first.discard_outputs()
    assert event_types(job) == ["queued", "claimed", "claimed", "succeeded"]
    assert stored(storage) == [
        f"jobs/{job.slug}/2-2/verdicts.csv",
        f"jobs/{job.slug}/input/upload",
    ]


def test_importing_twice_changes_nothing(owner: Client) -> None:
    first = import_file(owner, NESTED)
    before = dump(owner.user)
    again = import_file(owner, NESTED)
    assert again.result == result(unchanged=4)
    assert dump(owner.user) == before
    assert verdicts(again) == [{**row, "verdict": "unchanged"} for row in verdicts(first)]


def test_other_peoples_grids_stay_as_they_are(owner: Client) -> None:
    import_file(Client(make_user("bob")), NESTED)
    before = list(Grid.objects.order_by("id").values())
    import_file(owner, NESTED)
    assert list(Grid.objects.exclude(user=owner.user).order_by("id").values()) == before
