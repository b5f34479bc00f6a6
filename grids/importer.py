"""Turns the entries of a link file into grids and links, and says of each what became of it.

Everything is prepared outside the database: links are spooled as the rows that COPY will load, and a
verdict is written per entry. `load` then puts it all in, inside the transaction that finishes the job.
"""

from __future__ import annotations

import csv
import io
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import singledispatchmethod
from typing import IO
from urllib.parse import urlsplit

from django.db import connection
from django.utils import timezone

from gridlink.lib.spreadsheets import guard
from gridlink.lib.text import CONTROL, one_line
from gridlink.lib.weburl import BadUrl, check_url, url_key
from grids.formats.base import Entry, FileProblem, FolderEntry, LinkEntry
from grids.layout import Occupancy, TileError
from grids.models import (
    NOTE_LENGTH,
    TAG_LENGTH,
    TAGS_MAX,
    TITLE_LENGTH,
    Grid,
    new_link_slug,
)

logger = logging.getLogger(__name__)

_COLUMNS = (
    "slug", "user_id", "grid_id", "url", "url_key", "title", "note", "tags", "x", "y", "width",
    "height", "background", "style", "version", "is_deleted", "created_on", "modified_on",
)  # fmt: skip
_VERDICT_COLUMNS = ("line", "verdict", "grid", "link", "title", "url", "remarks")
_UNSORTED = FolderEntry(path=())
_OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
COLUMNS = 6
GRIDS_MAX = 5_000
"""So many folders become grids, which are held in memory; the links of the others go on "Unsorted"."""
_WRAPPING = re.compile(r"[\t\n\r]")


@dataclass(slots=True)
class Tally:
    """How many of each there were."""

    grids: int = 0
    links: int = 0
    refused: int = 0
    problems: int = 0

    def as_dict(self) -> dict[str, int]:
        """For the job's result."""
        return {name: getattr(self, name) for name in ("grids", "links", "refused", "problems")}


@dataclass(slots=True)
class _Page:
    """A grid in the making, and which of its cells are taken."""

    grid: Grid
    cells: Occupancy = field(default_factory=lambda: Occupancy(COLUMNS))


class Importer:
    """Reads entries, in the order of the file, into `spool` and `verdicts`; both are text files."""

    _created = "created"

    def __init__(self, *, user_id: int, spool: IO[str], verdicts: io.TextIOBase) -> None:
        self.tally = Tally()
        self._user_id = user_id
        self._spool = spool
        # Quoted, even an empty text or a title that reads \N is itself and never NULL.
        self._rows = csv.writer(spool, quoting=csv.QUOTE_ALL)
        self._verdicts = csv.writer(verdicts)
        self._verdicts.writerow(_VERDICT_COLUMNS)
        self._pages: dict[object, _Page] = {}  # by the folder's identity
        self._is_full = False
        self._folder = _UNSORTED
        self._now = timezone.now()

    def add(self, entries: Iterator[Entry]) -> Iterator[int]:
        """Take in every entry; yields the number of entries so far, after each."""
        for number, entry in enumerate(entries, start=1):
            self._take(entry)
            yield number

    def load(self) -> None:
        """Put the grids and links in the database; call inside a transaction."""
        Grid.objects.bulk_create([page.grid for page in self._pages.values()], batch_size=1000)
        self._spool.seek(0)
        with connection.wrap_database_errors, connection.cursor() as cursor:
            cursor.copy_expert(
                f"COPY grids_link ({', '.join(_COLUMNS)}) FROM STDIN WITH (FORMAT csv, NULL '\\N')",
                self._spool,
            )

    @singledispatchmethod
    def _take(self, entry: Entry) -> None:
        raise TypeError(f"No such kind of entry: {entry!r}")

    @_take.register
    def _take_folder(self, entry: FolderEntry) -> None:
        self._folder = entry

    @_take.register
    def _take_problem(self, entry: FileProblem) -> None:
        self.tally.problems += 1
        self._verdict(entry.line, "problem", remarks=[entry.message])

    @_take.register
    def _take_link(self, entry: LinkEntry) -> None:
        slug = new_link_slug()
        try:
            fitted = _fitted(replace(entry, url=check_url(entry.url)))
            page = self._page()
            row = self._row(page, slug, fitted)
        except (BadUrl, TileError) as error:
            self._refuse(entry, str(error))
            return
        except ValueError:
            # A defect of ours in one link must not cost all the others.
            logger.exception("link_not_taken")
            self._refuse(entry, "This link could not be taken in.")
            return
        self._rows.writerow(row)
        self.tally.links += 1
        self._verdict(
            entry.line,
            self._created,
            **self._names(page, slug),
            title=fitted.title,
            url=fitted.url,
            remarks=list(fitted.problems),
        )

    def _refuse(self, entry: LinkEntry, reason: str) -> None:
        self.tally.refused += 1
        remarks = [reason, *entry.problems]
        self._verdict(entry.line, "refused", title=entry.title, url=entry.url, remarks=remarks)

    def _names(self, page: _Page, slug: str) -> dict[str, str]:
        return {"grid": page.grid.slug, "link": slug}

    def _page(self) -> _Page:
        """The grid of the current folder; a folder that is returned to is the same one."""
        folder = self._folder if self._folder.path else _UNSORTED
        if folder.identity not in self._pages and len(self._pages) >= GRIDS_MAX:
            self._say_full(folder)
            folder = _UNSORTED
        page = self._pages.get(folder.identity)
        if page is None:
            page = self._pages[folder.identity] = _Page(self._grid(folder))
            self.tally.grids += 1
        return page

    def _say_full(self, folder: FolderEntry) -> None:
        if self._is_full or not folder.path:
            return
        self._is_full = True
        self.tally.problems += 1
        remark = (
            f"an import makes at most {GRIDS_MAX} grids:"
            ' the links of this and all further folders are on the grid "Unsorted"'
        )
        self._verdict(folder.line, "problem", title=" / ".join(folder.path), remarks=[remark])

    def _grid(self, folder: FolderEntry) -> Grid:
        remarks: list[str] = []
        title = _on_one_line(" / ".join(folder.path), "the folder's title", remarks)
        title = title if title.strip() else "Unsorted"
        if len(title) > TITLE_LENGTH:
            remarks.append(f"the folder's title was cut to its last {TITLE_LENGTH} characters")
        if len(folder.note) > NOTE_LENGTH:
            remarks.append(f"the folder's note was cut to {NOTE_LENGTH} characters")
        if remarks:
            self._verdict(folder.line, "problem", title=title, remarks=remarks)
            self.tally.problems += 1
        return Grid(
            pk=_next_grid_id(),
            user_id=self._user_id,
            title=title[-TITLE_LENGTH:],
            description=folder.note[:NOTE_LENGTH],
            columns=COLUMNS,
            created_on=_sane(folder.created_on, self._now),
        )

    def _row(self, page: _Page, slug: str, entry: LinkEntry) -> list[object]:
        tile = page.cells.place(1, 1)
        return [
            slug, self._user_id, page.grid.pk, entry.url, url_key(entry.url), entry.title, entry.note,
            _array(entry.tags), tile.x, tile.y, tile.width, tile.height, "", "{}", 1, "f",
            _sane(entry.created_on, self._now).isoformat(), self._now.isoformat(),
        ]  # fmt: skip

    def _verdict(
        self,
        line: int,
        verdict: str,
        *,
        grid: str = "",
        link: str = "",
        title: str = "",
        url: str = "",
        remarks: list[str],
    ) -> None:
        self._verdicts.writerow(
            [line, verdict, grid, link, guard(title), guard(url), guard("; ".join(remarks))]
        )


