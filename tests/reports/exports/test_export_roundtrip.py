"""Test that the import of another account reads back what the exports of links write."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridlink.lib.text import CONTROL
from grids.models import Grid, Link
from tasks.models import JobFile
from tasks.storage import object_store
from tests.support.client import Client, make_user
from tests.support.grids.imports import import_file, verdicts
from tests.support.platform import user_of
from tests.support.reports.exports import exported, file_bytes, link_on, run_export

pytestmark = pytest.mark.django_db(transaction=True)

# HTML has no means for control characters, and a title of nothing but space is given a name on import.
_CHARS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], include_characters="\t\n")
_MARKUP = st.sampled_from(
    ["<", ">", "&", '"', "'", ",", "&amp;", "&#44;", "</A>", "<DD>", "<DL><p>", "\r\n", "-->", "<!--",
     "[linkding-notes]", "[/linkding-notes]", "\\", "%s", "=", " ", "\u00a0", "\u2028", "😀", "שלום"]
)  # fmt: skip
TEXT = st.lists(st.one_of(st.text(_CHARS, max_size=8), _MARKUP), max_size=6).map("".join)
# A title is one line with something in it, as the API wants it.
TITLE = TEXT.map(lambda text: CONTROL.sub("", text)).filter(lambda text: bool(text.strip()))
# The API cuts the spaces around a tag.
TAG = TITLE.map(str.strip).filter(lambda tag: len(tag) <= 64)
URL = st.sampled_from(
    ["https://example.org/", "http://example.org/?a=1&b=2&copy=3&amp;=4", "mailto:a@example.org",
     "https://user@example.org:8080/a%20b?q='x'#<frag>", "tel:+123", "https://例え.jp/東京"]
)  # fmt: skip
LINKS = st.lists(
    st.fixed_dictionaries(
        {
            "url": URL,
            "title": TITLE,
            "note": TEXT,
            "tags": st.lists(TAG, max_size=3, unique=True),
            "created_on": st.datetimes(
                datetime(1990, 1, 2), datetime(2026, 1, 1), timezones=st.just(UTC)
            ),
        }
    ),
    min_size=1,
    max_size=5,
)
# Of nested folders, which the title of a grid shows, too.
NESTED = (
    st.lists(TITLE, min_size=1, max_size=3).map(" / ".join).filter(lambda text: len(text) < 300)
)
GRIDS = st.lists(st.tuples(NESTED, TEXT, LINKS), min_size=1, max_size=3)
# Texts that spreadsheets would run, and that look as if they were guarded; with what only CSV can hold.
CSV_MARKUP = st.sampled_from(
    ["=", "+1", "-", "@", "'", "''", "＝", "＠", ";", "|", "\t", ",", '"', "\\", "\\,", "\r", "\n", "[", "]",
     " ", "\u00a0", "\ufeff", "\x01", "NULL", "\\N", "\\.", "sep=;"]
)  # fmt: skip
CSV_TEXT = st.lists(st.one_of(CSV_MARKUP, st.text(_CHARS, max_size=5)), max_size=6).map("".join)
CSV_TITLE = CSV_TEXT.map(lambda text: CONTROL.sub("", text)).filter(lambda text: bool(text.strip()))
CSV_LINKS = st.lists(
    st.fixed_dictionaries(
        {
            "url": URL,
            "title": CSV_TITLE,
            "note": CSV_TEXT,
            "tags": st.lists(CSV_TITLE.map(str.strip), max_size=3, unique=True),
            "clicks_before_import": st.integers(0, 10**12),
            "created_on": st.datetimes(
                datetime(1990, 1, 2), datetime(2026, 1, 1), timezones=st.just(UTC)
            ),
        }
    ),
    min_size=1,
    max_size=4,
)


Page = tuple[str, str, list[dict[str, Any]]]


def account(client: Client) -> list[Page]:
    """The client's grids with their links, in reading order, their moments in whole seconds."""
    return [
        (
            grid.title,
            grid.description,
            [
                {
                    "url": link.url,
                    "title": link.title,
                    "note": link.note,
                    "tags": link.tags,
                    "created_on": link.created_on.replace(microsecond=0),
                }
                for link in grid.links.order_by("y", "x", "id")
            ],
        )
        for grid in Grid.objects.filter(user=client.user).order_by("created_on", "id")
    ]


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(grids=GRIDS)
def test_export_then_import_gives_the_same_links(owner: Client, grids: list[Page]) -> None:
    Grid.objects.all().delete()
    other = _bob()
    for title, description, links in grids:
        grid = Grid.objects.create(user=user_of(owner), title=title, description=description)
        for place, fields in enumerate(links):
            link_on(grid, Link.objects.count() + 1, x=place % 6, y=place // 6, **fields)
    job = import_file(other, exported(owner, "netscape"))
    assert (job.status, job.error_message) == ("succeeded", "")
    assert [row["remarks"] for row in verdicts(job)] == [""] * Link.objects.filter(
        user=owner.user
    ).count()
    assert account(other) == account(owner)


def _bob() -> Client:
    from gridlink.accounts.models import User

    return Client(User.objects.filter(username="bob").first() or make_user("bob"))


def test_largest_links_come_back(owner: Client, grid: Grid) -> None:
    bob = _bob()
    fields: dict[str, Any] = {
        "url": "https://example.org/" + "u" * 4076,
        "title": "&" * 300,
        "note": "<&>\n" * 2500,
        "tags": [f"{number:&<64}" for number in range(50)],
    }
    link_on(grid, 1, **fields)
    job = import_file(bob, exported(owner, "netscape"))
    assert [row["remarks"] for row in verdicts(job)] == [""]
    (link,) = Link.objects.filter(user=bob.user)
    assert (link.url, link.title, link.note, link.tags) == tuple(fields.values())


def test_grids_of_one_name_stay_apart(owner: Client) -> None:
    bob = _bob()
    for number in range(3):
        link_on(Grid.objects.create(user=user_of(owner), title="Same"), number)
    import_file(bob, exported(owner, "netscape"))
    assert [(title, len(links)) for title, _, links in account(bob)] == [("Same", 1)] * 3
    assert account(bob) == account(owner)


def test_a_second_round_changes_not_a_byte(owner: Client, grid: Grid) -> None:
    bob = _bob()
    for number in range(20):
        link_on(grid, number, tags=["a"], note="N")
    first = exported(owner, "netscape")
    import_file(bob, first)
    assert exported(bob, "netscape") == first


def test_grids_of_nested_folders_are_nested_folders_again(owner: Client) -> None:
    """Neither do grids of one name become one, nor does an inner one become part of the outer."""
    bob = _bob()
    for number, title in enumerate(
        ["A", "A / B", "A", "A / B", "A / C / D", "C / D", "A /B", " / "]
    ):
        grid = Grid.objects.create(user=user_of(owner), title=title, description=f"about {number}")
        link_on(grid, number)
    data = exported(owner, "netscape")
    assert data.count(b">D</H3>") == 2
    import_file(bob, data)
    assert account(bob) == account(owner)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    title=CSV_TITLE,
    links=CSV_LINKS,
    delimiter=st.sampled_from(["comma", "semicolon", "tab", "pipe"]),
)
def test_csv_export_then_import_gives_the_same_links(
    owner: Client, title: str, links: list[dict[str, Any]], delimiter: str
) -> None:
    Grid.objects.all().delete()
    bob = _bob()
    grid = Grid.objects.create(user=user_of(owner), title=title)
    for place, fields in enumerate(links):
        link_on(grid, place, alias=None, **fields)
    exported_file = file_bytes(run_export(owner, "csv", delimiter=delimiter))
    job = import_file(bob, exported_file)
    assert (job.status, job.error_message) == ("succeeded", "")
    assert [row["remarks"] for row in verdicts(job)] == [LEFT_OUT] + [""] * len(links)
    names = ("url", "title", "note", "tags", "created_on", "modified_on", "clicks_before_import")
    here, there = (
        list(
            Link.objects.filter(user=each.user)
            .order_by("y", "x")
            .values_list("grid__title", *names)
        )
        for each in (owner, bob)
    )
    assert there == here


