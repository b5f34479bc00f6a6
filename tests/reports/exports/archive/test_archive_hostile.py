"""Whatever somebody uploads as an archive: a clear reason, and nothing is restored."""

from __future__ import annotations

import io
import json
import stat
import struct
import zipfile
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from grids.models import Grid
from reports.exports.archive import reader
from reports.exports.archive.registry import TABLES
from reports.exports.archive.runner import RESTORE
from reports.models import Click
from tests.support.client import Client
from tests.support.platform import execute, user_of
from tests.support.reports.archives import (
    Files,
    contents,
    noted,
    refused,
    restored,
    rewritten,
    submit_restore,
    unzipped,
    zipped,
)

pytestmark = pytest.mark.django_db(transaction=True)


def reason(owner: Client, data: bytes) -> str:
    """Why it is refused; nothing may have changed."""
    before = contents()
    message = refused(owner, data)
    assert contents() == before
    return message


def with_entry(files: Files, change: Callable[[zipfile.ZipFile], object]) -> bytes:
    out = io.BytesIO(zipped(files))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        change(archive)
    return out.getvalue()


def named(name: str, mode: int = 0) -> Callable[[zipfile.ZipFile], None]:
    def add(archive: zipfile.ZipFile) -> None:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        archive.writestr(info, "/etc/passwd")

    return add


@pytest.mark.parametrize(
    "name", ["../grids.jsonl", "/etc/passwd", "C:\\grids.jsonl", "a/b.jsonl", "more.jsonl", "x\0y"]
)
def test_a_name_that_is_not_ours(owner: Client, good: bytes, name: str) -> None:
    data = with_entry(unzipped(good), named(name))
    assert reason(owner, data).startswith("The archive has the unexpected file '")


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFIFO, stat.S_IFDIR])
def test_an_entry_that_is_no_file(owner: Client, good: bytes, mode: int) -> None:
    files = unzipped(good)
    del files["views.jsonl"]
    data = with_entry(files, named("views.jsonl", mode))
    assert reason(owner, data) == "'views.jsonl' is no plain file."


def test_a_folder(owner: Client, good: bytes) -> None:
    assert reason(owner, with_entry(unzipped(good), named("d/"))) == "'d/' is no plain file."


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice(owner: Client, good: bytes) -> None:
    data = with_entry(unzipped(good), named("links.jsonl"))
    assert reason(owner, data) == "The archive has 'links.jsonl' twice."


def test_a_bomb(owner: Client, good: bytes) -> None:
    files = unzipped(good) | {"clicks.jsonl": b" " * (64 << 20)}
    assert reason(owner, zipped(files)) == (
        f"'clicks.jsonl' would be {64 << 20} bytes, more than archives contain."
    )


def test_a_bomb_in_the_manifest(owner: Client, good: bytes) -> None:
    files = unzipped(good) | {"manifest.json": b" " * (2 << 20)}
    assert "'manifest.json' would be 2097152 bytes" in reason(owner, zipped(files))


def test_a_bomb_that_says_it_is_small(owner: Client, good: bytes) -> None:
    files = unzipped(good) | {"views.jsonl": b" " * (8 << 20)}
    data = zipped(files)
    data = data.replace(struct.pack("<L", 8 << 20), struct.pack("<L", 100))
    assert reason(owner, data).startswith("views.jsonl is damaged: Bad CRC-32")


def test_more_in_all_than_is_taken(
    owner: Client, good: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "CONTENT_BYTES", 3000)
    assert reason(owner, good) == "The archive holds more than 3000 bytes."


def test_a_file_larger_than_is_taken(
    owner: Client, good: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "ARCHIVE_BYTES", 1000)
    assert reason(owner, good) == "The file is larger than 1000 bytes."


def test_ten_thousand_entries(owner: Client, good: bytes) -> None:
    files = unzipped(good) | {f"{number}.jsonl": b"" for number in range(10_000)}
    message = "The archive has 10014 entries; the most allowed is 100."
    assert reason(owner, zipped(files)) == message


