"""List the formats of reports.

To add one, write a Renderer in a module of its own and name it here.
"""

from __future__ import annotations

from reports.reporting.renderers.base import Renderer
from reports.reporting.renderers.csv import CsvRenderer
from reports.reporting.renderers.html import HtmlRenderer
from reports.reporting.renderers.json import JsonRenderer
from reports.reporting.renderers.pdf.renderer import PdfRenderer
from reports.reporting.renderers.xlsx.renderer import XlsxRenderer

RENDERERS: dict[str, type[Renderer]] = {
    form.name: form for form in (CsvRenderer, HtmlRenderer, JsonRenderer, PdfRenderer, XlsxRenderer)
}
