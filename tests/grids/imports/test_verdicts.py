"""Test the verdicts on small files of every tool: tried, applied, repeated, undone."""

from __future__ import annotations

import pytest

from grids.imports.services import import_apply
from grids.models import Grid, ImportedLink, Link, Visibility
from grids.selectors import link_resolve
from grids.services.changes import LinkChanges
from grids.services.links import link_delete, link_update
from tests.support.client import Client, make_user
from tests.support.grids.imports import (
    contents,
    document,
    dump,
    import_file,
    result,
    submit,
    table,
    undo,
    verdict_rows,
    verdicts,
)
from tests.support.grids.link_files import SAMPLES
from tests.support.platform import execute

pytestmark = pytest.mark.django_db(transaction=True)


NO_CODE = "its short code cannot be kept, since here they are 1 to 64 letters, digits and hyphens"


def hidden(code: str) -> str:
    return f'the short code "{code}" answers once its grid is unlisted or public'


def marked(*tags: str) -> str:
    return f"marks of its source become tags: {', '.join(tags)}"


def left_out(what: str, *names: str) -> tuple[str, str, str]:
    return ("", "problem", f"these {what} are not imported: {', '.join(names)}")


# Of each sample and entry its title, verdict and remarks.
EXPECTED: dict[str, list[tuple[str, str, str]]] = {
    "chrome": [
        ("A", "create", ""),
        left_out("attributes", "ICON"),
    ],
    "linkding": [
        ("url,title", "create", ""),
    ],
    "dub": [
        left_out("columns", "Leads"),
        ("a.example", "create", hidden("promo")),
        ("b.example", "create", marked("archived")),
    ],
    "shlink web": [
        left_out("columns", "domain", "shortUrl"),
        ("A", "create", hidden("abc")),
    ],
    "shlink import": [
        left_out("columns", "Domain"),
        ("A", "create", hidden("abc")),
    ],
    "shlink short url": [
        ("a.example", "create", NO_CODE),
    ],
    "yourls": [
        ("a.example", "create", hidden("ozh")),
    ],
    "bitly": [
        ("A", "create", hidden("XXXX")),
    ],
    "kutt": [
        left_out("columns", "banned", "domain", "link"),
        ("a.example", "create", hidden("abc")),
    ],
    "rebrandly": [
        ("A", "create", hidden("abc")),
    ],
    "short.io": [
        ("A", "create", hidden("abc")),
    ],
    "gridlink": [
        left_out("columns", "x"),
        ("'=1+1", "create", hidden("promo")),
        ("B", "create", ""),
        ("C", "create", ""),
    ],
    "pocket": [
        ("A, the first", "create", marked("toread")),
        ("https://b.example/", "create", marked("archived")),
    ],
    "linkstack": [
        ("", "problem", "a block of text is no link: <b>Hi</b>"),
        ("", "problem", "an item has no address (link): Heading"),
        ("First", "create", ""),
        ("Second", "create", ""),
        left_out("fields", "user_id"),
    ],
    "linkstack user": [
        ("", "problem", "of the user: created_at has no time zone and was taken for UTC"),
        ("A", "create", ""),
        left_out("fields", "id", "email", "image_data", "image_extension"),
    ],
    "linkwarden": [
        ("", "problem", "a subscription to a feed is no link: https://f.example/feed"),
        ("", "problem", "an item has no address (url): A file"),
        ("A", "create", marked("pinned")),
        ("B", "create", ""),
        ("Shared", "create", marked("pinned")),
        left_out(
            "fields", "name", "username", "email", "color of collections", "type", "textContent"
        ),
    ],
    "wallabag": [
        ("A", "create", marked("starred", "archived")),
        ("b.example", "create", ""),
        left_out("fields", "content"),
    ],
    "omnivore": [
        ("A", "create", marked("archived")),
        left_out("fields", "slug"),
    ],
}


@pytest.fixture(autouse=True)
def quiet(published: list[tuple[str, str]]) -> None:
    """No message leaves these tests."""


@pytest.fixture
def owner(transactional_db: None) -> Client:
    return Client(make_user("alice"))


