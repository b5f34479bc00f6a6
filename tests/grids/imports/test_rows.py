"""Test that texts reach the database unchanged, whatever characters they hold."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from grids.formats.base import FileProblem, LinkEntry
from grids.imports.rows import EntryRows
from grids.imports.staging import stage

texts = st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), max_size=20
) | st.sampled_from(["\\N", "\\", "\\.", "a\tb", "a\nb", "a\r\nb", '"', "", "NULL"])
READ = "n, line, verdict, folder, url, note, tags, alias, clicks, source_id, is_private, is_titled"


def _stored(
    rows: EntryRows, columns: str, *entries: LinkEntry | FileProblem
) -> list[tuple[object, ...]]:
    stage(rows.of(entries), rows.folders)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM import_entry ORDER BY n")
        return list(cursor.fetchall())


@pytest.mark.django_db
@given(note=texts, tag=texts, source_id=texts, message=texts)
def test_texts_are_kept(note: str, tag: str, source_id: str, message: str) -> None:
    """Tabs, line ends, backslashes and what COPY takes for NULL are text like any other."""
    url = "https://example.org/"
    link = LinkEntry(url=url, title="t", note=note, tags=(tag,), line=3, source_id=source_id)
    stored = _stored(EntryRows(), f"{READ}, remarks", link, FileProblem(4, message))
    kept = [tag.strip()] if tag.strip() else []
    assert [row[:-1] for row in stored] == [
        (1, 3, "", 0, url, note, kept, None, None, source_id or None, False, True),
        (2, 4, "problem", -1, "", "", [], None, None, None, False, False),
    ]
    assert stored[1][-1] == message


@pytest.mark.django_db
def test_facts_are_kept() -> None:
    """What is no text has its type again, and what a file does not say is NULL."""
    moment = datetime(2020, 2, 29, 12, 30, tzinfo=UTC)
    said = LinkEntry(
        url="https://example.org/", title="", created_on=moment, private=True, clicks=0, alias="a-b"
    )
    unsaid = LinkEntry(url="https://example.org/", title="t")
    rows = EntryRows()
    columns = "created_on, modified_on, clicks, alias, is_private, is_titled"
    assert _stored(rows, columns, said, unsaid) == [
        (moment, rows.now, 0, "a-b", True, False),
        (rows.now, rows.now, None, None, False, True),
    ]
