"""Answer `/static/…`: style sheets and images of pages, from where Django keeps them."""

from __future__ import annotations

import mimetypes
import re
from dataclasses import replace
from pathlib import Path

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage

from grids.public.pages.document import IMMUTABLE, REVALIDATED, make_content, make_document
from grids.public.pages.messages import missing
from grids.public.responses import Response

# Only what pages of visitors use: not the files of the admin and of the API's documentation.
_FOLDER = "web/"
_HASHED = re.compile(r"\.[0-9a-f]{12}\.\w+$")
_BYTES_MAX = 1_000_000


def resolve_static(key: str) -> Response:
    """Return the response to `/static/{key}`."""
    path = _find(key) if key.startswith(_FOLDER) and ".." not in key else None
    if path is None or path.stat().st_size > _BYTES_MAX:
        return missing()
    kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
    kept = IMMUTABLE if _HASHED.search(key) else REVALIDATED
    document = make_document(make_content(path.read_bytes(), kind, cache_control=kept))
    return replace(document, depends_on=("static",))


def _find(key: str) -> Path | None:
    """Return the file as it was collected, or else as it lies in its app."""
    if _HASHED.search(key):
        path = Path(staticfiles_storage.path(key))
        return path if path.is_file() else None
    found = finders.find(key)
    return Path(found) if isinstance(found, str) and Path(found).is_file() else None