@pytest.mark.parametrize(("name", "source", "text"), SAMPLES, ids=[name for name, *_ in SAMPLES])
def test_sample_there_and_back(owner: Client, name: str, source: str, text: str) -> None:
    """The same rows each time, with another word; and in the end nothing is left."""
    data = text.encode()
    empty = dump(owner.user)
    tried = import_file(owner, data, mode="dry_run")
    assert dump(owner.user) == empty
    applied = import_file(owner, data)
    assert (applied.status, applied.result["source"]) == ("succeeded", source)
    assert verdict_rows(applied) == verdict_rows(tried) == EXPECTED[name]
    made = dump(owner.user)
    names = {row["link"]: row["grid"] for row in verdicts(applied) if row["verdict"] == "create"}
    assert names == {link.slug: link.grid.slug for link in Link.objects.select_related("grid")}
    again = import_file(owner, data)
    assert verdict_rows(again) == [
        (title, "unchanged" if verdict == "create" else verdict, remarks)
        for title, verdict, remarks in EXPECTED[name]
    ]
    assert dump(owner.user) == made
    undone = undo(applied)
    assert [(row["link"], row["verdict"], row["remarks"]) for row in verdicts(undone)] == [
        *((link, "removed", "") for link in names),
        *(("", "removed", "") for _ in made["Grid"]),
    ]
    assert dump(owner.user) == empty
    assert undo(applied).result["gone"] == len(names)


def test_what_tools_tell_beside_the_link_is_kept(owner: Client) -> None:
    row = "https://a.example/,A,,x,Home,a1,promo,12,2024-05-01T10:00:00Z,2024-06-01T10:00:00Z,yes"
    header = "url,title,note,tags,folder,id,alias,clicks,created at,updated at,archived"
    import_file(owner, table(row, header=header))
    link = Link.objects.get()
    assert (link.alias, link.tags, link.clicks_before_import, link.clicks_before_import_from) == (
        "promo", ["x", "archived"], 12, "csv",
    )  # fmt: skip
    assert (link.created_on.month, link.modified_on.month) == (5, 6)
    shown = owner.get(f"links/{link.slug}/").json()
    assert (shown["clicks_before_import"], shown["clicks_before_import_from"]) == (12, "csv")
    refused = owner.http.patch(
        f"/api/v1/links/{link.slug}/",
        {"clicks_before_import": 99},
        format="json",
        headers={"If-Match": '"1"'},
    )
    assert refused.status_code == 400
    link.refresh_from_db()
    assert (link.clicks_before_import, link.version) == (12, 1)


def test_whether_a_query_is_forwarded_is_imported_changed_and_undone(owner: Client) -> None:
    """New links forward theirs, unless the file says otherwise."""
    header = "url,title,forward_query"
    rows = ["https://a.example/,A,", "https://b.example/,B,no", "https://c.example/,C,t"]

    def forwarding() -> dict[str, bool]:
        return dict(Link.objects.values_list("title", "forward_query"))

    import_file(owner, table(*rows, header=header))
    made = {"A": True, "B": False, "C": True}
    assert forwarding() == made
    # A file that does not say changes nothing.
    again = import_file(owner, table("https://b.example/,B", header="url,title"))
    assert verdict_rows(again) == [("B", "unchanged", "")]
    changed = import_file(
        owner, table("https://b.example/,B,yes", "https://c.example/,C,f", header=header)
    )
    assert verdict_rows(changed) == [("B", "update", ""), ("C", "update", "")]
    assert forwarding() == {"A": True, "B": True, "C": False}
    undo(changed)
    assert forwarding() == made


def test_short_codes_that_are_taken(owner: Client) -> None:
    """By whom is nobody's business; of two in one file the first has it."""
    header = "url,title,alias"
    import_file(Client(make_user("bob")), table("https://b.example/,B,taken", header=header))
    rows = ["https://1.example/,1,taken", "https://2.example/,2,new", "https://3.example/,3,new"]
    job = import_file(owner, table(*rows, header=header))
    assert verdict_rows(job) == [
        ("1", "create", 'the short code "taken" is taken'),
        ("2", "create", hidden("new")),
        ("3", "create", 'the short code "new" is taken'),
    ]
    mine = Link.objects.filter(user=owner.user).order_by("title")
    assert [link.alias for link in mine] == [None, "new", None]
    # Once it is free, the next import of the file takes it.
    link_delete(link=Link.objects.get(alias="taken"), version=None)
    again = import_file(owner, table(*rows, header=header))
    assert [verdict for _, verdict, _ in verdict_rows(again)] == [
        "update",
        "unchanged",
        "unchanged",
    ]
    assert mine.all()[0].alias == "taken"
    undo(again)
    assert mine.all()[0].alias is None


