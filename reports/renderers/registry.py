"""The formats of reports. A new one is a class, and its name here."""

from __future__ import annotations

from reports.renderers.base import Renderer
from reports.renderers.csv import CsvRenderer
from reports.renderers.html import HtmlRenderer
from reports.renderers.json import JsonRenderer
from reports.renderers.pdf import PdfRenderer
from reports.renderers.xlsx import XlsxRenderer

RENDERERS: dict[str, type[Renderer]] = {
    form.name: form for form in (CsvRenderer, HtmlRenderer, JsonRenderer, PdfRenderer, XlsxRenderer)
}