LEFT_OUT = (
    "these columns are not imported:"
    " x, y, width, height, background, style, active_from, active_until"
)


def test_title_that_looks_guarded_keeps_its_sign(owner: Client, grid: Grid) -> None:
    bob = _bob()
    titles = ["'@' in addresses", "'=1", "''=1", "=1", "'", "＝1", "x;=1", "x;'=1"]
    for number, title in enumerate(titles):
        link_on(grid, number, title=title)
    import_file(bob, exported(owner, "csv"))
    assert [link.title for link in Link.objects.filter(user=bob.user).order_by("y", "x")] == titles


def test_earlier_clicks_come_back(owner: Client, grid: Grid) -> None:
    bob = _bob()
    link_on(grid, 1, clicks_before_import=4_000_000_000, alias="Code")
    data = exported(owner, "csv")
    Link.objects.update(alias=None)
    import_file(bob, data)
    link = Link.objects.get(user=bob.user)
    assert (link.clicks_before_import, link.clicks_before_import_from) == (4_000_000_000, "csv")
    assert link.alias == "Code"


@pytest.mark.parametrize(
    ("form", "missing"), [("csv", "style and active window"), ("netscape", "alias, earlier clicks")]
)
def test_manifest_says_what_the_format_cannot_hold(
    owner: Client, grid: Grid, form: str, missing: str
) -> None:
    link_on(grid, 1)
    job = run_export(owner, form)
    manifest = JobFile.objects.get(job=job, name="manifest.json")
    with object_store().open(manifest.storage_key) as stream:
        assert missing in json.load(stream)["cannot_hold"]