def test_only_what_the_file_speaks_of_is_updated(owner: Client) -> None:
    import_file(owner, table("https://a.example/,Old,kept,x,Home"))
    before = dump(owner.user)
    job = import_file(owner, table("https://a.example/,New,,,Home"))
    assert (verdict_rows(job), job.result) == (
        [("New", "update", "")],
        result(source="csv", updated=1),
    )
    link = Link.objects.get()
    assert (link.title, link.note, link.tags, link.version) == ("New", "kept", ["x"], 2)
    undone = undo(job)
    assert verdict_rows(undone) == [("New", "restored", "")]
    assert dump(owner.user) == before
    # To the first import it is again as that one left it.
    assert verdict_rows(import_file(owner, table("https://a.example/,New,,,Home"))) == [
        ("New", "update", "")
    ]


def test_what_its_owner_did_stays(owner: Client) -> None:
    rows = [f"https://{name}.example/,{name},,,Home" for name in ("edited", "trashed", "same")]
    import_file(owner, table(*rows))
    edited, trashed, _ = Link.objects.order_by("pk")
    link_update(link=edited, version=1, changes=LinkChanges(title="Mine"))
    link_delete(link=trashed, version=1)
    owner.post("links/", {"grid": edited.grid.slug, "url": "https://own.example/", "title": "Own"})
    before = dump(owner.user)
    job = import_file(owner, table(*rows, "https://own.example/,Other,,,Home"))
    assert verdict_rows(job) == [
        ("edited", "skip", "it was changed since it was imported"),
        ("trashed", "skip", "it is in the trash"),
        ("same", "unchanged", ""),
        ("Other", "skip", "there is one like it that no import made"),
    ]
    assert dump(owner.user) == before


def test_folder_whose_grid_was_renamed_or_thrown_away(owner: Client) -> None:
    data = table("https://a.example/,A,,,Home", "https://b.example/,B,,,Work")
    import_file(owner, data)
    home, work = Grid.objects.order_by("pk")
    Grid.objects.filter(pk=home.pk).update(title="Mine", version=2)
    owner.http.delete(f"/api/v1/grids/{work.slug}/", headers={"If-Match": '"1"'})
    more = data + b"https://c.example/,C,,,Home\nhttps://d.example/,D,,,Work\n"
    assert verdict_rows(import_file(owner, more)) == [
        ("A", "unchanged", ""),
        ("B", "skip", "it is in the trash"),
        ("C", "create", ""),
        ("D", "create", ""),
    ]
    live = Grid.objects.live().order_by("pk")
    assert [(grid.title, grid.links.count()) for grid in live] == [("Mine", 2), ("Work", 1)]


def test_private_link_does_not_get_onto_a_grid_that_others_see(owner: Client) -> None:
    grid = owner.post("grids/", {"title": "Home", "visibility": Visibility.UNLISTED}).json()
    header = "url,title,folder,private"
    rows = ["https://a.example/,A,Home,yes", "https://b.example/,B,Home,no"]
    job = import_file(owner, table(*rows, header=header))
    assert verdict_rows(job) == [
        ("A", "skip", f"it is private, and its grid is not; {marked('private')}"),
        ("B", "create", ""),
    ]
    assert [link.grid.slug for link in Link.objects.all()] == [grid["slug"]]


def test_new_links_stand_beside_old_ones(owner: Client) -> None:
    grid = owner.post("grids/", {"title": "Home", "columns": 3}).json()
    place = {"grid": grid["slug"], "url": "https://z.example/", "title": "Z"}
    owner.post("links/", {**place, "x": 1, "y": 0, "width": 2, "height": 2})
    import_file(owner, table(*(f"https://{n}.example/,{n},,,Home" for n in range(3))))
    new = Link.objects.exclude(title="Z").order_by("pk")
    assert [(link.x, link.y) for link in new] == [(0, 0), (0, 1), (0, 2)]
    assert owner.get(f"grids/{grid['slug']}/").json()["layout_version"] == 3


