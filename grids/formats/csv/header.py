"""Read the header of a table: its delimiter, and the column of each field.

Names of columns are compared without case, spaces, underscores and hyphens. A tool whose names would be
misread has a layout of its own here, before the one for all others.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from gridlink.lib.spreadsheets import unguard, unguard_start
from grids.formats.base import FormatError
from grids.formats.csv.records import DELIMITERS, Lines, split_line
from grids.formats.left_out import listed
from grids.formats.text import repair_cp1252, sanitized, storable
from grids.formats.values import split_escaped_tags, split_tags, split_tags_at_bars


def read_cell(cell: str, delimiter: str, problems: list[str]) -> str:
    """Read a cell of any tool: without guard, outer space and what text cannot hold."""
    cell = unguard_start(cell) if "'" in cell else cell
    if not cell.isprintable():
        cell = sanitized(repair_cp1252(cell, problems), problems)
    return cell.strip()


def read_own_cell(cell: str, delimiter: str, problems: list[str]) -> str:
    """Read a cell that Gridlink wrote, in which every character counts."""
    cell = unguard(cell, delimiter) if "'" in cell else cell
    return cell if cell.isprintable() else storable(repair_cp1252(cell, problems), problems)


@dataclass(frozen=True, slots=True)
class Layout:
    """List for each field the names its column may have, the most specific first.

    A layout is for tables that have all the columns it `needs`. Fields are searched in order, and no column
    is taken twice.
    """

    fields: Mapping[str, tuple[str, ...]]
    needs: frozenset[str] = frozenset()
    tags: Callable[[str], tuple[str, ...]] = split_tags
    cell: Callable[[str, str, list[str]], str] = read_cell
    """Takes a cell, the delimiter of the table, and the problems."""
    skips_space: bool = True
    """Whether space after a delimiter is no part of a cell."""


_COMMON = {
    "title": ("title", "link title", "page title", "name", "link name"),
    # What is in several of these is joined.
    "note": ("note", "notes", "comment", "comments", "memo", "document note"),
    "description": ("description", "link description"),
    "excerpt": ("excerpt", "summary"),
    "highlights": ("highlights", "highlight", "selection", "annotations"),
    "tags": ("tags", "tag", "document tags", "labels", "label", "keywords"),
    "created_on": (
        *("created at", "created on", "created", "created date", "creation date", "date created"),
        *("date added", "added date", "time added", "add date", "saved at", "saved date", "date"),
        "timestamp",
    ),
    "modified_on": (
        *("modified on", "modified at", "modified", "last modified"),
        *("updated at", "updated on", "updated"),
    ),
    "clicks": (
        *("clicks", "click count", "total clicks", "hits", "visits", "visit count", "visits count"),
        *("engagements", "total engagements", "clicks before import"),
    ),
    "archived": ("archived", "is archived"),
    "private": ("private", "is private"),
    "forward_query": ("forward query", "pass query", "forward parameters"),
    "starred": ("starred", "is starred", "favorite", "favourite", "is favorite", "is favourite"),
    "pinned": ("pinned", "is pinned"),
    "toread": ("unread", "is unread", "to read", "read later"),
    "read": ("read", "is read"),
    "source_id": ("link id", "id", "uuid"),
}

GRIDLINK = Layout(
    needs=frozenset({"link", "url"}),
    tags=split_escaped_tags,
    cell=read_own_cell,
    skips_space=False,
    fields={
        **_COMMON,
        "url": ("url",),
        "alias": ("alias",),
        "folder": ("grid title",),
        "folder_id": ("grid",),
        "source_id": ("link",),
    },
)
YOURLS = Layout(
    needs=frozenset({"source", "target", "hits"}),
    fields={**_COMMON, "url": ("target",), "alias": ("source",)},
)
KUTT = Layout(
    needs=frozenset({"address", "target"}),
    fields={**_COMMON, "url": ("target",), "alias": ("address",)},
)
POCKET = Layout(
    needs=frozenset({"title", "url", "time added", "tags", "status"}),
    tags=split_tags_at_bars,
    fields={
        "url": ("url",),
        "title": ("title",),
        "created_on": ("time added",),
        "tags": ("tags",),
        "state": ("status",),
    },
)
READWISE = Layout(
    needs=frozenset({"url", "document tags", "location"}),
    fields={**_COMMON, "url": ("url",), "folder": ("location",)},
)
ANY = Layout(
    fields={
        "url": (
            *("destination url", "long url", "original url", "target url", "target", "destination"),
            *("long link", "full url", "url", "href", "website", "link"),
        ),
        "alias": (
            *("alias", "short code", "slashtag", "slug", "keyword", "path", "code"),
            *("back half", "custom back half", "custom slug"),
        ),
        # Used when the column of `alias` is missing.
        "short_url": ("short link", "short url", "bitlink", "secure short url", "link"),
        **_COMMON,
        "folder": (
            *("folder", "folder name", "grid title", "collection", "group", "category", "list"),
        ),
        "folder_id": ("folder id", "collection id"),
    },
)

FIELDS = tuple(ANY.fields)
"""The fields that a caller can map to a column by its name."""
COLUMNS_MAX = 1000
_IGNORED = re.compile(r"[\s_\-]+")
_SEPARATOR = re.compile(r"\ufeff?\"?sep=([^\w\"\r\n])\"?[\r\n]*", re.I)


@dataclass(frozen=True, slots=True)
class Header:
    """Hold a table's header; `columns` has the index of each field's column."""

    delimiter: str
    names: tuple[str, ...]
    layout: Layout
    columns: Mapping[str, int]

    def name(self, field: str) -> str:
        """Return the file's name of the column of a field."""
        return listed([self.names[self.columns[field]]])

    def ignored(self) -> list[str]:
        """List the names of the columns that hold no field."""
        taken = set(self.columns.values())
        return [name for index, name in enumerate(self.names) if name and index not in taken]