def test_a_directory_that_lies_about_its_size(owner: Client, good: bytes) -> None:
    """`zipfile` goes by the larger record, if there is one."""
    end = good[-22:]
    far = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1 << 40, 1 << 40, 1 << 40, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(good) - 22, 1)
    message = reason(owner, good[:-22] + far + locator + end)
    assert message == f"The archive has {1 << 40} entries; the most allowed is 100."


@pytest.mark.parametrize("size", [0, 3, 21, 22, 500, -1])
def test_an_end_that_is_missing(owner: Client, good: bytes, size: int) -> None:
    assert reason(owner, good[:size]) == "The file is no whole ZIP: it does not end like one."


def test_bytes_in_the_middle_that_are_missing(owner: Client, good: bytes) -> None:
    assert reason(owner, good[:300] + good[400:]).startswith("account.jsonl is damaged: ")


def test_any_bytes_that_are_not_as_they_were(owner: Client, good: bytes) -> None:
    """Never a defect, and never another account."""
    random, before = Random(4), contents()
    for _ in range(150):
        data = bytearray(good)
        for _ in range(random.randint(1, 3)):
            data[random.randrange(len(data))] = random.randrange(256)
        job = execute(submit_restore(owner, [bytes(data)], "dry_run"))
        assert job.error_code in ("", "unreadable"), (job.error_message, bytes(data))
    assert contents() == before


def test_encrypted(owner: Client, good: bytes) -> None:
    at = good.rindex(b"PK\x01\x02", 0, good.index(b"links.jsonl", good.index(b"PK\x01\x02")))
    data = bytearray(good)
    data[at + 8] |= 1
    assert reason(owner, bytes(data)) == "'links.jsonl' is encrypted."


def test_packed_another_way(owner: Client, good: bytes) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_BZIP2) as archive:
        for name, content in unzipped(good).items():
            archive.writestr(name, content)
    message = "'account.jsonl' has a compression that archives do not use."
    assert reason(owner, out.getvalue()) == message


def test_no_zip(owner: Client) -> None:
    assert reason(owner, b"<!DOCTYPE NETSCAPE-Bookmark-file-1>" * 10).startswith(
        "The file is no whole ZIP"
    )


def test_a_newer_version(owner: Client, good: bytes) -> None:
    """Whatever else is new in it."""
    files = unzipped(good) | {"teams.jsonl": b"{}\n"}
    assert reason(owner, zipped(noted(files, {"schema": 5, "gridlink": "9.0"}))) == (
        "The archive was made by a newer Gridlink (9.0, schema 5); this one reads schemas up to 4."
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": True}, "manifest.json names no schema."),
        ({"schema": None}, "manifest.json names no schema."),
        ({"kind": "links"}, "manifest.json is not that of an account's archive."),
        ({"raw_from": "soon"}, "manifest.json cannot be read: ValueError"),
        ({"as_of": 3}, "manifest.json cannot be read: TypeError"),
        ({"files": [{"name": "links.jsonl"}]}, "manifest.json cannot be read: KeyError"),
        ({"files": []}, "The manifest has no account.jsonl."),
    ],
)
def test_a_manifest_that_is_none(
    owner: Client, good: bytes, change: dict[str, Any], message: str
) -> None:
    assert reason(owner, zipped(noted(unzipped(good), change))).startswith(message)


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
def test_a_manifest_that_is_no_object(owner: Client, good: bytes, text: bytes) -> None:
    data = zipped(unzipped(good) | {"manifest.json": text})
    assert reason(owner, data).startswith("manifest.json is n")


def test_no_manifest(owner: Client, good: bytes) -> None:
    files = unzipped(good)
    del files["manifest.json"]
    assert reason(owner, zipped(files)) == "The archive has no manifest.json."


def test_a_table_that_is_missing(owner: Client, good: bytes) -> None:
    files = unzipped(good)
    del files["clicks.jsonl"]
    assert reason(owner, zipped(noted(files))) == "The archive has no clicks.jsonl."


