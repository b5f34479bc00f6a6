"""List what can be exported and in which formats."""

from __future__ import annotations

from reports.exports.base import ExportFormat, PartedFormat
from reports.exports.formats.csv import CsvFormat
from reports.exports.formats.jsonl import JsonLinesFormat
from reports.exports.formats.netscape import NetscapeFormat
from reports.exports.formats.parquet import ParquetFormat
from reports.exports.formats.xlsx import XlsxFormat
from reports.exports.sources.base import ExportSource
from reports.exports.sources.clicks import ClicksSource
from reports.exports.sources.links import LinksSource

FORMATS: dict[str, type[ExportFormat]] = {
    format.name: format
    for format in (CsvFormat, JsonLinesFormat, NetscapeFormat, ParquetFormat, XlsxFormat)
}
SOURCES: dict[str, type[ExportSource]] = {
    source.kind: source for source in (LinksSource, ClicksSource)
}


def formats_of(kind: str) -> list[str]:
    """Return the formats of a kind; only links come in formats without parts."""
    takes_any = kind == LinksSource.kind
    return sorted(
        name for name, format in FORMATS.items() if takes_any or issubclass(format, PartedFormat)
    )