def test_states_of_the_source_become_tags(owner: Client) -> None:
    """At most as many tags as a link can have, and those that the file has already are not told."""
    many = ",".join(f"t{number}" for number in range(60))
    body = f"""
<DT><A HREF="https://a.example/" PRIVATE="1" TOREAD="1" TAGS="x">A</A>
<DT><A HREF="https://b.example/" TOREAD="1" TAGS="toread">B</A>
<DT><A HREF="https://c.example/" PRIVATE="1" TAGS="{many}">C</A>
<DT><A HREF="https://d.example/" PRIVATE="0" SHORTCUTURL="{"k" * 90}">D</A>
"""
    job = import_file(owner, document(body))
    a, b, c, d = Link.objects.order_by("pk")
    assert (a.tags, b.tags) == (["x", "toread", "private"], ["toread"])
    assert c.tags == [*(f"t{number}" for number in range(49)), "private"]
    assert d.tags == [f"keyword:{'k' * 56}"]
    assert [remarks for _, _, remarks in verdict_rows(job)] == [
        marked("toread", "private"),
        "",
        f"{marked('private')}; tags were repeated, longer than 64 characters or more than 50",
        marked(f"keyword:{'k' * 56}"),
    ]


def test_visibility_of_new_grids(owner: Client) -> None:
    """Codes of such grids answer; what is private in its source is on a grid that nobody sees."""
    header = "url,title,folder,alias,private"
    rows = [
        "https://a.example/,A,Home,Spring-Sale,no",
        "https://b.example/,B,Home,inner,yes",
        "https://c.example/,C,Home,,no",
        "https://d.example/,D,,,yes",
    ]
    data = table(*rows, header=header)
    job = execute(submit(owner, [data], visibility=Visibility.UNLISTED))
    expected = [
        ("A", "create", ""),
        ("B", "create", f"{hidden('inner')}; {marked('private')}"),
        ("C", "create", ""),
        ("D", "create", marked("private")),
    ]
    assert verdict_rows(job) == expected
    grids = {grid.title: grid for grid in Grid.objects.all()}
    assert {title: grid.visibility for title, grid in grids.items()} == {
        "Home": "unlisted", "Home (private)": "private", "Unsorted (private)": "private",
    }  # fmt: skip
    assert [link.title for link in grids["Home"].links.order_by("pk")] == ["A", "C"]
    assert [link_resolve(key=key) is not None for key in ("spring-sale", "inner")] == [True, False]
    again = execute(submit(owner, [data], visibility=Visibility.UNLISTED))
    assert verdict_rows(again) == [(title, "unchanged", remark) for title, _, remark in expected]
    assert undo(job).result["removed"] == 4
    assert not Grid.objects.exists()


def test_visibility_is_not_that_of_grids_that_exist(owner: Client) -> None:
    grid = owner.post("grids/", {"title": "Home"}).json()
    data = table("https://a.example/,A,Home,code", header="url,title,folder,alias")
    job = execute(submit(owner, [data], visibility=Visibility.PUBLIC))
    assert verdict_rows(job) == [("A", "create", hidden("code"))]
    assert Grid.objects.get(slug=grid["slug"]).visibility == "private"


def test_dry_run_hands_its_visibility_on(owner: Client) -> None:
    data = table("https://a.example/,A,Home,code", header="url,title,folder,alias")
    tried = execute(submit(owner, [data], mode="dry_run", visibility=Visibility.PUBLIC))
    assert verdict_rows(tried) == [("A", "create", "")]
    assert not Grid.objects.exists()
    execute(import_apply(job=tried).job)
    assert Grid.objects.get().visibility == "public"


def test_short_codes_keep_their_capitals_and_are_compared_without(owner: Client) -> None:
    header = "url,title,alias"
    import_file(Client(make_user("bob")), table("https://b.example/,B,Taken", header=header))
    rows = ["https://1.example/,1,tAKEN", "https://2.example/,2,New", "https://3.example/,3,NEW"]
    job = import_file(owner, table(*rows, header=header))
    assert verdict_rows(job) == [
        ("1", "create", 'the short code "tAKEN" is taken'),
        ("2", "create", hidden("New")),
        ("3", "create", 'the short code "NEW" is taken'),
    ]
    mine = Link.objects.filter(user=owner.user).order_by("title")
    assert [link.alias for link in mine] == [None, "New", None]


