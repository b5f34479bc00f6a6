"""Turn the entries of a file into rows of the staging table."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from gridlink.lib.slugs import new_slugs
from gridlink.lib.weburl import URL_LENGTH, BadUrl
from grids.formats.base import Entry, FileProblem, FolderEntry, FormatError, LinkEntry
from grids.imports.limits import (
    SOURCE_ID_LENGTH,
    UNSORTED,
    limit_folder,
    limit_texts,
    possible_date,
    url_and_key,
    valid_alias,
)
from grids.models import LINK_PREFIX, Visibility, new_grid_slug

logger = logging.getLogger(__name__)

GRIDS_MAX = 5_000
"""The most folders that become grids; the links of the others go on "Unsorted"."""
ENTRIES_MAX = 500_000
"""The most entries of a file that is imported."""
PROBLEMS_MAX = 1_000
"""The most problems that belong to no link and are listed; more are counted."""
_REPORTED_CHARS = URL_LENGTH
_UNSORTED = FolderEntry(path=())
_NO_FOLDER = -1
_ROWS_PER_PIECE = 200
_NULL = r"\N"
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


@dataclass(frozen=True, slots=True)
class Folder:
    """Represent a folder that holds links: the `ordinal`-th, from 1, of this title.

    `visibility` is that of a grid that is made of it.
    """

    number: int
    title: str
    ordinal: int
    note: str
    created_on: datetime
    slug: str
    visibility: str = Visibility.PRIVATE


class EntryRows:
    """Write entries in COPY's text format; `folders` is complete after the last row.

    Grids get the given visibility. What is private in its source goes on private grids of its own beside
    those that others see.
    """

    COLUMNS = (
        "n", "line", "verdict", "folder", "slug", "url_key", "created_on", "modified_on", "clicks",
        "is_private", "is_titled", "forward_query", "alias", "source_id", "url", "title", "note", "tags",
        "remarks",
    )  # fmt: skip

    def __init__(self, visibility: str = Visibility.PRIVATE) -> None:
        self.folders: list[Folder] = []
        self.now = timezone.now()
        self._pending: list[str] = []
        self._numbers: dict[object, int] = {}  # by the folder's identity
        self._ordinals: dict[str, int] = {}
        self._is_full = False
        self._visibility = visibility
        self._is_shown = visibility != Visibility.PRIVATE
        self._current = _UNSORTED
        # Those of the current folder, for what is apart from others as private and for the rest.
        self._current_numbers: dict[bool, int] = {}
        self._private_folders: dict[object, FolderEntry] = {}
        self._n = 0
        self._problems_found = 0
        self._slugs = new_slugs(LINK_PREFIX)
        self._stamp = self.now.isoformat()

    def of(self, entries: Iterable[Entry]) -> Iterator[bytes]:
        """Yield the rows of the entries, some hundred at a time."""
        take: dict[type[Entry], Callable[[Any], None]] = {
            LinkEntry: self._take_link,
            FolderEntry: self._take_folder,
            FileProblem: self._take_problem,
        }
        for entry in entries:
            take[type(entry)](entry)
            if len(self._pending) >= _ROWS_PER_PIECE:
                yield self._pop_rows()
        self._report_surplus()
        yield self._pop_rows()

    def _pop_rows(self) -> bytes:
        rows = "".join(self._pending).encode()
        self._pending.clear()
        return rows

    def _take_folder(self, entry: FolderEntry) -> None:
        self._current = entry
        self._current_numbers.clear()

    def _take_problem(self, entry: FileProblem) -> None:
        # Those of the file as a whole are few, and come last.
        self._problems_found += entry.line > 0
        if not entry.line or self._problems_found <= PROBLEMS_MAX:
            self._report("problem", entry.line, remarks=entry.message)

    def _report_surplus(self) -> None:
        if (surplus := self._problems_found - PROBLEMS_MAX) > 0:
            remark = f"{surplus} more problems were found: only the first {PROBLEMS_MAX} are listed"
            self._report("problem", 0, remarks=remark)

    def _take_link(self, entry: LinkEntry) -> None:
        try:
            self._write(entry)
        except BadUrl as error:
            self._refuse(entry, str(error))
        except ValueError:
            # A defect in one link must not cost all the others.
            logger.exception("link_not_taken")
            self._refuse(entry, "This link could not be processed.")

    def _write(self, entry: LinkEntry) -> None:
        problems = list(entry.problems)
        url, key = url_and_key(entry.url)
        texts = limit_texts(entry, problems)
        alias = valid_alias(entry.alias, problems)
        folder = self._folder_number(entry)
        created_on, modified_on = self._dates(entry, problems)
        source_id = entry.source_id[:SOURCE_ID_LENGTH]
        self._append(
            f"{entry.line}\t\t{folder}\t{next(self._slugs)}\t{key}\t{created_on}\t{modified_on}"
            f"\t{_NULL if entry.clicks is None else entry.clicks}"
            f"\t{bool(entry.private)}\t{texts.is_titled}"
            f"\t{_NULL if entry.forward_query is None else entry.forward_query}\t{alias or _NULL}"
            f"\t{_cells(source_id) if source_id else _NULL}",
            _cells(url, texts.title, texts.note, _array(texts.tags), "; ".join(problems)),
        )

    def _refuse(self, entry: LinkEntry, reason: str) -> None:
        remarks = "; ".join([reason, *entry.problems])
        self._report("refused", entry.line, title=entry.title, url=entry.url, remarks=remarks)

    def _report(
        self, verdict: str, line: int, *, title: str = "", url: str = "", remarks: str
    ) -> None:
        self._append(
            f"{line}\t{verdict}\t{_NO_FOLDER}\t\t\t{self._stamp}\t{self._stamp}\t{_NULL}"
            f"\tf\tf\t{_NULL}\t{_NULL}\t{_NULL}",
            _cells(url[:_REPORTED_CHARS], title[:_REPORTED_CHARS], "", "{}", remarks),
        )

    def _append(self, facts: str, texts: str) -> None:
        self._n += 1
        if self._n > ENTRIES_MAX:
            raise FormatError(
                f"The file has more than {ENTRIES_MAX} entries: import it in several parts."
            )
        self._pending.append(f"{self._n}\t{facts}\t{texts}\n")

    def _dates(self, entry: LinkEntry, problems: list[str]) -> tuple[str, str]:
        saved = possible_date(entry.created_on, self.now, "the date it was saved", problems)
        changed = possible_date(
            entry.modified_on, self.now, "the date of its last change", problems
        )
        created_on = saved or changed or self.now
        if changed is None:
            return str(created_on), self._stamp
        if changed < created_on:
            problems.append("its last change is before it was saved: that date counts for both")
        return str(created_on), str(max(created_on, changed))

    def _folder_number(self, entry: LinkEntry) -> int:
        """Return the number of the current folder; one that is returned to keeps its number."""
        is_apart = self._is_shown and bool(entry.private)
        number = self._current_numbers.get(is_apart)
        if number is None:
            folder = self._current if self._current.path else _UNSORTED
            number = self._number(self._private(folder) if is_apart else folder, is_apart)
            self._current_numbers[is_apart] = number
        return number

    def _number(self, folder: FolderEntry, is_apart: bool) -> int:
        if folder.identity not in self._numbers and len(self.folders) >= GRIDS_MAX:
            self._report_grid_limit(folder)
            folder = self._private(_UNSORTED) if is_apart else _UNSORTED
        number = self._numbers.get(folder.identity)
        if number is None:
            number = self._numbers[folder.identity] = len(self.folders)
            visibility = Visibility.PRIVATE if is_apart else self._visibility
            self.folders.append(self._make_folder(number, folder, visibility))
        return number

    def _private(self, folder: FolderEntry) -> FolderEntry:
        """Return the folder for the private links of one that others see."""
        *outer, title = folder.path or (UNSORTED,)
        apart = FolderEntry(
            (*outer, f"{title} (private)"), folder.note, folder.created_on, folder.line
        )
        return self._private_folders.setdefault(folder.identity, apart)

    def _report_grid_limit(self, folder: FolderEntry) -> None:
        if self._is_full or not folder.path:
            return
        self._is_full = True
        remark = (
            f"an import makes at most {GRIDS_MAX} grids:"
            ' the links of this and all further folders are on the grid "Unsorted"'
        )
        self._report("problem", folder.line, title=" / ".join(folder.path), remarks=remark)

    def _make_folder(self, number: int, folder: FolderEntry, visibility: str) -> Folder:
        problems: list[str] = []
        title, note = limit_folder(folder, problems)
        what = "the date the folder was made"
        created_on = possible_date(folder.created_on, self.now, what, problems) or self.now
        if problems:
            self._report("problem", folder.line, title=title, remarks="; ".join(problems))
        ordinal = self._ordinals[title] = self._ordinals.get(title, 0) + 1
        return Folder(number, title, ordinal, note, created_on, new_grid_slug(), visibility)


def _cells(*texts: str) -> str:
    """Return texts as COPY takes them, separated by tabs."""
    cells = "\t".join(texts)
    if "\\" in cells or "\n" in cells or "\r" in cells or cells.count("\t") >= len(texts):
        return "\t".join([text.translate(_ESCAPES) for text in texts])
    return cells


def _array(tags: list[str]) -> str:
    """Return a PostgreSQL array literal, every element quoted."""
    if not tags:
        return "{}"
    elements = '","'.join(tags)
    if "\\" in elements or elements.count('"') > 2 * len(tags) - 2:
        escaped = [tag.replace("\\", "\\\\").replace('"', '\\"') for tag in tags]
        elements = '","'.join(escaped)
    return f'{{"{elements}"}}'
