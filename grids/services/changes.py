"""Define the fields of new links, and changes of grids and links.

A field of a change that is UNSET stays as it is; None and "" are values like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gridlink.lib.unset import UNSET, Unset
from grids.models import ColourScheme, Visibility


@dataclass(frozen=True, slots=True, kw_only=True)
class GridChanges:
    """Hold the fields of a grid that change."""

    title: str | Unset = UNSET
    description: str | Unset = UNSET
    alias: str | Unset | None = UNSET
    visibility: Visibility | str | Unset = UNSET
    theme: str | Unset = UNSET
    colour_scheme: ColourScheme | str | Unset = UNSET
    columns: int | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink:
    """Hold the fields of a new link; without x and y it is placed automatically."""

    grid: str
    """The slug of the grid that it goes on."""
    url: str
    title: str
    note: str = ""
    tags: Sequence[str] = ()
    alias: str | None = None
    x: int | None = None
    y: int | None = None
    width: int = 1
    height: int = 1
    background: str = ""
    style: dict[str, Any] = field(default_factory=dict)
    active_from: datetime | None = None
    active_until: datetime | None = None
    forward_query: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkChanges:
    """Hold the fields of a link that change."""

    grid: str | Unset = UNSET
    """The slug of the grid that it moves to."""
    url: str | Unset = UNSET
    title: str | Unset = UNSET
    note: str | Unset = UNSET
    tags: Sequence[str] | Unset = UNSET
    alias: str | Unset | None = UNSET
    x: int | Unset = UNSET
    y: int | Unset = UNSET
    width: int | Unset = UNSET
    height: int | Unset = UNSET
    background: str | Unset = UNSET
    style: dict[str, Any] | Unset = UNSET
    active_from: datetime | Unset | None = UNSET
    active_until: datetime | Unset | None = UNSET
    forward_query: bool | Unset = UNSET
