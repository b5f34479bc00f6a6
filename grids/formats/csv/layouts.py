"""Map the column names of link tools to fields.

Names are compared without case, spaces, underscores and hyphens. A tool whose names would be misread has a
layout of its own here, before the one for all others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from grids.formats.values import split_escaped_tags, split_tags, split_tags_at_bars


@dataclass(frozen=True, slots=True)
class Layout:
    """List for each field the names its column may have, the most specific first.

    A layout is for tables that have all the columns it `needs`. Fields are searched in order, and no column
    is taken twice.
    """

    fields: Mapping[str, tuple[str, ...]]
    needs: frozenset[str] = frozenset()
    tags: Callable[[str], tuple[str, ...]] = split_tags


_COMMON = {
    "title": ("title", "link title", "page title", "name", "link name"),
    "note": ("note", "notes", "description", "comment", "comments", "memo", "excerpt"),
    "tags": ("tags", "tag", "labels", "label", "keywords"),
    "created_on": (
        *("created at", "created on", "created", "created date", "creation date", "date created"),
        *("date added", "added date", "time added", "add date", "saved at", "date", "timestamp"),
    ),
    "modified_on": (
        *("modified on", "modified at", "modified", "last modified"),
        *("updated at", "updated on", "updated"),
    ),
    "clicks": (
        *("clicks", "click count", "total clicks", "hits", "visits", "visit count", "visits count"),
        *("engagements", "total engagements"),
    ),
    "archived": ("archived", "is archived"),
    "private": ("private", "is private"),
    "source_id": ("link id", "id", "uuid"),
}

GRIDLINK = Layout(
    needs=frozenset({"link", "url"}),
    tags=split_escaped_tags,
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
        "archived": ("status",),
    },
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
            "folder",
            "folder name",
            "grid title",
            "collection",
            "group",
            "category",
            "list",
        ),
        "folder_id": ("folder id", "collection id"),
    },
)
