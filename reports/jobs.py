"""The jobs of this app, and what schedules can start here: each registers itself."""

from __future__ import annotations

from reports.archive.runner import ArchiveRunner as ArchiveRunner
from reports.exports.runner import ExportRunner as ExportRunner
from reports.runs.runner import ReportRunner as ReportRunner
from reports.schedules import MakeExport as MakeExport
from reports.schedules import RunReport as RunReport
