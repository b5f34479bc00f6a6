"""Register the jobs of this app and what schedules can start, by import.

`tasks.apps` loads this module of every app when Django starts.
"""

from __future__ import annotations

from reports.exports.archive.runner import ArchiveRunner
from reports.exports.runner import ExportRunner
from reports.reporting.runs.runner import ReportRunner
from reports.schedules import MakeExport, RunReport

__all__ = [
    "ArchiveRunner",
    "ExportRunner",
    "MakeExport",
    "ReportRunner",
    "RunReport",
]
