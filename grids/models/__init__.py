"""Store grids, links, the verdicts of link checks, and the records of imports."""

from __future__ import annotations

from grids.models.grid import ALIAS_LENGTH as ALIAS_LENGTH
from grids.models.grid import AUTO_THEME as AUTO_THEME
from grids.models.grid import COLUMNS_MAX as COLUMNS_MAX
from grids.models.grid import NOTE_LENGTH as NOTE_LENGTH
from grids.models.grid import TITLE_LENGTH as TITLE_LENGTH
from grids.models.grid import ColourScheme as ColourScheme
from grids.models.grid import Grid as Grid
from grids.models.grid import GridManager as GridManager
from grids.models.grid import GridQuerySet as GridQuerySet
from grids.models.grid import Visibility as Visibility
from grids.models.grid import new_grid_slug as new_grid_slug
from grids.models.grid import theme_choices as theme_choices
from grids.models.import_run import SOURCE_LENGTH as SOURCE_LENGTH
from grids.models.import_run import ImportedGrid as ImportedGrid
from grids.models.import_run import ImportedLink as ImportedLink
from grids.models.import_run import ImportRun as ImportRun
from grids.models.link import HEIGHT_MAX as HEIGHT_MAX
from grids.models.link import LINK_PREFIX as LINK_PREFIX
from grids.models.link import TAG_LENGTH as TAG_LENGTH
from grids.models.link import TAGS_MAX as TAGS_MAX
from grids.models.link import Y_MAX as Y_MAX
from grids.models.link import Link as Link
from grids.models.link import LinkManager as LinkManager
from grids.models.link import LinkQuerySet as LinkQuerySet
from grids.models.link_check import DETAIL_LENGTH as DETAIL_LENGTH
from grids.models.link_check import LinkCheck as LinkCheck
from grids.models.link_check import Verdict as Verdict
