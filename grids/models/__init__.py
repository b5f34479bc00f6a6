"""Store grids, links, the verdicts of link checks, and the records of imports."""

from __future__ import annotations

from grids.models.grid import (
    ALIAS_LENGTH,
    COLUMNS_MAX,
    NOTE_LENGTH,
    TITLE_LENGTH,
    Grid,
    GridManager,
    GridQuerySet,
    Theme,
    Visibility,
    new_grid_slug,
)
from grids.models.import_run import SOURCE_LENGTH, ImportedGrid, ImportedLink, ImportRun
from grids.models.link import (
    HEIGHT_MAX,
    LINK_PREFIX,
    TAG_LENGTH,
    TAGS_MAX,
    Y_MAX,
    Link,
    LinkManager,
    LinkQuerySet,
)
from grids.models.link_check import DETAIL_LENGTH, LinkCheck, Verdict

__all__ = [
    "ALIAS_LENGTH",
    "COLUMNS_MAX",
    "DETAIL_LENGTH",
    "HEIGHT_MAX",
    "LINK_PREFIX",
    "NOTE_LENGTH",
    "SOURCE_LENGTH",
    "TAGS_MAX",
    "TAG_LENGTH",
    "TITLE_LENGTH",
    "Y_MAX",
    "Grid",
    "GridManager",
    "GridQuerySet",
    "ImportRun",
    "ImportedGrid",
    "ImportedLink",
    "Link",
    "LinkCheck",
    "LinkManager",
    "LinkQuerySet",
    "Theme",
    "Verdict",
    "Visibility",
    "new_grid_slug",
]