class DryRun(Importer):
    """Says what would be, changes nothing, and names nothing that will never exist."""

    _created = "would be created"

    def load(self) -> None:
        """Nothing."""

    def _names(self, page: _Page, slug: str) -> dict[str, str]:
        return {}


IMPORTERS: dict[str, type[Importer]] = {"apply": Importer, "dry_run": DryRun}


def _fitted(entry: LinkEntry) -> LinkEntry:
    """The entry within the limits of a link; whatever had to give is in its problems."""
    problems = list(entry.problems)
    title = _on_one_line(entry.title, "the title", problems)
    title = title if title.strip() else urlsplit(entry.url).hostname or entry.url
    note = entry.note
    if len(title) > TITLE_LENGTH:
        problems.append(f"the title was cut to {TITLE_LENGTH} characters and is whole in the note")
        note = f"{title}\n\n{note}".rstrip()
        title = title[:TITLE_LENGTH]
    if len(note) > NOTE_LENGTH:
        problems.append(f"the note was cut to {NOTE_LENGTH} characters")
        note = note[:NOTE_LENGTH]
    # Without outer spaces and repeats, as the API has them.
    names = [name for tag in entry.tags if (name := tag.strip())]
    tags = tuple(dict.fromkeys(name[:TAG_LENGTH].rstrip() for name in names))[:TAGS_MAX]
    if len(tags) < len(entry.tags) or any(len(name) > TAG_LENGTH for name in names):
        problems.append(
            f"tags were repeated, longer than {TAG_LENGTH} characters or more than {TAGS_MAX}"
        )
    return replace(entry, title=title, note=note, tags=tags, problems=tuple(problems))


def _on_one_line(text: str, what: str, problems: list[str]) -> str:
    """The text as one line. That a source wraps its lines, which HTML shows as spaces, is no problem."""
    if CONTROL.search(_WRAPPING.sub(" ", text)):
        problems.append(f"line breaks or control characters in {what} became spaces")
    return one_line(text)


def _sane(moment: datetime | None, now: datetime) -> datetime:
    """The moment a link was saved, unless a file claims the impossible."""
    return moment if moment and _OLDEST <= moment <= now else now


def _array(tags: tuple[str, ...]) -> str:
    """A Postgres array literal, every element quoted."""
    escaped = (tag.replace("\\", "\\\\").replace('"', '\\"') for tag in tags)
    return "{" + ",".join(f'"{tag}"' for tag in escaped) + "}"


def _next_grid_id() -> int:
    # Keys are taken before the rows exist, so that the links can be spooled with theirs.
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('grids_grid', 'id'))")
        return int(cursor.fetchone()[0])
