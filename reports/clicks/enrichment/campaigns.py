"""Read the campaign of a visit from the utm_ parameters of its query."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote_plus

from gridlink.lib.text import CONTROL

# As long as the columns of reports.models.click.Visit.
_LENGTH = 255


class Campaign(NamedTuple):
    """Hold utm_ parameters of one line and at most 255 characters; '' if not given."""

    source: str = ""
    medium: str = ""
    campaign: str = ""
    term: str = ""
    content: str = ""


NONE = Campaign()
# Those whose case people vary without meaning anything by it.
_LOWERED = frozenset({"source", "medium"})
_PREFIX = "utm_"
# A link that was copied out of HTML has "&amp;" between its parameters.
_HTML = re.compile(r"(?:amp;)+")


def campaign(query: bytes) -> Campaign:
    """Return the campaign that a raw query string names. Never raises.

    Names count in any case; of a parameter given twice the first counts.
    """
    if b"utm" not in query.lower():
        return NONE
    values: dict[str, str] = {}
    for part in query.removeprefix(b"?").split(b"&"):
        name, _, value = part.partition(b"=")
        field = _field(name)
        if field in Campaign._fields and field not in values:
            values[field] = _clean(value, lower=field in _LOWERED)
    return Campaign(**values)


def _field(name: bytes) -> str:
    """Return the field of Campaign that a parameter's name stands for, or ''."""
    text = unquote_plus(name.decode(errors="replace")).lower()
    if match := _HTML.match(text):
        text = text[match.end() :]
    return text.removeprefix(_PREFIX) if text.startswith(_PREFIX) else ""


def _clean(value: bytes, *, lower: bool) -> str:
    text = CONTROL.sub("", unquote_plus(value.decode(errors="replace")))
    # Some letters are longer in lower case: cut last.
    return (text.lower() if lower else text).strip()[:_LENGTH].rstrip()
