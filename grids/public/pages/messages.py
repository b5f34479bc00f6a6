"""Make the pages that say why there is nothing to see."""

from __future__ import annotations

from functools import lru_cache

from django.utils.translation import gettext as _

from grids.public.pages.document import Document, make_document
from grids.public.pages.rendering import render_page


@lru_cache(maxsize=1)
def missing() -> Document:
    """Return the page of what does not exist or is not public."""
    return _message(
        404, _("There is nothing here"), _("This page does not exist, or is not public.")
    )


@lru_cache(maxsize=1)
def early() -> Document:
    """Return the page of a link whose active window has yet to open."""
    return _message(404, _("Not yet"), _("This link is not open yet."))


@lru_cache(maxsize=1)
def gone() -> Document:
    """Return the page of a link that was removed, or whose active window has closed."""
    return _message(410, _("This link is gone"), _("It was removed, or its time has ended."))


@lru_cache(maxsize=1)
def try_again() -> Document:
    """Return the page for when the database cannot be reached."""
    text = _("This page cannot be looked up now. Try again in a few seconds.")
    return _message(503, _("Please try again"), text, (b"retry-after", b"2"))


def render_all() -> None:
    """Render each of these pages before it is needed."""
    for page in (missing, early, gone, try_again):
        page()


def _message(status: int, heading: str, text: str, *headers: tuple[bytes, bytes]) -> Document:
    context = {"title": heading, "heading": heading, "text": text}
    return make_document(render_page("message.html", context, status=status, headers=headers))