@pytest.mark.parametrize("field", ["rows", "size", "sha256"])
def test_a_file_that_is_not_as_the_manifest_says(owner: Client, good: bytes, field: str) -> None:
    files = unzipped(good)
    manifest = json.loads(files["manifest.json"])
    (note,) = (note for note in manifest["files"] if note["name"] == "views.jsonl")
    was, note[field] = note[field], "0" * 64 if field == "sha256" else 77
    files["manifest.json"] = json.dumps(manifest).encode()
    message = f"views.jsonl is not as the manifest says: {field} {was}, not {note[field]}."
    assert reason(owner, zipped(files)) == message


def test_a_line_without_an_end(owner: Client, good: bytes) -> None:
    files = unzipped(good)
    files["views.jsonl"] = files["views.jsonl"][:-1]
    assert reason(owner, zipped(noted(files))) == "views.jsonl, line 2: has no end."


def test_a_line_too_long(owner: Client, good: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "LINE_BYTES", 100)
    monkeypatch.setattr(reader, "_BLOCK_BYTES", 64)
    assert reason(owner, good) == "account.jsonl, line 1: is too long."


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"", "is no JSON"),
        (b"{", "is no JSON"),
        (b"[1]", "is no object"),
        (b"\xff\xfe", "is no JSON"),
        (b"[" * 10_000, "is no JSON"),
        (b"{}", "has no 'slug'"),
        (b"1" * 5000, "is no JSON"),
        (b'{"\\ud800": 1}', "has text that cannot be stored"),
    ],
)
def test_a_line_that_is_no_row(owner: Client, good: bytes, line: bytes, message: str) -> None:
    files = unzipped(good)
    files["links.jsonl"] += line + b"\n"
    found = reason(owner, zipped(noted(files)))
    assert found.startswith(f"links.jsonl, line 4: {message}")


