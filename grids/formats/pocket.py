"""Read the CSV files of Pocket, which other reading lists write too."""

from __future__ import annotations

from typing import ClassVar

from grids.formats.csv.layouts import POCKET, Layout
from grids.formats.csv.reader import CsvReader


class PocketReader(CsvReader):
    """Stream the links of a table with title, url, time_added, tags and status.

    Tags are separated by bars, and a link whose status is "archive" is archived.
    """

    source: ClassVar[str] = "pocket"
    layouts: ClassVar[tuple[Layout, ...]] = (POCKET,)
