"""Answer `/qr/{g or l}/{key}.{svg or png}`: a QR code of an address.

Below `/qr/utm/` the address has `utm_source=qr`, so that visits by the code differ from others.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import segno
from django.conf import settings
from django.db import close_old_connections

from grids.public.pages.document import Document, make_content, make_document
from grids.public.pages.links import resolve_link, resolve_view
from grids.public.pages.messages import missing
from grids.public.responses import Response

_TYPES = {"svg": "image/svg+xml", "png": "image/png"}
# Pixels of one module of a PNG: about 300 for a short address.
_SCALE = 8
_UTM = "utm/"
_TARGETS: dict[str, Callable[[str], Response]] = {"g": resolve_view, "l": resolve_link}


def resolve_qr(key: str) -> Response:
    """Return the response to `/qr/{key}`. Raises DatabaseError."""
    close_old_connections()
    query = "?utm_source=qr" if key.startswith(_UTM) else ""
    kind, _, file = key.removeprefix(_UTM).partition("/")
    name, _, extension = file.rpartition(".")
    target = _TARGETS[kind](name)
    if target.target is None:
        return missing()
    document = qr_code(f"{settings.LINK_BASE_URL}/{kind}/{name}{query}", extension)
    return replace(document, depends_on=target.depends_on)


def qr_code(address: str, extension: str) -> Document:
    """Return a QR code as "svg" or "png", with the quiet zone that readers need."""
    out = io.BytesIO()
    segno.make_qr(address, error="m").save(out, kind=extension, scale=_SCALE, border=4)
    headers = [(b"x-robots-tag", b"noindex")]
    return make_document(make_content(out.getvalue(), _TYPES[extension], headers=headers))
