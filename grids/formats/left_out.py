"""Name what a file holds and no link has room for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from grids.formats.base import FileProblem
from grids.formats.text import without_controls

_NAMES_SHOWN = 20
_NAME_CHARS = 60
_NAMES_MAX = 1000
# Longer than what is shown, since what cannot be stored is removed from it first.
_HELD_CHARS = 200


class LeftOut:
    """Collect the names of values that were not read, in their order."""

    def __init__(self, what: str) -> None:
        """Take what the format calls such values, for example "fields"."""
        self._what = what
        self._names: dict[str, None] = {}

    def add(self, names: Iterable[str]) -> None:
        """Remember names; those that are known already are remembered once."""
        for name in names:
            if len(self._names) < _NAMES_MAX:
                self._names.setdefault(name[:_HELD_CHARS])

    def problems(self, line: int = 0) -> Iterator[FileProblem]:
        """Yield one problem that names them, unless there are none."""
        if self._names:
            yield FileProblem(line, f"these {self._what} are not imported: {listed(self._names)}")


def listed(names: Iterable[str]) -> str:
    """Return names from a file as part of a sentence; of very many, the first."""
    names = list(names)
    known = ", ".join(without_controls(name, [])[:_NAME_CHARS] for name in names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    return f"{known} and {more} more" if more > 0 else known
