"""What can be exported, and in which formats. A new one is a class, and its name here."""

from __future__ import annotations

from reports.exports.base import ExportFormat, PartedFormat
from reports.exports.formats.csv import CsvFormat
from reports.exports.formats.jsonl import JsonLinesFormat
from reports.exports.formats.netscape import NetscapeFormat
from reports.exports.formats.parquet.format import ParquetFormat
from reports.exports.formats.xlsx import XlsxFormat
from reports.exports.sources.base import ExportSource
from reports.exports.sources.clicks import ClicksSource
from reports.exports.sources.links import LinksSource

FORMATS: dict[str, type[ExportFormat]] = {
    form.name: form
    for form in (CsvFormat, JsonLinesFormat, NetscapeFormat, ParquetFormat, XlsxFormat)
}
SOURCES: dict[str, type[ExportSource]] = {
    source.kind: source for source in (LinksSource, ClicksSource)
}


def formats_of(kind: str) -> list[str]:
    """The names of the formats that a kind of export comes in: bookmarks are links."""
    is_any = kind == LinksSource.kind
    return sorted(
        name for name, form in FORMATS.items() if is_any or issubclass(form, PartedFormat)
    )