def test_live_link_is_preferred_to_its_twin_in_the_trash(owner: Client) -> None:
    """Whichever of the two is older, and by each way in which entries and links are matched."""
    for rank in (0, 1):
        grid = owner.post("grids/", {"title": f"Home {rank}"}).json()
        twins = [
            owner.post(
                "links/", {"grid": grid["slug"], "url": "https://a.example/", "title": title}
            ).json()["slug"]
            for title in ("A", "A")
        ]
        link_delete(link=Link.objects.get(slug=twins[rank]), version=None)
        for title in ("A", "Other"):
            job = import_file(owner, table(f"https://a.example/,{title},,,Home {rank}"))
            (row,) = verdicts(job)
            assert row["link"] == twins[1 - rank]
            assert row["verdict"] == ("unchanged" if title == "A" else "skip")
    assert Link.objects.count() == 4


def test_imported_link_is_preferred_live(owner: Client) -> None:
    """Two imports of one identifier: the link of the first is in the trash, that of the second lives."""
    header = "url,title,id"
    import_file(owner, table("https://a.example/,A,7", header=header))
    first = Link.objects.get()
    link_delete(link=first, version=None)
    Link.objects.filter(pk=first.pk).update(url_key="0" * 32)
    ImportedLink.objects.update(source_id="8")
    import_file(owner, table("https://a.example/,A,7", header=header))
    second = Link.objects.exclude(pk=first.pk).get()
    ImportedLink.objects.update(source_id="7")
    (row,) = verdicts(import_file(owner, table("https://b.example/,B,7", header=header)))
    assert (row["verdict"], row["link"]) == ("update", second.slug)


def test_identifier_that_two_entries_share_identifies_neither(owner: Client) -> None:
    header = "url,title,id,folder"
    import_file(owner, table("https://a.example/,A,7,Home", header=header))
    link = Link.objects.get()
    moved = ["https://b.example/,B,7,Home", "https://c.example/,C,7,Home"]
    job = import_file(owner, table(*moved, header=header))
    assert [(row["title"], row["verdict"]) for row in verdicts(job)] == [
        ("B", "create"),
        ("C", "create"),
    ]
    link.refresh_from_db()
    assert (link.url, link.version) == ("https://a.example/", 1)
    # Alone it does.
    (row,) = verdicts(import_file(owner, table("https://d.example/,D,7,Home", header=header)))
    assert (row["verdict"], row["link"]) == ("update", link.slug)


def test_new_links_take_the_first_free_places_row_by_row(owner: Client) -> None:
    grid = owner.post("grids/", {"title": "Home", "columns": 3}).json()
    for x, y, width, height in ((1, 0, 1, 1), (0, 1, 2, 1), (2, 2, 1, 2)):
        owner.post(
            "links/",
            {"grid": grid["slug"], "url": "https://z.example/", "title": "Z", "x": x, "y": y}
            | {"width": width, "height": height},
        )
    import_file(owner, table(*(f"https://{n}.example/,{n},,,Home" for n in range(8))))
    new = Link.objects.exclude(title="Z").order_by("pk")
    assert [(link.x, link.y) for link in new] == [
        (0, 0), (2, 0), (2, 1), (0, 2), (1, 2), (0, 3), (1, 3), (0, 4),
    ]  # fmt: skip


def test_columns_are_named(owner: Client) -> None:
    data = b"Wohin;Was\nhttps://a.example/;A\n"
    assert import_file(owner, data).error_code == "unreadable"
    job = execute(submit(owner, [data], columns={"url": "Wohin", "title": "Was"}))
    assert (job.status, job.result) == ("succeeded", result(source="csv", grids=1, links=1))
    assert contents() == {"Unsorted": [("https://a.example/", "A", "", [])]}


def test_column_that_is_not_there(owner: Client) -> None:
    job = execute(submit(owner, [table("https://a.example/,A,,,")], columns={"url": "Wohin"}))
    assert (job.status, job.error_code) == ("failed", "unreadable")
    assert job.error_message.startswith("The table has no column Wohin.")
    assert not Link.objects.exists()
