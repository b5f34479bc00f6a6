"""Tell "not given" from every value that a field can have, None included.

A service that changes some fields of a row takes a frozen dataclass whose fields are all UNSET by default,
such as `LinkChanges`; `given` lists those that the caller named.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final


class Unset(Enum):
    """Type the value for "not given"; an enum, so that mypy narrows `is UNSET`."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


def given(changes: Any) -> Mapping[str, Any]:
    """Return the fields of a dataclass of changes that are not UNSET, by name."""
    values = ((name, getattr(changes, name)) for name in changes.__dataclass_fields__)
    return {name: value for name, value in values if value is not UNSET}