def read_header(lines: Lines, layouts: Iterable[Layout], given: Mapping[str, str]) -> Header:
    """Read a header; `given` names the columns of some fields, which are not searched then.

    The delimiter is the one that a first line names, as Excel writes it, else the one by which most fields
    are found. Raises FormatError if there are too many columns, no column of addresses, or none of a name
    that is given.
    """
    line: str = lines.first()
    delimiters: tuple[str, ...] = DELIMITERS
    if named := _SEPARATOR.fullmatch(line):
        line, delimiters = lines.first(), (named[1],)
    readings = {mark: _names(line, mark) for mark in delimiters}
    most = max(readings.values(), key=len)
    if len(most) > COLUMNS_MAX:
        raise FormatError(f"The table has {len(most)} columns; at most {COLUMNS_MAX} are read.")
    layouts = tuple(layouts)
    headers = [
        Header(mark, names, layout, _columns(names, layout, given))
        for mark, names in readings.items()
        for layout in layouts
        if set(map(_normalized, layout.needs)) <= set(map(_normalized, names))
    ]
    fitting = [
        each for each in headers if "url" in each.columns and given.keys() <= each.columns.keys()
    ]
    if not fitting:
        raise FormatError(_refusal(most, layouts, given))
    # Among equals the first: layouts of one tool come before the one for all.
    return max(fitting, key=lambda each: (len(each.layout.needs), len(each.columns)))


def _names(line: str, delimiter: str) -> tuple[str, ...]:
    try:
        return tuple(
            repair_cp1252(cell, []).strip("\ufeff\0 \t\r\n") for cell in split_line(line, delimiter)
        )
    except csv.Error:
        return ()


def _normalized(name: str) -> str:
    return _IGNORED.sub("", name).casefold()


def _columns(names: tuple[str, ...], layout: Layout, given: Mapping[str, str]) -> dict[str, int]:
    """Return the column of each field; the columns of the `given` names are taken first."""
    free: dict[str, int] = {}
    for index, name in enumerate(names):
        free.setdefault(_normalized(name), index)
    columns = {
        field: free[_normalized(name)] for field, name in given.items() if _normalized(name) in free
    }
    free = {name: index for name, index in free.items() if index not in columns.values()}
    for field, synonyms in layout.fields.items():
        if field in given or (field == "short_url" and "alias" in columns):
            continue
        if found := next((name for name in map(_normalized, synonyms) if name in free), None):
            columns[field] = free.pop(found)
    return columns


def _refusal(names: tuple[str, ...], layouts: tuple[Layout, ...], given: Mapping[str, str]) -> str:
    if not names:
        return "The first line is no header: a quote in it is never closed, or closed too early."
    plain = {_normalized(name) for name in names}
    missing = [name for name in given.values() if _normalized(name) not in plain]
    if missing:
        return f"The table has no column {listed(missing)}. Its columns are: {listed(names)}."
    needed = sorted(layouts[-1].needs) or layouts[-1].fields["url"]
    return (
        f"The first line names no column of addresses. Its columns are: {listed(names)}."
        f" Needed is {'all' if layouts[-1].needs else 'one'} of: {', '.join(needed)}."
    )
