"""An archive of the first schema, as it was written before there were reports in it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from grids.models import Grid, Link
from reports.exports.archive.verify import verify_archive
from reports.models import Report
from tests.support.accounts import settings_of
from tests.support.client import Client
from tests.support.platform import user_of
from tests.support.reports.archives import (
    archived,
    contents,
    refused,
    restored,
    rows_of,
    saved,
    zipped,
)

pytestmark = pytest.mark.django_db(transaction=True)

MOMENT = "2026-03-04T05:06:07.000089+00:00"
ACCOUNT = {
    "slug": f"us_{1:032x}", "username": "alice", "email": "a@example.org", "display_name": "Alice",
    "created_on": MOMENT,
}  # fmt: skip
RECORD = {
    "version": 1, "is_deleted": False, "deleted_on": None, "created_on": MOMENT,
    "modified_on": MOMENT,
}  # fmt: skip
GRID = {
    "slug": f"gr_{1:032x}", "title": "Old", "description": "", "alias": None,
    "visibility": "public", "theme": "light", "columns": 6, "layout_version": 1, **RECORD,
}  # fmt: skip
LINK: dict[str, Any] = {
    "slug": f"li_{1:032x}", "grid": f"gr_{1:032x}", "url": "https://e.org/", "url_key": "0" * 32,
    "title": "E", "note": "", "tags": [], "alias": None, "x": 0, "y": 0, "width": 1, "height": 1,
    "background": "", "style": {}, "active_from": None, "active_until": None, "base_clicks": 0,
    "base_clicks_from": "", **RECORD,
}  # fmt: skip
TABLES: dict[str, list[dict[str, Any]]] = {
    "account": [ACCOUNT], "grids": [GRID], "links": [LINK], "agents": [], "clicks": [],
    "views": [], "link_hours": [], "link_days": [], "grid_hours": [], "grid_day_values": [],
}  # fmt: skip


def archive(tables: dict[str, list[dict[str, Any]]]) -> bytes:
    """What Gridlink 0.1 wrote of such an account."""
    files = {
        f"{name}.jsonl": b"".join(json.dumps(row).encode() + b"\n" for row in rows)
        for name, rows in tables.items()
    }
    notes = [
        {
            "name": name,
            "rows": content.count(b"\n"),
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        for name, content in files.items()
    ]
    manifest = {
        "manifest": 1, "kind": "account", "format": "zip", "schema": 1, "gridlink": "0.1.0",
        "as_of": {"time": MOMENT, "last_click": 0, "judged_again": 0}, "raw_from": None,
        "status": "complete", "remarks": [], "files": notes,
    }  # fmt: skip
    return zipped({**files, "manifest.json": json.dumps(manifest).encode()})


def test_it_is_restored(owner: Client) -> None:
    job = restored(owner, archive(TABLES))
    assert job.result["account"] == {"update": 1}
    assert (job.result["grids"], job.result["links"]) == ({"create": 1}, {"create": 1})
    assert job.result["reports"] == job.result["schedules"] == job.result["webhooks"] == {}
    assert (Grid.objects.get().title, Link.objects.get().url) == ("Old", "https://e.org/")
    again = archived(owner)
    # Light was a theme then, and is the colour scheme of every theme now.
    assert rows_of(again, "grids") == [{**GRID, "theme": "auto", "colour_scheme": "light"}]
    # It is no new link, which would forward its query.
    assert rows_of(again, "links") == [{**LINK, "forward_query": False}]


def test_what_it_does_not_tell_stays(owner: Client) -> None:
    user = user_of(owner)
    user.time_zone, user.locale = "Asia/Tokyo", "ja"
    user.save()
    Report.objects.create(
        user=user, title="Mine", kind="ledger", time_zone="UTC", week_start="monday",
        formats=["json"], paper="a4",
    )  # fmt: skip
    restored(owner, archive(TABLES))
    assert settings_of(user) == ("Alice", "Asia/Tokyo", "monday", "ja", "none")
    assert Report.objects.get().title == "Mine"


def test_it_is_verified(tmp_path: Path) -> None:
    assert verify_archive(saved(tmp_path, "account.zip", archive(TABLES))) == 3


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        (
            {**TABLES, "account": [{**ACCOUNT, "locale": "el"}]},
            "account.jsonl, line 1: has the unknown field 'locale'.",
        ),
        ({**TABLES, "reports": []}, "The archive has the unexpected file 'reports.jsonl'."),
    ],
)
def test_what_came_later_is_not_in_it(owner: Client, tables: Any, message: str) -> None:
    before = contents()
    assert refused(owner, archive(tables)) == message
    assert contents() == before