BAD_VALUES = [
    ("links", "url", "javascript:alert(1)", "url cannot be 'javascript:alert(1)'"),
    ("links", "url", " https://e.org/", "url cannot be ' https://e.org/'"),
    ("links", "background", "url(x)", "background cannot be 'url(x)'"),
    ("links", "style", {"position": "fixed"}, "style cannot be this"),
    ("links", "style", "\ud800", "has text that cannot be stored"),
    ("links", "title", "two\nlines", "title cannot be"),
    ("links", "title", "", "title cannot be"),
    ("links", "note", "\0", "has text that cannot be stored"),
    ("links", "note", "n" * 10_001, "note is longer than 10000 characters"),
    ("links", "tags", ["a"] * 51, "tags has more than 50 texts"),
    ("links", "tags", [""], "tags has more than 50 texts of 1 to 64 characters"),
    ("links", "tags", [1], "tags is no list of texts"),
    ("links", "alias", "Not An Alias", "alias cannot be 'Not An Alias'"),
    ("links", "x", 24, "x is not between 0 and 23"),
    ("links", "x", "0", "x is no whole number"),
    ("links", "x", True, "x is no whole number"),
    ("links", "y", 1.5, "y is no whole number"),
    ("links", "width", 0, "width is not between 1 and 24"),
    ("links", "slug", "li_1", "slug is no name like li_…"),
    ("links", "slug", f"gr_{1:032x}", "slug is no name like li_…"),
    ("links", "is_deleted", 0, "is_deleted is neither true nor false"),
    ("links", "is_deleted", True, "has deleted_on without is_deleted"),
    ("links", "created_on", "yesterday", "created_on is no moment"),
    ("links", "created_on", "50000-01-01T00:00:00+00:00", "created_on is no moment"),
    ("links", "created_on", "2026-02-30T00:00:00+00:00", "created_on is no moment"),
    ("links", "active_until", "1999-01-01T00:00:00+00:00", "is active until before"),
    ("links", "colour", "red", "has the unknown field 'colour'"),
    ("links", "grid", f"gr_{9:032x}", "is on a grid that the archive does not have"),
    ("links", "x", 7, "leaves the columns of its grid"),
    ("links", "height", 51, "height is not between 1 and 50"),
    ("grids", "visibility", "secret", "visibility is none of: private, public, unlisted"),
    ("grids", "columns", 25, "columns is not between 1 and 24"),
    ("grids", "slug", f"gr_{2:032x}", "has the slug of another one"),
    ("agents", "text", "somebody else's", "has a digest that is not its text's"),
    ("agents", "digest", "0" * 64, "has a digest that is not its text's"),
    ("clicks", "visitor", 1 << 63, "visitor is not between"),
    ("clicks", "country", "GRC", "country is longer than 2 characters"),
    ("clicks", "verdict", 3, "verdict is not between 0 and 2"),
    ("clicks", "link", 1, "link is no name like li_…"),
    ("clicks", "clicked_on", "2199-01-01T00:00:00+00:00", "is of a time to come"),
    ("views", "viewed_on", "2199-12-31T23:59:59+00:00", "is of a time to come"),
    ("link_hours", "accepted", -1, "accepted is not between 0"),
    ("link_hours", "accepted", 8, "does not add up"),
    ("grid_hours", "views", 3, "does not add up"),
    ("link_hours", "hour", "2020-02-03T04:05:00+00:00", "is of no whole hour"),
    ("link_days", "day", "2026-13-01", "day is no day"),
    ("grid_day_values", "dimension", 13, "dimension is not between 1 and 12"),
    ("account", "slug", "root", "slug is no name like us_…"),
    ("account", "week_start", "friday", "week_start is none of: monday, sunday"),
    ("account", "email_jobs", True, "email_jobs is none of: all, failed, none"),
    ("reports", "slug", f"rp_{2:032x}", "has the slug of another one"),
    ("reports", "slug", f"sc_{1:032x}", "slug is no name like rp_…"),
    ("reports", "title", "two\nlines", "title cannot be"),
    ("reports", "params", [], "params cannot be this: it is no object"),
    ("reports", "params", {"a": "b" * 20_000}, "params cannot be this: it is longer than 20000"),
    (
        "reports",
        "params",
        {"a": Random(5).randbytes(1 << 19).hex()},
        "params cannot be this: it is l",
    ),
    ("reports", "params", {"a": float("inf")}, "params cannot be this: Out of range float"),
    ("reports", "params", {"a": json.loads("[" * 40 + "]" * 40)}, "is nested too deeply"),
    ("reports", "params", {"a": json.loads("[" * 450 + '"\\\\u0041"' + "]" * 450)}, ""),
    ("reports", "scope", {"grids": "all"}, "scope cannot be this: grids: Expected a list"),
    ("reports", "scope", {"grids": []}, "scope cannot be this: it does not have grids, links and"),
    ("reports", "scope", None, "scope cannot be this: it is no object"),
    ("reports", "range", "always", "range cannot be this: it is no object"),
    ("reports", "week_start", "friday", "week_start is none of: monday, sunday"),
    ("reports", "formats", "pdf", "formats is no list of texts"),
    ("reports", "paper", "a3", "paper is none of: a4, letter"),
    ("reports", "version", 0, "version is not between 1"),
    ("schedules", "slug", f"sc_{2:032x}", "has the slug of another one"),
    ("schedules", "name", "", "name cannot be"),
    ("schedules", "params", {"a": "b" * 40_000}, "params cannot be this: it is longer than 40000"),
    ("schedules", "params", {"a": "\0"}, "has text that cannot be stored"),
    ("schedules", "rule", "*" * 301, "rule is longer than 300 characters"),
    ("schedules", "form", "at", "form is none of: cron, rrule"),
    ("schedules", "starts_on", "soon", "starts_on is no day"),
    ("schedules", "ends_on", "1999-01-01", "ends before it starts"),
    ("schedules", "missed", "never", "missed is none of: catch_up, skip"),
    ("schedules", "deliveries", {}, "deliveries cannot be this: it is no list of channels"),
    ("schedules", "deliveries", [{"channel": "fax"}], "deliveries cannot be this: it is no list"),
    ("schedules", "deliveries", [{"channel": ["email"]}], "deliveries cannot be this: it is no"),
    (
        "schedules",
        "deliveries",
        [{"channel": "in_app"}] * 2,
        "deliveries cannot be this: A channel",
    ),
    (
        "schedules",
        "deliveries",
        [{"channel": "email"}],
        "deliveries cannot be this: a channel lacks",
    ),
    ("schedules", "deliveries", [{"channel": "email", "attach": "a"}], "deliveries cannot be this"),
    ("schedules", "is_enabled", 1, "is_enabled is neither true nor false"),
    ("schedules", "note", "n" * 501, "note is longer than 500 characters"),
    ("schedules", "next_on", None, "has the unknown field 'next_on'"),
    ("webhooks", "slug", f"wh_{2:032x}", "has the slug of another one"),
    ("webhooks", "url", "u" * 4097, "url is longer than 4096 characters"),
    ("webhooks", "events", ["ping"], "events are not some of: job.cancelled"),
    ("webhooks", "events", ["job.failed"] * 2, "events are not some of: job.cancelled"),
    ("webhooks", "secret", "whsec_x", "has the unknown field 'secret'"),
]


