"""What the Netscape export writes, the import of another account reads back to the same links."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridlink.lib.text import CONTROL
from grids.models import Grid, Link
from tests.support.client import Client, make_user
from tests.support.grids.imports import import_file, verdicts
from tests.support.platform import user_of
from tests.support.reports.exports import exported, link_on

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
GRIDS = st.lists(st.tuples(TITLE, LINKS), min_size=1, max_size=3)


def account(client: Client) -> list[tuple[str, list[dict[str, Any]]]]:
    """The client's grids with their links, in reading order, their moments in whole seconds."""
    return [
        (
            grid.title,
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
def test_export_then_import_gives_the_same_links(
    owner: Client, grids: list[tuple[str, list[dict[str, Any]]]]
) -> None:
    Grid.objects.all().delete()
    other = _bob()
    for title, links in grids:
        grid = Grid.objects.create(user=user_of(owner), title=title)
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
    assert [(title, len(links)) for title, links in account(bob)] == [("Same", 1)] * 3
    assert account(bob) == account(owner)


def test_a_second_round_changes_not_a_byte(owner: Client, grid: Grid) -> None:
    bob = _bob()
    for number in range(20):
        link_on(grid, number, tags=["a"], note="N")
    first = exported(owner, "netscape")
    import_file(bob, first)
    assert exported(bob, "netscape") == first
