"""Test the files that pages are made of: those and no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage

from grids.public.pages.messages import missing
from grids.public.pages.static_files import resolve_static
from grids.public.responses import Response
from tests.support.grids.pages import body, headers

SHEET = Path(__file__).parents[4] / "gridlink" / "web" / "static" / "web" / "public.css"


def is_missing(answer: Response) -> bool:
    return (answer.start, body(answer)) == (missing().start, body(missing()))


@pytest.fixture
def collected(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where collected files lie."""
    folder = tmp_path / "static"
    (folder / "web").mkdir(parents=True)
    monkeypatch.setattr(staticfiles_storage, "_location", str(folder), raising=False)
    monkeypatch.setattr(staticfiles_storage, "location", str(folder), raising=False)
    monkeypatch.setattr(staticfiles_storage, "base_location", str(folder), raising=False)
    return folder


def test_a_style_sheet_as_it_lies_in_its_app() -> None:
    answer = resolve_static("web/public.css")
    assert body(answer) == SHEET.read_bytes()
    sent = headers(answer)
    assert sent["content-type"].startswith("text/css")
    assert sent["cache-control"] == "private, no-cache"
    assert answer.depends_on


def test_a_hashed_name_is_good_for_ever(collected: Path) -> None:
    (collected / "web" / "public.0123456789ab.css").write_text("a{}")
    answer = resolve_static("web/public.0123456789ab.css")
    assert body(answer) == b"a{}"
    assert headers(answer)["cache-control"] == "public, max-age=31536000, immutable"
    assert is_missing(resolve_static("web/public.ffffffffffff.css"))


def test_a_file_of_megabytes_is_not_kept_in_memory(collected: Path) -> None:
    (collected / "web" / "large.0123456789ab.css").write_bytes(b" " * 1_000_001)
    assert is_missing(resolve_static("web/large.0123456789ab.css"))


@pytest.mark.parametrize(
    "key",
    [
        "web/none.css",
        "web/",
        "web/.",
        "web",
        "web//",
        "web/../web/public.css",
        "web/../../settings/base.py",
        "web/../../../manage.py",
        "web/..",
        "web//etc/passwd",
        "/etc/passwd",
        "admin/css/base.css",
        "rest_framework/css/default.css",
        "../web/public.css",
        "web/public.css.",
        "staticfiles.json",
        "web/" + "a" * 196,
        "web/" + "a/" * 98,
    ],
)
def test_nothing_else_can_be_had(collected: Path, key: str) -> None:
    assert is_missing(resolve_static(key))


def test_what_is_hashed_cannot_be_had_from_elsewhere(collected: Path) -> None:
    outside = collected.parent / "secret.0123456789ab.css"
    outside.write_text("secret")
    (collected / "secret.0123456789ab.css").write_text("secret")
    for key in ("web/../secret.0123456789ab.css", "secret.0123456789ab.css"):
        assert is_missing(resolve_static(key))


def test_the_admins_files_are_where_they_were() -> None:
    """The test above would pass without them, too."""
    assert finders.find("admin/css/base.css")