@pytest.mark.parametrize(("name", "field", "value", "message"), BAD_VALUES)
def test_a_bad_value(
    owner: Client, good: bytes, name: str, field: str, value: Any, message: str
) -> None:
    data = rewritten(good, f"{name}.jsonl", lambda rows: rows[0].update({field: value}))
    assert reason(owner, data).startswith(f"{name}.jsonl, line 1: {message}") or reason(
        owner, data
    ).startswith(f"{name}.jsonl, line 2: {message}")


def test_a_tile_on_another(owner: Client, good: bytes) -> None:
    data = rewritten(good, "links.jsonl", lambda rows: rows[1].update(x=1, y=2))
    assert reason(owner, data) == "links.jsonl, line 2: overlaps another one."


def test_an_alias_twice(owner: Client, good: bytes) -> None:
    data = rewritten(good, "links.jsonl", lambda rows: rows[1].update(alias="one"))
    assert reason(owner, data) == "links.jsonl, line 2: has the alias of another one."


def test_a_sum_twice(owner: Client, good: bytes) -> None:
    data = rewritten(good, "grid_hours.jsonl", lambda rows: rows.append(rows[0]))
    assert reason(owner, data) == "grid_hours.jsonl, line 5: has the grid, hour of another one."


def test_two_accounts(owner: Client, good: bytes) -> None:
    other = f"us_{7:032x}"
    data = rewritten(good, "account.jsonl", lambda rows: rows.append({**rows[0], "slug": other}))
    assert reason(owner, data) == "account.jsonl, line 2: is a second account."


def test_every_table_is_strict(owner: Client, good: bytes) -> None:
    for table in TABLES:
        for field in (table.fields[0].name, table.fields[-1].name):
            data = rewritten(good, table.file_name, lambda rows, f=field: rows[0].pop(f))  # type: ignore[misc]
            assert reason(owner, data) == f"{table.file_name}, line 1: has no '{field}'."


def test_names_of_somebody_elses_are_not_theirs(owner: Client, bob: Client, good: bytes) -> None:
    """Clicks that say to be on Bob's grid count for nobody but the owner of the archive."""
    theirs = Grid.objects.create(user=user_of(bob), title="Bob's", slug=f"gr_{99:032x}")
    data = rewritten(good, "clicks.jsonl", lambda rows: rows[0].update(grid=theirs.slug))
    restored(owner, data)
    assert not Click.objects.filter(grid_id=theirs.pk).exists()


def test_a_job_without_a_file_that_is_one(owner: Client, good: bytes) -> None:
    job = execute(submit_restore(owner, [good[:10], good[10:]]))
    assert (job.kind, job.status) == (RESTORE, "succeeded")
