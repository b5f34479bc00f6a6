"""Register the jobs of this app: each runner registers itself when it is imported.

`tasks.apps` loads this module of every app when Django starts.
"""

from __future__ import annotations

from grids.checks.runner import CheckRunner
from grids.imports.runner import ImportRunner, UndoRunner

__all__ = [
    "CheckRunner",
    "ImportRunner",
    "UndoRunner",
]
