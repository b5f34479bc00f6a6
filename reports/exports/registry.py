"""The formats that links can be exported in. A new one is an ExportFormat and its name here."""

from __future__ import annotations

from reports.exports.base import ExportFormat
from reports.exports.csv import CsvFormat
from reports.exports.jsonl import JsonLinesFormat
from reports.exports.netscape import NetscapeFormat

FORMATS: dict[str, type[ExportFormat]] = {
    form.name: form for form in (CsvFormat, JsonLinesFormat, NetscapeFormat)
}
