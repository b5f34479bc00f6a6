"""Turns the entries of a link file into rows for the database to settle: one a link or problem, in the order
of the file, whatever it may be that becomes of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from gridlink.lib.slugs import new_slugs
from gridlink.lib.weburl import BadUrl
from grids.formats.base import Entry, FileProblem, FolderEntry, LinkEntry
from grids.imports.addresses import checked
from grids.imports.fitting import SOURCE_ID_LENGTH, alias_fitted, fitted, folder_fitted, sane
from grids.models import LINK_PREFIX, new_grid_slug

logger = logging.getLogger(__name__)

GRIDS_MAX = 5_000
"""So many folders become grids, which are held in memory; the links of the others go on "Unsorted"."""
_UNSORTED = FolderEntry(path=())
_NOWHERE = -1
_AT_ONCE = 200
_NULL = r"\N"
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of the file that a link lies in: the `ordinal`-th, from 1, of this title."""

    number: int
    title: str
    ordinal: int
    note: str
    created_on: datetime
    slug: str


class Rows:
    """In the text format of COPY, in UTF-8, with the columns of `COLUMNS`. What the rows say of folders is
    complete once they all were taken."""

    COLUMNS = (
        "n", "line", "verdict", "folder", "slug", "url_key", "created_on", "modified_on", "clicks",
        "is_private", "is_titled", "alias", "source_id", "url", "title", "note", "tags", "remarks",
    )  # fmt: skip

    def __init__(self) -> None:
        self.folders: list[Folder] = []
        self.now = timezone.now()
        self._waiting: list[str] = []
        self._numbers: dict[object, int] = {}  # by the folder's identity
        self._ordinals: dict[str, int] = {}
        self._is_full = False
        self._entered = _UNSORTED
        self._folder: int | None = None
        self._n = 0
        self._slugs = new_slugs(LINK_PREFIX)
        self._stamp = self.now.isoformat()

    def of(self, entries: Iterable[Entry]) -> Iterator[bytes]:
        """The rows of the entries, some hundred at a time."""
        take: dict[type[Entry], Callable[[Any], None]] = {
            LinkEntry: self._take_link,
            FolderEntry: self._take_folder,
            FileProblem: self._take_problem,
        }
        for entry in entries:
            take[type(entry)](entry)
            if len(self._waiting) >= _AT_ONCE:
                yield self._taken()
        yield self._taken()

    def _taken(self) -> bytes:
        rows = "".join(self._waiting).encode()
        self._waiting.clear()
        return rows

    def _take_folder(self, entry: FolderEntry) -> None:
        self._entered, self._folder = entry, None

    def _take_problem(self, entry: FileProblem) -> None:
        self._say("problem", entry.line, remarks=entry.message)

    def _take_link(self, entry: LinkEntry) -> None:
        try:
            self._write(entry)
        except BadUrl as error:
            self._refuse(entry, str(error))
        except ValueError:
            # A defect of ours in one link must not cost all the others.
            logger.exception("link_not_taken")
            self._refuse(entry, "This link could not be taken in.")

    def _write(self, entry: LinkEntry) -> None:
        problems = list(entry.problems)
        url, key = checked(entry.url)
        texts = fitted(entry, problems)
        alias = alias_fitted(entry.alias, problems)
        folder = self._number() if self._folder is None else self._folder
        created_on, modified_on = self._moments(entry)
        source_id = entry.source_id[:SOURCE_ID_LENGTH]
        self._put(
            f"{entry.line}\t\t{folder}\t{next(self._slugs)}\t{key}\t{created_on}\t{modified_on}"
            f"\t{_NULL if entry.clicks is None else entry.clicks}"
            f"\t{bool(entry.private)}\t{texts.is_titled}\t{alias or _NULL}"
            f"\t{_cells(source_id) if source_id else _NULL}",
            _cells(url, texts.title, texts.note, _array(texts.tags), "; ".join(problems)),
        )

    def _refuse(self, entry: LinkEntry, reason: str) -> None:
        remarks = "; ".join([reason, *entry.problems])
        self._say("refused", entry.line, title=entry.title, url=entry.url, remarks=remarks)

    def _say(
        self, verdict: str, line: int, *, title: str = "", url: str = "", remarks: str
    ) -> None:
        self._put(
            f"{line}\t{verdict}\t{_NOWHERE}\t\t\t{self._stamp}\t{self._stamp}\t{_NULL}"
            f"\tf\tf\t{_NULL}\t{_NULL}",
            _cells(url, title, "", "{}", remarks),
        )

    def _put(self, facts: str, texts: str) -> None:
        self._n += 1
        self._waiting.append(f"{self._n}\t{facts}\t{texts}\n")

    def _moments(self, entry: LinkEntry) -> tuple[str, str]:
        created_on = sane(entry.created_on, self.now)
        if entry.modified_on is None:
            return str(created_on), self._stamp
        return str(created_on), str(max(created_on, sane(entry.modified_on, self.now)))

    def _number(self) -> int:
        """The number of the current folder; one that is returned to is the same."""
        folder = self._entered if self._entered.path else _UNSORTED
        if folder.identity not in self._numbers and len(self.folders) >= GRIDS_MAX:
            self._say_full(folder)
            folder = _UNSORTED
        number = self._numbers.get(folder.identity)
        if number is None:
            number = self._numbers[folder.identity] = len(self.folders)
            self.folders.append(self._made(number, folder))
        self._folder = number
        return number

    def _say_full(self, folder: FolderEntry) -> None:
        if self._is_full or not folder.path:
            return
        self._is_full = True
        remark = (
            f"an import makes at most {GRIDS_MAX} grids:"
            ' the links of this and all further folders are on the grid "Unsorted"'
        )
        self._say("problem", folder.line, title=" / ".join(folder.path), remarks=remark)

    def _made(self, number: int, folder: FolderEntry) -> Folder:
        problems: list[str] = []
        title, note = folder_fitted(folder, problems)
        if problems:
            self._say("problem", folder.line, title=title, remarks="; ".join(problems))
        ordinal = self._ordinals[title] = self._ordinals.get(title, 0) + 1
        created_on = sane(folder.created_on, self.now)
        return Folder(number, title, ordinal, note, created_on, new_grid_slug())


def _cells(*texts: str) -> str:
    """The texts as COPY takes them, with a tab between each two."""
    cells = "\t".join(texts)
    if "\\" in cells or "\n" in cells or "\r" in cells or cells.count("\t") >= len(texts):
        return "\t".join([text.translate(_ESCAPES) for text in texts])
    return cells


def _array(tags: list[str]) -> str:
    """A Postgres array literal, every element quoted."""
    if not tags:
        return "{}"
    elements = '","'.join(tags)
    if "\\" in elements or elements.count('"') > 2 * len(tags) - 2:
        escaped = [tag.replace("\\", "\\\\").replace('"', '\\"') for tag in tags]
        elements = '","'.join(escaped)
    return f'{{"{elements}"}}'
